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
/// A source that is absent is never read for a result: its memory may hold anything. In log space with an exact cut
/// (sparse.hpp) the same holds for sources out of reach, and they cost nothing; other normalisations see every present
/// source (dense.hpp). Every sum runs over the sources, or targets, of one row in their order: a result depends on
/// nothing else that is computed.

#include <cmath>

#include "s2rm/attention/dense.hpp"
#include "s2rm/attention/sparse.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace attention {

/// Backward for the sources of one group: dk and dv. `Slot` numbers for each pair within reach lie as in sparse.hpp; 0:
/// those of all present pairs as in dense.hpp.
template <index_t N, index_t C, bool Dot, index_t Slot, class T>
struct attend_backward_sources {
  using head = heads<N, C, T>;
  geometry<T> g;
  rows<T const> q, dy;
  T const* w;
  T const* d;  ///< dl / sqrt(C)
  rows<T> dk, dv;

  S2RM_HD void operator()(index_t task, index_t) const {
    auto const from = targets_of(g, Slot > 0 ? kernel::reached : kernel::cut_off);
    each_batch(
        from, task,
        [this](item_batch const& b) {
          for (index_t t = 0; t < b.count; ++t) gather(b.row, b.first + t, b.list[t]);
        },
        [this, &from](index_t r, index_t j) {
          each_list(from, r, j, [&](neighbour_list const& neighbours) { gather(r, j, neighbours); });
        });
  }

 private:
  S2RM_HD void gather(index_t r, index_t j, neighbour_list const& neighbours) const {
    // Where the numbers of each pair begin.
    index_t at[neighbour_search::capacity];
    for (index_t e = 0; e < neighbours.count; ++e) at[e] = start(r, j, neighbours, e);
    using sum = typename head::weighted_sum;
    auto const begin = [&](index_t e) { return at[e]; };
    auto const item = [&](index_t e) { return neighbours[e]; };
    index_t const head_step = Slot == 0 ? g.sources : 1;
    sum const value{w, dy.at(r), dy.group, dv.at(r, j)};
    if constexpr (Dot) {
      sum const key{d, q.at(r), q.group, dk.at(r, j)};
      head::add_up(neighbours.first > 0, neighbours.count, begin, head_step, item, key, value);
    } else {
      head::add_up(neighbours.first > 0, neighbours.count, begin, head_step, item, value);
    }
  }
  S2RM_HD index_t start(index_t r, index_t j, neighbour_list const& neighbours, index_t e) const {
    if constexpr (Slot == 0) return (r * g.targets + neighbours[e]) * N * g.sources + j;
    if (neighbours.edge != nullptr) return (r * g.neighbours.first_source[g.targets] + neighbours.edge[e]) * Slot;
    return ((r * g.targets + neighbours[e]) * g.sources + j) * Slot;
  }
};

/// N heads of width C. `Dot = false` leaves the scores out: weights are the kernel alone. `Again`: the backward
/// pass recomputes the weights from the softmax statistics (log space with an exact cut): less memory, a little more
/// time.
template <index_t N, index_t C, class Normalisation, bool StraightThrough = false, bool Dot = true, bool Again = false>
struct kernel_dot {
  static constexpr index_t width = N * C;
  /// Whether sources out of reach are as good as absent.
  static constexpr bool sparse_only = std::is_same_v<Normalisation, normalisation::log_space> && !StraightThrough;
  /// Numbers saved, and scratch of the backward pass, for one target with `sources` sources.
  static constexpr index_t saved(index_t sources) {
    if (!sparse_only) return N * (sources + Normalisation::extra);
    return padded<N> * (Again ? 2 : sources);
  }
  static constexpr index_t scratch(index_t sources) {
    return sparse_only ? padded<N> * sources * (Again ? 2 : 1) : N * sources;
  }

  /// Whether a fused forward pass saves softmax statistics: there is more than one source.
  static constexpr bool saves_statistics(index_t sources) { return saved(sources) >= 2 * N; }
  template <class T>
  static T scale() {
    return T(1) / std::sqrt(static_cast<T>(C));
  }

  /// y (count, targets, N C); writes saved: count targets saved(sources) numbers.
  template <class B, class T>
  static void forward(B& be, geometry<T> g, in_rows<T> q, in_rows<T> k, in_rows<T> v, out_rows<T> y,
                      std::type_identity_t<T*> saved) {
    index_t const n = g.count * g.targets;
    if constexpr (sparse_only) {
      if constexpr (ops::capabilities<B, T>::attention) {
        if (be.template kernel_attention<N, C, Dot>(pairs_of(g), q, k, v, y, statistics(g, saved), scale<T>())) return;
      }
      be.template for_rows<1>(g.count * groups_of(g.targets),
                              attend_sparse<N, C, Dot, Again, T>{g, q, k, v, y, saved, scale<T>()});
    } else {
      T* const extra = saved + n * N * g.sources;
      be.for_each(n, attend_dense<Normalisation, N, C, Dot, T>{g, q, k, v, y, saved, extra, scale<T>()});
    }
  }

  /// Overwrites dq, dk (both untouched without dot product) and dv; adds to dlog, laid out like log Z with its own row
  /// step. scratch: count targets scratch(sources) numbers.
  template <class B, class T>
  static void backward(B& be, geometry<T> g, in_rows<T> q, in_rows<T> k, in_rows<T> v, in_rows<T> dy,
                       in_vector<T> saved, out_rows<T> dq, out_rows<T> dk, out_rows<T> dv,
                       std::type_identity_t<T*> dlog, index_t dlog_row, std::type_identity_t<T*> scratch) {
    if constexpr (!sparse_only) {
      index_t const n = g.count * g.targets;
      T const* const extra = saved + n * N * g.sources;
      be.for_each(n, attend_dense_backward<Normalisation, N, C, Dot, StraightThrough, T>{
                         g, q, k, v, dy, saved, extra, scratch, dq, dlog, dlog_row, scale<T>()});
      give_sources<0>(be, g, q, dy, saved, scratch, dk, dv);
    } else {
      if constexpr (ops::capabilities<B, T>::attention) {
        if (be.template kernel_attention_backward<N, C, Dot>(pairs_of(g), q, k, v, dy, statistics(g, saved), dq, dk, dv,
                                                             dlog, dlog_row, scratch, scale<T>())) {
          return;
        }
      }
      // Recomputed weights lie beside dl.
      std::conditional_t<Again, T*, T const*> weights;
      if constexpr (Again) {
        weights = scratch;
      } else {
        weights = saved;
      }
      T* const d = Again ? scratch + padded<N> : scratch;
      be.template for_rows<1>(g.count * groups_of(g.targets),
                              attend_sparse_backward<N, C, Dot, Again, T>{g, q, k, v, dy, saved, weights, d, dq, dlog,
                                                                          dlog_row, scale<T>()});
      give_sources<sparse_slot<N, Again>>(be, g, q, dy, weights, d, dk, dv);
    }
  }

 private:
  /// The same pairs as ops/attention.hpp describes them, and where their softmax statistics go.
  template <class T>
  static ops::attention_pairs<T> pairs_of(geometry<T> const& g) {
    return {g.count,         g.targets,  g.sources,     g.log_weight, g.reach,
            kernel::reached, g.row_step, g.target_step, g.source_step};
  }
  template <class T, class P>
  static P* statistics(geometry<T> const& g, P* memory) {
    return saves_statistics(g.sources) ? memory : nullptr;
  }
  template <index_t Slot, class B, class T>
  static void give_sources(B& be, geometry<T> const& g, rows<T const> q, rows<T const> dy, T const* w, T const* d,
                           rows<T> dk, rows<T> dv) {
    be.template for_rows<1>(g.count * groups_of(g.sources),
                            attend_backward_sources<N, C, Dot, Slot, T>{g, q, dy, w, d, dk, dv});
  }
};

}  // namespace attention
S2RM_NAMESPACE_END
