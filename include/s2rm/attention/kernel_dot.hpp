#pragma once
/// \file
/// Kernel-modulated dot-product attention, the one attention of the whole model (model §2.5): views -> modules,
/// modules -> modules, modules -> queries. For target i, source j and each of N heads of width C:
///
///   l_ij = q_i . k_j / sqrt(C),   w_ij = Z_ij e^{l_ij} / sum_j' Z_ij' e^{l_ij'} over reached sources,   y_i = sum_j w_ij v_j
///
/// Backward, with dw_ij = dy_i . v_j and dl, dlog Z from the normalisation:
///   dq_i = sum_j dl_ij k_j / sqrt(C),   dk_j = sum_i dl_ij q_i / sqrt(C),   dv_j = sum_i w_ij dy_i.
///
/// A source that is absent is never read for a result: its memory may hold anything.

#include <cmath>

#include "s2rm/attention/normalisation.hpp"
#include "s2rm/math/row.hpp"

namespace s2rm::attention {

/// Which pairs there are: `count` independent problems of `targets` x `sources`. log Z of (row, i, j) lies at
/// row * row_step + i * target_step + j * source_step; row_step 0 shares one geometry among all rows.
template <class T>
struct geometry {
  index_t count, targets, sources;
  T const* log_weight;
  std::uint8_t const* reach;
  index_t row_step, target_step, source_step;
  S2RM_HD normalisation::row_geometry<T> row(index_t r, index_t i) const {
    index_t const at = r * row_step + i * target_step;
    return {log_weight + at, reach + at, source_step};
  }
};

/// One head of one target.
template <class Normalisation, index_t N, index_t C, bool Dot, class T>
struct attend {
  geometry<T> g;
  rows<T const> q, k, v;  ///< (count, items, N C)
  rows<T> y;              ///< (count, targets, N C)
  T* w;                   ///< (count, targets, N, sources)
  T* extra;               ///< (count, targets, N, Normalisation::extra)
  T scale;
  S2RM_HD void operator()(index_t task) const {
    index_t const n = task % N, i = task / N % g.targets, r = task / N / g.targets;
    T* const weights = w + task * g.sources;
    auto const near = g.row(r, i);
    for (index_t j = 0; j < g.sources; ++j) {
      weights[j] = Dot && near.reach_of(j) != kernel::absent
                       ? math::dot<C>(q.at(r, i) + n * C, k.at(r, j) + n * C) * scale
                       : T(0);
    }
    Normalisation::forward(g.sources, near, weights, extra + task * Normalisation::extra);
    T* const to = y.at(r, i) + n * C;
    for (index_t c = 0; c < C; ++c) to[c] = T(0);
    for (index_t j = 0; j < g.sources; ++j) {
      if (near.reach_of(j) == kernel::reached) math::add_scaled<C>(weights[j], v.at(r, j) + n * C, to);
    }
  }
};

/// l of one source, once more.
template <index_t C, bool Dot, class T>
struct score_again {
  T const* q;
  rows<T const> k;
  index_t row, column;
  T scale;
  S2RM_HD T operator()(index_t j) const { return Dot ? math::dot<C>(q, k.at(row, j) + column) * scale : T(0); }
};

/// All heads of one target: dl, dq and dlog Z.
template <class Normalisation, index_t N, index_t C, bool Dot, bool StraightThrough, class T>
struct attend_backward_targets {
  geometry<T> g;
  rows<T const> q, k, v, dy;
  T const* w;
  T const* extra;
  T* d;  ///< (count, targets, N, sources): dl
  rows<T> dq;
  T* dlog;           ///< like log Z, added to
  index_t dlog_row;  ///< its row step
  T scale;
  S2RM_HD void operator()(index_t task) const {
    index_t const i = task % g.targets, r = task / g.targets;
    auto const near = g.row(r, i);
    for (index_t n = 0; n < N; ++n) {
      T const* const dyn = dy.at(r, i) + n * C;
      T* const dl = d + (task * N + n) * g.sources;
      for (index_t j = 0; j < g.sources; ++j) {
        dl[j] = near.reach_of(j) == kernel::absent ? T(0) : math::dot<C>(dyn, v.at(r, j) + n * C);
      }
      Normalisation::template backward<StraightThrough>(
          g.sources, near, w + (task * N + n) * g.sources, extra + (task * N + n) * Normalisation::extra, dl,
          dlog + r * dlog_row + i * g.target_step, g.source_step,
          score_again<C, Dot, T>{Dot ? q.at(r, i) + n * C : nullptr, k, r, n * C, scale});
      if constexpr (Dot) {
        T* const to = dq.at(r, i) + n * C;
        for (index_t c = 0; c < C; ++c) to[c] = T(0);
        for (index_t j = 0; j < g.sources; ++j) {
          if (dl[j] != T(0)) math::add_scaled<C>(dl[j] * scale, k.at(r, j) + n * C, to);
        }
      }
    }
  }
};

/// One head of one source: dk and dv.
template <index_t N, index_t C, bool Dot, class T>
struct attend_backward_sources {
  geometry<T> g;
  rows<T const> q, dy;
  T const* w;
  T const* d;
  rows<T> dk, dv;
  T scale;
  S2RM_HD void operator()(index_t task) const {
    index_t const n = task % N, j = task / N % g.sources, r = task / N / g.sources;
    T* const tok = Dot ? dk.at(r, j) + n * C : nullptr;
    T* const tov = dv.at(r, j) + n * C;
    for (index_t c = 0; c < C; ++c) {
      if constexpr (Dot) tok[c] = T(0);
      tov[c] = T(0);
    }
    for (index_t i = 0; i < g.targets; ++i) {
      index_t const at = ((r * g.targets + i) * N + n) * g.sources + j;
      if constexpr (Dot) {
        if (d[at] != T(0)) math::add_scaled<C>(d[at] * scale, q.at(r, i) + n * C, tok);
      }
      if (w[at] != T(0)) math::add_scaled<C>(w[at], dy.at(r, i) + n * C, tov);
    }
  }
};

/// N heads of width C. `Dot = false` leaves the scores out: weights are the kernel alone.
template <index_t N, index_t C, class Normalisation, bool StraightThrough = false, bool Dot = true>
struct kernel_dot {
  static constexpr index_t width = N * C;
  /// Numbers of w and extra for one target with `sources` sources.
  static constexpr index_t saved(index_t sources) { return N * (sources + Normalisation::extra); }
  static constexpr index_t scratch(index_t sources) { return N * sources; }

  /// y (count, targets, N C); writes saved: count targets saved(sources) numbers.
  template <class B, class T>
  static void forward(B& be, geometry<T> g, in_rows<T> q, in_rows<T> k, in_rows<T> v, out_rows<T> y,
                      std::type_identity_t<T*> saved) {
    T* const extra = saved + g.count * g.targets * N * g.sources;
    be.for_each(g.count * g.targets * N, attend<Normalisation, N, C, Dot, T>{g, q, k, v, y, saved, extra, scale<T>()});
  }

  /// Overwrites dq, dk (both untouched without dot product) and dv; adds to dlog, laid out like log Z with its own row
  /// step. scratch: count targets scratch(sources) numbers.
  template <class B, class T>
  static void backward(B& be, geometry<T> g, in_rows<T> q, in_rows<T> k, in_rows<T> v, in_rows<T> dy,
                       in_vector<T> saved, out_rows<T> dq, out_rows<T> dk, out_rows<T> dv,
                       std::type_identity_t<T*> dlog, index_t dlog_row, std::type_identity_t<T*> scratch) {
    T const* const extra = saved + g.count * g.targets * N * g.sources;
    be.for_each(g.count * g.targets, attend_backward_targets<Normalisation, N, C, Dot, StraightThrough, T>{
                                         g, q, k, v, dy, saved, extra, scratch, dq, dlog, dlog_row, scale<T>()});
    be.for_each(g.count * g.sources * N,
                attend_backward_sources<N, C, Dot, T>{g, q, dy, saved, scratch, dk, dv, scale<T>()});
  }

 private:
  template <class T>
  static T scale() {
    return T(1) / std::sqrt(static_cast<T>(C));
  }
};

}  // namespace s2rm::attention
