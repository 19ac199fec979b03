#pragma once
/// \file
/// The memory side of a convolution. A map is (n, H, W, C), channels last, so that a convolution is one GEMM over
/// the patches of its pixels (im2col), and a transposed convolution, or the backward pass, the sum of overlapping
/// patches (col2im). Kernel K x K, stride, padding; big map (C, H, W), small map OH x OW: one patch for each of its
/// pixels.
///
///   patch[(oy, ox), (c, i, j)] = big[oy stride + i - padding, ox stride + j - padding, c], 0 outside
///
/// Patch columns are in the order of a PyTorch weight, (c, i, j). All sums run in one fixed order.

#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

template <index_t C, index_t H, index_t W, index_t OH, index_t OW, index_t K, index_t Stride, index_t Padding, class T>
struct take_patches {
  T const* big;
  T* patch;  ///< (n OH OW, C K K)
  S2RM_HD void operator()(index_t row) const {
    index_t const ox = row % OW, oy = row / OW % OH, b = row / (OH * OW);
    T const* const map = big + b * H * W * C;
    T* const to = patch + row * C * K * K;
    for (index_t i = 0; i < K; ++i) {
      for (index_t j = 0; j < K; ++j) {
        index_t const y = oy * Stride + i - Padding, x = ox * Stride + j - Padding;
        bool const inside = y >= 0 && y < H && x >= 0 && x < W;
        for (index_t c = 0; c < C; ++c) to[(c * K + i) * K + j] = inside ? map[(y * W + x) * C + c] : T(0);
      }
    }
  }
};

/// big = bias + the sum of all patches; bias (C) may be null. Row b H W + pixel.
template <index_t C, index_t H, index_t W, index_t OH, index_t OW, index_t K, index_t Stride, index_t Padding, class T>
struct sum_patches {
  T const* patch;
  T const* bias;
  T* big;
  S2RM_HD void operator()(index_t row) const {
    index_t const x = row % W, y = row / W % H, b = row / (H * W);
    T* const to = big + row * C;
    for (index_t c = 0; c < C; ++c) to[c] = bias == nullptr ? T(0) : bias[c];
    for (index_t i = 0; i < K; ++i) {
      for (index_t j = 0; j < K; ++j) {
        index_t const sy = y + Padding - i, sx = x + Padding - j;
        if (sy < 0 || sx < 0 || sy % Stride != 0 || sx % Stride != 0) continue;
        index_t const oy = sy / Stride, ox = sx / Stride;
        if (oy >= OH || ox >= OW) continue;
        T const* const from = patch + ((b * OH + oy) * OW + ox) * C * K * K + i * K + j;
        for (index_t c = 0; c < C; ++c) to[c] += from[c * K * K];
      }
    }
  }
};

/// (n, C, H W) -> (n, H W, C): element i of the result.
template <index_t C, index_t Pixels, class T>
struct channels_last {
  rows<T const> from;
  rows<T> to;
  S2RM_HD void operator()(index_t row, index_t i) const { to.at(row)[i] = from.at(row)[i % C * Pixels + i / C]; }
};

/// (n, H W, C) -> (n, C, H W): element i of the source.
template <index_t C, index_t Pixels, class T>
struct channels_first {
  rows<T const> from;
  rows<T> to;
  S2RM_HD void operator()(index_t row, index_t i) const { to.at(row)[i % C * Pixels + i / C] = from.at(row)[i]; }
};

}  // namespace layer
S2RM_NAMESPACE_END
