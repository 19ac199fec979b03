#pragma once
/// \file
/// What a training step reports, and how its sums about reach are counted.

#include "s2rm/attention/pairs.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/math/sum.hpp"
#include "s2rm/model/activations.hpp"

S2RM_NAMESPACE_BEGIN

/// The outcome of one `trainer::step`.
struct step_report {
  double loss = 0;              ///< mean over unmasked target elements, before the update
  double gradient_norm = 0;     ///< of the whole gradient, before clipping; of the last window that had one
  bool skipped = false;         ///< loss or gradient of a window was non-finite: it changed no weight and no moment
  index_t skipped_total = 0;    ///< such windows since the trainer was made or given weights
  double reach = 0;             ///< share of (present view, module) pairs with Z > 0
  index_t dead_modules = 0;     ///< modules that no present view of the batch reached
  index_t unreached_views = 0;  ///< present views that reached no module
  index_t updates = 0;          ///< updates of the weights in this step: one per window
};

namespace report {

/// 1 for every (view, module) pair in reach.
struct pair_reached {
  using scalar = std::uint8_t;
  std::uint8_t const* reach;
  template <class L>
  S2RM_HD auto lanes(index_t i) const {
    return math::ones(L::load(reach + i) == std::uint8_t{kernel::reached});
  }
  S2RM_HD double operator()(index_t i) const { return reach[i] == kernel::reached ? 1.0 : 0.0; }
};

/// 1 for every pair of a present view.
struct pair_present {
  using scalar = std::uint8_t;
  std::uint8_t const* reach;
  template <class L>
  S2RM_HD auto lanes(index_t i) const {
    return math::ones(L::load(reach + i) != std::uint8_t{kernel::absent});
  }
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

/// The n views are cut into `parts`, searched side by side: alive[part M + m] = 1 for a module that a view of the part
/// reaches; else it stays as it was. Call it for every part and module.
template <index_t M>
struct mark_alive {
  std::uint8_t const* reach;
  index_t n;
  std::uint8_t* alive;  ///< (parts, M)
  index_t parts = 1;
  S2RM_HD void operator()(index_t i) const {
    constexpr index_t at_once = 8;
    index_t const part = i / M, m = i % M, last = n * (part + 1) / parts;
    bool found = alive[i] != 0;
    for (index_t row = n * part / parts; row < last && !found; row += at_once) {
      for (index_t k = 0; k < at_once; ++k) {
        // Rows beyond the last repeat it, so that all reads of a round are independent.
        index_t const one = row + k < last ? row + k : last - 1;
        found = found | (reach[one * M + m] == kernel::reached);
      }
    }
    if (found) alive[i] = 1;
  }
};

/// 1 for a module that is alive in no part.
struct module_dead {
  std::uint8_t const* alive;  ///< (parts, modules)
  index_t modules = 1, parts = 1;
  S2RM_HD double operator()(index_t m) const {
    bool any = false;
    for (index_t part = 0; part < parts; ++part) any = any || alive[part * modules + m] != 0;
    return any ? 0.0 : 1.0;
  }
};

/// 1 for a non-finite number, evaluated only where the gradient's norm is non-finite too; else 0.
template <class T>
struct not_finite_after {
  double const* norm2;
  T const* x;
  S2RM_HD double operator()(index_t i) const { return math::is_finite(*norm2) || math::is_finite(x[i]) ? 0.0 : 1.0; }
};

/// g_i^2.
template <class T>
struct square {
  using scalar = T;
  T const* g;
  template <class L>
  S2RM_HD auto lanes(index_t i) const {
    auto const one = math::widened(L::load(g + i));
    return one * one;
  }
  S2RM_HD double operator()(index_t i) const { return static_cast<double>(g[i]) * static_cast<double>(g[i]); }
};

/// The three sums of n views as one task, for backends that have a kernel for it (`ops::run_fused`).
template <index_t M>
struct count_reach {
  std::uint8_t const* reach;
  index_t n;
  double *reached, *present, *unreached;  ///< added to
};

/// Adds what n views of a segment reach, (n, M), to the sums of a window.
template <index_t M, class Backend>
void add_reach(Backend& be, index_t n, std::uint8_t const* reach, pass_sums* sums, std::uint8_t* alive, index_t parts) {
  auto const add = [&](index_t count, auto const& f, double* to) {
    be.reduce(count, f, &sums->temporary);
    be.for_each(1, add_number{&sums->temporary, to});
  };
  count_reach<M> const counts{reach, n, &sums->reached, &sums->present, &sums->unreached};
  if (!ops::run_fused(be, counts)) {
    add(n * M, pair_reached{reach}, &sums->reached);
    add(n * M, pair_present{reach}, &sums->present);
    add(n, view_unreached<M>{reach}, &sums->unreached);
  }
  be.for_each(parts * M, mark_alive<M>{reach, n, alive, parts});
}

/// Clears what `add_reach` adds to: before the first segment.
struct clear_reach {
  pass_sums* sums;
  S2RM_HD void operator()(index_t) const { sums->reached = sums->present = sums->unreached = 0; }
};

}  // namespace report
S2RM_NAMESPACE_END
