// The commands that use the model: train, eval, render, demo.

#include <cstdio>

#include "common/interrupt.hpp"
#include "common/ranks.hpp"
#include "folds.hpp"
#include "model.hpp"
#include "results.hpp"

namespace sensors {

void fit_settings::describe(examples::manifest& settings, std::string const& key) const {
  settings.set(key + ".steps", steps);
  settings.set(key + ".batch", batch);
  settings.set(key + ".window", window);
  settings.set(key + ".warm_up", warm_up);
  settings.set(key + ".rate", rate);
  settings.set(key + ".clip", clip);
  settings.set(key + ".average", average);
  settings.set(key + ".weight_decay", weight_decay);
  settings.set(key + ".drop_views", drop_views);
  settings.set(key + ".drop_stations", drop_stations);
  settings.set(key + ".shift", shift);
  settings.set(key + ".rotate", rotate);
  settings.set(key + ".source_gain", source_gain);
  settings.set(key + ".heights", heights);
  settings.set(key + ".statistics", statistics);
  settings.set(key + ".bank", bank);
  settings.set(key + ".validate_every", validate_every);
  settings.set(key + ".patience", patience);
  settings.set(key + ".parts", parts);
}

compute compute_of(experiment_options const& options) {
  return {examples::ranks::threads(options.threads), options.backend == backend_kind::gpu};
}

std::filesystem::path checkpoint_of(experiment_options const& options, std::string const& what, std::int64_t seed) {
  auto path = options.checkpoint_path();
  auto const name = path.stem().string() + "-" + what + "-seed" + std::to_string(seed) + ".safetensors";
  return path.parent_path() / name;
}

namespace {

/// What cannot be trained is said before hours of what can.
void require_stations(experiment const& with, experiment_options const& options) {
  for (auto const& one : with.data.folds) {
    if (!one.sensors.empty() && !with.data.globe)
      throw data_error{"no model of " + with.data.origin.name + " is built into this program yet"};
  }
  if (options.task == task_kind::forecast && !with.data.folds.empty())
    throw data_error{"--task forecast: the model of " + with.data.origin.name + " answers for the same time alone"};
  if (options.task == task_kind::forecast || with.data.station_count() > 1) return;
  throw data_error{
      "an unseen station is predicted from others: expected at least 2 stations, found 1 (--task forecast "
      "needs one alone)"};
}

}  // namespace

int train(experiment_options const& options) {
  examples::interrupt const watch;
  namespace ranks = examples::ranks;
  // Rank 0 fetches the data where they are not there yet; the others wait and find them.
  auto const with = ranks::first_before_others([&] { return open_experiment(options); });
  require_stations(with, options);
  if (options.bands && ranks::size() > 1)
    throw data_error{"--bands: runs on one rank; train first, then: sensors calibrate"};
  if (options.bands && !with.data.folds.empty())
    throw data_error{"--bands: there are none for the model of " + with.data.origin.name + " yet"};
  auto const where = compute_of(options);
  std::filesystem::create_directories(options.out);
  std::filesystem::create_directories(options.checkpoint_path().parent_path());
  auto const settled = [&](fit_settings settings) {
    if (options.steps > 0) settings.steps = options.steps;
    settings.parts = options.parts;
    settings.heights = options.heights;
    return settings;
  };
  auto const forecast = settled(forecast_settings(with.data, options.statistics));
  auto const fit_fold = [&](fold const& one, std::string const& what, std::int64_t seed) {
    auto settings = settled(scene_settings(with.data));
    // Nothing else is known of the places of a map.
    if (one.test.empty()) settings.heights = false;
    return fit_scenes(with, settings, one.test, with.split.fit(), seed, where, checkpoint_of(options, what, seed),
                      options.resume);
  };
  training_log log;
  if (options.resume) log.read(options.out / "training.json");
  auto const note = [&](std::string const& what, std::int64_t seed, fit_history const& history) {
    if (ranks::first()) {
      log.go_on(what, seed, history);
      log.write(options.out / "training.json");
      auto const& all = *log.find(what, seed);
      std::fprintf(stderr, "%s, seed %lld: %lld steps in %.0f s, loss %.3f, reach %.2f, %lld dead modules%s\n",
                   what.c_str(), static_cast<long long>(seed), static_cast<long long>(history.steps), all.seconds,
                   all.loss.empty() ? 0.0 : all.loss.back(), all.reach, static_cast<long long>(all.dead_modules),
                   history.interrupted ? " (interrupted)" : "");
    }
    if (history.interrupted) ranks::leave(examples::interrupt::exit_status);
    return !history.interrupted;
  };
  for (auto const seed : options.seeds) {
    if (!with.data.folds.empty()) {
      auto const settings = settled(scene_settings(with.data));
      auto const folds = test_folds(with.data, options.folds);
      // Sensors that are drawn anew for every window serve every draw.
      auto const fits = folds.front().sensors.empty() ? folds.size() : 1;
      for (std::size_t g = 0; g < fits; ++g) {
        auto const what = "unseen" + std::to_string(g);
        if (!note(what, seed,
                  fit_scenes(with, settings, folds[g].test, with.split.fit(), seed, where,
                             checkpoint_of(options, what, seed), options.resume)))
          return examples::interrupt::exit_status;
      }
      continue;
    }
    if (options.task != task_kind::unseen) {
      auto const path = checkpoint_of(options, "forecast", seed);
      if (!note("forecast", seed, fit_forecast(with, forecast, seed, where, path, options.resume))) {
        return examples::interrupt::exit_status;
      }
    }
    if (options.task != task_kind::forecast) {
      auto const folds = test_folds(with.data, options.folds);
      for (std::size_t g = 0; g < folds.size(); ++g) {
        auto const what = "unseen" + std::to_string(g);
        if (!note(what, seed, fit_fold(folds[g], what, seed))) return examples::interrupt::exit_status;
      }
    }
  }
  if (options.task != task_kind::forecast && with.data.folds.empty()) {
    auto const seed = options.seeds.front();
    if (!note("field", seed, fit_fold({}, "field", seed))) return examples::interrupt::exit_status;
  }
  return options.bands ? calibrate(options) : 0;
}

int demo(experiment_options const& options) {
  // The report holds the pictures of `render`.
  for (auto const command : {train, evaluate}) {
    if (auto const status = command(options); status != 0) return status;
  }
  return 0;
}

}  // namespace sensors
