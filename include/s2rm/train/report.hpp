#pragma once
/// \file
/// What a training step reports, and how the figures about reach are counted.

#include "s2rm/kernel/pairs.hpp"

namespace s2rm {

/// The outcome of one `trainer::step`.
struct step_report {
  double loss = 0;             ///< mean over unmasked target elements, before the update
  double gradient_norm = 0;    ///< of the whole gradient, before clipping
  bool skipped = false;        ///< the gradient was not finite: weights and moments are untouched
  index_t skipped_total = 0;   ///< such steps since the trainer was made
  double reach = 0;            ///< share of (present view, module) pairs with Z > 0
  index_t dead_modules = 0;    ///< modules that no present view of the batch reached
  index_t unreached_views = 0; ///< present views that reached no module
  index_t updates = 0;         ///< updates of the weights in this step: one per window
};

namespace report {

/// 1 for every (view, module) pair in reach.
struct pair_reached {
  std::uint8_t const* reach;
  S2RM_HD double operator()(index_t i) const { return reach[i] == kernel::reached ? 1.0 : 0.0; }
};

/// 1 for every pair of a present view.
struct pair_present {
  std::uint8_t const* reach;
  S2RM_HD double operator()(index_t i) const { return reach[i] != kernel::absent ? 1.0 : 0.0; }
};

/// 1 for a present view that reaches no module.
template <index_t M>
struct view_unreached {
  std::uint8_t const* reach;
  S2RM_HD double operator()(index_t row) const {
    bool any = false;
    for (index_t m = 0; m < M; ++m) any = any || reach[row * M + m] == kernel::reached;
    return !any && reach[row * M] != kernel::absent ? 1.0 : 0.0;
  }
};

/// 1 for a module that none of n views reaches.
template <index_t M>
struct module_dead {
  std::uint8_t const* reach;
  index_t n;
  S2RM_HD double operator()(index_t m) const {
    for (index_t row = 0; row < n; ++row) {
      if (reach[row * M + m] == kernel::reached) return 0.0;
    }
    return 1.0;
  }
};

/// g_i^2.
template <class T>
struct square {
  T const* g;
  S2RM_HD double operator()(index_t i) const { return static_cast<double>(g[i]) * static_cast<double>(g[i]); }
};

}  // namespace report
}  // namespace s2rm
