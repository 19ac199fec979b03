#pragma once
/// \file
/// Metrics and counters of training steps, updated in backend memory: the host reads nothing between two steps.

#include <cmath>

#include "s2rm/math/finite.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/update.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

/// The report of a step, summed over its windows.
struct report_sums {
  step_report report;  ///< `loss` and `reach` come from the sums below
  double loss = 0, count = 0, reached = 0, present = 0;

  [[nodiscard]] step_report total() const {
    step_report r = report;
    r.loss = count > 0 ? loss / count : 0.0;
    r.reach = present > 0 ? reached / present : 0.0;
    return r;
  }
};

/// Before the first window.
struct begin_report {
  window_counts const* counts;
  report_sums* sums;
  S2RM_HD void operator()(index_t) const {
    *sums = {};
    sums->report.skipped_total = counts->skipped;
  }
};

/// After a window: adds its sums to those of the step. `temporary` holds how many numbers of the state it left are
/// non-finite; `lost` (null: there is no state) becomes whether the next window starts from h_0 for that reason.
struct measure_window {
  pass_sums const* pass;
  optim::control const* control;
  window_counts* counts;
  report_sums* sums;
  std::uint8_t* lost;
  S2RM_HD void operator()(index_t) const {
    step_report& r = sums->report;
    sums->loss += pass->loss;
    sums->count += pass->count;
    sums->reached += pass->reached;
    sums->present += pass->present;
    r.unreached_views += static_cast<index_t>(pass->unreached);
    r.dead_modules = static_cast<index_t>(pass->dead);
    bool good = true;
    if (pass->count > 0) {
      good = math::is_finite(control->norm2);
      r.gradient_norm = std::sqrt(control->norm2);
      ++counts->steps;
      if (good) {
        ++counts->applied;
        ++r.updates;
      } else {
        ++counts->skipped;
        r.skipped = true;
      }
    }
    r.skipped_total = counts->skipped;
    if (lost != nullptr) *lost = !good && pass->temporary > 0 ? 1 : 0;
  }
};

}  // namespace detail
S2RM_NAMESPACE_END
