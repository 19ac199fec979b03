#pragma once
/// \file
/// How the operands of products lie in memory: panels of `panel<T>` columns, each (depth, columns of the panel) without
/// gaps, one after the other; the last is as narrow as it comes out, so that a packed matrix has as many numbers as the
/// plain one. For weight gradients the left operand lies in tiles of rows.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "s2rm/core/schema.hpp"
#include "s2rm/math/simd.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

using math::vector_bytes;

/// Columns of a full panel: three registers of 64 bytes. The last panel of a matrix is as narrow as it comes out.
template <class T>
inline constexpr index_t panel = static_cast<index_t>(192 / sizeof(T));

/// Rows of a full tile, and its registers per row: as many accumulators as leave room for the operands.
inline constexpr index_t tile_rows = vector_bytes == 64 ? 8 : 4;
inline constexpr index_t tile_vectors = 3;

/// bf16 lies in pairs: rows k and k + 1 of one column side by side, so that one register holds two rows of weights and
/// shifting and masking it gives both. The last of an odd number of rows lies alone.
template <class Stored>
inline constexpr index_t rows_together = std::is_same_v<Stored, bf16> ? 2 : 1;

/// Copies `count` numbers; whole registers where they are no more than a few.
template <class T>
inline void copy_short(T const* from, index_t count, T* to) {
  constexpr index_t width = math::register_width<T>;
  if (count % width == 0) {
    for (index_t c = 0; c < count; c += width) math::wide<T>::store(to + c, math::wide<T>::load(from + c));
  } else {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
  }
}

#if S2RM_HAS_VECTOR_KERNEL
/// to[k * step + o] = from[k + o * o_step] for a square of as many k and o as a register of 16 bytes has numbers.
template <class T>
inline void transpose_square(T const* from, index_t o_step, index_t step, T* to) {
  using l = math::lanes<T, math::least_width<T>>;
  if constexpr (l::width == 4) {
    auto const a = l::load(from), b = l::load(from + o_step), c = l::load(from + 2 * o_step),
               d = l::load(from + 3 * o_step);
    auto const ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    auto const ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    l::store(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    l::store(to + step, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    l::store(to + 2 * step, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
    l::store(to + 3 * step, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
  } else {
    auto const a = l::load(from), b = l::load(from + o_step);
    l::store(to, __builtin_shufflevector(a, b, 0, 2));
    l::store(to + step, __builtin_shufflevector(a, b, 1, 3));
  }
}
#else
template <class T>
inline void transpose_square(T const* from, index_t, index_t, T* to) {
  *to = *from;
}
#endif

/// Prefetches `count` numbers of rows that lie far apart, which the hardware does not predict. Prefetching beyond the
/// last row is harmless.
template <class T>
inline void ask_for(T const* from, index_t count) {
  auto const* const first = reinterpret_cast<char const*>(from);
  for (index_t b = 0; b < count * static_cast<index_t>(sizeof(T)); b += 64) __builtin_prefetch(first + b, 0, 3);
}

/// One panel of numbers that lie in rows already.
template <class T>
inline void copy_panel(T const* from, index_t k_step, index_t depth, index_t width, T* to) {
  if (width == panel<T>) {
    for (index_t k = 0; k < depth; ++k) {
      ask_for(from + (k + 8) * k_step, panel<T>);
      copy_short(from + k * k_step, panel<T>, to + k * panel<T>);
    }
  } else {
    for (index_t k = 0; k < depth; ++k) copy_short(from + k * k_step, width, to + k * width);
  }
}

/// One panel of numbers that lie in columns.
template <class T>
inline void turn_panel(T const* from, index_t o_step, index_t depth, index_t width, T* to) {
  constexpr index_t block = 16;  // lines of the panel that stay in the L1 cache while its columns are visited
  constexpr index_t side = math::least_width<T>;
  for (index_t first = 0; first < depth; first += block) {
    index_t const end = (std::min)(first + block, depth), whole = first + (end - first) / side * side;
    index_t o = 0;
    for (; o + side <= width; o += side) {
      for (index_t k = first; k < whole; k += side) {
        transpose_square(from + k + o * o_step, o_step, width, to + k * width + o);
      }
      for (index_t k = whole; k < end; ++k) {
        for (index_t i = 0; i < side; ++i) to[k * width + o + i] = from[k + (o + i) * o_step];
      }
    }
    for (; o < width; ++o) {
      for (index_t k = first; k < end; ++k) to[k * width + o] = from[k + o * o_step];
    }
  }
}

/// Packs b[k, o] = from[k * k_step + o * o_step] for a product of `depth` x `columns`; one of the steps is 1.
template <class T>
inline void pack_panels(T const* from, index_t k_step, index_t o_step, index_t depth, index_t columns, T* to) {
  for (index_t first = 0; first < columns; first += panel<T>) {
    index_t const width = (std::min)(panel<T>, columns - first);
    T const* const source = from + first * o_step;
    if (o_step == 1) {
      copy_panel(source, k_step, depth, width, to);
    } else {
      turn_panel(source, o_step, depth, width, to);
    }
    to += depth * width;
  }
}

/// The nearest bf16, ties to even. NaN stays NaN.
inline bf16 rounded(float x) {
  auto const bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return {static_cast<std::uint16_t>((bits >> 16) | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16)};
}

/// The same in bf16, b[k, o] = from[k + o * o_step].
inline void pack_half_panels(float const* from, index_t o_step, index_t depth, index_t columns, bf16* to) {
  for (index_t first = 0; first < columns; first += panel<float>) {
    index_t const width = (std::min)(panel<float>, columns - first), pairs = depth / 2 * 2;
    for (index_t o = 0; o < width; ++o) {
      float const* const column = from + (first + o) * o_step;
      for (index_t k = 0; k < pairs; k += 2) {
        to[k * width + 2 * o] = rounded(column[k]);
        to[k * width + 2 * o + 1] = rounded(column[k + 1]);
      }
      if (pairs < depth) to[pairs * width + o] = rounded(column[pairs]);
    }
    to += depth * width;
  }
}

/// Number (k, o) of a packed panel of `width` columns.
template <class T, class Stored>
inline T stored(Stored const* panel_begin, index_t k, index_t o, index_t depth, index_t width) {
  if constexpr (std::is_same_v<T, Stored>) {
    return panel_begin[k * width + o];
  } else {
    bool const alone = k + 1 == depth && k % 2 == 0;
    auto const bits = panel_begin[alone ? k * width + o : k / 2 * 2 * width + 2 * o + k % 2].bits;
    return std::bit_cast<T>(static_cast<std::uint32_t>(bits) << 16);
  }
}

/// Numbers from one packed tile of a to the next: padded, so that tiles do not map to the same cache sets.
constexpr index_t tile_step(index_t depth) { return depth * tile_rows + 16; }

/// Packs a[k, r] = from[k * k_step + r] for product_of_packed: tiles of rows, each (depth, tile_rows).
template <class T>
inline void pack_tiles(T const* from, index_t k_step, index_t depth, index_t row_count, T* to) {
  index_t const step = tile_step(depth), whole = row_count / tile_rows * tile_rows;
  for (index_t k = 0; k < depth; ++k, from += k_step) {
    T* tile = to + k * tile_rows;
    ask_for(from + 8 * k_step, row_count);
    for (index_t r = 0; r < whole; r += tile_rows, tile += step) {
      std::memcpy(tile, from + r, static_cast<std::size_t>(tile_rows) * sizeof(T));
    }
    for (index_t r = whole; r < row_count; ++r) tile[r - whole] = from[r];
  }
}

}  // namespace backend::detail
S2RM_NAMESPACE_END
