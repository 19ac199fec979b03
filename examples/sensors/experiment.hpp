#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/manifest.hpp"
#include "common/report.hpp"
#include "dataset.hpp"
#include "metrics.hpp"

namespace sensors {

/// Which of the two tasks a command works on.
enum class task_kind { forecast, unseen, both };

/// What the model runs on.
enum class backend_kind { cpu, gpu };

/// The coverages that bands are fitted for, and may be asked for by --band.
inline std::vector<double> const band_coverages{0.5, 0.8, 0.9, 0.95, 0.98};

/// Everything the command line says.
struct experiment_options {
  data_choice data;
  task_kind task = task_kind::both;
  std::vector<std::int64_t> seeds{1};
  std::filesystem::path out = "results/sensors";  ///< report.html, manifest.json, pictures
  std::filesystem::path checkpoint;               ///< empty: out / "sensors.safetensors"
  bool resume = false;                            ///< go on from the checkpoint
  std::int64_t steps = 0;                         ///< training steps, 0: the settled number
  std::int64_t parts = 0;                         ///< of a batch, for the same bits on any number of ranks
  std::int64_t folds = 0;                         ///< groups of unseen stations, 0: the standard ones (test_folds)
  int threads = 0;                                ///< 0: all cores
  backend_kind backend = backend_kind::cpu;
  bool heights = true;              ///< of stations, as side inputs where they are known
  bool statistics = true;           ///< forecast: the model corrects what linear statistics say
  std::string channel;              ///< what is asked for of several things measured; empty: the first
  std::vector<std::string> rivals;  ///< of other packages; empty: all that fit the data
  std::int64_t lead = 0;            ///< steps ahead of what is read, in a field that is read at drawn places
  std::string budget = "small";     ///< of a rival that trains: tiny, small, or full (what its authors use, or a night)
  std::filesystem::path scripts;    ///< folder of the rivals' scripts
  std::filesystem::path rivals_out;  ///< their answers; empty: out / "rivals"
  std::string transform;             ///< identity, sqrt, log1p; empty: the standard one of the set
  std::string validation_from;       ///< dates that cut the series; both empty: the standard split
  std::string test_from;
  std::string forecast_from;         ///< first valid time of `forecast`; empty: the test part's
  double band = 0.9;                 ///< share of readings that bands are to hold
  bool bands = false;                ///< train: fit bands afterwards (calibrate)
  std::string show;                  ///< date to draw, empty: the day with the liveliest field
  std::vector<std::string> command;  ///< the command line, for the manifest

  [[nodiscard]] std::filesystem::path checkpoint_path() const {
    return checkpoint.empty() ? out / "sensors.safetensors" : checkpoint;
  }
};

/// What every command needs before it starts: data, split, transform, what to say about the data.
struct experiment {
  series data;   ///< with the channel that is asked for alone
  series whole;  ///< with all channels
  index_t channel = 0;
  time_split split;
  transform_kind kind = transform_kind::identity;
  std::vector<std::string> notes;
};

/// The error at which that of gross errors is cut in tables; infinite where the data are not known to have any.
[[nodiscard]] double cut_of(series const& data);

/// Score of a run ("draw 0", "seed 1") of a task over what it was asked for: of a draw the stations that it hid.
[[nodiscard]] score evaluate_asked(experiment const& with, std::string const& task, std::string const& run,
                                   prediction const& made, double cut = std::numeric_limits<double>::infinity());

/// Opens the data of `options` and settles split and transform. Prints the label of the data on stderr.
[[nodiscard]] experiment open_experiment(experiment_options const& options);

/// Manifest with the settings, the data's checksum and label, and the split.
[[nodiscard]] examples::manifest experiment_manifest(experiment const& with, experiment_options const& options);

/// A report page with title, the label of the data (a notice when synthetic), its notes and the data table.
[[nodiscard]] examples::report::page experiment_page(experiment const& with, std::string const& title);

// The commands; each returns the exit status of the program (0, or 130 after Ctrl-C) and throws data_error or another
// std::exception with a text for the user.

/// Prints and reports the peers of both tasks: out/peers.html, out/peers.json, out/peers.md.
int peers(experiment_options const& options);

// With the model (train.cpp); the command line offers them when the program was built with it.

/// Trains on the training part, selects on validation, leaves a checkpoint (also after Ctrl-C).
int train(experiment_options const& options);

/// Loads the checkpoint, predicts the test part, writes out/report.html with peers in the same tables.
int evaluate(experiment_options const& options);

/// Writes a checkpoint's forecasts, one step ahead: out/forecast.csv and out/forecast.nc.
int forecast(experiment_options const& options);

/// Prints what each of some settings of the unseen-station task reaches: fitted on the training part with a fold's test stations and one of its
/// validation groups hidden, scored at that group over the validation part. What is best becomes scene_settings.
int tune(experiment_options const& options);

/// Draws fields, station readings and what the model believes in between: out/*.png, out/field.gif.
int render(experiment_options const& options);
/// Fits bands for the checkpoints that `train` left, with validation stations and times that neither the test nor the fit behind
/// a score knows, and writes them into the checkpoints.
int calibrate(experiment_options const& options);

/// data, train, eval, render in one go, within minutes, with a table at the end.
int demo(experiment_options const& options);

}  // namespace sensors
