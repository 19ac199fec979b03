#pragma once
/// \file
/// Sine and cosine of quarter turns, and the Fourier features of places made of them: for plain numbers and for registers
/// of them, as math/scalar.hpp.

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "s2rm/math/finite.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// sin(pi/2 (x + quarters)): `quarters` 0 gives the sine of x quarter turns, 1 their cosine. For float to 3e-7,
/// whatever the size of x, for x is reduced exactly; NaN where x is not finite.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V sine_of_quarters(V x, integer_of<V> quarters) {
  using T = scalar_of<V>;
  if constexpr (detail::is_alone<V>) {
    auto const one = detail::alone(x);
    return math::sine_of_quarters(one, integer_of<decltype(detail::alone(x))>{quarters})[0];
  } else if constexpr (!detail::is_single<V>) {
    auto const one = [](double a, std::int64_t k) {
      double const turned = std::remainder(a, 4.0), whole = std::nearbyint(turned);
      double const angle = (turned - whole) * (std::numbers::pi / 2);
      auto const q = static_cast<std::int64_t>(is_finite(a) ? whole : 0.0) + k;
      double const size = (q & 1) != 0 ? std::cos(angle) : std::sin(angle);
      return (q & 2) != 0 ? -size : size;
    };
    if constexpr (std::is_arithmetic_v<V>) {
      return one(x, quarters);
    } else {
      for (index_t i = 0; i < width_of<V>; ++i) x[i] = one(x[i], quarters[i]);
      return x;
    }
  } else {
    using integer = integer_of<V>;
    auto const truncated = [](V v) {
      if constexpr (std::is_arithmetic_v<V>) {
        return static_cast<V>(static_cast<integer>(v));
      } else {
        return __builtin_convertvector(__builtin_convertvector(v, integer), V);
      }
    };
    // From 2^26 on every float is a whole number of turns. Both differences below are exact.
    V const modest = detail::magnitude(x) < 67108864.0F ? x : V{};
    V const turned = modest - 4.0F * truncated(modest * 0.25F);
    float const magic = 12582912.0F;
    V const shifted = turned + magic;
    integer const q = (std::bit_cast<integer>(shifted) - std::bit_cast<std::int32_t>(magic)) + quarters;
    V const a = (turned - (shifted - magic)) * T(std::numbers::pi / 2);
    V const z = a * a;
    V s = z * -1.9515295891e-4F + 8.3321608736e-3F;
    s = s * z - 1.6666654611e-1F;
    s = a + a * (s * z);
    V c = z * 2.443315711809948e-5F - 1.388731625493765e-3F;
    c = c * z + 4.166664568298827e-2F;
    c = (1.0F - 0.5F * z) + c * (z * z);
    V const size = (q & 1) != 0 ? c : s;
    integer const sign = (q & 2) << 30;
    V const value = std::bit_cast<V>(std::bit_cast<integer>(size) ^ sign);
    V const none = x - x;  // NOLINT(misc-redundant-expression): NaN where x is not finite
    return detail::or_nan(value, none);
  }
}

/// Feature j of a place's coordinate x: sin(2^k pi x / 2) for j = 2 k, cos of the same for j = 2 k + 1.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V fourier_feature(scalar_of<V> x, integer_of<V> j) {
  return math::sine_of_quarters(x * power_of_two<V>(j >> 1), j & 1);
}

}  // namespace math
S2RM_NAMESPACE_END
