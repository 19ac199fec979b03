#pragma once
/// \file
/// Long sums in double, for `reduce`, in an order that depends on the number of terms alone (and on the registers a
/// program is compiled for).

#include "s2rm/math/simd.hpp"

S2RM_NAMESPACE_BEGIN
namespace math {

/// Functors for `reduce` that give several terms at a time. Beside the call operator they have
///
///     using scalar = T;
///     template <class L> auto lanes(index_t i) const;  // terms i .. i + L::width - 1: L's numbers, or doubles (`widened`)
///
/// or, where term i is element i % width of row i / width and all terms of whole rows are summed,
///
///     static constexpr index_t width;
///     template <class L> auto lanes(index_t row, index_t column) const;
template <class F> concept laned_row_terms = laned_rows<F> && (F::width > 0);
template <class F> concept laned_terms = laned_each<F>;

namespace detail {

/// Interleaved sums of one run of terms.
struct running_sum {
  static constexpr index_t count = 16;  ///< at least two registers, so that sums of doubles do not wait for each other
  static constexpr index_t step = register_width<double>;
  using lane = wide<double>;
  typename lane::type sums[count / step] = {};
  double rest = 0;

  /// Adds a register of terms, lane 0 to sum `At`.
  template <index_t At, class V>
  [[gnu::always_inline]] inline void add(V terms) {
    constexpr index_t width = width_of<V>;
    static_assert(At + width <= count && At % step == 0);
    if constexpr (width < step) {
      if constexpr (std::is_arithmetic_v<V>) {
        rest += static_cast<double>(terms);
      } else {
        for (index_t i = 0; i < width; ++i) rest += static_cast<double>(terms[i]);
      }
    } else {
      [&]<int... Part>(std::integer_sequence<int, Part...>) {
        ((sums[At / step + Part] += widened(part<Part>(terms))), ...);
      }(std::make_integer_sequence<int, static_cast<int>(width / step)>{});
    }
  }

  [[nodiscard]] double total() const {
    double one[count];
    for (index_t i = 0; i < count; i += step) lane::store(one + i, sums[i / step]);
    for (index_t width = count / 2; width > 0; width /= 2) {
      for (index_t i = 0; i < width; ++i) one[i] += one[i + width];
    }
    return one[0] + rest;
  }

 private:
  /// As many lanes as a register of doubles has.
  template <int Part, class V>
  [[gnu::always_inline]] static inline auto part(V v) {
    if constexpr (width_of<V> == step) {
      return v;
    }
#if S2RM_HAS_VECTOR_KERNEL
    else {
      return [v]<int... Index>(std::integer_sequence<int, Index...>) {
        return __builtin_shufflevector(v, v, (Part * static_cast<int>(step) + Index)...);
      }(std::make_integer_sequence<int, static_cast<int>(step)>{});
    }
#endif
  }
};

}  // namespace detail

/// 1 where a comparison of lanes holds, else 0.
template <class Mask>
[[gnu::always_inline]] S2RM_HD inline auto ones(Mask mask) {
  if constexpr (std::is_arithmetic_v<Mask>) {
    return mask ? 1.0 : 0.0;
  } else {
    constexpr index_t width = width_of<Mask>;
    auto const whole = __builtin_convertvector(mask, typename lanes<std::int32_t, width>::type);
    return __builtin_convertvector(whole & 1, typename lanes<double, width>::type);
  }
}

/// Terms first .. last - 1 of f; of a functor over rows, those of rows first .. last - 1.
template <class F>
inline double sum_of_terms(F const& f, index_t first, index_t last) {
  detail::running_sum sum;
  if constexpr (prepares<F>) {
    auto const ready = f.prepared();
    return sum_of_terms(ready, first, last);
  } else if constexpr (laned_row_terms<F>) {
    for (index_t row = first; row < last; ++row) {
      across<typename F::scalar, F::width>(
          [&](auto l, index_t column) { sum.add<0>(f.template lanes<decltype(l)>(row, column)); });
    }
  } else if constexpr (laned_terms<F>) {
    using scalar = typename F::scalar;
    using one = lanes<scalar, 1>;
    // Terms that are doubles fill a register sooner than the numbers they are made of.
    using term = decltype(f.template lanes<one>(first));
    constexpr index_t width = register_width<std::conditional_t<(sizeof(term) > sizeof(scalar)), term, scalar>>;
    using lane = lanes<scalar, width>;
    constexpr index_t block = detail::running_sum::count;
    index_t const rest = (last - first) % block, whole = last - rest;
    for (; first < whole; first += block) {
      [&]<index_t... Index>(std::integer_sequence<index_t, Index...>) {
        (sum.add<Index * lane::width>(f.template lanes<lane>(first + Index * lane::width)), ...);
      }(std::make_integer_sequence<index_t, block / lane::width>{});
    }
    for (index_t i = 0; i < rest; ++i) sum.rest += static_cast<double>(f.template lanes<one>(whole + i));
  } else {
    double single[8] = {};
    index_t const rest = (last - first) % 8, whole = last - rest;
    for (; first < whole; first += 8) {
      for (index_t i = 0; i < 8; ++i) single[i] += f(first + i);
    }
    for (index_t i = 0; i < rest; ++i) sum.rest += f(whole + i);
    for (double const s : single) sum.rest += s;
  }
  return sum.total();
}

/// Units that `reduce` may cut n terms between: rows where terms are elements of rows, else single terms.
template <class F>
inline index_t terms_to_cut(index_t n) {
  if constexpr (laned_row_terms<F>) {
    return n / F::width;
  } else {
    return n;
  }
}

}  // namespace math
S2RM_NAMESPACE_END
