#pragma once
/// \file
/// RMS normalisation of rows by 32 threads each (layer/rms_norm.hpp says what is computed).

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/core/span.hpp"
#include "s2rm/math/normalise.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Eight rows a block, 32 threads each. Row i of n is group i % M of row i / M.
struct eight_rows {
  static constexpr int threads = 256, lanes = 32, lines = threads / lanes;
  static constexpr index_t blocks(index_t n) { return (n + lines - 1) / lines; }

  /// sum[first of a row's threads] = the sum over `term(row)(column)` of the row's `Width` columns.
  template <index_t Width, class Block, class T, class Term>
  S2RM_HD static void sum_rows(Block const& block, index_t n, T* sum, Term const& term) {
    block.each([&](int t) {
      index_t const row = block.index * lines + t / lanes;
      T partial = T(0);
      if (row < n) {
        auto const of_row = term(row);
        for (index_t c = t % lanes; c < Width; c += lanes) partial += of_row(c);
      }
      sum[t] = partial;
    });
    for (int half = lanes / 2; half > 0; half /= 2) {
      block.each([&](int t) {
        if (t % lanes < half) sum[t] += sum[t + half];
      });
    }
  }
};

/// y = h / sqrt(mean(h^2) + 1e-4), and the factor.
template <index_t M, index_t H, class T>
struct rms_rows_kernel : eight_rows {
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  index_t n;
  rows<T const> h;
  rows<T> y;
  T* factor;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    T* const sum = reinterpret_cast<T*>(block.shared);
    sum_rows<H>(block, n, sum,
                [this](index_t row) { return [x = h.at(row / M, row % M)](index_t c) { return x[c] * x[c]; }; });
    block.each([&](int t) {
      index_t const row = block.index * lines + t / lanes;
      if (row >= n) return;
      T const f = math::rms_factor(sum[t / lanes * lanes], H);
      T const* const from = h.at(row / M, row % M);
      T* const to = y.at(row / M, row % M);
      for (index_t c = t % lanes; c < H; c += lanes) to[c] = f * from[c];
      if (t % lanes == 0) factor[row] = f;
    });
  }
};

/// dh += f (dy - y mean(y dy)).
template <index_t M, index_t H, class T>
struct rms_rows_backward_kernel : eight_rows {
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  index_t n;
  rows<T const> y, dy;
  T const* factor;
  rows<T> dh;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    T* const sum = reinterpret_cast<T*>(block.shared);
    sum_rows<H>(block, n, sum, [this](index_t row) {
      return [a = y.at(row / M, row % M), b = dy.at(row / M, row % M)](index_t c) { return a[c] * b[c]; };
    });
    block.each([&](int t) {
      index_t const row = block.index * lines + t / lanes;
      if (row >= n) return;
      index_t const r = row / M, m = row % M;
      T const along = sum[t / lanes * lanes] / T(H), f = factor[row];
      T const *const from = y.at(r, m), *const d = dy.at(r, m);
      T* const to = dh.at(r, m);
      // All is read before any is written, so that all reads are in flight at once.
      constexpr int each = static_cast<int>((H + lanes - 1) / lanes);
      T found[each];
      for (int i = 0; i < each; ++i) {
        int const c = t % lanes + i * lanes;
        if (c < H) found[i] = to[c] + f * (d[c] - from[c] * along);
      }
      for (int i = 0; i < each; ++i) {
        int const c = t % lanes + i * lanes;
        if (c < H) to[c] = found[i];
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
