#pragma once
/// \file
/// Metrics and counters of training steps, updated in backend memory: the host reads nothing between two steps.

#include <cmath>

#include "s2rm/math/finite.hpp"
#include "s2rm/math/simd.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/report.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

/// Updates of a trainer, one for each window that had a target: tried, applied, skipped.
struct window_counts {
  index_t steps = 0, applied = 0, skipped = 0;
};

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

/// Prepares the optimiser's numbers for the next update.
template <class Optimiser>
struct begin_update {
  Optimiser optimiser;
  window_counts const* counts;
  optim::control* control;
  S2RM_HD void operator()(index_t) const { *control = optimiser.begin(counts->steps, counts->applied); }
};

/// Sets the gradient's norm to NaN, so that the update changes nothing, where the loss is non-finite (a class index out
/// of range has a finite gradient) or the window has no target.
struct judge_gradient {
  pass_sums const* pass;
  optim::control* control;
  S2RM_HD void operator()(index_t) const {
    if (!math::is_finite(pass->loss) || !(pass->count > 0)) control->norm2 = std::nan("");
  }
};

template <class T>
struct average_weights {
  using scalar = T;
  optim::control const* control;
  T const* w;
  T* average;
  T decay;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    if (!math::is_finite(control->norm2)) return;
    L::store(average + i, decay * L::load(average + i) + (T(1) - decay) * L::load(w + i));
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
