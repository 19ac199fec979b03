#pragma once

#include <functional>

#include "metrics.hpp"
#include "model.hpp"
#include "record.hpp"

namespace balls {

/// Trains up to the settled number of steps, or until `stop` says so; leaves checkpoint and record at the end and now
/// and then. Goes on from the checkpoint where `o.resume` is set and there is one.
run_record fit(model& learner, options const& o, std::function<bool()> const& stop);

/// The validation sequences, seen under the training condition.
[[nodiscard]] pixel_score validate(model& learner, options const& o);

}  // namespace balls
