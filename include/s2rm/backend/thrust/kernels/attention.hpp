#pragma once
/// \file
/// Kernel-modulated attention in fused kernels (ops/attention.hpp). The weights are never written: the backward
/// pass recomputes them from the softmax statistics (largest score and 1 / sum). The forward pass
/// (attention_forward.hpp), and the backward pass where a row's targets and sources are one tile
/// (attention_backward.hpp), work on tiles of registers (attention_tiles.hpp). Here is the backward pass of larger
/// rows, which loops over tiles of sources or targets: first 16 targets of one head a block: dl (in scratch) and dq;
/// then 16 sources: dk, dv. Last dlog Z, the sum over heads.
///
/// A source out of reach of a target takes no part in what that target gets: its numbers may be anything.

#include <algorithm>

#include "s2rm/backend/thrust/kernels/attention_backward.hpp"
#include "s2rm/backend/thrust/kernels/attention_forward.hpp"
#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/attention.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Bytes of arrays of these many numbers in shared memory.
template <class T>
constexpr std::size_t shared_size(std::initializer_list<index_t> counts) {
  std::size_t sum = 0;
  for (index_t const n : counts) sum += (static_cast<std::size_t>(n) * sizeof(T) + 15) / 16 * 16;
  return sum;
}

/// What the kernels have in common. `own`: items of a block; `tile`: items of the other side that are in shared memory
/// at a time. A row is a little longer than it has numbers, so that neighbours lie in different banks.
template <index_t N, index_t C, bool Dot, class T>
struct attention_kernel {
  static constexpr int threads = 128;
  static constexpr index_t own = 16, tile = 32, row = C + 1, line = tile + 1;
  ops::attention_pairs<T> g;
  rows<T const> q, k, v;
  T scale;

  static constexpr index_t parts(index_t items) { return (items + own - 1) / own; }

  /// Which row, head and items a block is for.
  struct place {
    index_t r, n, first, count;
    S2RM_HD place(index_t block, index_t items) {
      index_t const each = (items + own - 1) / own;
      first = block % each * own;
      n = block / each % N;
      r = block / (each * N);
      count = items - first < own ? items - first : own;
    }
  };

  /// to[i] = head n of items first ... first + count - 1 of a row.
  template <class Block>
  S2RM_HD static void load(Block const& block, rows<T const> from, index_t r, index_t n, index_t first, index_t count,
                           T* to) {
    block.each([&](int t) {
      for (index_t e = t; e < count * C; e += threads) {
        to[e / C * row + e % C] = from.at(r, first + e / C)[n * C + e % C];
      }
    });
  }
  S2RM_HD static T dot(T const* a, T const* b) {
    T sum = T(0);
    for (index_t c = 0; c < C; ++c) sum += a[c] * b[c];
    return sum;
  }
  /// l + log Z.
  S2RM_HD T score(index_t r, index_t i, index_t j, T const* target, T const* source) const {
    T const log_z = g.log_weight[g.at(r, i, j)];
    if constexpr (Dot) {
      return dot(target, source) * scale + log_z;
    } else {
      return log_z;
    }
  }
  /// acc[i] += sum over j of w[i, j] x[j], for own items i; w = 0 takes nothing.
  template <class Block, class Weight>
  S2RM_HD static void gather(Block const& block, index_t items, index_t others, Weight const& weight, T const* x,
                             T* acc) {
    block.each([&](int t) {
      for (index_t e = t; e < items * C; e += threads) {
        index_t const i = e / C, c = e % C;
        T sum = acc[i * row + c];
        for (index_t j = 0; j < others; ++j) {
          T const w = weight(i, j);
          sum += w != T(0) ? w * x[j * row + c] : T(0);
        }
        acc[i * row + c] = sum;
      }
    });
  }
  /// to = acc, times a factor.
  template <class Block>
  S2RM_HD static void store(Block const& block, index_t r, index_t n, index_t first, index_t count, T by, T const* acc,
                            rows<T> to) {
    block.each([&](int t) {
      for (index_t e = t; e < count * C; e += threads) {
        to.at(r, first + e / C)[n * C + e % C] = acc[e / C * row + e % C] * by;
      }
    });
  }
  template <class Block>
  S2RM_HD static void clear(Block const& block, index_t count, T* acc) {
    block.each([&](int t) {
      for (index_t e = t; e < count * row; e += threads) acc[e] = T(0);
    });
  }
  /// Where the softmax statistics of a target and head lie: the largest score, and N numbers further 1 / sum.
  [[nodiscard]] S2RM_HD index_t statistics_at(index_t r, index_t i, index_t n) const {
    return (r * g.targets + i) * 2 * N + n;
  }
  [[nodiscard]] S2RM_HD index_t pair(index_t r, index_t i, index_t n, index_t j) const {
    return ((r * g.targets + i) * N + n) * g.sources + j;
  }
  /// The weight of a pair, recomputed. A single source has weight 1 and needs no statistics.
  S2RM_HD T weight_again(index_t r, index_t i, index_t n, index_t j, T const* target, T const* source,
                         T const* saved) const {
    if (!g.within(r, i, j)) return T(0);
    if (saved == nullptr) return T(1);
    T const* const at = saved + statistics_at(r, i, n);
    return math::exp(score(r, i, j, target, source) - at[0]) * at[N];
  }
};

template <index_t N, index_t C, bool Dot, class T>
struct attend_backward_targets : attention_kernel<N, C, Dot, T> {
  using base = attention_kernel<N, C, Dot, T>;
  using base::g, base::own, base::tile, base::row, base::line;
  static constexpr std::size_t shared_bytes =
      shared_size<T>({own * row, own* row, own* row, tile* row, tile* row, own* line, own* line, own, own, own});
  rows<T const> dy;
  T const* saved;
  rows<T> dq;
  T* d;  ///< dl

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    typename base::place const at(block.index, g.targets);
    shared_layout cut{block.shared};
    T* const query = cut.take<T>(own * row);
    T* const dout = cut.take<T>(own * row);
    T* const acc = cut.take<T>(own * row);
    T* const key = cut.take<T>(tile * row);
    T* const value = cut.take<T>(tile * row);
    T* const w = cut.take<T>(own * line);
    T* const dw = cut.take<T>(own * line);
    T* const heaviest = cut.take<T>(own);
    T* const from = cut.take<T>(own);
    T* const mean = cut.take<T>(own);
    if constexpr (Dot) base::load(block, base::q, at.r, at.n, at.first, at.count, query);
    base::load(block, dy, at.r, at.n, at.first, at.count, dout);
    base::clear(block, at.count, acc);
    block.each([&](int t) {
      if (t < at.count) heaviest[t] = T(-1), from[t] = T(0), mean[t] = T(0);
    });
    // The dw of the source of largest weight is subtracted from all dw first, so that their differences from the mean
    // lose no digits: one pass finds it, one the mean, one dl. A single tile of sources is loaded once.
    bool const once = g.sources <= tile;
    for (int pass = 0; pass < 3; ++pass) {
      for (index_t first = 0; first < g.sources; first += tile) {
        index_t const count = g.sources - first < tile ? g.sources - first : tile;
        if (pass == 0 || !once) {
          if constexpr (Dot) base::load(block, base::k, at.r, at.n, first, count, key);
          base::load(block, base::v, at.r, at.n, first, count, value);
          block.each([&](int t) {
            for (index_t e = t; e < at.count * count; e += base::threads) {
              index_t const i = e / count, j = e % count;
              T const weight =
                  base::weight_again(at.r, at.first + i, at.n, first + j, query + i * row, key + j * row, saved);
              w[i * line + j] = weight;
              dw[i * line + j] = weight != T(0) ? base::dot(dout + i * row, value + j * row) : T(0);
            }
          });
        }
        if (pass < 2) {
          block.each([&](int t) {
            if (t >= at.count) return;
            T const *const weight = w + t * line, *const slope = dw + t * line;
            auto const part = [&](index_t j) {
              return j < count && weight[j] != T(0) ? weight[j] * (slope[j] - from[t]) : T(0);
            };
            for (index_t j = 0; j < count; ++j) {
              if (pass == 0 && weight[j] > heaviest[t]) heaviest[t] = weight[j], from[t] = slope[j];
              // In the order of the sums in attention_backward.hpp.
              if (pass == 1 && j % 2 == 0) mean[t] += part(j) + part(j + 1);
            }
          });
          continue;
        }
        block.each([&](int t) {
          for (index_t e = t; e < at.count * count; e += base::threads) {
            index_t const i = e / count, j = e % count;
            T const weight = w[i * line + j];
            T const dl = weight != T(0) ? weight * (dw[i * line + j] - from[i] - mean[i]) : T(0);
            w[i * line + j] = dl;
            d[base::pair(at.r, at.first + i, at.n, first + j)] = dl;
          }
        });
        if constexpr (Dot) {
          base::gather(block, at.count, count, [&](index_t i, index_t j) { return w[i * line + j]; }, key, acc);
        }
      }
    }
    if constexpr (Dot) {
      base::store(block, at.r, at.n, at.first, at.count, base::scale, acc, dq);
    }
  }
};

template <index_t N, index_t C, bool Dot, class T>
struct attend_backward_own_sources : attention_kernel<N, C, Dot, T> {
  using base = attention_kernel<N, C, Dot, T>;
  using base::g, base::own, base::tile, base::row, base::line;
  static constexpr std::size_t shared_bytes =
      shared_size<T>({own * row, own* row, own* row, tile* row, tile* row, own* line, own* line});
  rows<T const> dy;
  T const* saved;
  T const* d;
  rows<T> dk, dv;

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    typename base::place const at(block.index, g.sources);
    shared_layout cut{block.shared};
    T* const key = cut.take<T>(own * row);
    T* const to_key = cut.take<T>(own * row);
    T* const to_value = cut.take<T>(own * row);
    T* const query = cut.take<T>(tile * row);
    T* const dout = cut.take<T>(tile * row);
    T* const w = cut.take<T>(own * line);
    T* const dl = cut.take<T>(own * line);
    if constexpr (Dot) base::load(block, base::k, at.r, at.n, at.first, at.count, key);
    base::clear(block, at.count, to_key);
    base::clear(block, at.count, to_value);
    for (index_t first = 0; first < g.targets; first += tile) {
      index_t const count = g.targets - first < tile ? g.targets - first : tile;
      if constexpr (Dot) base::load(block, base::q, at.r, at.n, first, count, query);
      base::load(block, dy, at.r, at.n, first, count, dout);
      block.each([&](int t) {
        for (index_t e = t; e < at.count * count; e += base::threads) {
          index_t const j = e / count, i = e % count;
          w[j * line + i] =
              base::weight_again(at.r, first + i, at.n, at.first + j, query + i * row, key + j * row, saved);
          dl[j * line + i] = d[base::pair(at.r, first + i, at.n, at.first + j)];
        }
      });
      base::gather(block, at.count, count, [&](index_t j, index_t i) { return w[j * line + i]; }, dout, to_value);
      if constexpr (Dot) {
        base::gather(block, at.count, count, [&](index_t j, index_t i) { return dl[j * line + i]; }, query, to_key);
      }
    }
    if constexpr (Dot) {
      base::store(block, at.r, at.n, at.first, at.count, base::scale, to_key, dk);
    }
    base::store(block, at.r, at.n, at.first, at.count, T(1), to_value, dv);
  }
};

/// dlog Z of one pair += the sum of dl over heads.
template <index_t N, class T>
struct sum_heads {
  ops::attention_pairs<T> g;
  T const* d;
  T* dlog;
  index_t dlog_row;
  S2RM_HD void operator()(index_t e) const {
    index_t j, i, r;
    if (e <= 0xffffffff) {  // 32 bits divide faster
      auto const at = static_cast<unsigned>(e), row = at / static_cast<unsigned>(g.sources);
      j = at - row * static_cast<unsigned>(g.sources), i = row % static_cast<unsigned>(g.targets);
      r = row / static_cast<unsigned>(g.targets);
    } else {
      j = e % g.sources, i = e / g.sources % g.targets, r = e / (g.sources * g.targets);
    }
    if (!g.within(r, i, j)) return;
    T sum = T(0);
    for (index_t n = 0; n < N; ++n) sum += d[((r * g.targets + i) * N + n) * g.sources + j];
    dlog[r * dlog_row + i * g.target_step + j * g.source_step] += sum;
  }
};

/// The kernels of both passes, chosen by the extents of a row (`tile_size` of attention_tiles.hpp is 12 targets and sources
/// for small tiles, 32 else, where a block has the threads for all scores: `fits`):
///
///   pass       one small tile             one tile                    more
///   forward    attend_forward<Small>      attend_forward              attend_forward, tile after tile of sources
///   backward   attend_backward<Small>     attend_backward             attend_backward_targets, then ..._own_sources
///
/// Both passes run these kernels or neither does: the backward pass reads the statistics that the forward pass saved.
template <index_t N, index_t C, bool Dot, class T>
struct attention_kernels {
  template <bool Small>
  using forward = attend_forward<N, C, Dot, T, Small>;
  template <bool Small>
  using together = attend_backward<N, C, Dot, T, Small>;
  using targets = attend_backward_targets<N, C, Dot, T>;
  using sources = attend_backward_own_sources<N, C, Dot, T>;
  static constexpr std::size_t shared_bytes =  ///< of the kernel that needs most
      (std::max)({forward<false>::shared_bytes, forward<true>::shared_bytes, together<false>::shared_bytes,
                  together<true>::shared_bytes, targets::shared_bytes, sources::shared_bytes});

  ops::attention_pairs<T> g;
  rows<T const> q, k, v;
  T scale;

  template <class Backend>
  void attend(Backend const& be, rows<T> y, T* saved) const {
    if (forward<true>::fits(g.targets, g.sources)) {
      forward<true> const kernel{{g, q, k, v, scale}, y, saved};
      be.blocks(kernel.blocks(), kernel);
    } else {
      forward<false> const kernel{{g, q, k, v, scale}, y, saved};
      be.blocks(kernel.blocks(), kernel);
    }
  }
  template <class Backend>
  void backward_pass(Backend const& be, rows<T const> dy, T const* saved, rows<T> dq, rows<T> dk, rows<T> dv, T* dlog,
                     index_t dlog_row, T* d) const {
    if (together<true>::fits(g.targets, g.sources)) {
      together<true> const kernel{{g, q, k, v, scale}, dy, saved, dq, dk, dv, d};
      be.blocks(kernel.blocks(), kernel);
    } else if (together<false>::fits(g.targets, g.sources)) {
      together<false> const kernel{{g, q, k, v, scale}, dy, saved, dq, dk, dv, d};
      be.blocks(kernel.blocks(), kernel);
    } else {
      be.blocks(g.count * N * targets::parts(g.targets), targets{{g, q, k, v, scale}, dy, saved, dq, d});
      be.blocks(g.count * N * sources::parts(g.sources), sources{{g, q, k, v, scale}, dy, saved, d, dk, dv});
    }
    be.for_each(g.count * g.targets * g.sources, sum_heads<N, T>{g, d, dlog, dlog_row});
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
