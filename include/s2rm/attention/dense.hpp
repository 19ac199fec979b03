#pragma once
/// \file
/// Attention with any normalisation: every present source has a score, reached or not, and the normalisation makes
/// weights of the row. The form for an exact cut, over pairs within reach alone, is in sparse.hpp.
///
/// Numbers of the pairs lie as normalisations read them, (count, targets, N, sources).

#include "s2rm/attention/geometry.hpp"
#include "s2rm/attention/simd_heads.hpp"

S2RM_NAMESPACE_BEGIN
namespace attention {

/// to[n][j] = the dot product of head n of a with head n of row j of b, for the sources of a list.
template <index_t N, index_t C, class T>
S2RM_HD inline void dots_by_head(typename heads<N, C, T>::row const& a, rows<T const> b, index_t r,
                                 neighbour_list const& neighbours, index_t sources, T* to) {
  T each[padded<N>];
  for (index_t e = 0; e < neighbours.count; ++e) {
    heads<N, C, T>::dot(a, b.at(r, neighbours[e])).store(each);
    for (index_t n = 0; n < N; ++n) to[n * sources + neighbours[e]] = each[n];
  }
}

/// One target: y.
template <class Normalisation, index_t N, index_t C, bool Dot, class T>
struct attend_dense {
  geometry<T> g;
  rows<T const> q, k, v;  ///< (count, items, N C)
  rows<T> y;              ///< (count, targets, N C)
  T* w;                   ///< (count, targets, N, sources)
  T* extra;               ///< (count, targets, N, Normalisation::extra)
  T scale;
  S2RM_HD void operator()(index_t task) const {
    using head = heads<N, C, T>;
    index_t const r = task / g.targets, i = task % g.targets;
    T* const weights = w + task * N * g.sources;
    for (index_t j = 0; j < N * g.sources; ++j) weights[j] = T(0);
    if constexpr (Dot) {
      auto const query = head::row::load(q.at(r, i), scale);
      each_list(sources_of(g, kernel::cut_off), r, i, [&](neighbour_list const& neighbours) {
        dots_by_head<N, C, T>(query, k, r, neighbours, g.sources, weights);
      });
    }
    for (index_t n = 0; n < N; ++n) {
      Normalisation::forward(g.sources, g.row(r, i), weights + n * g.sources,
                             extra + (task * N + n) * Normalisation::extra);
    }
    each_list(sources_of(g), r, i, [&](neighbour_list const& neighbours) {
      auto const item = [&](index_t e) { return neighbours[e]; };
      head::add_up(neighbours.first > 0, neighbours.count, item, g.sources, item,
                   typename head::weighted_sum{weights, v.at(r), v.group, y.at(r, i)});
    });
  }
};

/// Recomputes l of one source.
template <index_t C, bool Dot, class T>
struct score_again {
  T const* q;
  rows<T const> k;
  index_t row, column;
  T scale;
  S2RM_HD T operator()(index_t j) const {
    using head = heads<1, C, T>;
    if constexpr (Dot) {
      return head::dot(head::row::load(q, scale), k.at(row, j) + column).of[0];
    } else {
      return T(0);
    }
  }
};

/// Backward of one target: dl, dlog Z, dq.
template <class Normalisation, index_t N, index_t C, bool Dot, bool StraightThrough, class T>
struct attend_dense_backward {
  geometry<T> g;
  rows<T const> q, k, v, dy;
  T const* w;
  T const* extra;
  T* d;  ///< (count, targets, N, sources): dl / sqrt(C)
  rows<T> dq;
  T* dlog;           ///< like log Z, added to
  index_t dlog_row;  ///< its row step
  T scale;
  S2RM_HD void operator()(index_t task) const {
    using head = heads<N, C, T>;
    index_t const r = task / g.targets, i = task % g.targets;
    T* const dl = d + task * N * g.sources;
    for (index_t j = 0; j < N * g.sources; ++j) dl[j] = T(0);
    auto const dyi = head::row::load(dy.at(r, i));
    each_list(sources_of(g, kernel::cut_off), r, i,
              [&](neighbour_list const& neighbours) { dots_by_head<N, C, T>(dyi, v, r, neighbours, g.sources, dl); });
    for (index_t n = 0; n < N; ++n) {
      Normalisation::template backward<StraightThrough>(
          g.sources, g.row(r, i), w + (task * N + n) * g.sources, extra + (task * N + n) * Normalisation::extra,
          dl + n * g.sources, dlog + r * dlog_row + i * g.target_step, g.source_step,
          score_again<C, Dot, T>{Dot ? q.at(r, i) + n * C : nullptr, k, r, n * C, scale});
    }
    for (index_t j = 0; j < N * g.sources; ++j) dl[j] *= scale;
    if constexpr (Dot) {
      each_list(sources_of(g, kernel::cut_off), r, i, [&](neighbour_list const& neighbours) {
        auto const item = [&](index_t e) { return neighbours[e]; };
        head::add_up(neighbours.first > 0, neighbours.count, item, g.sources, item,
                     typename head::weighted_sum{dl, k.at(r), k.group, dq.at(r, i)});
      });
    }
  }
};

}  // namespace attention
S2RM_NAMESPACE_END
