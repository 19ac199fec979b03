#pragma once
/// \file
/// The forward pass of kernel-modulated attention (attention.hpp).

#include "s2rm/backend/thrust/kernels/attention_tiles.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// The forward pass, for any number of targets and sources; the softmax goes on from tile to tile.
template <index_t N, index_t C, bool Dot, class T, bool Small>
struct attend_forward : attention_tiles<N, C, Dot, T, Small> {
  using base = attention_tiles<N, C, Dot, T, Small>;
  using base::g, base::tile_size, base::side, base::group, base::size, base::packs, base::found;
  static constexpr index_t numbers = 3 * base::items + base::weights + base::parts + 2 * tile_size;
  static constexpr std::size_t shared_bytes = static_cast<std::size_t>(base::problems * numbers) * sizeof(T);
  static_assert(numbers % size == 0);
  rows<T> y;
  T* saved;

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    using part = typename base::part;
    using square = typename base::square;
    typename Block::template registers<T, side * side> score;
    typename Block::template registers<T, group * size> acc;
    typename Block::template registers<T, group> sum;
    auto const memory = [&](part const& at) { return reinterpret_cast<T*>(block.shared) + at.team * numbers; };
    // The largest score before this tile and with it: two buffers that swap roles.
    constexpr int query = 0, key = base::items, value = 2 * base::items, weight = 3 * base::items,
                  largest = weight + base::weights, tops = largest + base::parts;
    int first = 0, old = 0;
    do {
      block.each([&](int t) {
        part const at(g, block.index, t);
        T* const m = memory(at);
        int const count = at.tile(first);
        if (Dot && first == 0) base::load_items(at, base::q, at.first, at.own, m + query);
        if constexpr (Dot) base::load_items(at, base::k, first, count, m + key);
        base::load_items(at, base::v, first, count, m + value);
        base::load_pairs(at, square(at, count), first, count, score.of(t));
        if (first == 0) base::clear_weights(at, m + weight);
        for (int i = at.lane; first == 0 && i < 2 * tile_size; i += base::lanes) m[tops + i] = base::nothing;
        wait_for_packs();
      });
      block.each([&](int t) {
        part const at(g, block.index, t);
        T* const m = memory(at);
        square const patch(at, at.tile(first));
        T* const s = score.of(t);
        if (!patch.here) return;
        base::scores(patch, m + query, m + key, s);
        for (int a = 0; a < side; ++a) {
          T top = s[a * side];
          for (int b = 1; b < side; ++b) top = s[a * side + b] > top ? s[a * side + b] : top;
          m[largest + (patch.i + a) * found + patch.column] = top;
        }
      });
      block.each([&](int t) {
        part const at(g, block.index, t);
        T* const m = memory(at);
        square const patch(at, at.tile(first));
        T* const s = score.of(t);
        if (!patch.here) return;
        for (int a = 0; a < side; ++a) {
          T top = m[tops + old + patch.i + a];
          for (int b = 0; b < patch.columns; ++b) {
            T const other = m[largest + (patch.i + a) * found + b];
            top = other > top ? other : top;
          }
          for (int b = 0; b < side; ++b) {
            T& one = s[a * side + b];
            one = one == base::nothing ? T(0) : math::exp(one - top);
          }
          if (patch.column == 0) m[tops + tile_size - old + patch.i + a] = top;
        }
        base::put(patch, s, m + weight);
      });
      block.each([&](int t) {
        part const at(g, block.index, t);
        T* const m = memory(at);
        int const i = at.lane / packs * group, c = at.lane % packs;
        T *const out = acc.of(t), *const all = sum.of(t);
        if (i >= at.own) return;
        for (int s = 0; s < group; ++s) {
          T const before = m[tops + old + (i + s < tile_size ? i + s : i)];
          T const by = before == base::nothing
                           ? T(0)
                           : math::exp(before - m[tops + tile_size - old + (i + s < tile_size ? i + s : i)]);
          all[s] = by != T(0) ? all[s] * by : T(0);
          for (int e = 0; e < size; ++e) out[s * size + e] = by != T(0) ? out[s * size + e] * by : T(0);
        }
        base::gather_sources(m + weight, at.tile(first), m + value, i, c, out, all);
        if (first + tile_size < at.sources) return;
        for (int s = 0; s < group; ++s) all[s] = all[s] == T(0) ? T(0) : T(1) / all[s];
        base::store(at, y, at.first, at.own, i, c, out, [all](int s) { return all[s]; });
        for (int s = 0; saved != nullptr && c == 0 && s < group; ++s) {
          if (i + s >= at.own) continue;
          T* const to = saved + base::statistics_at(at, i + s);
          to[0] = m[tops + tile_size - old + i + s];
          to[N] = all[s];
        }
      });
      first += tile_size;
      old = tile_size - old;
    } while (first < g.sources);
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
