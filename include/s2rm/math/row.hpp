#pragma once
/// \file
/// Operations on one short row of static length. Sums run in a fixed order of their own, whatever the code around
/// them, so that one step and a whole sequence agree to the last bit.

#include "s2rm/core/config.hpp"

namespace s2rm::math {

/// Sum over i of a_i b_i, in `lanes` interleaved partial sums.
template <index_t N, class T>
S2RM_HD inline T dot(T const* a, T const* b) {
  constexpr index_t lanes = N >= 8 ? 8 : 1;
  constexpr index_t whole = N / lanes * lanes;
  T partial[lanes] = {};
  for (index_t i = 0; i < whole; i += lanes) {
    for (index_t l = 0; l < lanes; ++l) partial[l] += a[i + l] * b[i + l];
  }
  for (index_t l = 0; l < N - whole; ++l) partial[l] += a[whole + l] * b[whole + l];
  for (index_t width = lanes / 2; width > 0; width /= 2) {
    for (index_t l = 0; l < width; ++l) partial[l] += partial[l + width];
  }
  return partial[0];
}

/// y += a x.
template <index_t N, class T>
S2RM_HD inline void add_scaled(T a, T const* x, T* y) {
  for (index_t i = 0; i < N; ++i) y[i] += a * x[i];
}

}  // namespace s2rm::math
