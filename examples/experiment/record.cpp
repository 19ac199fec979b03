#include "record.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include "common/json_file.hpp"
#include "common/sha256.hpp"

namespace examples {
namespace {

// JSON has no NaN: an undefined figure is null.
nlohmann::ordered_json finite_or_null(double x) { return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr; }

nlohmann::ordered_json to_json(fit_settings const& s) {
  nlohmann::ordered_json all;
  fit_settings::for_each(s, [&](char const* name, auto const& value, fit_settings::noted when) {
    if (when != fit_settings::noted::regularised || s.regularised()) all[name] = value;
  });
  return all;
}

fit_settings to_settings(examples::json_fields from) {
  fit_settings s;
  fit_settings::for_each(s, [&](char const* name, auto& value, fit_settings::noted when) {
    if (when != fit_settings::noted::always && !from.has(name)) return;
    if constexpr (std::is_integral_v<std::remove_reference_t<decltype(value)>>) value = from.integer(name);
    else value = from.number(name);
  });
  from.done();
  return s;
}

using json = nlohmann::ordered_json;

json::json_pointer place_of(std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  return json::json_pointer{'/' + key};
}

/// The value of an example's own setting, of the type that it has in `expected`.
struct of_same_type {
  json const& value;

  manifest::value operator()(double /*expected*/) const { return value.get<double>(); }
  template <class T>
  manifest::value operator()(T const& /*expected*/) const {
    json const made = value.get<T>();
    if (made != value) throw std::runtime_error{"of another type"};
    return value.get<T>();
  }
};

/// Moves the example's own settings out of a record; `own` has their names and types.
void take_own(json& all, manifest& own, std::string const& source) {
  auto const names = own;
  for (auto const& [key, expected] : names.entries()) {
    auto place = place_of(key);
    try {
      own.set(key, std::visit(of_same_type{all.at(place)}, expected));
    } catch (std::exception const&) {
      throw std::runtime_error{source + ": expected the record of an earlier run: '" + key +
                               "': missing, or of another type"};
    }
    // What it leaves empty is no part of the record either.
    for (bool empty = true; empty && !place.empty(); empty = all.at(place).empty()) {
      auto const name = place.back();
      place.pop_back();
      all.at(place).erase(name);
    }
  }
}

/// How many of the steps are not after the last one.
std::size_t count_up_to(std::vector<double> const& steps, double last) {
  return static_cast<std::size_t>(std::find_if(steps.begin(), steps.end(), [=](double s) { return s > last; }) -
                                  steps.begin());
}

}  // namespace

run_record run_record::begin(run_options const& o) {
  run_record r;
  r.model = o.model;
  r.title = o.model;
  r.seed = o.seed;
  r.fit = o.fit;
  r.data_seed = o.data_seed;
  r.data = o.data;
  r.own = o.own;
  r.threads = o.thread_count();
  return r;
}

bool run_record::same_run(run_record const& other) const {
  return fit == other.fit && data_seed == other.data_seed && data == other.data && model == other.model &&
         seed == other.seed && own.entries() == other.own.entries();
}

std::vector<double> run_record::curve(std::string const& measure) const {
  auto const found = validation.find(measure);
  return found == validation.end() ? std::vector<double>{} : found->second;
}

double run_record::best(std::string const& measure) const {
  auto const figures = curve(measure);
  auto const at = std::find(validation_step.begin(), validation_step.end(), static_cast<double>(best_step));
  auto const i = static_cast<std::size_t>(at - validation_step.begin());
  return i < figures.size() ? figures[i] : std::numeric_limits<double>::quiet_NaN();
}

void run_record::rewind(index_t to) {
  auto const last = static_cast<double>(to);
  step.resize(count_up_to(step, last));
  loss.resize(step.size());
  validation_step.resize(count_up_to(validation_step, last));
  for (auto& [measure, curve] : validation) curve.resize(validation_step.size());
  if (steps > to) finished = false;
  steps = std::min(steps, to);
}

void run_record::write(std::filesystem::path const& path) const {
  nlohmann::ordered_json all;
  all["model"] = model;
  all["title"] = title;
  all["seed"] = seed;
  all["fit"] = to_json(fit);
  all["data_seed"] = data_seed;
  if (!data.empty()) all["data"] = data;
  all["steps"] = steps;
  all["parameters"] = parameters;
  all["skipped"] = skipped;
  all["dead_modules"] = dead_modules;
  all["seconds"] = seconds;
  all["reach"] = reach;
  all["threads"] = threads;
  all["step"] = step;
  all["loss"] = loss;
  all["validation_step"] = validation_step;
  for (auto const& [measure, curve] : validation) all["validation_" + measure] = curve;
  if (fit.patience > 0) {
    all["finished"] = finished;
    all["best_step"] = best_step;
  }
  all["test"] = nlohmann::ordered_json::object();
  for (auto const& [key, x] : test) all["test"][key] = finite_or_null(x);
  all["manifest"] = manifest;
  all["failure"] = failure;
  for (auto const& [key, entry] : own.entries()) {
    std::visit([&](auto const& value) { all[place_of(key)] = value; }, entry);
  }
  write_file(path, json_text(all, 1) + "\n");
}

std::optional<run_record> run_record::read(std::filesystem::path const& path) { return read(path, {}); }

std::optional<run_record> run_record::read(std::filesystem::path const& path, run_record const& expected) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return parse(examples::read_file(path, std::uint64_t{1} << 24), path.string(), expected);
}

run_record run_record::parse(std::string_view text, std::string const& source) { return parse(text, source, {}); }

run_record run_record::parse(std::string_view text, std::string const& source, run_record const& expected) {
  auto all = examples::parse_json(text, source);
  run_record r;
  r.own = expected.own;
  take_own(all, r.own, source);
  examples::json_fields from{all, source + ": expected the record of an earlier run"};
  // Where an example has one model, records of earlier versions do not name it.
  auto const text_of = [&](char const* name, std::string const& otherwise) {
    return !otherwise.empty() && !from.has(name) ? otherwise : from.text(name);
  };
  r.model = text_of("model", expected.model);
  r.title = text_of("title", expected.title);
  r.seed = from.integer("seed", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
  r.fit = to_settings(from.object("fit"));
  r.data_seed = expected.data_seed;
  if (expected.model.empty() || from.has("data_seed")) {
    r.data_seed = static_cast<decltype(r.data_seed)>(from.integer("data_seed"));
  }
  if (from.has("data")) r.data = from.text("data");
  r.steps = from.integer("steps");
  r.parameters = from.integer("parameters");
  r.skipped = from.integer("skipped");
  r.dead_modules = from.integer("dead_modules");
  r.seconds = from.number("seconds");
  r.reach = from.number("reach");
  r.threads = static_cast<int>(from.integer("threads", 0, 1 << 20));
  r.step = from.numbers("step");
  r.loss = from.numbers("loss");
  r.validation_step = from.numbers("validation_step");
  constexpr std::string_view prefix = "validation_";
  for (auto const& [key, values] : all.items()) {
    if (!key.starts_with(prefix) || key == "validation_step") continue;
    r.validation[key.substr(prefix.size())] = from.numbers(key.c_str());
  }
  r.finished = r.steps >= r.fit.steps;
  if (from.has("finished")) r.finished = from.flag("finished");
  if (from.has("best_step")) r.best_step = from.integer("best_step");
  if (from.has("best_psnr")) static_cast<void>(from.number("best_psnr"));  // of earlier versions: it is in the curve
  for (auto const& [key, x] : from.object("test").all_numbers()) r.test[key] = x;
  r.manifest = from.text("manifest");
  if (expected.model.empty() || from.has("failure")) r.failure = from.text("failure");
  from.done();
  auto const alike = [&](std::vector<double> const& list, std::vector<double> const& steps, char const* name) {
    if (list.size() == steps.size()) return;
    throw std::runtime_error{source + ": '" + name + "': expected " + std::to_string(steps.size()) +
                             " numbers, one for each step, found " + std::to_string(list.size())};
  };
  alike(r.loss, r.step, "loss");
  for (auto const& [measure, curve] : r.validation) {
    alike(curve, r.validation_step, ("validation_" + measure).c_str());
  }
  return r;
}

}  // namespace examples
