#pragma once
/// \file
/// Finite differences of fourth order, and the account of how many gradients were held against them.
///
///   f'(0) = (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h + O(h^4)
///
/// The relative error of one number of one array g is |fd - g| / max(|fd|, |g|, 1e-3 max |g| of its array): a number a
/// thousand times smaller than its neighbours is held to the accuracy of its neighbours.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

namespace s2rm::test {

/// The slope at 0 of a function of one number.
template <class F>
double slope(F const& f, double h) {
  double const near = f(h) - f(-h);
  double const far = f(2 * h) - f(-2 * h);
  return (8 * near - far) / (12 * h);
}

/// The slope at 0 of the sum of many functions: differences are taken before the sum, whose rounding would hide them.
template <class F>
double slope_of_sum(F const& f, double h) {
  auto const a = f(h), b = f(-h), c = f(2 * h), d = f(-2 * h);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += 8 * (a[i] - b[i]) - (c[i] - d[i]);
  return sum / (12 * h);
}

/// The relative error of one number of a gradient whose array reaches up to `largest`.
inline double gradient_error(double fd, double g, double largest) {
  double const scale = std::max({std::abs(fd), std::abs(g), 1e-3 * largest});
  // Below this both are rounding of a gradient that is zero.
  if (scale < 1e-11) return 0.0;
  double const error = std::abs(fd - g) / scale;
  return std::isnan(error) ? INFINITY : error;
}

inline double largest(std::span<double const> values) {
  double most = 0;
  for (double const v : values) most = std::max(most, std::abs(v));
  return most;
}

/// What a test program checked; one line at its end.
struct gradient_account {
  long cases = 0;    ///< layer x mask x shape (x backend where that differs)
  long numbers = 0;  ///< single slopes
  double worst = 0;
  std::string where = "none";

  void slope_seen(double error, std::string const& name) {
    ++numbers;
    if (error > worst) {
      worst = error;
      where = name;
    }
  }
  ~gradient_account() {
    if (cases == 0) return;
    std::printf("finite differences: %ld cases, %ld slopes, worst relative error %.2e (%s)\n", cases, numbers, worst,
                where.c_str());
  }
};

inline gradient_account& account() {
  static gradient_account all;
  return all;
}

}  // namespace s2rm::test
