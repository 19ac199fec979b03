#pragma once
/// \file
/// From a window's gradient to its update, before and after the optimiser (train/optim.hpp): functors over backend
/// memory.

#include <cmath>

#include "s2rm/math/finite.hpp"
#include "s2rm/math/simd.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/train/optim.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

/// Updates of a trainer, one for each window that had a target: tried, applied, skipped.
struct window_counts {
  index_t steps = 0, applied = 0, skipped = 0;
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

/// The exponential average of the weights, left as it is where the update was skipped.
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

}  // namespace detail
S2RM_NAMESPACE_END
