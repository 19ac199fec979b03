#pragma once
/// \file
/// Products of a block of cooperating threads (block.hpp) whose factors lie in shared memory, 16 bytes at a time.

#include <cstdint>

#include "s2rm/backend/thrust/kernels/block.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// 16 bytes of numbers.
template <class T>
struct alignas(16) pack {
  static constexpr int size = 16 / static_cast<int>(sizeof(T));
  T at[static_cast<std::size_t>(size)];
};
template <class T>
constexpr int packs_of(index_t width) {
  return static_cast<int>((width + pack<T>::size - 1) / pack<T>::size);
}
/// Numbers from row to row in shared memory: an odd number of packs, so that those of neighbouring rows lie in
/// different banks.
template <class T>
constexpr int pack_row(index_t width) {
  return (packs_of<T>(width) | 1) * pack<T>::size;
}

/// Pack k of a row of `Width` numbers anywhere, zeros beyond the row.
template <index_t Width, class T>
S2RM_HD inline pack<T> load_pack(T const* row, int k) {
  constexpr int size = pack<T>::size;
  T const* const from = row + k * size;
  if constexpr (Width % size == 0) {
    if (reinterpret_cast<std::uintptr_t>(from) % sizeof(pack<T>) == 0) return *reinterpret_cast<pack<T> const*>(from);
  }
  pack<T> all;
  for (int i = 0; i < size; ++i) all.at[i] = k * size + i < Width ? from[i] : T(0);
  return all;
}
/// Pack k of a row of shared memory, all of which is numbers or zeros.
template <class T>
S2RM_HD inline pack<T> load_shared(T const* row, int k) {
  return *reinterpret_cast<pack<T> const*>(row + k * pack<T>::size);
}
template <class T>
S2RM_HD inline void store_shared(T* row, int k, pack<T> const& value) {
  *reinterpret_cast<pack<T>*>(row + k * pack<T>::size) = value;
}
template <class T>
S2RM_HD inline T dot(pack<T> const& a, pack<T> const& b, T sum) {
  for (int i = 0; i < pack<T>::size; ++i) sum += a.at[i] * b.at[i];
  return sum;
}

/// Thread t's part of copying `count` rows of `Width` numbers, row r at from(r), into shared memory, pack_row apart:
/// eight packs are in flight at a time.
template <index_t Width, int Threads, class T, class From>
S2RM_HD inline void load_rows(int t, int count, T* to, From const& from) {
  constexpr int packs = packs_of<T>(Width), flight = 8;
  for (int first = t; first < count * packs; first += flight * Threads) {
    pack<T> in_flight[flight];
    for (int i = 0; i < flight; ++i) {
      int const e = first + i * Threads;
      if (e < count * packs) in_flight[i] = load_pack<Width>(from(e / packs), e % packs);
    }
    for (int i = 0; i < flight; ++i) {
      int const e = first + i * Threads;
      if (e < count * packs) store_shared(to + e / packs * pack_row<T>(Width), e % packs, in_flight[i]);
    }
  }
}
/// The same of rows of two widths at a time.
template <index_t A, index_t B, int Threads, class T, class FromA, class FromB>
S2RM_HD inline void load_both(int t, int count, T* to_a, FromA const& from_a, T* to_b, FromB const& from_b) {
  constexpr int of_a = packs_of<T>(A), of_b = packs_of<T>(B), flight = 2;
  for (int first = t; first < count * (of_a > of_b ? of_a : of_b); first += flight * Threads) {
    pack<T> a[flight], b[flight];
    for (int i = 0; i < flight; ++i) {
      int const e = first + i * Threads;
      if (e < count * of_a) a[i] = load_pack<A>(from_a(e / of_a), e % of_a);
      if (e < count * of_b) b[i] = load_pack<B>(from_b(e / of_b), e % of_b);
    }
    for (int i = 0; i < flight; ++i) {
      int const e = first + i * Threads;
      if (e < count * of_a) store_shared(to_a + e / of_a * pack_row<T>(A), e % of_a, a[i]);
      if (e < count * of_b) store_shared(to_b + e / of_b * pack_row<T>(B), e % of_b, b[i]);
    }
  }
}

/// How threads share a product: `group` lines by some columns each, and parts of the depth.
struct product_share {
  static constexpr int group = 4;
  int threads, packs, size;  ///< of the block, of the depth; numbers in a pack

  [[nodiscard]] S2RM_HD constexpr int parts(int tiles) const {
    int const wanted = threads / tiles;
    return wanted < 1 ? 1 : (wanted < packs ? wanted : packs);
  }
  /// Columns of a thread: as many as make the fewest loads and products for the longest thread.
  [[nodiscard]] constexpr int best_width(int lines, int columns) const {
    int best = 1, least = 0;
    for (int width = 1; width <= 6 && width <= columns; ++width) {
      int const tiles = lines / group * ((columns + width - 1) / width), of = parts(tiles);
      int const rounds = (tiles * of + threads - 1) / threads, depth = (packs + of - 1) / of;
      int const cost = rounds * depth * (width * group * size + 4 * (width + group)) + 4 * of;
      if (least == 0 || cost < least) best = width, least = cost;
    }
    return best;
  }
  /// Numbers that all parts leave, at the most.
  [[nodiscard]] constexpr index_t numbers(int lines, int columns, int column_tiles) const {
    index_t largest = 0;
    for (int tiles = 1; tiles <= lines / group; ++tiles) {
      index_t const n = static_cast<index_t>(parts(tiles * column_tiles)) * tiles * group * columns;
      largest = n > largest ? n : largest;
    }
    return largest;
  }
};

/// sum(line, column) = x[line] . w[column] for up to `Lines` rows x and up to `Columns` rows w of `Depth` numbers in
/// shared memory, pack_row apart. Partial sums over parts of the depth lie in `parts`; `sum` adds them in their order,
/// in a later phase. How many there are depends on the number of lines alone.
template <class T, int Threads, int Lines, int Columns, index_t Depth>
struct block_product {
  static constexpr int group = product_share::group, packs = packs_of<T>(Depth), row = pack_row<T>(Depth);
  static_assert(Lines % group == 0);
  static constexpr product_share share{Threads, packs, pack<T>::size};
  static constexpr int width = share.best_width(Lines, Columns), column_tiles = (Columns + width - 1) / width;
  static constexpr index_t numbers = share.numbers(Lines, Columns, column_tiles);  ///< of `parts`

  T* parts;
  int lines;       ///< of x
  int line_tiles;  ///< of `group` lines; a thread's are line_tiles apart
  int splits;      ///< of the depth

  S2RM_HD block_product(T* memory, int count) : parts(memory), lines(count), line_tiles((count + group - 1) / group) {
    splits = product_share{Threads, packs, pack<T>::size}.parts(line_tiles * column_tiles);
  }

  /// Thread t's part, of `columns` rows of w.
  S2RM_HD void multiply(int t, T const* w, int columns, T const* x) const {
    if (columns <= 0) return;
    int const each = (packs + splits - 1) / splits;
    for (int e = t; e < column_tiles * line_tiles * splits; e += Threads) {
      int const tile = e / column_tiles, column = e % column_tiles;
      int const part = tile / line_tiles, line = tile - part * line_tiles;
      T sum[width][group] = {};
      T const *left[group], *right[width];
      for (int i = 0; i < group; ++i) left[i] = x + (line + i * line_tiles) * row;
      for (int j = 0; j < width; ++j) {
        int const c = column + j * column_tiles;
        right[j] = w + (c < columns ? c : columns - 1) * row;
      }
      int const last = (part + 1) * each < packs ? (part + 1) * each : packs;
      for (int k = part * each; k < last; ++k) {
        pack<T> of_x[group];
        for (int i = 0; i < group; ++i) of_x[i] = load_shared(left[i], k);
        for (int j = 0; j < width; ++j) {
          pack<T> const of_w = load_shared(right[j], k);
          for (int i = 0; i < group; ++i) sum[j][i] = dot(of_w, of_x[i], sum[j][i]);
        }
      }
      for (int i = 0; i < group; ++i) {
        for (int j = 0; j < width; ++j) {
          int const c = column + j * column_tiles;
          if (c < columns) parts[place(part, line + i * line_tiles, c)] = sum[j][i];
        }
      }
    }
  }
  [[nodiscard]] S2RM_HD T sum(int line, int column) const {
    T all = T(0);
    for (int part = 0; part < splits; ++part) all += parts[place(part, line, column)];
    return all;
  }

 private:
  [[nodiscard]] S2RM_HD int place(int part, int line, int column) const {
    return (part * line_tiles * group + line) * Columns + column;
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
