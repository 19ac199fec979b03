#pragma once
/// \file
/// Operations on one short row of static length. Sums run in a fixed order of their own, whatever the code around
/// them, so that one step and a whole sequence agree to the last bit.

#include <array>

#include "s2rm/math/simd.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// Sum of the lanes: the upper half onto the lower, again and again.
template <class V>
[[gnu::always_inline]] S2RM_HD inline scalar_of<V> sum_of_lanes(V v) {
  if constexpr (std::is_arithmetic_v<V>) {
    return v;
  }
#if S2RM_HAS_VECTOR_KERNEL
  else if constexpr (sizeof(V) > 16) {
    constexpr int half = static_cast<int>(width_of<V>) / 2;
    auto const parts = [v]<int... Index>(std::integer_sequence<int, Index...>) {
      return std::array{__builtin_shufflevector(v, v, Index...), __builtin_shufflevector(v, v, (half + Index)...)};
    }(std::make_integer_sequence<int, half>{});
    return sum_of_lanes(parts[0] + parts[1]);
  } else if constexpr (width_of<V> == 4) {
    return (v[0] + v[2]) + (v[1] + v[3]);
  } else {
    return v[0] + v[1];
  }
#endif
}

namespace detail {

/// Sum over i < N of a_i b_i: as many whole registers as there are, in up to four interleaved sums, then the rest in
/// narrower ones.
template <index_t N, index_t Lanes, class T>
[[gnu::always_inline]] S2RM_HD inline T dot(T const* a, T const* b) {
  using l = lanes<T, Lanes>;
  constexpr index_t registers = N / Lanes, sums = registers < 4 ? registers : 4;
  if constexpr (registers == 0) {
    if constexpr (N == 0) {
      return T(0);
    } else {
      return detail::dot<N, (Lanes / 2 >= least_width<T> ? Lanes / 2 : 1)>(a, b);
    }
  } else {
    typename l::type sum[static_cast<std::size_t>(sums)] = {};
    auto const add = [&]<index_t... Index>(std::integer_sequence<index_t, Index...>, index_t first) {
      ((sum[Index] += l::load(a + (first + Index) * Lanes) * l::load(b + (first + Index) * Lanes)), ...);
    };
    constexpr index_t whole = registers / sums * sums;
    for (index_t r = 0; r < whole; r += sums) add(std::make_integer_sequence<index_t, sums>{}, r);
    add(std::make_integer_sequence<index_t, registers - whole>{}, whole);
    auto const total = [&] {
      if constexpr (sums == 4) return (sum[0] + sum[2]) + (sum[1] + sum[3]);
      if constexpr (sums == 3) return (sum[0] + sum[2]) + sum[1];
      if constexpr (sums == 2) return sum[0] + sum[1];
      if constexpr (sums == 1) return sum[0];
    }();
    constexpr index_t done = registers * Lanes;
    if constexpr (done == N) {
      return sum_of_lanes(total);
    } else {
      return sum_of_lanes(total) +
             detail::dot<N - done, (Lanes / 2 >= least_width<T> ? Lanes / 2 : 1)>(a + done, b + done);
    }
  }
}

}  // namespace detail

/// Sum over i of a_i b_i.
template <index_t N, class T>
[[gnu::always_inline]] S2RM_HD inline T dot(T const* a, T const* b) {
  return detail::dot<N, register_width<T>>(a, b);
}

/// y += a x.
template <index_t N, class T>
[[gnu::always_inline]] S2RM_HD inline void add_scaled(T a, T const* x, T* y) {
  across<T, N>([=](auto l, index_t i) { l.store(y + i, l.load(y + i) + a * l.load(x + i)); });
}

/// y = x; they may not overlap.
template <index_t N, class T>
[[gnu::always_inline]] S2RM_HD inline void copy(T const* x, T* y) {
  across<T, N>([=](auto l, index_t i) { l.store(y + i, l.load(x + i)); });
}

/// Every y_i = value.
template <index_t N, class T>
[[gnu::always_inline]] S2RM_HD inline void fill(T* y, T value) {
  across<T, N>([=](auto l, index_t i) { l.store(y + i, l.all(value)); });
}

}  // namespace math
S2RM_NAMESPACE_END
