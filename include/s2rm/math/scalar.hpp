#pragma once
/// \file
/// Scalar functions and their derivatives: one source for every backend. `double` goes to the standard library.
/// `float` is computed by branch-free polynomials (after Cephes), so that loops over them vectorise and give the same
/// bits wherever they stand; their error against the exact value is below 3e-7 relative (tests/math/scalar.cpp).

#include <bit>
#include <cmath>
#include <cstdint>

#include "s2rm/core/config.hpp"

namespace s2rm::math {

S2RM_HD inline double exp(double x) { return std::exp(x); }

/// e^x; 0 below -87.3 (no subnormals), +inf above 88.72. NaN stays NaN.
S2RM_HD inline float exp(float x) {
  float const lowest = -87.336544F;
  float const highest = 88.722839F;
  float const clamped = x < lowest ? lowest : (x > highest ? highest : x);
  float const n = std::floor(clamped * 1.44269504088896341F + 0.5F);
  float const r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  // n reaches 128 at the upper end: scale in two steps so that the exponent field never overflows.
  auto const whole = static_cast<std::int32_t>(n == n ? n : 0.0F);
  auto const half = whole >> 1;
  float const low = std::bit_cast<float>((half + 127) << 23);
  float const high = std::bit_cast<float>((whole - half + 127) << 23);
  float const value = p * low * high;
  return x < lowest ? 0.0F : (x > highest ? HUGE_VALF : value);
}

S2RM_HD inline double tanh(double x) { return std::tanh(x); }

S2RM_HD inline float tanh(float x) {
  float const a = std::fabs(x);
  float const z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  float const near = x + x * z * p;
  float const far = std::copysign(1.0F - 2.0F / (math::exp(2.0F * (a > 10.0F ? 10.0F : a)) + 1.0F), x);
  return a < 0.625F ? near : (a == a ? far : x);
}

/// 1 / (1 + e^-x).
template <class T>
S2RM_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + math::exp(-x));
}

/// log(1 + e^x), without overflow.
template <class T>
S2RM_HD inline T softplus(T x) {
  return (x > T(0) ? x : T(0)) + std::log1p(std::exp(-std::fabs(x)));
}

/// GELU, the tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
template <class T>
S2RM_HD inline T gelu(T x) {
  T const inner = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
  return T(0.5) * x * (T(1) + math::tanh(inner));
}

/// d gelu / dx.
template <class T>
S2RM_HD inline T gelu_derivative(T x) {
  T const inner = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
  T const slope = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
  T const t = math::tanh(inner);
  return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * slope;
}

}  // namespace s2rm::math
