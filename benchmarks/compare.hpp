#pragma once
/// \file
/// Holds what is timed against what ops::reference makes of the same numbers.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "timing.hpp"

namespace bench {

/// Of float sums in another order: the largest difference, as a part of the largest number.
inline constexpr double tolerance = 1e-4;

/// Ends the program unless all n numbers agree within `tolerance` times the largest of them, or of `least`.
inline void expect_equal(std::string const& benchmark, std::string_view what, index_t n, float const* found,
                         float const* expected, double least = 0) {
  double scale = least, worst = 0;
  for (index_t i = 0; i < n; ++i) {
    double const difference = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    worst = std::isnan(difference) ? HUGE_VAL : std::max(worst, difference);
    scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
  }
  if (worst <= tolerance * scale) return;
  refuse(benchmark, std::string(what) + " differs from ops::reference by " + std::to_string(worst) +
                        " where the largest number is " + std::to_string(scale) + "; not timed");
}

}  // namespace bench
