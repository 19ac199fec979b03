#pragma once
/// \file
/// Registers for one row of N heads of C numbers each, as queries, keys and values lie in memory: the dot products of
/// all heads of two rows, and weighted sums of rows. Numbers by head are padded to a power of two so that they fill
/// registers: `padded<N>` of them, those behind the N-th being 0 wherever they come from a dot product.
///
/// Every sum has one fixed order, whatever is computed beside it. Without vector registers (S2RM_HAS_VECTOR_KERNEL 0)
/// the same code runs on plain numbers.

#include <bit>
#include <cstdint>
#include <limits>
#include <utility>

#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace attention {

/// Numbers per item of something that has one number for each head.
template <index_t N>
inline constexpr index_t padded = static_cast<index_t>(std::bit_ceil(static_cast<std::uint64_t>(N)));

namespace detail {

/// The lanes of the largest register that divides `size`.
template <class T>
constexpr index_t lanes_for(index_t size) {
  index_t lanes = math::register_width<T>;
  while (size % lanes != 0) lanes /= 2;
  return lanes;
}

#if S2RM_HAS_VECTOR_KERNEL
/// Lanes of two registers, by an index function.
template <class Index, class V, index_t... Lane>
[[gnu::always_inline]] inline auto pick(V a, V b, std::integer_sequence<index_t, Lane...>) {
  return __builtin_shufflevector(a, b, Index::of(Lane)...);
}
template <class Index, index_t Lanes, class V>
[[gnu::always_inline]] inline auto pick(V a, V b) {
  return pick<Index>(a, b, std::make_integer_sequence<index_t, Lanes>{});
}

/// How partial sums are folded. A register of `Lanes` lanes consists of groups of 16 bytes (cheap shuffles stay in
/// them). Holding the sums of s heads in several parts each, lane l of a group is head l % s while s fits into a group;
/// beyond that, whole groups belong to sets of heads, and the parts of a set are neighbours. `merge` is one half of the
/// parts of two such registers, in the order of one register of 2 s heads; the other half is `Other` = 1.
template <class T, index_t Lanes, index_t Heads, index_t Other>
struct merge {
  static constexpr index_t group =
      Lanes < static_cast<index_t>(16 / sizeof(T)) ? Lanes : static_cast<index_t>(16 / sizeof(T));
  static constexpr index_t of(index_t l) {
    if constexpr (Heads < group) {
      index_t const z = l % group, part = z / (2 * Heads), second = z / Heads % 2;
      return second * Lanes + l - z + part * Heads + z % Heads + Other * (group / 2);
    } else {
      constexpr index_t sets = Heads / group, parts = Lanes / group / (2 * sets);  // parts afterwards
      index_t const u = l / group, set = u / parts, second = set / sets;
      return second * Lanes + ((set % sets) * 2 * parts + u % parts + Other * parts) * group + l % group;
    }
  }
};
/// One half of the parts of one register, as a register of half as many lanes.
template <class T, index_t Lanes, index_t Heads, index_t Other>
struct fold {
  static constexpr index_t group = merge<T, Lanes, Heads, Other>::group;
  static constexpr index_t of(index_t l) {
    if constexpr (Heads <= group) {
      return l + Other * (Lanes / 2);
    } else {
      constexpr index_t sets = Heads / group, parts = Lanes / group / (2 * sets);
      index_t const u = l / group;
      return (u / parts * 2 * parts + u % parts + Other * parts) * group + l % group;
    }
  }
};
#endif

/// The sums of `Heads` heads from a register of several parts each.
template <class T, index_t Lanes, index_t Heads, class V>
[[gnu::always_inline]] S2RM_HD inline auto folded(V a) {
  if constexpr (Lanes == Heads) {
    return a;
  } else if constexpr (Lanes == 2) {
    return a[0] + a[1];
  } else {
#if S2RM_HAS_VECTOR_KERNEL
    return folded<T, Lanes / 2, Heads>(pick<fold<T, Lanes, Heads, 0>, Lanes / 2>(a, a) +
                                       pick<fold<T, Lanes, Heads, 1>, Lanes / 2>(a, a));
#endif
  }
}

}  // namespace detail

/// One number for each head, in registers.
template <index_t N, class T>
struct by_head {
  static constexpr index_t size = padded<N>;
  static constexpr index_t width = size < math::register_width<T> ? size : math::register_width<T>;
  static constexpr index_t count = size / width;
  using lanes = math::lanes<T, width>;
  using reg = typename lanes::type;
  reg of[std::size_t{count}];

  S2RM_HD static by_head load(T const* p) {
    by_head x;
    S2RM_UNROLL
    for (index_t i = 0; i < count; ++i) x.of[i] = lanes::load(p + i * width);
    return x;
  }
  S2RM_HD static by_head all(T value) {
    by_head x;
    S2RM_UNROLL
    for (index_t i = 0; i < count; ++i) x.of[i] = lanes::all(value);
    return x;
  }
  S2RM_HD void store(T* p) const {
    S2RM_UNROLL
    for (index_t i = 0; i < count; ++i) lanes::store(p + i * width, of[i]);
  }
  /// f of the registers of this and others.
  template <class F, class... Others>
  [[gnu::always_inline]] S2RM_HD inline by_head map(F const& f, Others const&... others) const {
    by_head x;
    S2RM_UNROLL
    for (index_t i = 0; i < count; ++i) x.of[i] = f(of[i], others.of[i]...);
    return x;
  }
  /// The sum over all heads.
  [[nodiscard]] S2RM_HD T sum() const {
    reg all = of[0];
    S2RM_UNROLL
    for (index_t i = 1; i < count; ++i) all += of[i];
    return math::sum_of_lanes(all);
  }
  S2RM_HD friend by_head operator+(by_head const& a, by_head const& b) {
    return a.map([](reg x, reg y) { return x + y; }, b);
  }
  S2RM_HD friend by_head operator-(by_head const& a, by_head const& b) {
    return a.map([](reg x, reg y) { return x - y; }, b);
  }
  S2RM_HD friend by_head operator*(by_head const& a, by_head const& b) {
    return a.map([](reg x, reg y) { return x * y; }, b);
  }
  S2RM_HD friend by_head larger(by_head const& a, by_head const& b) {
    return a.map([](reg x, reg y) { return x > y ? x : y; }, b);
  }
};

/// A row of N heads of C numbers in registers.
template <index_t N, index_t C, class T>
struct heads {
  static constexpr index_t width = detail::lanes_for<T>(C);
  static constexpr index_t per_head = C / width, count = N * per_head;
  using lanes = math::lanes<T, width>;
  using reg = typename lanes::type;

  /// A whole row, times `factor`.
  struct row {
    reg of[std::size_t{count}];
    [[gnu::always_inline]] S2RM_HD static inline row load(T const* p, T factor) {
      row x;
      S2RM_UNROLL
      for (index_t i = 0; i < count; ++i) x.of[i] = lanes::load(p + i * width) * factor;
      return x;
    }
    [[gnu::always_inline]] S2RM_HD static inline row load(T const* p) {
      row x;
      S2RM_UNROLL
      for (index_t i = 0; i < count; ++i) x.of[i] = lanes::load(p + i * width);
      return x;
    }
  };

  /// The dot product of every head of a with the same head of b.
  [[gnu::always_inline]] S2RM_HD static inline by_head<N, T> dot(row const& a, T const* b) {
    using sums = by_head<N, T>;
    constexpr index_t at_once = padded<N> < width ? padded<N> : width;  // heads that one register can end with
    if constexpr (at_once == sums::width) {
      sums s;
      S2RM_UNROLL
      for (index_t i = 0; i < sums::count; ++i)
        s.of[i] = dots(a, b, i * at_once, std::integral_constant<index_t, at_once>{});
      return s;
    } else {
      T each[padded<N>];
      S2RM_UNROLL
      for (index_t n = 0; n < padded<N>; n += at_once) {
        math::lanes<T, at_once>::store(each + n, dots(a, b, n, std::integral_constant<index_t, at_once>{}));
      }
      return sums::load(each);
    }
  }

 private:
  /// Of heads first ... first + Heads - 1; 0 for those there are none of.
  template <index_t Heads>
  [[gnu::always_inline]] S2RM_HD static inline auto dots(row const& a, T const* b, index_t first,
                                                         std::integral_constant<index_t, Heads>) {
    return detail::folded<T, width, Heads>(tree<Heads>(a, b, first));
  }
  template <index_t Heads>
  [[gnu::always_inline]] S2RM_HD static inline reg tree(row const& a, T const* b, index_t first) {
    if constexpr (Heads == 1) {
      if (first >= N) return reg{};
      reg sum = a.of[first * per_head] * lanes::load(b + first * C);
      S2RM_UNROLL
      for (index_t i = 1; i < per_head; ++i) sum += a.of[first * per_head + i] * lanes::load(b + first * C + i * width);
      return sum;
    } else {
#if S2RM_HAS_VECTOR_KERNEL
      constexpr index_t half = Heads / 2;
      reg const low = tree<half>(a, b, first), high = tree<half>(a, b, first + half);
      return detail::pick<detail::merge<T, width, half, 0>, width>(low, high) +
             detail::pick<detail::merge<T, width, half, 1>, width>(low, high);
#endif
    }
  }

 public:
  /// to = sum over e of w_e x_e, head by head: x_e is item `item(e)` of `items`, w_e begins at weights[weight(e)] and
  /// has its heads `head_step` apart (see `add_up`).
  struct weighted_sum {
    T const *weights, *items;
    index_t item_step;
    T* to;
  };

  /// One or several such sums of n rows each, side by side. `onto` goes on with the sums that are there.
  template <index_t First = 0, class Weight, class Item, class... Sums>
  [[gnu::always_inline]] S2RM_HD static inline void add_up(bool onto, index_t n, Weight const& weight,
                                                           index_t head_step, Item const& item, Sums const&... sums) {
    constexpr index_t kinds = sizeof...(Sums);
    // Half of all registers hold sums.
    constexpr index_t block = (math::vector_bytes == 64 ? 16 : 8) / kinds;
    constexpr index_t size = count - First < block ? count - First : block;
    weighted_sum const all[std::size_t{kinds}] = {sums...};
    reg sum[std::size_t{kinds}][std::size_t{size}];
    S2RM_UNROLL
    for (index_t s = 0; s < kinds; ++s) {
      S2RM_UNROLL
      for (index_t i = 0; i < size; ++i) sum[s][i] = onto ? lanes::load(all[s].to + (First + i) * width) : reg{};
    }
    for (index_t e = 0; e < n; ++e) {
      index_t const at = weight(e), from = item(e);
      S2RM_UNROLL
      for (index_t s = 0; s < kinds; ++s) {
        T const* const x = all[s].items + from * all[s].item_step + First * width;
        S2RM_UNROLL
        for (index_t i = 0; i < size; ++i) {
          T const weight_of_head = all[s].weights[at + (First + i) / per_head * head_step];
          if constexpr (kinds * size == 1) {
            sum[s][i] = math::only_sum(sum[s][i]) + weight_of_head * lanes::load(x + i * width);
          } else {
            sum[s][i] += weight_of_head * lanes::load(x + i * width);
          }
        }
      }
    }
    S2RM_UNROLL
    for (index_t s = 0; s < kinds; ++s) {
      S2RM_UNROLL
      for (index_t i = 0; i < size; ++i) lanes::store(all[s].to + (First + i) * width, sum[s][i]);
    }
    if constexpr (First + size < count) add_up<First + size>(onto, n, weight, head_step, item, sums...);
  }
};

}  // namespace attention
S2RM_NAMESPACE_END
