#pragma once
/// \file
/// W x with weights stored in bf16 (`bf16_weights`): a block is 8 rows by 32 columns of one group, weights are
/// widened to float when they are copied to shared memory, and everything else is in float. It halves the bytes that
/// the few rows of a stream read; cuBLAS would need the other operand rounded too.

#include <bit>
#include <cstdint>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/backend/thrust/kernels/host_gemm.hpp"
#include "s2rm/core/schema.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

S2RM_HD inline float widened(bf16 half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half.bits) << 16); }

/// half_i = w_i rounded.
struct round_weights {
  float const* w;
  bf16* half;
  S2RM_HD void operator()(index_t i) const {
    half[i].bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded_to_bf16(w[i])) >> 16);
  }
};

/// The task with `half` in place of b, whose rows are whole: b_k is 1.
struct half_product {
  static constexpr int threads = 256;
  static constexpr index_t lines = 8, columns = 32, depth = 32, step = depth + 1;
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(lines * step + columns * step + threads) * sizeof(float) + 64;
  product_task<float> t;
  bf16 const* half;

  static constexpr index_t tiles(index_t n, index_t size) { return (n + size - 1) / size; }
  [[nodiscard]] index_t blocks() const { return t.groups * tiles(t.rows, lines) * tiles(t.columns, columns); }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    index_t const row_tiles = tiles(t.rows, lines), column_tiles = tiles(t.columns, columns);
    index_t const row = block.index % row_tiles * lines, column = block.index / row_tiles % column_tiles * columns;
    index_t const g = block.index / (row_tiles * column_tiles);
    shared_layout cut{block.shared};
    float* const x = cut.take<float>(lines * step);
    float* const w = cut.take<float>(columns * step);
    float* const sum = cut.take<float>(threads);
    // Where a thread's number goes; null beyond the edges.
    auto const to = [&](int thread) -> float* {
      index_t const r = row + thread / columns, o = column + thread % columns;
      return r < t.rows && o < t.columns ? t.c + r * t.c_row + g * t.c_group + o : nullptr;
    };
    block.each([&](int thread) {
      float const* const at = to(thread);
      float const start = t.bias != nullptr && at != nullptr ? t.bias[g * t.columns + column + thread % columns] : 0.0F;
      sum[thread] = t.accumulate && at != nullptr ? *at : start;
    });
    for (index_t first = 0; first < t.depth; first += depth) {
      index_t const count = t.depth - first < depth ? t.depth - first : depth;
      block.each([&](int thread) {
        for (index_t e = thread; e < lines * depth; e += threads) {
          index_t const r = row + e / depth, k = e % depth;
          if (r < t.rows && k < count) x[e / depth * step + k] = t.a[r * t.a_row + g * t.a_group + (first + k) * t.a_k];
        }
        for (index_t e = thread; e < columns * depth; e += threads) {
          index_t const o = column + e / depth, k = e % depth;
          if (o < t.columns && k < count) {
            w[e / depth * step + k] = widened(half[g * t.b_group + o * t.b_column + first + k]);
          }
        }
      });
      block.each([&](int thread) {
        if (to(thread) == nullptr) return;
        float s = sum[thread];
        for (index_t k = 0; k < count; ++k) s += x[thread / columns * step + k] * w[thread % columns * step + k];
        sum[thread] = s;
      });
    }
    block.each([&](int thread) {
      if (float* const at = to(thread)) *at = sum[thread];
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
