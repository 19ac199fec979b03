#pragma once
/// \file
/// What stands between a window's gradient and the weights, besides the optimiser: functors over backend memory.

#include <cmath>

#include "s2rm/model/activations.hpp"
#include "s2rm/train/optim.hpp"

namespace s2rm::detail {

/// *to += *from, n of them.
template <class T>
struct add_numbers {
  using scalar = T;
  T const* from;
  T* to;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    L::store(to + i, L::load(to + i) + L::load(from + i));
  }
};

/// Figures that are summed over ranks, and over parts of a batch.
inline constexpr index_t summed_figures = 4;
S2RM_HD constexpr index_t summed_figure(index_t i) {
  index_t const which[] = {figure::loss, figure::reached, figure::present, figure::unreached};
  return which[i];
}

/// What ranks sum besides the gradient, side by side: those, then for each module whether it is alive.
struct join_figures {
  double const* figures;
  std::uint8_t const* alive;  ///< (parts, modules)
  index_t modules, parts;
  double* joint;  ///< (summed_figures + modules)
  S2RM_HD void operator()(index_t i) const {
    if (i < summed_figures) {
      joint[i] = figures[summed_figure(i)];
    } else {
      bool any = false;
      for (index_t part = 0; part < parts; ++part) any = any || alive[part * modules + i - summed_figures] != 0;
      joint[i] = any ? 1.0 : 0.0;
    }
  }
};

/// Back from the sums.
struct separate_figures {
  double const* joint;
  double* figures;
  S2RM_HD void operator()(index_t i) const { figures[summed_figure(i)] = joint[i]; }
};

/// 1 for a module that is alive on no rank.
struct alive_nowhere {
  double const* alive;
  S2RM_HD double operator()(index_t m) const { return alive[m] > 0 ? 0.0 : 1.0; }
};

}  // namespace s2rm::detail
