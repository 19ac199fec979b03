#pragma once
/// \file
/// The scalar formulas of the two normalisations, once for loops (layer/rms_norm.hpp, layer/sphere.hpp) and for block
/// kernels.

#include <cmath>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// 1 / sqrt(mean(h^2) + 1e-4) of `width` numbers, from the sum of their squares.
template <class T>
[[gnu::always_inline]] S2RM_HD inline T rms_factor(T squares, index_t width) {
  return T(1) / std::sqrt(squares / T(width) + T(1e-4));
}

/// 1 / max(|z|, 1e-12), and whether the norm was clamped, from |z|^2.
template <class T>
struct sphere_scale {
  T scale;
  bool clamped;
};
template <class T>
[[gnu::always_inline]] S2RM_HD inline sphere_scale<T> scale_to_sphere(T squares) {
  T const length = std::sqrt(squares);
  bool const clamped = !(length > T(1e-12));
  return {T(1) / (clamped ? T(1e-12) : length), clamped};
}

}  // namespace math
S2RM_NAMESPACE_END
