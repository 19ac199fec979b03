#pragma once

#include "experiment.hpp"

namespace sensors {

/// The command irregular: what it costs forecasts of the test part that half of its steps are removed, `removals` times at random,
/// of models that know of elapsed time and of models that do not, of every seed. Writes out/results.md and out/report.html.
int irregular(experiment_options const& options, std::int64_t removals);

}  // namespace sensors
