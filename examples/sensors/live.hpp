#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment.hpp"

namespace sensors {

/// What the command line of `sensors live` says.
struct live_options {
  time_step step;                ///< the usual time between two steps: the unit of elapsed and lead times
  time_stamp gather = 0;         ///< readings up to so many seconds after the first of a step belong to it
  std::vector<double> leads{1};  ///< how far ahead, in steps
  double band = 0.9;             ///< share of readings that the band is to hold
  transform_kind kind = transform_kind::identity;
  coordinate_kind coordinates = coordinate_kind::degrees;
  double updates = 0.0625;             ///< of the weights for each step; 0.25: one after every fourth
  index_t batch = 16, window = 32;     ///< of one update: windows, and steps of a window
  index_t ring = 4096;                 ///< latest steps that windows are cut from
  index_t warm_up = 30;                ///< steps before the first forecast, where nothing was learned before
  index_t first_updates = 20;          ///< at the end of the warm-up
  double rate = 1e-3;                  ///< base rate of Adam
  double hide = 0.1;                   ///< share of views and of stations that an update does without
  index_t stations = 64, places = 64;  ///< most at a time
  index_t keep = 30;                   ///< a station is forecast for so many steps after its last reading
  index_t longest_gap = 1000;          ///< a time so many steps after the last one is taken for a mistake
  std::int64_t seed = 1;
  std::filesystem::path checkpoint;  ///< empty: none
  index_t every = 100;               ///< steps from one checkpoint to the next
  std::filesystem::path start;       ///< a checkpoint of `sensors train --without-statistics`; empty: from nothing
  experiment_options history;        ///< the data that it was trained on
  bool again = false;                ///< the input begins anew at its first line
  int threads = 1;

  /// \throws data_error naming the option that is out of its range.
  void check() const;
};

/// Readings as JSON lines from standard input, forecasts as JSON lines to standard output, until the input ends or a
/// signal arrives. Returns the exit status.
int live(live_options const& options);

}  // namespace sensors
