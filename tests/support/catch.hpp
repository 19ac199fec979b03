#pragma once
/// \file
/// The only file that includes Catch2. Takes version 2 (one header) and version 3 (a library), and adds comparison of
/// floating-point arrays. S2RM_TEST_CATCH2, the version, is of the target s2rm_test_main.

#if S2RM_TEST_CATCH2 >= 3
#include <catch2/catch_all.hpp>
using Catch::Approx;  // version 2 puts it there itself
#else
#include <catch2/catch.hpp>
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <ranges>
#include <string>
#include <type_traits>

namespace s2rm::test {

/// A matcher for text that holds `part`; its name differs between Catch2 2 and 3.
inline auto contains(std::string const& part) {
#if S2RM_TEST_CATCH2 >= 3
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

/// |a - b| <= atol + rtol * |b|, b being the reference. NaN equals nothing; equal infinities agree.
template <class T>
  requires std::is_arithmetic_v<T>
bool approx_equal(T a, T b, double rtol, double atol = 0.0) {
  if (a == b) return true;
  auto const x = static_cast<double>(a);
  auto const y = static_cast<double>(b);
  return std::isfinite(x) && std::isfinite(y) && std::abs(x - y) <= atol + rtol * std::abs(y);
}

/// The same for arrays, element by element; different lengths are never equal. Says where the worst element is.
template <std::ranges::sized_range A, std::ranges::sized_range B>
bool approx_equal(A const& a, B const& b, double rtol, double atol = 0.0) {
  if (std::ranges::size(a) != std::ranges::size(b)) {
    UNSCOPED_INFO("lengths differ: " << std::ranges::size(a) << " and " << std::ranges::size(b));
    return false;
  }
  auto y = std::ranges::begin(b);
  std::size_t i = 0;
  for (auto const& x : a) {
    if (!approx_equal(x, *y, rtol, atol)) {
      UNSCOPED_INFO("element " << i << ": " << x << " against " << *y);
      return false;
    }
    ++y;
    ++i;
  }
  return true;
}

/// max |a - b| / max(floor, max |b|): one number for a whole array, safe where single elements are near zero.
/// Infinite where a length differs or a number is not finite.
template <std::ranges::sized_range A, std::ranges::sized_range B>
double relative_error(A const& a, B const& b, double floor = 1e-300) {
  if (std::ranges::size(a) != std::ranges::size(b)) return std::numeric_limits<double>::infinity();
  double worst = 0.0;
  double scale = floor;
  auto y = std::ranges::begin(b);
  for (auto const& x : a) {
    auto const distance = std::abs(static_cast<double>(x) - static_cast<double>(*y));
    if (!std::isfinite(distance)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, distance);
    scale = std::max(scale, std::abs(static_cast<double>(*y)));
    ++y;
  }
  return worst / scale;
}

}  // namespace s2rm::test
