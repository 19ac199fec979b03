#include "record.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "common/json_file.hpp"
#include "common/sha256.hpp"

namespace examples {
namespace {

// JSON has no NaN: an undefined figure is null.
nlohmann::ordered_json finite_or_null(double x) { return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr; }

nlohmann::ordered_json to_json(fit_settings const& s) {
  return {{"steps", s.steps},
          {"batch", s.batch},
          {"window", s.window},
          {"warm_up", s.warm_up},
          {"rate", s.rate},
          {"floor", s.floor},
          {"clip", s.clip},
          {"beta2", s.beta2},
          {"curriculum", s.curriculum},
          {"few_views", s.few_views},
          {"blind_spans", s.blind_spans},
          {"validate_every", s.validate_every},
          {"parts", s.parts}};
}

fit_settings to_settings(examples::json_fields from) {
  fit_settings s;
  s.steps = from.integer("steps");
  s.batch = from.integer("batch");
  s.window = from.integer("window");
  s.warm_up = from.integer("warm_up");
  s.rate = from.number("rate");
  s.floor = from.number("floor");
  s.clip = from.number("clip");
  if (from.has("beta2")) s.beta2 = from.number("beta2");  // not in records of earlier versions
  s.curriculum = from.integer("curriculum");
  s.few_views = from.number("few_views");
  s.blind_spans = from.number("blind_spans");
  s.validate_every = from.integer("validate_every");
  if (from.has("parts")) s.parts = from.integer("parts");  // nor this
  from.done();
  return s;
}

void cut(std::vector<double>& steps, std::vector<double>& values, double last) {
  while (!steps.empty() && steps.back() > last) steps.pop_back();
  values.resize(std::min(values.size(), steps.size()));
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
  r.threads = o.thread_count();
  return r;
}

void run_record::rewind(index_t to) {
  auto const last = static_cast<double>(to);
  auto more = validation_step;
  cut(step, loss, last);
  cut(more, validation_f1, last);
  cut(validation_step, validation_bce, last);
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
  all["validation_bce"] = validation_bce;
  all["validation_f1"] = validation_f1;
  all["test"] = nlohmann::ordered_json::object();
  for (auto const& [key, x] : test) all["test"][key] = finite_or_null(x);
  all["manifest"] = manifest;
  all["failure"] = failure;
  write_file(path, all.dump(1) + "\n");
}

std::optional<run_record> run_record::read(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return parse(examples::read_file(path, std::uint64_t{1} << 24), path.string());
}

run_record run_record::parse(std::string_view text, std::string const& source) {
  auto const all = examples::parse_json(text, source);
  examples::json_fields from{all, source + ": expected the record of an earlier run"};
  run_record r;
  r.model = from.text("model");
  r.title = from.text("title");
  r.seed = from.integer("seed", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
  r.fit = to_settings(from.object("fit"));
  r.data_seed = static_cast<decltype(r.data_seed)>(from.integer("data_seed"));
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
  r.validation_bce = from.numbers("validation_bce");
  r.validation_f1 = from.numbers("validation_f1");
  for (auto const& [key, x] : from.object("test").all_numbers()) r.test[key] = x;
  r.manifest = from.text("manifest");
  r.failure = from.text("failure");
  from.done();
  auto const alike = [&](std::vector<double> const& list, std::vector<double> const& steps, char const* name) {
    if (list.size() == steps.size()) return;
    throw std::runtime_error{source + ": '" + name + "': expected " + std::to_string(steps.size()) +
                             " numbers, one for each step, found " + std::to_string(list.size())};
  };
  alike(r.loss, r.step, "loss");
  alike(r.validation_bce, r.validation_step, "validation_bce");
  alike(r.validation_f1, r.validation_step, "validation_f1");
  return r;
}

}  // namespace examples
