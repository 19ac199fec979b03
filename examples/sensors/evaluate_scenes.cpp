// What the models with side inputs reach on the test part of every draw, for the command eval.

#include <chrono>

#include "folds.hpp"
#include "results.hpp"

namespace sensors {

std::vector<rival_results> scene_results(experiment const& with, experiment_options const& options,
                                         examples::manifest& settings) {
  auto settled = scene_settings(with.data);
  settled.heights = options.heights;
  settled.describe(settings, "scenes");
  std::string const height = options.heights || with.data.sides.empty() ? "" : ", without heights";
  std::vector<rival_results> all;
  for (auto const seed : options.seeds) all.push_back({"S2GRU" + height + ", seed " + std::to_string(seed), {}});
  if (options.seeds.size() > 1) {
    all.push_back({"S2GRU" + height + ", mean of " + std::to_string(options.seeds.size()) + " seeds", {}});
  }
  all.push_back({std::string{"its guess alone: "} +
                     (with.data.globe ? "smoothed optimal interpolation" : "kriging, two lengths") + height,
                 {}});
  auto const folds = test_folds(with.data, options.folds);
  std::vector<index_t> everywhere(with.data.stations.size());
  for (std::size_t s = 0; s < everywhere.size(); ++s) everywhere[s] = static_cast<index_t>(s);
  for (std::size_t g = 0; g < folds.size(); ++g) {
    auto const what = "unseen" + std::to_string(folds.front().sensors.empty() ? g : 0);
    std::vector<std::filesystem::path> checkpoints;
    for (auto const seed : options.seeds) checkpoints.push_back(checkpoint_of(options, what, seed));
    auto const begin = std::chrono::steady_clock::now();
    auto const asked = folds[g].test.empty() ? everywhere : folds[g].test;
    auto made = predict_scenes(with, settled, folds[g], folds[g].test, asked, with.split.fit(), checkpoints,
                               compute_of(options), with.split.test, !folds[g].lost.empty());
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    settings.set("statistics." + folds[g].name, made.about);
    for (std::size_t row = 0; row < made.made.size(); ++row) {
      for (auto* const each : {&made.made, &made.half}) {
        if (each->empty()) continue;
        rival_run run;
        run.run = folds[g].name;
        run.half = each == &made.half;
        run.made = std::move((*each)[row]);
        run.seconds = took;
        run.note = "seconds of all seeds, the statistics with them";
        all[row].runs.push_back(std::move(run));
      }
    }
  }
  return all;
}

}  // namespace sensors
