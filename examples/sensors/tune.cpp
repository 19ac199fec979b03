// The command tune: settings of the models of places that nobody reads, by validation stations over the validation part.

#include <algorithm>
#include <cstdio>
#include <map>

#include "common/interrupt.hpp"
#include "common/shell.hpp"
#include "folds.hpp"
#include "results.hpp"

namespace sensors {
namespace {

struct candidate {
  std::string name;
  fit_settings settings;
};

/// The standard settings, and each of a few others by itself.
std::vector<candidate> candidates(experiment const& with, experiment_options const& options) {
  std::vector<candidate> all{{"standard", scene_settings(with.data)}};
  all.front().settings.heights = options.heights;
  if (options.steps > 0) all.front().settings.steps = options.steps;
  auto const add = [&](std::string const& name, auto const& change) {
    all.push_back({name, all.front().settings});
    change(all.back().settings);
  };
  add("half of the steps", [](fit_settings& s) { s.steps /= 2; });
  add("twice the steps", [](fit_settings& s) { s.steps *= 2; });
  add("five times the rate", [](fit_settings& s) { s.rate *= 5; });
  add("ten times the decay", [](fit_settings& s) { s.weight_decay *= 10; });
  if (!with.data.folds.empty()) return all;
  add("half of the stations hidden", [](fit_settings& s) { s.drop_stations = 0.5; });
  add("places as they are", [](fit_settings& s) { s.rotate = false, s.shift = 0; });
  return all;
}

}  // namespace

int tune(experiment_options const& options) {
  examples::interrupt const watch;
  auto const with = open_experiment(options);
  auto const where = compute_of(options);
  std::vector<fold> folds;
  if (with.data.folds.empty()) {
    folds = test_folds(with.data, options.folds);
  } else {
    for (auto const& one : with.data.folds) {
      if (one.sensors.empty() || one.for_settings) folds.push_back(one);
    }
    if (options.folds > 0) folds.resize(std::min(folds.size(), static_cast<std::size_t>(options.folds)));
  }
  // Of a field every seventh cell is asked for.
  std::vector<index_t> some;
  for (index_t s = 0; s < with.data.station_count(); s += 7) some.push_back(s);
  examples::temporary_folder const work{"sensors-tune"};
  for (auto const& one : candidates(with, options)) {
    std::map<std::string, score> scores;
    // Folds that hide the same stations share a fit; sensors that are drawn for every window serve all.
    std::map<std::vector<index_t>, std::vector<std::filesystem::path>> fits;
    for (auto const& each : folds) {
      auto const groups = each.validation.empty() ? station_groups{some} : each.validation;
      for (auto const& asked : groups) {
        auto hidden = each.test;
        if (!each.validation.empty()) hidden.insert(hidden.end(), asked.begin(), asked.end());
        std::sort(hidden.begin(), hidden.end());
        auto& checkpoints = fits[hidden];
        if (checkpoints.empty()) {
          for (auto const seed : options.seeds) {
            checkpoints.push_back(work.path /
                                  (std::to_string(fits.size()) + "-" + std::to_string(seed) + ".safetensors"));
            auto const history =
                fit_scenes(with, one.settings, hidden, with.split.train, seed, where, checkpoints.back(), false);
            if (history.interrupted) return examples::interrupt::exit_status;
          }
        }
        auto const made = predict_scenes(with, one.settings, each, hidden, asked, with.split.train, checkpoints, where,
                                         with.split.validation, false);
        for (auto const& p : made.made) {
          for (auto const s : asked) scores[p.name].add(evaluate(with.data, with.kind, p, s));
        }
      }
    }
    std::printf("%-28s", one.name.c_str());
    for (auto const& [name, at] : scores) std::printf(" %s %.4f (NLL %.4f)", name.c_str(), at.rmse(), at.nll());
    std::printf("\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace sensors
