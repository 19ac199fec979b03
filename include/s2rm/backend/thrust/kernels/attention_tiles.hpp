#pragma once
/// \file
/// Kernel-modulated attention (ops/attention.hpp) in tiles of registers. A problem is one head of up to `tile_size` targets
/// of a row; a tile of up to `tile_size` sources lies in shared memory beside them. A thread has the scores of `side`
/// targets by `side` sources in registers, then 16 bytes of `group` of the results.
///
/// A result depends on its own row alone: sources, and targets, are added up in their order, whatever the tiles.

#include <algorithm>
#include <limits>

#include "s2rm/backend/thrust/kernels/block_gemm.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/attention.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Copies pack k of a row of `Width` numbers to shared memory; asynchronously where the device can (cp.async), until
/// `wait_for_packs`.
template <index_t Width, class T>
S2RM_HD inline void load_pack(T* to, T const* row, int k) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  if constexpr (Width % pack<T>::size == 0) {
    T const* const from = row + k * pack<T>::size;
    if (reinterpret_cast<std::uintptr_t>(from) % sizeof(pack<T>) == 0) {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                       static_cast<unsigned>(__cvta_generic_to_shared(to + k * pack<T>::size))),
                   "l"(from)
                   : "memory");
      return;
    }
  }
#endif
  store_shared(to, k, load_pack<Width>(row, k));
}
/// Returns when all asynchronous copies of this thread are done.
S2RM_HD inline void wait_for_packs() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}
/// Pack k of a row of `Width` numbers anywhere, times a factor.
template <index_t Width, class T>
S2RM_HD inline void store_pack(T* row, int k, T const* x, T by) {
  constexpr int size = pack<T>::size;
  T* const to = row + k * size;
  if constexpr (Width % size == 0) {
    if (reinterpret_cast<std::uintptr_t>(to) % sizeof(pack<T>) == 0) {
      pack<T> all;
      for (int i = 0; i < size; ++i) all.at[i] = x[i] * by;
      *reinterpret_cast<pack<T>*>(to) = all;
      return;
    }
  }
  for (int i = 0; i < size; ++i) {
    if (k * size + i < Width) to[i] = x[i] * by;
  }
}

/// What the kernels have in common. `Small`: two small problems share a block.
template <index_t N, index_t C, bool Dot, class T, bool Small>
struct attention_tiles {
  static constexpr int size = pack<T>::size, packs = packs_of<T>(C), row = pack_row<T>(C);
  static constexpr int side = Small ? 2 : 4, tile_size = Small ? 12 : 32, lines = tile_size / side,
                       problems = Small ? 2 : 1;
  static constexpr int group = packs <= 8 ? 4 : 8, groups = (tile_size + group - 1) / group;
  /// Threads of a problem: one for every group by pack, whole warps.
  static constexpr int lanes = (std::max)(Small ? 32 : 64, (groups * packs + 31) / 32 * 32), threads = lanes * problems;
  static constexpr int line = pack_row<T>(groups * group);  ///< from target to target of weights
  /// From target to target of what its threads found, and of sums over two sources; lines lie in different banks.
  static constexpr int found = lines + 1, pairs = tile_size / 2 + 1;
  static constexpr int items = tile_size * row, weights = tile_size * line, parts = tile_size * found;

  ops::attention_pairs<T> g;
  rows<T const> q, k, v;
  T scale;

  /// Whether there are threads enough for all scores of problems of this size, in one tile.
  static constexpr bool fits(index_t targets, index_t sources) {
    return targets <= tile_size && sources <= tile_size &&
           (targets + side - 1) / side * ((sources + side - 1) / side) <= lanes;
  }
  /// Problems of a head: without targets it has one, for its sources.
  S2RM_HD static constexpr index_t each(index_t targets) {
    return targets > tile_size ? (targets + tile_size - 1) / tile_size : 1;
  }
  [[nodiscard]] index_t blocks() const { return (g.count * N * each(g.targets) + problems - 1) / problems; }
  static constexpr T nothing = -std::numeric_limits<T>::infinity();
  /// Where an item lies: those that a thread's neighbours read at a time lie side by side.
  S2RM_HD static constexpr int place(int item) { return item % side * lines + item / side; }

  /// Which problem a thread is of, and its part of it.
  struct part {
    int team, lane, n, first, own, sources;
    index_t r;
    S2RM_HD part(ops::attention_pairs<T> const& g, index_t block, int t) : team(t / lanes), lane(t % lanes) {
      auto const nth = static_cast<unsigned>(block) * problems + static_cast<unsigned>(team);
      auto const cut = static_cast<unsigned>(each(g.targets));
      unsigned const head = nth / cut;
      n = static_cast<int>(head % static_cast<unsigned>(N));
      r = static_cast<index_t>(head / static_cast<unsigned>(N));
      first = static_cast<int>(nth - head * cut) * tile_size;
      bool const here = r < g.count;
      int const rest = static_cast<int>(g.targets) - first;
      own = here ? (rest < tile_size ? rest : tile_size) : 0;
      sources = here ? static_cast<int>(g.sources) : 0;
    }
    /// Sources of a tile.
    [[nodiscard]] S2RM_HD int tile(int from) const {
      int const rest = sources - from;
      return rest < 0 ? 0 : (rest < tile_size ? rest : tile_size);
    }
  };
  /// A thread's scores: of `side` targets and sources from `i` and `j` on. `columns` threads have those of a target.
  struct square {
    int columns, line, column, i, j;
    bool here;
    S2RM_HD square(part const& at, int count) : columns((count + side - 1) / side) {
      int const width = columns > 0 ? columns : 1;
      line = at.lane / width, column = at.lane - line * width;
      i = line * side, j = column * side;
      here = i < at.own && j < count;
    }
  };

  /// Items first ... first + count - 1 of head n to shared memory.
  S2RM_HD static void load_items(part const& at, rows<T const> const& from, int first, int count, T* to) {
    if (count <= 0) return;
    T const* const base = from.at(at.r, first) + at.n * C;
    int const step = static_cast<int>(from.group);
    for (int e = at.lane; e < count * packs; e += lanes) {
      load_pack<C>(to + place(e / packs) * row, base + e / packs * step, e % packs);
    }
  }
  S2RM_HD static void clear_weights(part const& at, T* w) {
    for (int e = at.lane; e < weights / size; e += lanes) store_shared(w, e, pack<T>{});
  }
  /// log Z of a thread's pairs, or nothing where they are out of reach.
  S2RM_HD void load_pairs(part const& at, square const& patch, int first, int count, T* s) const {
    if (!patch.here) return;
    index_t const base = g.at(at.r, at.first, first);
    int const target = static_cast<int>(g.target_step), source = static_cast<int>(g.source_step);
    std::uint8_t reach[side * side];
    for (int e = 0; e < side * side; ++e) {
      int const i = patch.i + e / side, j = patch.j + e % side;
      index_t const from = base + ((i < at.own ? i : patch.i) * target + (j < count ? j : patch.j) * source);
      s[e] = g.log_weight[from];
      reach[e] = i < at.own && j < count ? g.reach[from] : static_cast<std::uint8_t>(~g.reached);
    }
    for (int e = 0; e < side * side; ++e) s[e] = reach[e] == g.reached ? s[e] : nothing;
  }
  /// sum[a, b] = x[a] . y[b] of a thread's targets and sources.
  S2RM_HD static void products(square const& patch, T const* x, T const* y, T* sum) {
    for (int e = 0; e < side * side; ++e) sum[e] = T(0);
    for (int c = 0; c < packs; ++c) {
      for (int e = 0; e < side * side; ++e) {
        T const* const of_x = x + (e / side * lines + patch.line) * row;
        sum[e] = dot(load_shared(of_x, c), load_shared(y + (e % side * lines + patch.column) * row, c), sum[e]);
      }
    }
  }
  /// Scores in place of log Z. Out of reach a product may be anything.
  S2RM_HD void scores(square const& patch, T const* query, T const* key, T* s) const {
    if constexpr (Dot) {
      T sum[side * side];
      products(patch, query, key, sum);
      for (int e = 0; e < side * side; ++e) s[e] = s[e] == nothing ? s[e] : sum[e] * scale + s[e];
    }
  }
  /// A thread's weights to shared memory, where a target's lie in a line.
  S2RM_HD static void put(square const& patch, T const* w, T* to) {
    for (int a = 0; a < side; ++a) {
      for (int b = 0; b < side; b += side < size ? side : size) {
        T* const at = to + (patch.i + a) * line + patch.j + b;
        if constexpr (side % size == 0) {
          pack<T> all;
          for (int c = 0; c < size; ++c) all.at[c] = w[a * side + b + c];
          store_shared(at, 0, all);
        } else {
          for (int c = 0; c < side; ++c) at[c] = w[a * side + c];
        }
      }
    }
  }
  /// acc[s] += sum over j < count of w[i + s, j] x[j], pack c; w = 0 takes nothing. `sum[s]`: of w, unless null.
  S2RM_HD static void gather_sources(T const* w, int count, T const* x, int i, int c, T* acc, T* sum) {
    for (int j = 0; j < count; j += size) {
      pack<T> by[group];
      for (int s = 0; s < group; ++s) by[s] = load_shared(w + (i + s < tile_size ? i + s : i) * line + j, 0);
      for (int b = 0; b < size; ++b) {
        pack<T> const of = load_shared(x + place(j + b) * row, c);
        for (int s = 0; s < group; ++s) {
          if (sum != nullptr) sum[s] += by[s].at[b];
          add(acc + s * size, by[s].at[b], of);
        }
      }
    }
  }
  /// acc[s] += sum over i < count of w[i, j + s] x[i], pack c.
  S2RM_HD static void gather_targets(T const* w, int count, T const* x, int j, int c, T* acc) {
    for (int i = 0; i < count; ++i) {
      pack<T> const of = load_shared(x + place(i) * row, c);
      for (int s = 0; s < group; s += size) {
        pack<T> const by = load_shared(w + i * line + j + s, 0);
        for (int b = 0; b < size; ++b) add(acc + (s + b) * size, by.at[b], of);
      }
    }
  }
  S2RM_HD static void add(T* acc, T by, pack<T> const& x) {
    if (by != T(0)) {
      for (int e = 0; e < size; ++e) acc[e] += by * x.at[e];
    }
  }
  /// Pack c of items i ... i + group - 1 of those from `first` on, of which there are `count`.
  template <class By>
  S2RM_HD static void store(part const& at, rows<T> const& to, int first, int count, int i, int c, T const* acc,
                            By const& by) {
    T* const base = to.at(at.r, first) + at.n * C;
    int const step = static_cast<int>(to.group);
    for (int s = 0; s < group; ++s) {
      if (i + s < count) store_pack<C>(base + (i + s) * step, c, acc + s * size, by(s));
    }
  }
  /// Where the softmax statistics of a target and head lie: the largest score, and N numbers further 1 / sum.
  [[nodiscard]] S2RM_HD index_t statistics_at(part const& at, int i) const {
    return (at.r * g.targets + at.first + i) * 2 * N + at.n;
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
