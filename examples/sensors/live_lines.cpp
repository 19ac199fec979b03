#include "live_lines.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "common/interrupt.hpp"
#include "common/json_file.hpp"

namespace sensors {
namespace {

using json = nlohmann::ordered_json;

[[noreturn]] void refuse(std::string const& field, std::string const& expected, json const& found) {
  auto shown = found.is_structured() ? std::string{found.type_name()} : examples::json_text(found);
  if (shown.size() > 80) shown = shown.substr(0, 80) + "...";
  throw data_error{"'" + field + "': expected " + expected + ", found " + shown};
}

std::string name_in(json const& object, char const* field) {
  auto const& found = object.at(field);
  if (found.is_number_integer()) return found.dump();
  if (!found.is_string()) refuse(field, "a name", found);
  auto name = found.get<std::string>();
  if (name.empty() || name.size() > most_name) {
    refuse(field, "a name of 1 to " + std::to_string(most_name) + " bytes", found);
  }
  return name;
}

double coordinate_in(json const& object, char const* field, coordinate_kind kind) {
  auto const& found = object.at(field);
  auto const value = found.is_number() ? found.get<double>() : missing;
  auto const largest = kind == coordinate_kind::kilometres ? 1e6 : *field == 'x' ? 360.0 : 90.0;
  if (!(std::abs(value) <= largest)) {
    refuse(field,
           kind == coordinate_kind::kilometres ? std::string{"kilometres, at most a million"}
           : *field == 'x'                     ? std::string{"longitude in degrees, -180 to 360"}
                                               : std::string{"latitude in degrees, -90 to 90"},
           found);
  }
  return value;
}

time_stamp time_in(json const& object) {
  auto const& found = object.at("time");
  if (found.is_string()) {
    if (auto const time = parse_time(found.get_ref<std::string const&>())) return *time;
  } else if (found.is_number_integer()) {
    auto const seconds = found.get<double>();
    if (std::abs(seconds) <= 1e11) return found.get<time_stamp>();
  }
  refuse("time", "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS] with or without an offset, or whole seconds since 1970", found);
}

}  // namespace

live_line read_live_line(std::string_view text, coordinate_kind kind) {
  auto const object = [&] {
    try {
      return examples::parse_json(text, "line");
    } catch (std::runtime_error const& error) {
      throw data_error{error.what()};
    }
  }();
  if (!object.is_object()) throw data_error{std::string{"expected a JSON object, found "} + object.type_name()};
  live_line line;
  if (object.contains("x") != object.contains("y")) throw data_error{"expected x and y together, found one of them"};
  if (object.contains("x")) {
    line.x = coordinate_in(object, "x", kind);
    line.y = coordinate_in(object, "y", kind);
  }
  if (object.contains("place")) {
    line.is = live_line::kind::place;
    line.name = name_in(object, "place");
    if (!line.x) throw data_error{"expected x and y of the place '" + line.name + "', found none"};
    return line;
  }
  if (!object.contains("time")) throw data_error{"'time': expected a time, found none"};
  line.time = time_in(object);
  if (!object.contains("station")) {
    if (object.contains("value")) throw data_error{"'station': expected the station of the value, found none"};
    line.is = live_line::kind::clock;
    return line;
  }
  line.name = name_in(object, "station");
  if (!object.contains("value")) throw data_error{"'value': expected a number, or null for no reading, found none"};
  auto const& value = object.at("value");
  if (!value.is_null() && !value.is_number()) refuse("value", "a number, or null for no reading", value);
  if (value.is_number()) line.value = value.get<double>();
  return line;
}

bool line_reader::fill(outcome& stopped) {
  std::array<char, 16384> bytes;
  while (true) {
    if (examples::interrupt::requested()) {
      stopped = outcome::interrupted;
      return false;
    }
    // A signal that arrives before this call is noticed after it.
    pollfd waits{descriptor_, POLLIN, 0};
    auto const ready = ::poll(&waits, 1, 200);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    auto const count = ::read(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) throw data_error{std::string{"standard input: "} + std::strerror(errno)};
    ended_ = count == 0;
    piece_.assign(bytes.data(), static_cast<std::size_t>(count));
    at_ = 0;
    return true;
  }
}

line_reader::outcome line_reader::next(std::string& line) {
  line.clear();
  bool long_one = false;
  while (true) {
    // Lines that are there already are not taken after a signal.
    if (examples::interrupt::requested()) return outcome::interrupted;
    auto const end = std::min(piece_.find('\n', at_), piece_.size());
    auto const room = most_line - std::min(most_line, line.size());
    long_one = long_one || end - at_ > room;
    line.append(piece_, at_, std::min(end - at_, room));
    if (end < piece_.size()) {
      at_ = end + 1;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return long_one ? outcome::too_long : outcome::line;
    }
    at_ = end;
    if (ended_) return line.empty() ? outcome::end : long_one ? outcome::too_long : outcome::line;
    auto stopped = outcome::end;
    if (!fill(stopped)) return stopped;
  }
}

}  // namespace sensors
