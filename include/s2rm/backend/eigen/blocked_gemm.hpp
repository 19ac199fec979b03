#pragma once
/// \file
/// The register-blocked product behind every GEMM of the Eigen backend.
///
///   c[r, o] = start + sum over k of a[r, k] b[k, o],   start = 0 or bias[o];   or   c[r, o] += that sum
///
/// b is packed (packing.hpp), so that a tile reads it as one stream. One tile of rows x columns stays in registers
/// while k runs. Each sum is one chain of multiply-adds in the order of k, whichever tile it falls into: the result for
/// a row does not depend on how many rows there are, so a stream and a sequence agree to the last bit. GCC and clang
/// vector extensions are used; other compilers use Eigen's product (eigen_gemm.hpp).

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "s2rm/backend/eigen/packing.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// A band of a weight gradient: rows of the sum that are packed at a time, rows of the result, columns packed at a
/// time.
template <class T>
inline constexpr index_t outer_depth = static_cast<index_t>(1024 / sizeof(T));
inline constexpr index_t outer_rows = 128;
template <class T>
inline constexpr index_t outer_columns = panel<T> * 10;
/// Bytes a worker needs for it.
inline constexpr std::size_t outer_bytes = std::size_t{1024} * (128 + 480) + 8192;

/// The operands of one product; b is stored as numbers of type Stored.
template <class T, class Stored = T>
struct product_operands {
  T const* a;
  index_t a_row, a_step;  ///< a[r, k] = a[r * a_row + k * a_step]
  Stored const* b;        ///< packed, from column b_first of its panel on
  T* c;
  index_t c_row;    ///< columns of c are contiguous
  T const* bias;    ///< may be null
  bool accumulate;  ///< add to c; then there is no bias
  index_t b_first = 0;
};

#if S2RM_HAS_VECTOR_KERNEL

/// A register of numbers of type T.
template <class T>
struct vector_of {
  static constexpr index_t width = static_cast<index_t>(vector_bytes / sizeof(T));
  typedef T type __attribute__((vector_size(vector_bytes), aligned(alignof(T)), may_alias));  // NOLINT
};
/// Registers of one row of a full panel.
template <class T>
inline constexpr index_t panel_vectors = panel<T> / vector_of<T>::width;

/// A register of weights that lie alone.
template <class T, class Stored>
inline typename vector_of<T>::type load_stored(Stored const* b) {
  if constexpr (std::is_same_v<T, Stored>) {
    return *reinterpret_cast<typename vector_of<T>::type const*>(b);
  } else {
    constexpr index_t width = vector_of<T>::width;
    using narrow = math::lanes<std::uint16_t, width>;
    using wide = typename math::lanes<std::uint32_t, width>::type;
    wide const shifted = __builtin_convertvector(narrow::load(&b->bits), wide) << 16;
    return std::bit_cast<typename vector_of<T>::type>(shifted);
  }
}
/// A register of pairs: the first rows, and the second.
struct half_pairs {
  using bits = math::lanes<std::uint32_t, vector_of<float>::width>;
  typename bits::type both;
  explicit half_pairs(bf16 const* b) { __builtin_memcpy(&both, b, sizeof both); }
  [[nodiscard]] auto first() const { return std::bit_cast<vector_of<float>::type>(both << 16); }
  [[nodiscard]] auto second() const { return std::bit_cast<vector_of<float>::type>(both & 0xffff0000U); }
};

/// Prefetches of a tile: cache lines of the next panel, `lines` of them with every k.
struct look_ahead {
  char const* next = nullptr;
  index_t lines = 0;
};

/// One tile of `Rows` rows and Vectors * width columns; b_step numbers from one row of b to the next.
template <index_t Rows, index_t Vectors, class T, class S>
inline void product_tile(product_operands<T, S> const& m, index_t b_step, index_t depth, look_ahead ahead) {
  using vec = typename vector_of<T>::type;
  constexpr index_t width = vector_of<T>::width;
  vec acc[std::size_t{Rows}][std::size_t{Vectors}];
  S2RM_UNROLL
  for (index_t r = 0; r < Rows; ++r) {
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) {
      acc[r][v] = vec{};
      // Prefetches what the sum is added to at the end.
      if (m.accumulate) __builtin_prefetch(m.c + r * m.c_row + v * width, 1, 3);
    }
  }
  if (m.bias != nullptr) {
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) {
      vec const start = *reinterpret_cast<vec const*>(m.bias + v * width);
      S2RM_UNROLL
      for (index_t r = 0; r < Rows; ++r) acc[r][v] = start;
    }
  }
  T const* a = m.a;
  auto const add_row = [&](vec const(&right)[std::size_t{Vectors}]) __attribute__((always_inline)) {
    S2RM_UNROLL
    for (index_t r = 0; r < Rows; ++r) {
      T const left = a[r * m.a_row];
      S2RM_UNROLL
      for (index_t v = 0; v < Vectors; ++v) {
        if constexpr (Rows * Vectors == 1) {
          acc[r][v] = math::only_sum(acc[r][v]) + left * right[v];
        } else {
          acc[r][v] += left * right[v];
        }
      }
    }
    a += m.a_step;
  };
  auto const add_single = [&](S const* b) __attribute__((always_inline)) {
    vec right[std::size_t{Vectors}];
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) right[v] = load_stored<T>(b + v * width);
    add_row(right);
  };
  S const* b = m.b;
  if constexpr (rows_together<S> == 1) {
    for (index_t k = 0; k < depth; ++k, b += b_step) {
      for (index_t i = 0; i < ahead.lines; ++i, ahead.next += 64) __builtin_prefetch(ahead.next, 0, 2);
      add_single(b);
    }
  } else {
    for (index_t k = 0; k + 2 <= depth; k += 2, b += 2 * b_step) {
      for (index_t i = 0; i < 2 * ahead.lines; ++i, ahead.next += 64) __builtin_prefetch(ahead.next, 0, 2);
      vec first[std::size_t{Vectors}], second[std::size_t{Vectors}];
      S2RM_UNROLL
      for (index_t v = 0; v < Vectors; ++v) {
        half_pairs const both(b + 2 * v * width);
        first[v] = both.first();
        second[v] = both.second();
      }
      add_row(first);
      add_row(second);
    }
    if (depth % 2 != 0) add_single(b - m.b_first);
  }
  S2RM_UNROLL
  for (index_t r = 0; r < Rows; ++r) {
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) {
      auto* const to = reinterpret_cast<vec*>(m.c + r * m.c_row + v * width);
      *to = m.accumulate ? *to + acc[r][v] : acc[r][v];
    }
  }
}

/// A tile whose last register is not full: it works on a copy of c, so that nothing behind the columns is touched.
template <index_t Rows, index_t Vectors, class T, class S>
inline void product_edge(product_operands<T, S> m, index_t b_step, index_t depth, index_t columns) {
  constexpr index_t all = Vectors * vector_of<T>::width;
  T c[std::size_t{Rows * all}] = {}, bias[std::size_t{all}] = {};
  T* const to = m.c;
  auto const bytes = static_cast<std::size_t>(columns) * sizeof(T);
  index_t const c_row = m.c_row;
  if (m.accumulate) {
    for (index_t r = 0; r < Rows; ++r) std::memcpy(c + r * all, to + r * c_row, bytes);
  } else if (m.bias != nullptr) {
    std::memcpy(bias, m.bias, bytes);
    m.bias = bias;
  }
  m.c = c;
  m.c_row = all;
  product_tile<Rows, Vectors>(m, b_step, depth, look_ahead{});
  for (index_t r = 0; r < Rows; ++r) std::memcpy(to + r * c_row, c + r * all, bytes);
}

/// One row against `Panels` whole panels and a last one of `Tail` registers, side by side: with fewer sums the latency
/// of the multiply-adds would exceed that of memory.
template <index_t Panels, index_t Tail, class T, class S>
inline void product_row(product_operands<T, S> const& m, index_t depth) {
  using vec = typename vector_of<T>::type;
  constexpr index_t width = vector_of<T>::width, high = panel_vectors<T>, all = Panels * high + Tail;
  // Row k of b under register v; pairs of rows lie side by side.
  auto const right = [&](index_t v, index_t k, index_t together) __attribute__((always_inline)) {
    index_t const step = v < Panels * high ? panel<T> : Tail * width;
    return m.b + v / high * panel<T> * depth + k * step + v % high * width * together;
  };
  vec acc[std::size_t{all}];
  S2RM_UNROLL
  for (index_t v = 0; v < all; ++v) {
    acc[v] = m.bias == nullptr ? vec{} : *reinterpret_cast<vec const*>(m.bias + v * width);
  }
  index_t k = 0;
  if constexpr (rows_together<S> == 2) {
    for (; k + 2 <= depth; k += 2) {
      T const first = m.a[k * m.a_step], second = m.a[(k + 1) * m.a_step];
      S2RM_UNROLL
      for (index_t v = 0; v < all; ++v) {
        half_pairs const both(right(v, k, 2));
        acc[v] += first * both.first();
        acc[v] += second * both.second();
      }
    }
  }
  for (; k < depth; ++k) {
    T const left = m.a[k * m.a_step];
    S2RM_UNROLL
    for (index_t v = 0; v < all; ++v) acc[v] += left * load_stored<T>(right(v, k, 1));
  }
  S2RM_UNROLL
  for (index_t v = 0; v < all; ++v) {
    auto* const to = reinterpret_cast<vec*>(m.c + v * width);
    *to = m.accumulate ? *to + acc[v] : acc[v];
  }
}

/// Does the front of one row's product by `product_row` and moves m behind it; returns how many columns are left.
template <class T, class S>
inline index_t product_of_row(product_operands<T, S>& m, index_t columns, index_t depth) {
  constexpr index_t width = vector_of<T>::width, high = panel_vectors<T>;
  auto const take = [&]<index_t Panels, index_t Tail>(std::integer_sequence<index_t, Panels, Tail>) {
    constexpr index_t done = Panels * panel<T> + Tail * width;
    product_row<Panels, Tail>(m, depth);
    m.b += done * depth;
    m.c += done;
    if (m.bias != nullptr) m.bias += done;
    columns -= done;
  };
  // Two multiply-adds follow each other for a register of pairs: twice as many sums.
  constexpr index_t some = high > 3 ? 1 : 2, many = high > 3 || rows_together<S> == 1 ? some : 4;
  if constexpr (many > some) {
    while (columns >= many * panel<T>) take(std::integer_sequence<index_t, many, 0>{});
  }
  while (columns >= some * panel<T>) {
    index_t const behind = columns - some * panel<T>;
    if (high == 3 && behind == width) {
      take(std::integer_sequence < index_t, some, high == 3 ? 1 : 0 > {});
    } else if (high == 3 && behind == 2 * width) {
      take(std::integer_sequence < index_t, some, high == 3 ? 2 : 0 > {});
    } else {
      take(std::integer_sequence<index_t, some, 0>{});
    }
  }
  return columns;
}

/// All rows against `columns` <= Vectors * width columns of one panel: full tiles, then 4, 2, 1 rows. `following`
/// is the panel after this one, or null.
template <index_t Vectors, class T, class S>
inline void product_strip(product_operands<T, S> m, index_t row_count, index_t b_step, index_t depth, index_t columns,
                          S const* following) {
  bool const whole = columns == Vectors * vector_of<T>::width;
  index_t const tiles = (row_count + tile_rows - 1) / tile_rows;
  // The next panel is as large as this one: its prefetches are spread over the tiles. A single tile reads the panels as
  // one stream, which the hardware prefetches.
  auto const* next = reinterpret_cast<char const*>(following);
  index_t wanted = whole && tiles > 1 && next != nullptr ? depth * b_step * static_cast<index_t>(sizeof(S)) / 64 : 0;
  index_t const lines = wanted > 0 ? (wanted + tiles * depth - 1) / (tiles * depth) : 0;
  auto const tile = [&]<index_t Rows>(std::integral_constant<index_t, Rows>) {
    if (!whole) {
      product_edge<Rows, Vectors>(m, b_step, depth, columns);
    } else {
      product_tile<Rows, Vectors>(m, b_step, depth, look_ahead{next, wanted > 0 ? lines : 0});
      if (wanted > 0) next += depth * lines * 64;
      wanted -= depth * lines;
    }
    m.a += Rows * m.a_row;
    m.c += Rows * m.c_row;
    row_count -= Rows;
  };
  while (row_count >= tile_rows) tile(std::integral_constant<index_t, tile_rows>{});
  if constexpr (tile_rows > 4) {
    if (row_count >= 4) tile(std::integral_constant<index_t, 4>{});
  }
  if (row_count >= 2) tile(std::integral_constant<index_t, 2>{});
  if (row_count >= 1) tile(std::integral_constant<index_t, 1>{});
}

/// c (rows, columns) from a (rows, depth) and the packed b (depth, columns). `look`: prefetch the next panel.
template <class T, class S>
inline void product_block(product_operands<T, S> m, index_t row_count, index_t columns, index_t depth,
                          bool look = true) {
  constexpr index_t width = vector_of<T>::width;
  if (row_count == 0) return;
  if (row_count == 1) columns = product_of_row(m, columns, depth);
  for (; columns > 0; columns -= panel<T>) {
    index_t const b_step = (std::min)(panel<T>, columns);
    S const* const b = m.b;
    S const* const next = b + depth * b_step;
    for (index_t first = 0; first < b_step; first += tile_vectors * width) {
      index_t const count = (std::min)(tile_vectors * width, b_step - first);
      m.b = b + first * rows_together<S>;
      m.b_first = first;
      if (count > 2 * width) {
        product_strip<3>(m, row_count, b_step, depth, count, look ? next : nullptr);
      } else if (count > width) {
        product_strip<2>(m, row_count, b_step, depth, count, look ? next : nullptr);
      } else {
        product_strip<1>(m, row_count, b_step, depth, count, look ? next : nullptr);
      }
      m.c += count;
      if (m.bias != nullptr) m.bias += count;
    }
    m.b = next;
  }
}

#else

/// The same on plain numbers: bf16 weights are read this way; other products are Eigen's.
template <class T, class S>
inline void product_block(product_operands<T, S> m, index_t row_count, index_t columns, index_t depth, bool = true) {
  for (; columns > 0; columns -= panel<T>) {
    index_t const wide = (std::min)(panel<T>, columns);
    for (index_t r = 0; r < row_count; ++r) {
      for (index_t o = 0; o < wide; ++o) {
        T sum = m.bias == nullptr ? T(0) : m.bias[o];
        for (index_t k = 0; k < depth; ++k) sum += m.a[r * m.a_row + k * m.a_step] * stored<T>(m.b, k, o, depth, wide);
        T& to = m.c[r * m.c_row + o];
        to = m.accumulate ? to + sum : sum;
      }
    }
    m.b += depth * wide;
    m.c += wide;
    if (m.bias != nullptr) m.bias += wide;
  }
}

#endif

/// c (rows, columns) += a b for packed a (pack_tiles) and packed b.
template <class T>
inline void product_of_packed(T const* a, T const* b, T* c, index_t c_row, index_t row_count, index_t columns,
                              index_t depth) {
  for (index_t first = 0; first < columns; first += panel<T>) {
    index_t const wide = (std::min)(panel<T>, columns - first);
    for (index_t r = 0; r < row_count; r += tile_rows) {
      index_t const high = (std::min)(tile_rows, row_count - r);
      product_block<T, T>({a + r / tile_rows * tile_step(depth), 1, tile_rows, b + first * depth, c + r * c_row + first,
                           c_row, nullptr, true},
                          high, wide, depth, false);
    }
  }
}

}  // namespace backend::detail
S2RM_NAMESPACE_END
