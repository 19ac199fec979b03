#pragma once
/// \file
/// The backward pass of kernel-modulated attention where a row is one tile (attention.hpp).

#include "s2rm/backend/thrust/kernels/attention_tiles.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// All targets and sources of a row are one tile: dl, dq, dk and dv at once.
template <index_t N, index_t C, bool Dot, class T, bool Small>
struct attend_backward : attention_tiles<N, C, Dot, T, Small> {
  using base = attention_tiles<N, C, Dot, T, Small>;
  using base::g, base::tile_size, base::side, base::group, base::size, base::packs, base::found;
  static constexpr index_t numbers = 4 * base::items + 2 * base::weights + 2 * base::parts + tile_size * base::pairs;
  static constexpr std::size_t shared_bytes = static_cast<std::size_t>(base::problems * numbers) * sizeof(T);
  static_assert(numbers % size == 0);
  rows<T const> dy;
  T const* saved;
  rows<T> dq, dk, dv;
  T* d;  ///< dl

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    using part = typename base::part;
    using square = typename base::square;
    typename Block::template registers<T, side * side> weight, slope;
    typename Block::template registers<T, 2 * side> again;
    auto const memory = [&](part const& at) { return reinterpret_cast<T*>(block.shared) + at.team * numbers; };
    constexpr int query = 0, key = base::items, value = 2 * base::items, dout = 3 * base::items,
                  weights = 4 * base::items, dl = weights + base::weights, heaviest = dl + base::weights,
                  slopes = heaviest + base::parts, means = slopes + base::parts;
    block.each([&](int t) {
      part const at(g, block.index, t);
      T* const m = memory(at);
      square const patch(at, at.sources);
      if constexpr (Dot) base::load_items(at, base::q, 0, at.own, m + query);
      if constexpr (Dot) base::load_items(at, base::k, 0, at.sources, m + key);
      base::load_items(at, base::v, 0, at.sources, m + value);
      base::load_items(at, dy, 0, at.own, m + dout);
      base::load_pairs(at, patch, 0, at.sources, weight.of(t));
      for (int a = 0; patch.here && saved != nullptr && a < side; ++a) {
        T const* const from = saved + base::statistics_at(at, patch.i + a < at.own ? patch.i + a : patch.i);
        again.of(t)[2 * a] = from[0];
        again.of(t)[2 * a + 1] = from[N];
      }
      base::clear_weights(at, m + weights);
      base::clear_weights(at, m + dl);
      wait_for_packs();
    });
    block.each([&](int t) {
      part const at(g, block.index, t);
      T* const m = memory(at);
      square const patch(at, at.sources);
      if (!patch.here) return;
      T *const w = weight.of(t), *const by = slope.of(t);
      base::scores(patch, m + query, m + key, w);
      base::products(patch, m + dout, m + value, by);
      for (int a = 0; a < side; ++a) {
        T high = T(-1), from = T(0);
        for (int b = 0; b < side; ++b) {
          int const e = a * side + b;
          // A single source has weight 1 and no saved statistics.
          if (w[e] == base::nothing) {
            w[e] = T(0);
          } else {
            w[e] = saved == nullptr ? T(1) : math::exp(w[e] - again.of(t)[2 * a]) * again.of(t)[2 * a + 1];
          }
          by[e] = w[e] != T(0) ? by[e] : T(0);
          if (w[e] > high) high = w[e], from = by[e];
        }
        m[heaviest + (patch.i + a) * found + patch.column] = high;
        m[slopes + (patch.i + a) * found + patch.column] = from;
      }
      base::put(patch, w, m + weights);
    });
    // The slope of the source of largest weight is subtracted from all first, so that their differences from the mean
    // lose no digits.
    block.each([&](int t) {
      part const at(g, block.index, t);
      T* const m = memory(at);
      square const patch(at, at.sources);
      if (!patch.here) return;
      T *const w = weight.of(t), *const by = slope.of(t);
      for (int a = 0; a < side; ++a) {
        T high = T(-1), from = T(0);
        for (int b = 0; b < patch.columns; ++b) {
          T const other = m[heaviest + (patch.i + a) * found + b];
          if (other > high) high = other, from = m[slopes + (patch.i + a) * found + b];
        }
        for (int b = 0; b < side; b += 2) {
          T two = T(0);
          for (int e = a * side + b; e < a * side + b + 2; ++e) {
            by[e] -= from;
            two += w[e] != T(0) ? w[e] * by[e] : T(0);
          }
          m[means + (patch.i + a) * base::pairs + (patch.j + b) / 2] = two;
        }
      }
    });
    block.each([&](int t) {
      part const at(g, block.index, t);
      T* const m = memory(at);
      square const patch(at, at.sources);
      if (!patch.here) return;
      T *const w = weight.of(t), *const by = slope.of(t);
      T* const to = d + ((at.r * g.targets + patch.i) * N + at.n) * g.sources + patch.j;
      for (int a = 0; a < side; ++a) {
        T mean = T(0);
        for (int b = 0; 2 * b < at.sources; ++b) mean += m[means + (patch.i + a) * base::pairs + b];
        for (int b = 0; b < side; ++b) {
          int const e = a * side + b;
          w[e] = w[e] != T(0) ? w[e] * (by[e] - mean) : T(0);
          if (patch.i + a < at.own && patch.j + b < at.sources) to[a * static_cast<int>(N) * at.sources + b] = w[e];
        }
      }
      base::put(patch, w, m + dl);
    });
    block.each([&](int t) {
      part const at(g, block.index, t);
      T* const m = memory(at);
      int const i = at.lane / packs * group, c = at.lane % packs;
      if constexpr (Dot) {
        auto const scaled = [this](int) { return base::scale; };
        if (i < at.own) {
          T acc[group * size] = {};
          base::gather_sources(m + dl, at.sources, m + key, i, c, acc, nullptr);
          base::store(at, dq, 0, at.own, i, c, acc, scaled);
        }
        if (i < at.sources) {
          T acc[group * size] = {};
          base::gather_targets(m + dl, at.own, m + query, i, c, acc);
          base::store(at, dk, 0, at.sources, i, c, acc, scaled);
        }
      }
      if (i < at.sources) {
        T acc[group * size] = {};
        base::gather_targets(m + weights, at.own, m + dout, i, c, acc);
        base::store(at, dv, 0, at.sources, i, c, acc, [](int) { return T(1); });
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
