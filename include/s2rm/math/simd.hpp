#pragma once
/// \file
/// Several numbers at once. Element-wise maths is written once, over a "lane type": the plain number, or a register of
/// them. The CPU backend calls it with registers, others with plain numbers.
///
/// A functor that can be run on registers derives from nothing; it names its number type and has, for `for_rows` and
/// `for_each`,
///
///     using scalar = T;
///     template <class L> S2RM_HD void lanes(index_t row, index_t column) const;     // or (index_t i)
///
/// which does elements column .. column + L::width - 1 with `L::load`, `L::store`, `L::all` and the operators and
/// functions of math/scalar.hpp. It must not depend on L::width otherwise. A functor for `reduce` returns the
/// numbers to be summed: L's, or doubles (`widened`); see `sum_index`.
///
/// A functor with `auto prepared() const` is run as the functor that this returns, made once per task of a loop: the
/// place for what is the same for all elements and must be read or computed first.
///
/// The same expression gives the same bits in every lane type, on the compilers the tests run on
/// (tests/math/simd.cpp): what an element becomes does not depend on the elements beside it.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// Bytes of the widest vector register this translation unit is compiled for.
#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

/// `Width` numbers of type T: how to make, read and write them.
template <class T, index_t Width>
struct lanes;

template <class T>
struct lanes<T, 1> {
  using scalar = T;
  using type = T;
  static constexpr index_t width = 1;
  S2RM_HD static type load(T const* p) { return *p; }
  S2RM_HD static void store(T* p, type v) { *p = v; }
  S2RM_HD static type all(T x) { return x; }
};

#if S2RM_HAS_VECTOR_KERNEL
template <class T, index_t Width>
struct lanes {
  using scalar = T;
  typedef T type __attribute__((vector_size(sizeof(T) * Width)));  // NOLINT
  static constexpr index_t width = Width;
  [[gnu::always_inline]] static inline type load(T const* p) {
    type v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  [[gnu::always_inline]] static inline void store(T* p, type v) { __builtin_memcpy(p, &v, sizeof v); }
  [[gnu::always_inline]] static inline type all(T x) { return type{} + x; }
};
/// A register full, and the narrowest register there is.
template <class T>
inline constexpr index_t register_width = static_cast<index_t>(vector_bytes / sizeof(T));
template <class T>
inline constexpr index_t least_width = static_cast<index_t>(16 / sizeof(T));
#else
template <class T>
inline constexpr index_t register_width = 1;
template <class T>
inline constexpr index_t least_width = 1;
#endif

/// The lane type a program is compiled for.
template <class T>
using wide = lanes<T, register_width<T>>;

namespace detail {
template <class V>
struct lane_of {
  using scalar = std::remove_cvref_t<decltype(std::declval<V>()[0])>;
  using integer = decltype(std::declval<V>() < std::declval<V>());
};
template <>
struct lane_of<float> {
  using scalar = float;
  using integer = std::int32_t;
};
template <>
struct lane_of<double> {
  using scalar = double;
  using integer = std::int64_t;
};
}  // namespace detail

/// The number type of a lane type, the integers of its size, and how many there are.
template <class V>
using scalar_of = typename detail::lane_of<V>::scalar;
template <class V>
using integer_of = typename detail::lane_of<V>::integer;
template <class V>
inline constexpr index_t width_of =
    static_cast<index_t>(sizeof(V) / sizeof(scalar_of<V>));  // NOLINT(bugprone-sizeof-expression)

/// The numbers as double.
template <class V>
[[gnu::always_inline]] S2RM_HD inline auto widened(V v) {
  if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<double>(v);
  } else {
    return __builtin_convertvector(v, typename lanes<double, width_of<V>>::type);
  }
}

/// The sum so far, in a loop over `sum = only_sum(sum) + a * b` that has no other such sum. Compilers fuse the two operations
/// where the machine can, but GCC tuned for AMD's Zen not in such a loop, and the bits of a sum would depend on whether
/// others are computed beside it. It looks for a sum that comes straight from the iteration before; a barrier, which is no
/// instruction, hides that, and leaves -ffp-contract=off to the user.
template <class V>
[[gnu::always_inline]] S2RM_HD inline V only_sum(V sum) {
#if S2RM_HAS_VECTOR_KERNEL && !defined(__clang__)
  return __builtin_assoc_barrier(sum);
#else
  return sum;
#endif
}

/// first, first + 1, ... as integers of V's size.
template <class V>
[[gnu::always_inline]] S2RM_HD inline integer_of<V> counted(index_t first) {
  using integer = integer_of<V>;
  if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<integer>(first);
  } else {
    using one = std::remove_cvref_t<decltype(std::declval<integer>()[0])>;
    return [first]<int... Index>(std::integer_sequence<int, Index...>) {
      return integer{Index...} + static_cast<one>(first);
    }(std::make_integer_sequence<int, static_cast<int>(width_of<V>)>{});
  }
}

/// Calls f(lane type, column) for registers that cover columns 0 .. Width - 1 of a row: whole registers first, the rest
/// in halves of them, last single numbers. The cut depends on Width alone, so a row gives the same bits wherever it is.
template <class T, index_t Width, index_t First = 0, index_t Lanes = register_width<T>, class F>
[[gnu::always_inline]] S2RM_HD inline void across(F const& f) {
  constexpr index_t last = First + (Width - First) / Lanes * Lanes;
  for (index_t c = First; c < last; c += Lanes) f(lanes<T, Lanes>{}, c);
  if constexpr (last < Width) across<T, Width, last, (Lanes / 2 >= least_width<T> ? Lanes / 2 : 1)>(f);
}

/// Functors that run on registers, and those that must be prepared first.
template <class F>
concept laned_rows = requires(F const& f, index_t i) { f.template lanes<lanes<typename F::scalar, 1>>(i, i); };
template <class F>
concept laned_each = requires(F const& f, index_t i) { f.template lanes<lanes<typename F::scalar, 1>>(i); };
template <class F> concept prepares = requires(F const& f) { f.prepared(); };

/// f for columns 0 .. Width - 1 of one row.
template <index_t Width, class F>
inline void each_column(F const& f, index_t row) {
  if constexpr (laned_rows<F>) {
    across<typename F::scalar, Width>([&](auto l, index_t c) { f.template lanes<decltype(l)>(row, c); });
  } else {
    for (index_t c = 0; c < Width; ++c) f(row, c);
  }
}

/// f for first .. last - 1.
template <class F>
inline void each_index(F const& f, index_t first, index_t last) {
  if constexpr (prepares<F>) {
    auto const ready = f.prepared();
    each_index(ready, first, last);
  } else if constexpr (laned_each<F>) {
    using scalar = typename F::scalar;
    constexpr index_t width = register_width<scalar>;
    index_t const rest = (last - first) % width, whole = last - rest;
    for (; first < whole; first += width) f.template lanes<wide<scalar>>(first);
    for (index_t i = 0; i < rest; ++i) f.template lanes<lanes<scalar, 1>>(whole + i);
  } else {
    for (; first < last; ++first) f(first);
  }
}

}  // namespace math
S2RM_NAMESPACE_END
