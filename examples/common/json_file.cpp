#include "json_file.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace examples {
namespace {

using json = nlohmann::ordered_json;

// An object looks through its keys one by one for a new one, so that many of them take time.
constexpr std::size_t most_depth = 16, most_list = 1'000'000, most_keys = 2000, most_values = 2'000'000;

/// Watches a parse: where it is, and which keys it has seen.
class watcher {
 public:
  explicit watcher(std::string const& source) : source_{source} {}

  bool operator()(int /*depth*/, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        count();
        if (keys_.size() == most_depth) refuse("at most " + std::to_string(most_depth) + " levels", "more");
        keys_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end: keys_.pop_back(); break;
      case json::parse_event_t::key: {
        auto const& key = parsed.get_ref<std::string const&>();
        // In one piece: g++ 12 at -O3 warns of "'" + key.substr(...).
        if (!keys_.back().insert(key).second) refuse("each key once", std::string{"'"}.append(key, 0, 80) + "' twice");
        if (keys_.back().size() > most_keys)
          refuse("at most " + std::to_string(most_keys) + " keys in an object", "more");
        break;
      }
      case json::parse_event_t::value: count(); break;
    }
    return true;
  }

 private:
  void count() {
    if (++values_ > most_values) refuse("at most " + std::to_string(most_values) + " values", "more");
  }
  [[noreturn]] void refuse(std::string const& expected, std::string const& found) const {
    throw std::runtime_error{source_ + ": expected " + expected + ", found " + found};
  }

  std::string const& source_;
  std::vector<std::set<std::string>> keys_;
  std::size_t values_ = 0;
};

}  // namespace

std::string json_text(json const& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

json parse_json(std::string_view text, std::string const& source) {
  try {
    return json::parse(text.begin(), text.end(), watcher{source});
  } catch (json::exception const& e) {
    throw std::runtime_error{source + ": expected JSON: " + e.what()};
  }
}

json_fields::json_fields(json const& object, std::string where) : object_{&object}, where_{std::move(where)} {
  if (!object.is_object()) throw std::runtime_error{where_ + ": expected an object, found " + object.type_name()};
}

void json_fields::refuse(std::string const& name, std::string const& expected, json const& found) const {
  auto shown = found.is_structured() ? std::string{found.type_name()}
                                     : found.dump(-1, ' ', true, json::error_handler_t::replace);
  if (shown.size() > 80) shown = shown.substr(0, 80) + "...";
  throw std::runtime_error{where_ + ": '" + name + "': expected " + expected + ", found " + shown};
}

json const& json_fields::take(char const* name) {
  auto const found = object_->find(name);
  if (found == object_->end()) throw std::runtime_error{where_ + ": '" + name + "': missing"};
  taken_.insert(name);
  return *found;
}

std::int64_t json_fields::integer(char const* name, std::int64_t least, std::int64_t most) {
  auto const& value = take(name);
  // An unsigned number beyond the range of int64 must not be read as a negative one.
  bool const fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::max<std::int64_t>(most, 0))
                        : value.is_number_integer();
  if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
    refuse(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most), value);
  }
  return value.get<std::int64_t>();
}

bool json_fields::flag(char const* name) {
  auto const& value = take(name);
  if (!value.is_boolean()) refuse(name, "true or false", value);
  return value.get<bool>();
}

double json_fields::number_in(json const& value, std::string const& name) const {
  if (value.is_null()) return std::nan("");
  if (!value.is_number()) refuse(name, "a number or null", value);
  return value.get<double>();
}

double json_fields::number(char const* name) { return number_in(take(name), name); }

std::string json_fields::text(char const* name) {
  auto const& value = take(name);
  if (!value.is_string()) refuse(name, "a text", value);
  return value.get<std::string>();
}

std::vector<double> json_fields::numbers(char const* name) {
  auto const& list = take(name);
  if (!list.is_array() || list.size() > most_list) {
    refuse(name, "a list of at most " + std::to_string(most_list) + " numbers", list);
  }
  std::vector<double> values;
  values.reserve(list.size());
  for (auto const& value : list) values.push_back(number_in(value, name));
  return values;
}

json_fields json_fields::object(char const* name) { return {take(name), where_ + ": '" + name + "'"}; }

std::vector<std::pair<std::string, double>> json_fields::all_numbers() {
  std::vector<std::pair<std::string, double>> all;
  for (auto const& [key, value] : object_->items()) {
    taken_.insert(key);
    all.emplace_back(key, number_in(value, key));
  }
  return all;
}

void json_fields::done() const {
  for (auto const& [key, value] : object_->items()) {
    if (taken_.count(key) == 0) throw std::runtime_error{where_ + ": '" + key.substr(0, 80) + "': unknown"};
  }
}

}  // namespace examples
