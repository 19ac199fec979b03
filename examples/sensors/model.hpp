#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment.hpp"
#include "peers.hpp"

/// The S2GRU of the two tasks. The library's templates stay inside the files model_*.cpp.
namespace sensors {

/// What computes: threads of the CPU, or a GPU.
struct compute {
  int threads = 1;
  bool gpu = false;
};

/// Everything that was chosen about a fit; goes into the manifest.
struct fit_settings {
  index_t steps = 200;   ///< length of the schedule
  index_t batch = 32;    ///< windows a step
  index_t window = 32;   ///< time steps a window
  index_t warm_up = 10;  ///< steps
  double rate = 4e-3;    ///< base rate; half a cosine down to 0 over `steps`
  double clip = 1.0;
  double average = 0.95;  ///< running average of the weights
  double weight_decay = 0.0;
  double drop_views = 0.1;
  double drop_stations = 0.0;  ///< unseen: stations hidden for a whole window; the loss counts these alone
  double shift = 0.0;          ///< of all places of a window, either way
  bool rotate = false;         ///< all places of a window, by any angle
  double source_gain = 1.0;    ///< factor on the start of the views' key and value weights
  bool heights = true;         ///< unseen: what else is known of the places
  bool statistics = true;      ///< forecast: what lagged statistics say as side input
  index_t bank = 0;            ///< unseen: windows that batches are drawn from; 0: new ones for every batch
  index_t validate_every = 8;
  index_t patience = 12;  ///< validations without a better one
  index_t parts = 0;      ///< of a batch, summed in a tree; see `s2rm::training`

  void describe(examples::manifest& settings, std::string const& key) const;
};

/// With `statistics`, for the model that corrects the forecast of linear statistics (lagged_statistics.hpp); else for one that has none.
[[nodiscard]] fit_settings forecast_settings(series const& data, bool statistics);
[[nodiscard]] fit_settings scene_settings(series const& data);

/// How one fit went.
struct fit_history {
  std::vector<double> step, loss;                   ///< training loss (nats a reading), smoothed
  std::vector<double> validation_step, validation;  ///< negative log-likelihood on the validation part
  index_t steps = 0;                                ///< the number chosen
  double seconds = 0;
  double reach = 0;
  index_t dead_modules = 0, skipped = 0;
  index_t parameters = 0;
  bool interrupted = false;

  /// Notes a training step by its report; `share` is that of the newest loss in the smoothed one.
  template <class Report>
  void note(index_t number, Report const& report, double share) {
    loss.push_back(step.empty() ? report.loss : (1 - share) * loss.back() + share * report.loss);
    step.push_back(static_cast<double>(number));
    reach = report.reach;
    dead_modules = report.dead_modules;
    skipped = report.skipped_total;
  }
};

/// One fit of the forecast: its length is chosen on the validation part, then the model is fitted anew on training and
/// validation part together for that many steps. Leaves `checkpoint`; with `resume`, goes on from it.
[[nodiscard]] fit_history fit_forecast(experiment const& with, fit_settings const& settings, std::int64_t seed,
                                       compute where, std::filesystem::path const& checkpoint, bool resume);

/// The first of the two again, for so many steps on the training part alone: what bands are fitted with.
[[nodiscard]] fit_history fit_forecast_for(experiment const& with, fit_settings const& settings, index_t steps,
                                           std::int64_t seed, compute where, std::filesystem::path const& checkpoint);

/// One step ahead at every station over `range`, from one stream that begins 30 steps before, by a model that was fitted over
/// `fitted` with these settings.
[[nodiscard]] prediction predict_forecast(experiment const& with, fit_settings const& settings,
                                          std::filesystem::path const& checkpoint, compute where, time_range range,
                                          time_range fitted);

/// The same by the linear statistics that the model corrects, alone.
[[nodiscard]] prediction predict_by_statistics(experiment const& with, time_range range, time_range fitted);

/// One fit over `range` for a fold's stations, `hidden`, that leave no trace in it: of a model that corrects what linear statistics say
/// (scenes.hpp). Where the field was known everywhere at the times of the fit it serves every fold: sensors are drawn anew for every
/// window. Leaves `checkpoint`; with `resume`, goes on from it.
[[nodiscard]] fit_history fit_scenes(experiment const& with, fit_settings const& settings,
                                     std::vector<index_t> const& hidden, time_range range, std::int64_t seed,
                                     compute where, std::filesystem::path const& checkpoint, bool resume);

/// Predictions of a fold at `asked`: by the model of each checkpoint, all fitted over `fitted`, by the mixture of them where they are
/// several, and by the linear statistics alone; with `half` from half of the readings too.
struct scene_predictions {
  std::vector<prediction> made, half;  ///< as many; `half` may be empty
  std::string about;                   ///< of the statistics
};
[[nodiscard]] scene_predictions predict_scenes(experiment const& with, fit_settings const& settings, fold const& one,
                                               std::vector<index_t> const& hidden, std::vector<index_t> const& asked,
                                               time_range fitted, std::vector<std::filesystem::path> const& checkpoints,
                                               compute where, time_range range, bool half);

/// What a model of all stations that was fitted without side inputs believes at places without a station.
struct field {
  std::vector<double> mean, deviation;  ///< (times, places), in the unit of the data and of f(y)
};
/// At `places` (n, 2) on each day of `range`, from that day's readings.
[[nodiscard]] field believed_field(experiment const& with, fit_settings const& settings,
                                   std::filesystem::path const& checkpoint, compute where, time_range range,
                                   std::vector<double> const& places);

/// Which module is nearest to a place on the sphere, and how strongly the kernel ties them.
struct module_map {
  std::vector<index_t> nearest;  ///< (n)
  std::vector<double> strength;  ///< (n): Z of the nearest module
  std::vector<double> reached;   ///< (n): number of modules within reach
  index_t modules = 0;
};
[[nodiscard]] module_map modules_over(std::filesystem::path const& checkpoint, compute where,
                                      std::vector<double> const& places);

}  // namespace sensors
