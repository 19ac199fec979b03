#include "record.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/sha256.hpp"

namespace examples {
namespace {

// JSON has no NaN: an undefined figure is null.
nlohmann::ordered_json number(double x) { return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr; }
double number(nlohmann::ordered_json const& x) { return x.is_null() ? std::nan("") : x.get<double>(); }

nlohmann::ordered_json to_json(fit_settings const& s) {
  return {{"steps", s.steps},
          {"batch", s.batch},
          {"window", s.window},
          {"warm_up", s.warm_up},
          {"rate", s.rate},
          {"floor", s.floor},
          {"clip", s.clip},
          {"curriculum", s.curriculum},
          {"few_views", s.few_views},
          {"blind_spans", s.blind_spans},
          {"validate_every", s.validate_every}};
}

fit_settings to_settings(nlohmann::ordered_json const& from) {
  fit_settings s;
  s.steps = from.at("steps");
  s.batch = from.at("batch");
  s.window = from.at("window");
  s.warm_up = from.at("warm_up");
  s.rate = from.at("rate");
  s.floor = from.at("floor");
  s.clip = from.at("clip");
  s.curriculum = from.at("curriculum");
  s.few_views = from.at("few_views");
  s.blind_spans = from.at("blind_spans");
  s.validate_every = from.at("validate_every");
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
  for (auto const& [key, x] : test) all["test"][key] = number(x);
  all["manifest"] = manifest;
  all["failure"] = failure;
  write_file(path, all.dump(1) + "\n");
}

std::optional<run_record> run_record::read(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    auto const all = nlohmann::ordered_json::parse(read_file(path));
    run_record r;
    r.model = all.at("model");
    r.title = all.at("title");
    r.seed = all.at("seed");
    r.fit = to_settings(all.at("fit"));
    r.data_seed = all.at("data_seed");
    if (all.contains("data")) r.data = all.at("data");
    r.steps = all.at("steps");
    r.parameters = all.at("parameters");
    r.skipped = all.at("skipped");
    r.dead_modules = all.at("dead_modules");
    r.seconds = all.at("seconds");
    r.reach = all.at("reach");
    r.threads = all.at("threads");
    r.step = all.at("step").get<std::vector<double>>();
    r.loss = all.at("loss").get<std::vector<double>>();
    r.validation_step = all.at("validation_step").get<std::vector<double>>();
    r.validation_bce = all.at("validation_bce").get<std::vector<double>>();
    r.validation_f1 = all.at("validation_f1").get<std::vector<double>>();
    for (auto const& [key, x] : all.at("test").items()) r.test[key] = number(x);
    r.manifest = all.at("manifest");
    r.failure = all.at("failure");
    return r;
  } catch (nlohmann::json::exception const& e) {
    throw std::runtime_error{path.string() + ": expected the record of an earlier run: " + e.what()};
  }
}

}  // namespace examples
