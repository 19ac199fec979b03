#pragma once
/// \file
/// Scalar functions and their derivatives: one source for every backend, for plain numbers and for registers of them
/// (math/simd.hpp). `double` goes to the standard library. `float` is computed by branch-free polynomials (after
/// Cephes); the error against the exact value is below 3e-7 relative (tests/math/scalar.cpp). A plain float is computed
/// in a register of its own, so that it gets the bits it has among others.

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "s2rm/math/finite.hpp"
#include "s2rm/math/simd.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// a == b of numbers or registers, where equality is what is meant: no compiler warns of it.
template <class V>
[[gnu::always_inline]] S2RM_HD inline auto equal(V a, V b) {
  if constexpr (std::is_arithmetic_v<V>) {
    return a <= b && a >= b;
  } else {
#if defined(__clang__)
    return (a <= b) & (a >= b);  // one instruction all the same; clang alone warns of registers
#else
    return a == b;
#endif
  }
}

namespace detail {

template <class V>
inline constexpr bool is_single = std::is_same_v<scalar_of<V>, float>;
/// A plain float where there are registers.
template <class V>
inline constexpr bool is_alone = std::is_same_v<V, float> && least_width<V> != 1;
/// A number in the first lane of a register. The other lanes must differ, or compilers make one number of all and round
/// it in other places.
template <class T>
[[gnu::always_inline]] S2RM_HD inline auto alone(T x) {
  return typename lanes<T, least_width<T>>::type{x};
}

/// The standard library's function of every lane.
template <class V, class F>
[[gnu::always_inline]] S2RM_HD inline V each_lane(V x, F const& f) {
  if constexpr (std::is_arithmetic_v<V>) {
    return f(x);
  } else {
    for (index_t i = 0; i < width_of<V>; ++i) x[i] = f(x[i]);
    return x;
  }
}

template <class V>
[[gnu::always_inline]] S2RM_HD inline V magnitude(V x) {
  using integer = integer_of<V>;
  constexpr auto mask =
      is_single<V> ? integer_of<scalar_of<V>>(0x7fffffff) : integer_of<scalar_of<V>>(0x7fffffffffffffff);
  return std::bit_cast<V>(std::bit_cast<integer>(x) & mask);
}

/// x, which may be NaN or infinite: what clang sees a function return it takes for finite (`bits`).
template <class V>
[[gnu::always_inline]] S2RM_HD inline V kept(V x) {
  return bits<V>(x);
}

/// x where it is NaN, else value.
template <class V>
[[gnu::always_inline]] S2RM_HD inline V or_nan(V value, V x) {
#if defined(__clang__) && S2RM_FAST_MATH && !S2RM_CUDA
  static_assert(is_single<V>);
  using integer = integer_of<V>;
  integer const given = bits<integer>(x);
  return bits<V>((given & 0x7fffffff) > 0x7f800000 ? given : std::bit_cast<integer>(value));
#else
  return x == x ? value : x;  // NOLINT(misc-redundant-expression): not NaN
#endif
}

/// Square roots of a register by the machine's instruction; correctly rounded.
template <class V>
[[gnu::always_inline]] inline V register_sqrt(V x) {
  [[maybe_unused]] constexpr bool single = is_single<V>;
#if defined(__clang__) && __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#elif defined(__clang__) && S2RM_FAST_MATH && defined(__SSE2__)
  // Clang 16 compiles its builtins with the program's flags, to an estimate.
  V root;
#if defined(__AVX__)
  if constexpr (single) __asm__("vsqrtps %1, %0" : "=x"(root) : "x"(x));
  if constexpr (!single) __asm__("vsqrtpd %1, %0" : "=x"(root) : "x"(x));
#else
  if constexpr (single) __asm__("sqrtps %1, %0" : "=x"(root) : "x"(x));
  if constexpr (!single) __asm__("sqrtpd %1, %0" : "=x"(root) : "x"(x));
#endif
  return root;
#else
#if defined(__AVX512F__) && !S2RM_CUDA
  if constexpr (sizeof(V) == 64) {
    constexpr int nearest = 4;  // as the rounding mode says
#if defined(__clang__)
    if constexpr (single) return V(__builtin_ia32_sqrtps512(x, nearest));
    if constexpr (!single) return V(__builtin_ia32_sqrtpd512(x, nearest));
#else
    if constexpr (single) return V(__builtin_ia32_sqrtps512_mask(x, x, -1, nearest));
    if constexpr (!single) return V(__builtin_ia32_sqrtpd512_mask(x, x, -1, nearest));
#endif
  }
#endif
#if defined(__AVX__) && !S2RM_CUDA
  if constexpr (sizeof(V) == 32) {
    if constexpr (single) return V(__builtin_ia32_sqrtps256(x));
    if constexpr (!single) return V(__builtin_ia32_sqrtpd256(x));
  }
#endif
#if defined(__SSE2__) && !S2RM_CUDA
  if constexpr (sizeof(V) == 16) {
    if constexpr (single) return V(__builtin_ia32_sqrtps(x));
    if constexpr (!single) return V(__builtin_ia32_sqrtpd(x));
  }
#endif
  return each_lane(x, [](scalar_of<V> one) { return std::sqrt(one); });
#endif
}

}  // namespace detail

/// 2^n for whole n that give a normal number.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V power_of_two(integer_of<V> n) {
  if constexpr (detail::is_single<V>) {
    return std::bit_cast<V>((n + 127) << 23);
  } else {
    return std::bit_cast<V>((n + 1023) << 52);
  }
}

namespace detail {

/// What an exponential does beyond the range of normal numbers: nothing, for its argument is never there; the last
/// value in range; or 0 and +inf.
enum class tail { never, bounded, exact };

/// e^x of float, x between ln 2^-126 and the logarithm of the largest number; NaN stays NaN.
template <tail Low, tail High, class V>
[[gnu::always_inline]] S2RM_HD inline V exp_of(V x) {
  using integer = integer_of<V>;
  float const lowest = -87.33654F;
  float const highest = 88.72283F;
  V inside = x;
  if constexpr (Low != tail::never) inside = x < lowest ? V{} + lowest : x;
  if constexpr (High != tail::never) inside = inside > highest ? V{} + highest : inside;
  // Adding 1.5 2^23 leaves the nearest integer in the low bits.
  float const magic = 12582912.0F;
  V const shifted = inside * 1.44269504088896341F + magic;
  V const n = shifted - magic;
  V const r = (inside - n * 0.693359375F) + n * 2.12194440e-4F;
  V p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  // Times 2^n by way of the exponent; the bits of the magic number are shifted out. The result is in range.
  V value = std::bit_cast<V>(std::bit_cast<integer>(p) + (std::bit_cast<integer>(shifted) << 23));
  if constexpr (Low == tail::exact) value = x < lowest ? V{} : value;
  if constexpr (High == tail::exact) value = x > highest ? V{} + HUGE_VALF : value;
  return or_nan(value, x);
}

}  // namespace detail

/// e^x; 0 below -87.3 (no subnormals), +inf above 88.72. NaN stays NaN.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V exp(V x) {
  if constexpr (!detail::is_single<V>) {
    return detail::each_lane(x, [](double one) { return std::exp(one); });
  } else if constexpr (detail::is_alone<V>) {
    return math::exp(detail::alone(x))[0];
  } else {
    return detail::exp_of<detail::tail::exact, detail::tail::exact>(x);
  }
}

/// Natural logarithm; -inf at 0, NaN below.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V log(V x) {
  if constexpr (!detail::is_single<V>) {
    return detail::each_lane(x, [](double one) { return std::log(one); });
  } else if constexpr (detail::is_alone<V>) {
    return math::log(detail::alone(x))[0];
  } else {
    using integer = integer_of<V>;
    V const scaled = x < 1.17549435e-38F ? x * 8388608.0F : x;  // subnormals: 2^23 times as much
    // x = m 2^e with m in [sqrt(1/2), sqrt(2)): bits beyond those of sqrt(1/2), taken apart.
    integer const above = std::bit_cast<integer>(scaled) - 0x3f3504f3;
    integer const whole = above >> 23;
    V const f = std::bit_cast<V>((above & 0x7fffff) + 0x3f3504f3) - 1.0F;
    V const moved = x < 1.17549435e-38F ? V{} - 23.0F : V{};
    V e = moved;
    if constexpr (std::is_arithmetic_v<V>) {
      e += static_cast<float>(whole);
    } else {
      e += __builtin_convertvector(whole, V);
    }
    V const z = f * f;
    V p = f * 7.0376836292e-2F - 1.1514610310e-1F;
    p = p * f + 1.1676998740e-1F;
    p = p * f - 1.2420140846e-1F;
    p = p * f + 1.4249322787e-1F;
    p = p * f - 1.6668057665e-1F;
    p = p * f + 2.0000714765e-1F;
    p = p * f - 2.4999993993e-1F;
    p = p * f + 3.3333331174e-1F;
    V const tail = (p * f) * z + e * -2.12194440e-4F;
    V const value = e * 0.693359375F + (f + (tail - 0.5F * z));
    V const infinite = x == HUGE_VALF ? x : value;
    V const zero = x == 0.0F ? V{} - HUGE_VALF : infinite;
    // Also where x is NaN.
    return detail::kept(x >= 0.0F ? zero : V{} + __builtin_nanf(""));
  }
}

template <class V>
S2RM_MATH_INLINE S2RM_HD inline V tanh(V x) {
  using detail::tail;
  if constexpr (!detail::is_single<V>) {
    return detail::each_lane(x, [](double one) { return std::tanh(one); });
  } else if constexpr (detail::is_alone<V>) {
    return math::tanh(detail::alone(x))[0];
  } else {
    using integer = integer_of<V>;
    V const a = detail::magnitude(x);
    V const z = x * x;
    V p = z * -5.70498872745e-3F + 2.06390887954e-2F;
    p = p * z - 5.37397155531e-2F;
    p = p * z + 1.33314422036e-1F;
    p = p * z - 3.33332819422e-1F;
    V const near_zero = x + x * z * p;
    V const size = 1.0F - 2.0F / (detail::exp_of<tail::never, tail::bounded>(2.0F * a) + 1.0F);
    integer const sign = std::bit_cast<integer>(x) & INT32_MIN;
    V const large = std::bit_cast<V>(std::bit_cast<integer>(size) | sign);
    return a < 0.625F ? near_zero : large;
  }
}

/// 1 / (1 + e^-x).
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V sigmoid(V x) {
  using detail::tail;
  if constexpr (!detail::is_single<V>) {
    return 1.0 / (1.0 + math::exp(-x));
  } else if constexpr (detail::is_alone<V>) {
    return math::sigmoid(detail::alone(x))[0];
  } else {
    return 1.0F / (1.0F + detail::exp_of<tail::bounded, tail::exact>(-x));
  }
}

/// log(1 + t) for 0 <= t <= 1.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V log1p_unit(V t) {
  if constexpr (!detail::is_single<V>) {
    return detail::each_lane(t, [](double one) { return std::log1p(one); });
  } else if constexpr (detail::is_alone<V>) {
    return math::log1p_unit(detail::alone(t))[0];
  } else {
    // 2 atanh(h / 2) with h = t / (1 + t / 2) <= 2/3.
    V const h = t / (t * 0.5F + 1.0F);
    V const z = h * h;
    V p = z * 1.8780048e-5F + 8.8778409e-5F;
    p = p * z + 4.3402778e-4F;
    p = p * z + 2.2321429e-3F;
    p = p * z + 1.25e-2F;
    p = p * z + 8.3333333e-2F;
    return h + h * (z * p);
  }
}

/// log(1 + e^x), without overflow.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V softplus(V x) {
  using detail::tail;
  if constexpr (detail::is_alone<V>) {
    return math::softplus(detail::alone(x))[0];
  } else {
    V const positive = x < scalar_of<V>(0) ? V{} : x;
    V const size = -detail::magnitude(x);
    if constexpr (detail::is_single<V>) {
      return positive + math::log1p_unit(detail::exp_of<tail::exact, tail::never>(size));
    } else {
      return positive + math::log1p_unit(math::exp(size));
    }
  }
}

/// Square root, correctly rounded.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V sqrt(V x) {
  if constexpr (std::is_arithmetic_v<V>) {
    return std::sqrt(x);
  } else {
    return detail::register_sqrt(x);
  }
}

/// GELU, the tanh form: x/2 (1 + tanh u) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3).
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V gelu(V x) {
  using T = scalar_of<V>;
  if constexpr (detail::is_alone<V>) {
    return math::gelu(detail::alone(x))[0];
  } else {
    V const u2 = x * (T(1.5957691216057307118) + T(1.5957691216057307118 * 0.044715) * (x * x));
    return x * math::sigmoid(u2);
  }
}

/// d gelu / dx = s + x 2u' s (1 - s), s = sigmoid(2u), 1 - s = s e^-2u.
template <class V>
S2RM_MATH_INLINE S2RM_HD inline V gelu_derivative(V x) {
  using T = scalar_of<V>;
  using detail::tail;
  if constexpr (detail::is_alone<V>) {
    return math::gelu_derivative(detail::alone(x))[0];
  } else {
    // Beyond 10 the derivative is 0 or 1 to 35 digits, and e^-2u is not in the range of float.
    V const below = x > T(10) ? V{} + T(10) : x;
    V const b = below < T(-10) ? V{} - T(10) : below;
    V const square = b * b;
    V const u2 = b * (T(1.5957691216057307118) + T(1.5957691216057307118 * 0.044715) * square);
    V const slope = T(1.5957691216057307118) + T(1.5957691216057307118 * 3 * 0.044715) * square;
    V e = -u2;
    if constexpr (detail::is_single<V>) {
      e = detail::exp_of<tail::never, tail::never>(e);
    } else {
      e = math::exp(e);
    }
    V const s = T(1) / (T(1) + e);
    V const value = s + b * slope * (e * s * s);
    return x < T(-10) ? V{} : value;
  }
}

}  // namespace math
S2RM_NAMESPACE_END
