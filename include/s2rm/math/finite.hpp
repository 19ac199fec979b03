#pragma once
/// \file
/// Tests for NaN and infinity on the bits of numbers. Under -ffinite-math-only, which -ffast-math implies, the standard
/// library's `std::isfinite` and comparisons of a number with itself are constants.

#include <bit>
#include <cstdint>
#include <type_traits>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

namespace detail {
template <class T>
struct bits_of;
template <>
struct bits_of<float> {
  using type = std::uint32_t;
  static constexpr type exponent = 0x7f800000, size = 0x7fffffff, one = 0x00800000;
};
template <>
struct bits_of<double> {
  using type = std::uint64_t;
  static constexpr type exponent = 0x7ff0000000000000, size = 0x7fffffffffffffff, one = 0x0010000000000000;
};

/// The bits of a number or of a register of them. Clang (17 and newer) takes what is passed or returned by value for
/// finite and sees through casts: there they are read from memory that it knows nothing of.
template <class Integer, class V>
[[gnu::always_inline]] S2RM_HD inline constexpr Integer bits(V const& x) {
#if defined(__clang__) && S2RM_FAST_MATH && !S2RM_CUDA
  if (!std::is_constant_evaluated()) {
    V const* address = &x;
    __asm__("" : "+r"(address) : "m"(*address));
    Integer found;
    __builtin_memcpy(&found, address, sizeof found);
    return found;
  }
#endif
  return std::bit_cast<Integer>(x);
}
}  // namespace detail

template <class T>
[[gnu::always_inline]] S2RM_HD inline constexpr bool is_finite(T const& x) {
  using of = detail::bits_of<T>;
  return (detail::bits<typename of::type>(x) & of::exponent) != of::exponent;
}

template <class T>
[[gnu::always_inline]] S2RM_HD inline constexpr bool is_nan(T const& x) {
  using of = detail::bits_of<T>;
  return (detail::bits<typename of::type>(x) & of::size) > of::exponent;
}

/// Not 0 where one of the numbers x[0], x[step], ... before x[n] is not finite: of an exponent that is all ones, one more
/// runs over into the sign. Results of several calls may be joined by `|`.
template <class T>
S2RM_HD inline typename detail::bits_of<T>::type non_finite(T const* x, index_t n, index_t step = 1) {
  using of = detail::bits_of<T>;
  using integer = typename of::type;
  integer found = 0;
  for (index_t i = 0; i < n; i += step) {
    found |= static_cast<integer>((std::bit_cast<integer>(x[i]) & of::size) + of::one) & ~of::size;
  }
  return found;
}

template <class T>
S2RM_HD inline bool all_finite(T const* x, index_t n) {
  return non_finite(x, n) == 0;
}

}  // namespace math
S2RM_NAMESPACE_END
