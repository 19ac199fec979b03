// The command calibrate: bands for the checkpoints of train, from fits that see neither the test nor what they are scored on.

#include <cstdio>
#include <map>

#include "bands.hpp"
#include "common/interrupt.hpp"
#include "common/shell.hpp"
#include "folds.hpp"
#include "peers.hpp"
#include "results.hpp"
#include "s2rm/train/conformal.hpp"

namespace sensors {
namespace {

/// Adds the scores of the present readings of some stations.
void add(s2rm::conformal::calibration& to, experiment const& with, prediction const& made,
         std::vector<index_t> const& stations) {
  for (auto t = made.range.begin; t < made.range.end; ++t) {
    for (auto const s : stations) {
      auto const i = made.cell(t, s);
      if (!with.data.present(t, s) || std::isnan(made.mean[i])) continue;
      to.add(0, s2rm::conformal::scaled_score(transform(with.kind, with.data.at(t, s)), made.mean[i],
                                              std::sqrt(made.variance[i])));
    }
  }
}

/// The groups of stations that a fold's scores are of: all others. A band that is to hold at any station wants to have met many, and days of one station say little of the next.
station_groups scored(std::vector<fold> const& folds, std::size_t g) {
  station_groups others;
  for (std::size_t other = 0; other < folds.size(); ++other) {
    if (other != g) others.push_back(folds[other].test);
  }
  return others;
}

void store(s2rm::conformal::calibration const& from, std::filesystem::path const& checkpoint) {
  auto const fitted = from.fit(band_coverages);
  s2rm::conformal::save(checkpoint, fitted);
  std::printf("%s: %lld scores, the 90 %% band is %.2f deviations to either side (a Gaussian's: %.2f)\n",
              checkpoint.filename().c_str(), static_cast<long long>(fitted.buckets[0].count), fitted.quantile(0, 0.9),
              gaussian_half(0.9));
  std::fflush(stdout);
}

}  // namespace

int calibrate(experiment_options const& options) {
  examples::interrupt const watch;
  auto const with = open_experiment(options);
  if (!with.data.folds.empty())
    throw data_error{"calibrate: there are no bands for the model of " + with.data.origin.name + " yet"};
  auto const where = compute_of(options);
  training_log log;
  log.read(options.out / "training.json");
  examples::temporary_folder const work{"sensors-bands"};
  auto const checkpoint = work.path / "fit.safetensors";
  auto const settled = [&](fit_settings settings) {
    if (options.steps > 0) settings.steps = options.steps;
    settings.heights = options.heights;
    return settings;
  };
  for (auto const seed : options.seeds) {
    if (options.task != task_kind::unseen) {
      // As many steps as the checkpoint had, on the training part alone; scored one step ahead on the validation part.
      auto const* const history = log.find("forecast", seed);
      if (history == nullptr)
        throw data_error{"calibrate: no forecast of seed " + std::to_string(seed) + "; run: sensors train"};
      auto const settings = settled(forecast_settings(with.data, options.statistics));
      auto const fitted = fit_forecast_for(with, settings, history->steps, seed, where, checkpoint);
      if (fitted.interrupted) return examples::interrupt::exit_status;
      s2rm::conformal::calibration scores(1);
      std::vector<index_t> all;
      for (index_t s = 0; s < with.data.station_count(); ++s) all.push_back(s);
      auto const made = predict_forecast(with, settings, checkpoint, where, with.split.validation, with.split.train);
      add(scores, with, made, all);
      store(scores, checkpoint_of(options, "forecast", seed));
    }
    if (options.task == task_kind::forecast) continue;
    // Fold by fold: its test stations and one other group hidden, on the training part alone; scored at that group over the
    // validation part. Two folds that hide the same stations share the fit.
    auto const folds = test_folds(with.data, options.folds);
    auto const settings = settled(scene_settings(with.data));
    std::map<std::vector<index_t>, prediction> fits;
    for (std::size_t g = 0; g < folds.size(); ++g) {
      s2rm::conformal::calibration scores(1);
      for (auto const& group : scored(folds, g)) {
        auto hidden = folds[g].test;
        hidden.insert(hidden.end(), group.begin(), group.end());
        std::sort(hidden.begin(), hidden.end());
        auto found = fits.find(hidden);
        if (found == fits.end()) {
          auto const history = fit_scenes(with, settings, hidden, with.split.train, seed, where, checkpoint, false);
          if (history.interrupted) return examples::interrupt::exit_status;
          auto said = predict_scenes(with, settings, {}, hidden, hidden, with.split.train, {checkpoint}, where,
                                     with.split.validation, false);
          found = fits.emplace(hidden, std::move(said.made.front())).first;
        }
        add(scores, with, found->second, group);
      }
      store(scores, checkpoint_of(options, "unseen" + std::to_string(g), seed));
    }
  }
  return 0;
}

}  // namespace sensors
