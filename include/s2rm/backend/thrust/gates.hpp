#pragma once
/// \file
/// The two products of a gated cell and its gates in one kernel, for few rows (ops/gated.hpp): a block is 8 rows by 32
/// columns of one module, a number each thread; the inner index passes by in tiles of shared memory. What the gates compute
/// is the cell's own functor, here at the end of the products and, on the way back, before them.

#include "s2rm/backend/thrust/block.hpp"
#include "s2rm/math/lanes.hpp"
#include "s2rm/ops/ops.hpp"

namespace s2rm::backend::detail {

/// Shared memory that a block of an H100 may ask for.
inline constexpr std::size_t most_shared_bytes = 227 * 1024;

/// 8 x 32 numbers of x W^T or x W. Rows of tiles are a little longer than they have numbers, as in attention.hpp.
struct gated_tile {
  static constexpr int threads = 256;
  static constexpr index_t lines = 8, columns = 32, depth = 32, step = depth + 1;
  static constexpr index_t tiles(index_t n, index_t size) { return (n + size - 1) / size; }

  /// Which rows, columns and module a block is for.
  struct place {
    index_t row, column, m;
    S2RM_HD place(index_t block, index_t n, index_t width) {
      index_t const row_tiles = tiles(n, lines), column_tiles = tiles(width, columns);
      row = block % row_tiles * lines;
      column = block / row_tiles % column_tiles * columns;
      m = block / (row_tiles * column_tiles);
    }
  };
};

/// Forward: a = W_ih u + b_ih, b = W_hh h + b_hh, then `gates.finish` of every row and unit.
template <index_t M, index_t H, index_t I, class Gates>
struct gated_forward_kernel : gated_tile {
  using T = typename Gates::scalar;
  static constexpr index_t G = Gates::count;
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(lines * step + G * columns * step + 2 * G * threads) * sizeof(T) + 64;
  static constexpr index_t blocks(index_t n) { return M * tiles(H, columns) * tiles(n, lines); }
  T const *w_ih, *b_ih, *w_hh, *b_hh;
  index_t n;
  rows<T const> u, h;
  Gates gates;

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    place const at(block.index, n, H);
    shared_layout cut{block.shared};
    T* const x = cut.template take<T>(lines * step);
    T* const w = cut.template take<T>(G * columns * step);
    T* const sum = cut.template take<T>(2 * G * threads);
    block.each([&](int t) {
      index_t const unit = at.column + t % columns;
      for (index_t g = 0; g < G; ++g) {
        index_t const o = (at.m * G + g) * H + unit;
        sum[g * threads + t] = unit < H ? b_ih[o] : T(0);
        sum[(G + g) * threads + t] = unit < H ? b_hh[o] : T(0);
      }
    });
    add<I>(block, at, u, w_ih, x, w, sum);
    add<H>(block, at, h, w_hh, x, w, sum + G * threads);
    block.each([&](int t) {
      index_t const row = at.row + t / columns, unit = at.column + t % columns;
      if (row >= n || unit >= H) return;
      T a[static_cast<std::size_t>(G)], b[static_cast<std::size_t>(G)];
      for (index_t g = 0; g < G; ++g) a[g] = sum[g * threads + t], b[g] = sum[(G + g) * threads + t];
      gates.template finish<math::lanes<T, 1>>(row * M + at.m, unit, a, b);
    });
  }

 private:
  template <index_t Depth, class Block>
  S2RM_HD void add(Block const& block, place const& at, rows<T const> from, T const* weight, T* x, T* w, T* sum) const {
    for (index_t first = 0; first < Depth; first += depth) {
      block.each([&](int t) {
        for (index_t e = t; e < lines * depth; e += threads) {
          index_t const row = at.row + e / depth, k = first + e % depth;
          x[e / depth * step + e % depth] = row < n && k < Depth ? from.at(row, at.m)[k] : T(0);
        }
        for (index_t e = t; e < G * columns * depth; e += threads) {
          index_t const line = e / depth, k = first + e % depth, unit = at.column + line % columns;
          index_t const o = (at.m * G + line / columns) * H + unit;
          w[line * step + e % depth] = unit < H && k < Depth ? weight[o * Depth + k] : T(0);
        }
      });
      block.each([&](int t) {
        T const* const mine = x + t / columns * step;
        for (index_t g = 0; g < G; ++g) {
          T const* const its = w + (g * columns + t % columns) * step;
          T s = sum[g * threads + t];
          for (index_t k = 0; k < depth; ++k) s += mine[k] * its[k];
          sum[g * threads + t] = s;
        }
      });
    }
  }
};

/// Back: `gates.differentiate` of every row of the block into shared memory, then 32 columns of du = W_ih^T da or of
/// dh = W_hh^T db. The blocks of the first columns also write what the weights' gradients want.
template <index_t M, index_t H, index_t I, class Gates>
struct gated_backward_kernel : gated_tile {
  using T = typename Gates::scalar;
  static constexpr index_t G = Gates::count, D = G * H, row = D + 1;
  static constexpr index_t wide = tiles(I, columns), all = wide + tiles(H, columns);
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(2 * lines * row + depth * columns + threads) * sizeof(T) + 64;
  static constexpr index_t blocks(index_t n) { return M * all * tiles(n, lines); }
  T const *w_ih, *w_hh;
  index_t n;
  Gates gates;
  rows<T> du, dh;

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    place const at(block.index, n, all * columns);
    bool const first = at.column == 0, of_input = at.column / columns < wide;
    shared_layout cut{block.shared};
    T* const da = cut.template take<T>(lines * row);
    T* const db = cut.template take<T>(lines * row);
    T* const w = cut.template take<T>(depth * columns);
    T* const sum = cut.template take<T>(threads);
    block.each([&](int t) {
      sum[t] = T(0);
      for (index_t e = t; e < lines * H; e += threads) {
        index_t const line = e / H, j = e % H, r = (at.row + line) * M + at.m;
        if (at.row + line >= n) continue;
        using lane = math::lanes<T, 1>;
        gates.template differentiate<lane>(r, j, da + line * row + j, db + line * row + j, nullptr);
        if (first) gates.template lanes<lane>(r, j);
      }
    });
    if (of_input) {
      add<I>(block, at, at.column, da, w_ih, w, sum, du);
    } else {
      add<H>(block, at, at.column - wide * columns, Gates::one_delta ? da : db, w_hh, w, sum, dh);
    }
  }

 private:
  template <index_t Width, class Block>
  S2RM_HD void add(Block const& block, place const& at, index_t column, T const* d, T const* weight, T* w, T* sum,
                   rows<T> to) const {
    for (index_t first = 0; first < D; first += depth) {
      block.each([&](int t) {
        for (index_t e = t; e < depth * columns; e += threads) {
          index_t const o = first + e / columns, i = column + e % columns;
          w[e] = o < D && i < Width ? weight[(at.m * D + o) * Width + i] : T(0);
        }
      });
      block.each([&](int t) {
        if (at.row + t / columns >= n) return;
        T const* const mine = d + t / columns * row + first;
        index_t const count = D - first < depth ? D - first : depth;
        T s = sum[t];
        for (index_t k = 0; k < count; ++k) s += mine[k] * w[k * columns + t % columns];
        sum[t] = s;
      });
    }
    block.each([&](int t) {
      index_t const r = at.row + t / columns, i = column + t % columns;
      if (r < n && i < Width) to.at(r, at.m)[i] = sum[t];
    });
  }
};

}  // namespace s2rm::backend::detail
