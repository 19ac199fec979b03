#pragma once
/// \file
/// What a training step counts, in backend memory: the host need not be asked between one step and the next.

#include <cmath>

#include "s2rm/math/simd.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/report.hpp"

namespace s2rm::detail {

/// Windows of a trainer that had a target: tried, applied, skipped.
struct window_counts {
  index_t steps = 0, applied = 0, skipped = 0;
};

/// What the windows of a step add up to.
struct report_sums {
  step_report report;  ///< but for `loss` and `reach`
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

/// What the next update reads.
template <class Optimiser>
struct begin_update {
  Optimiser optimiser;
  window_counts const* counts;
  optim::control* control;
  S2RM_HD void operator()(index_t) const { *control = optimiser.begin(counts->steps, counts->applied); }
};

/// Makes the norm of a gradient NaN that may change nothing: that of a loss that is not finite (a class that does not
/// exist has a gradient that looks well), or of no target at all.
struct judge_gradient {
  double const* figures;
  optim::control* control;
  S2RM_HD void operator()(index_t) const {
    if (!std::isfinite(figures[figure::loss]) || !(figures[figure::count] > 0)) control->norm2 = std::nan("");
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
    if (!std::isfinite(control->norm2)) return;
    L::store(average + i, decay * L::load(average + i) + (T(1) - decay) * L::load(w + i));
  }
};

/// After a window: `figures` onto the sums, with what is not finite of the state it left in `figure::scratch`. `lost` (null:
/// there is no state) becomes whether the next window may not go on from it.
struct measure_window {
  double const* figures;
  optim::control const* control;
  window_counts* counts;
  report_sums* sums;
  std::uint8_t* lost;
  S2RM_HD void operator()(index_t) const {
    step_report& r = sums->report;
    sums->loss += figures[figure::loss];
    sums->count += figures[figure::count];
    sums->reached += figures[figure::reached];
    sums->present += figures[figure::present];
    r.unreached_views += static_cast<index_t>(figures[figure::unreached]);
    r.dead_modules = static_cast<index_t>(figures[figure::dead]);
    bool good = true;
    if (figures[figure::count] > 0) {
      good = std::isfinite(control->norm2);
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
    if (lost != nullptr) *lost = !good && figures[figure::scratch] > 0 ? 1 : 0;
  }
};

}  // namespace s2rm::detail
