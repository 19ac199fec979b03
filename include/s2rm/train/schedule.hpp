#pragma once
/// \file
/// Learning rates over the steps of a training run.

#include <cmath>
#include <numbers>

#include "s2rm/core/errors.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN
namespace schedule {

/// A factor on the base rate: rises linearly from 1/warm_up to 1 over the first `warm_up` steps, then falls by half a
/// cosine to `floor` at step `total` and stays there. total = 0: no fall. warm_up = 0: no rise. The defaults are the
/// constant rate.
struct warm_up_cosine {
  index_t warm_up = 0;
  index_t total = 0;
  double floor = 0.0;

  void(check)() const { require_value(math::is_finite(floor), "schedule: floor: expected a finite number"); }

  /// The factor at step 0, 1, 2, ...
  [[nodiscard]] S2RM_HD double operator()(index_t step) const {
    if (step < warm_up) return static_cast<double>(step + 1) / static_cast<double>(warm_up);
    if (total <= warm_up) return 1.0;
    double const passed = static_cast<double>(step - warm_up) / static_cast<double>(total - warm_up);
    double const done = passed < 1.0 ? passed : 1.0;
    return floor + (1.0 - floor) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  }
};

}  // namespace schedule
S2RM_NAMESPACE_END
