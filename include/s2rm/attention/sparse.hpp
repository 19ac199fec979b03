#pragma once
/// \file
/// Attention in log space with an exact cut: the pairs within reach and nothing else, all heads of a pair at once, in
/// registers. Time follows the number of pairs within reach.
///
/// The forward pass saves the weights, or (`Again`) only the softmax statistics, the largest score and 1 / sum of every
/// head of every target, from which the backward pass recomputes the weights: its memory does not grow with the number
/// of pairs.

#include "s2rm/attention/geometry.hpp"
#include "s2rm/attention/simd_heads.hpp"

S2RM_NAMESPACE_BEGIN
namespace attention {

/// Numbers of the pairs of a batch, head beside head. The last register may reach beyond the last pair.
template <index_t N, class T>
struct pair_numbers {
  T of[neighbour_search::capacity * padded<N> + math::register_width<T>];
  S2RM_HD T* operator[](index_t e) { return of + e * padded<N>; }
};

/// Numbers from one slot to the next in the backward pass: recomputed weights lie beside dl.
template <index_t N, bool Again>
inline constexpr index_t sparse_slot = padded<N> * (Again ? 2 : 1);

/// Steps of a softmax over the scores s of some pairs, for both passes.
template <index_t N, index_t C, bool Dot, class T>
struct pair_scores {
  using sums = by_head<N, T>;
  using head = heads<N, C, T>;
  static constexpr index_t size = padded<N>;

  geometry<T> const& g;
  rows<T const> q, k;
  T scale;

  S2RM_HD static sums lowest() { return sums::all(std::numeric_limits<T>::lowest()); }

  /// s = l + log Z for sources of target (r, i). Returns the largest, or `top` where that is larger.
  S2RM_HD sums score(index_t r, index_t i, neighbour_list const& neighbours, sums top, T* s) const {
    T const* const log_z = g.row(r, i).log_weight;
    if constexpr (Dot) {
      auto const query = head::row::load(q.at(r, i), scale);
      for (index_t e = 0; e < neighbours.count; ++e) {
        sums const x = head::dot(query, k.at(r, neighbours[e])) + sums::all(log_z[neighbours[e] * g.source_step]);
        x.store(s + e * size);
        top = larger(top, x);
      }
    } else {
      for (index_t e = 0; e < neighbours.count; ++e) {
        sums const x = sums::all(log_z[neighbours[e] * g.source_step]);
        x.store(s + e * size);
        top = larger(top, x);
      }
    }
    return top;
  }

  /// s -= top.
  S2RM_HD static void lower(index_t count, sums const& top, T* s) {
    for (index_t e = 0; e < count; ++e) (sums::load(s + e * size) - top).store(s + e * size);
  }

  /// s = e^s for all pairs at once.
  S2RM_HD static void exponentials(index_t count, T* s) {
    using lane = math::wide<T>;
    for (index_t e = count; e * size % lane::width != 0; ++e) sums::all(T(0)).store(s + e * size);
    for (index_t at = 0; at < count * size; at += lane::width) lane::store(s + at, math::exp(lane::load(s + at)));
  }

  S2RM_HD static sums sum(index_t count, T const* s) {
    sums all = sums::all(T(0));
    for (index_t e = 0; e < count; ++e) all = all + sums::load(s + e * size);
    return all;
  }
  S2RM_HD static sums inverse(sums const& x) {
    return x.map([](auto one) { return T(1) / one; });
  }

  /// s *= factor.
  S2RM_HD static void multiply(index_t count, sums const& factor, T* s) {
    for (index_t e = 0; e < count; ++e) (sums::load(s + e * size) * factor).store(s + e * size);
  }
};

/// The targets of one group: y.
template <index_t N, index_t C, bool Dot, bool Again, class T>
struct attend_sparse {
  using scores = pair_scores<N, C, Dot, T>;
  using sums = typename scores::sums;
  using head = heads<N, C, T>;
  static constexpr index_t size = padded<N>;
  geometry<T> g;
  rows<T const> q, k, v;  ///< (count, items, N C)
  rows<T> y;              ///< (count, targets, N C)
  T* saved;               ///< weights by slot, or (count, targets, 2, size)
  T scale;

  S2RM_HD void operator()(index_t task, index_t) const {
    each_batch(
        sources_of(g), task, [this](item_batch const& b) { several(b); }, [this](index_t r, index_t i) { one(r, i); });
  }

 private:
  enum class pass { largest, sum, outputs };  ///< over the sources of a target

  S2RM_HD void several(item_batch const& b) const {
    scores const all{g, q, k, scale};
    pair_numbers<N, T> s;
    T top[std::size_t{group_size * size}], one_by_sum[std::size_t{group_size * size}];
    for (index_t t = 0; t < b.count; ++t) {
      all.score(b.row, b.first + t, b.list[t], scores::lowest(), s[b.start[t]]).store(top + t * size);
    }
    for (index_t t = 0; t < b.count; ++t) all.lower(b.list[t].count, sums::load(top + t * size), s[b.start[t]]);
    all.exponentials(b.pairs, s.of);
    for (index_t t = 0; t < b.count; ++t) {
      scores::inverse(scores::sum(b.list[t].count, s[b.start[t]])).store(one_by_sum + t * size);
    }
    for (index_t t = 0; t < b.count; ++t) {
      sums const factor = sums::load(one_by_sum + t * size);
      scores::multiply(b.list[t].count, factor, s[b.start[t]]);
      save(b.row, b.first + t, b.list[t], s[b.start[t]], sums::load(top + t * size), factor);
    }
    for (index_t t = 0; t < b.count; ++t) add_values(b.row, b.first + t, b.list[t], s[b.start[t]]);
  }

  /// A target of more sources than fit: scores are recomputed where they are needed.
  S2RM_HD void one(index_t r, index_t i) const {
    scores const all{g, q, k, scale};
    pair_numbers<N, T> s;
    sums top = scores::lowest(), sum = sums::all(T(0)), one_by_sum = sum;
    // One loop, so that what all passes begin with is compiled once.
    for (pass now : {pass::largest, pass::sum, pass::outputs}) {
      if (now == pass::outputs) one_by_sum = scores::inverse(sum);
      each_list(sources_of(g), r, i, [&](neighbour_list const& neighbours) {
        top = all.score(r, i, neighbours, top, s.of);
        if (now == pass::largest) return;
        all.lower(neighbours.count, top, s.of);
        all.exponentials(neighbours.count, s.of);
        if (now == pass::sum) {
          sum = sum + all.sum(neighbours.count, s.of);
          return;
        }
        all.multiply(neighbours.count, one_by_sum, s.of);
        save(r, i, neighbours, s.of, top, one_by_sum);
        add_values(r, i, neighbours, s.of);
      });
    }
  }

  S2RM_HD void add_values(index_t r, index_t i, neighbour_list const& neighbours, T const* w) const {
    head::add_up(
        neighbours.first > 0, neighbours.count, [](index_t e) { return e * size; }, 1,
        [&](index_t e) { return neighbours[e]; }, typename head::weighted_sum{w, v.at(r), v.group, y.at(r, i)});
  }
  S2RM_HD void save(index_t r, index_t i, neighbour_list const& neighbours, T const* w, sums const& top,
                    sums const& one_by_sum) const {
    if constexpr (Again) {
      T* const to = saved + (r * g.targets + i) * 2 * size;
      top.store(to);
      one_by_sum.store(to + size);
    } else {
      target_slots<T, size> const slot(g, r, i, saved);
      for (index_t e = 0; e < neighbours.count; ++e) sums::load(w + e * size).store(slot(neighbours, e));
    }
  }
};

/// Backward for the targets of one group: dl and dlog Z of their pairs, dq.
template <index_t N, index_t C, bool Dot, bool Again, class T>
struct attend_sparse_backward {
  using scores = pair_scores<N, C, Dot, T>;
  using sums = typename scores::sums;
  using head = heads<N, C, T>;
  using weight_type = std::conditional_t<Again, T, T const>;
  static constexpr index_t size = padded<N>;
  static constexpr index_t slot_size = sparse_slot<N, Again>;
  geometry<T> g;
  rows<T const> q, k, v, dy;
  T const* saved;       ///< what the forward pass wrote
  weight_type* weight;  ///< by slot: `saved`, or written here
  T* d;                 ///< dl / sqrt(C) by slot
  rows<T> dq;
  T* dlog;           ///< like log Z, added to
  index_t dlog_row;  ///< its row step
  T scale;

  S2RM_HD void operator()(index_t task, index_t) const {
    each_batch(
        sources_of(g), task, [this](item_batch const& b) { several(b); }, [this](index_t r, index_t i) { one(r, i); });
  }

 private:
  enum class pass { heaviest, mean, gradients };  ///< over the sources of a target

  S2RM_HD void several(item_batch const& b) const {
    pair_numbers<N, T> w, dw;
    T base[std::size_t{group_size * size}], middle[std::size_t{group_size * size}];
    for (index_t t = 0; t < b.count; ++t) value_gradients(b.row, b.first + t, b.list[t], dw[b.start[t]]);
    if constexpr (Again) {
      for (index_t t = 0; t < b.count; ++t) lowered_scores(b.row, b.first + t, b.list[t], w[b.start[t]]);
      scores::exponentials(b.pairs, w.of);
    }
    for (index_t t = 0; t < b.count; ++t) {
      T* const wt = w[b.start[t]];
      weights(b.row, b.first + t, b.list[t], wt);
      heaviest_of(b.list[t].count, wt, dw[b.start[t]], none()).base.store(base + t * size);
    }
    for (index_t t = 0; t < b.count; ++t) {
      mean(b.list[t].count, w[b.start[t]], dw[b.start[t]], sums::load(base + t * size), sums::all(T(0)))
          .store(middle + t * size);
    }
    for (index_t t = 0; t < b.count; ++t) {
      score_gradients(b.row, b.first + t, b.list[t], sums::load(base + t * size), sums::load(middle + t * size),
                      w[b.start[t]], dw[b.start[t]]);
    }
    for (index_t t = 0; t < b.count; ++t) add_keys(b.row, b.first + t, b.list[t], dw[b.start[t]]);
  }

  /// See attend_sparse::one.
  S2RM_HD void one(index_t r, index_t i) const {
    pair_numbers<N, T> w, dw;
    choice top = none();
    sums middle = sums::all(T(0));
    for (pass now : {pass::heaviest, pass::mean, pass::gradients}) {
      each_list(sources_of(g), r, i, [&](neighbour_list const& neighbours) {
        value_gradients(r, i, neighbours, dw.of);
        if constexpr (Again) {
          lowered_scores(r, i, neighbours, w.of);
          scores::exponentials(neighbours.count, w.of);
        }
        weights(r, i, neighbours, w.of);
        if (now == pass::heaviest) {
          top = heaviest_of(neighbours.count, w.of, dw.of, top);
        } else if (now == pass::mean) {
          middle = mean(neighbours.count, w.of, dw.of, top.base, middle);
        } else {
          score_gradients(r, i, neighbours, top.base, middle, w.of, dw.of);
          add_keys(r, i, neighbours, dw.of);
        }
      });
    }
  }

  /// dw = dy . v.
  S2RM_HD void value_gradients(index_t r, index_t i, neighbour_list const& neighbours, T* dw) const {
    auto const dyi = head::row::load(dy.at(r, i));
    for (index_t e = 0; e < neighbours.count; ++e) head::dot(dyi, v.at(r, neighbours[e])).store(dw + e * size);
  }
  /// l + log Z - top, as before.
  S2RM_HD void lowered_scores(index_t r, index_t i, neighbour_list const& neighbours, T* s) const {
    scores const all{g, q, k, scale};
    all.score(r, i, neighbours, scores::lowest(), s);
    all.lower(neighbours.count, sums::load(saved + (r * g.targets + i) * 2 * size), s);
  }
  /// The weights, recomputed from e^(s - top) or as saved.
  S2RM_HD void weights(index_t r, index_t i, neighbour_list const& neighbours, T* w) const {
    target_slots<weight_type, slot_size> const slot(g, r, i, weight);
    if constexpr (Again) {
      scores::multiply(neighbours.count, sums::load(saved + (r * g.targets + i) * 2 * size + size), w);
      for (index_t e = 0; e < neighbours.count; ++e) sums::load(w + e * size).store(slot(neighbours, e));
    } else {
      for (index_t e = 0; e < neighbours.count; ++e) sums::load(slot(neighbours, e)).store(w + e * size);
    }
  }

  /// The dw of the source of largest weight: it is subtracted from all dw before dw - sum w dw is taken, so that no
  /// digits are lost where it has nearly all the weight.
  struct choice {
    sums weight, base;
  };
  S2RM_HD static choice none() { return {sums::all(T(-1)), sums::all(T(0))}; }
  S2RM_HD static choice heaviest_of(index_t count, T const* w, T const* dw, choice best) {
    for (index_t e = 0; e < count; ++e) {
      sums const we = sums::load(w + e * size);
      best.base = best.base.map([](auto so_far, auto its, auto a, auto b) { return a > b ? its : so_far; },
                                sums::load(dw + e * size), we, best.weight);
      best.weight = larger(best.weight, we);
    }
    return best;
  }
  S2RM_HD static sums mean(index_t count, T const* w, T const* dw, sums const& base, sums sum) {
    for (index_t e = 0; e < count; ++e) sum = sum + sums::load(w + e * size) * (sums::load(dw + e * size) - base);
    return sum;
  }
  /// dl = w (dw - sum w dw); dlog Z += dl. Left in place and by slot is dl / sqrt(C), what queries and keys need.
  S2RM_HD void score_gradients(index_t r, index_t i, neighbour_list const& neighbours, sums const& base,
                               sums const& middle, T const* w, T* dw) const {
    target_slots<T, slot_size> const slot(g, r, i, d);
    T* const to = dlog + r * dlog_row + i * g.target_step;
    sums const factor = sums::all(scale);
    for (index_t e = 0; e < neighbours.count; ++e) {
      sums const dl = sums::load(w + e * size) * (sums::load(dw + e * size) - base - middle);
      sums const scaled = dl * factor;
      scaled.store(dw + e * size);
      scaled.store(slot(neighbours, e));
      to[neighbours[e] * g.source_step] += dl.sum();
    }
  }
  S2RM_HD void add_keys(index_t r, index_t i, neighbour_list const& neighbours, T const* dl) const {
    if constexpr (Dot) {
      head::add_up(
          neighbours.first > 0, neighbours.count, [](index_t e) { return e * size; }, 1,
          [&](index_t e) { return neighbours[e]; }, typename head::weighted_sum{dl, k.at(r), k.group, dq.at(r, i)});
    }
  }
};

}  // namespace attention
S2RM_NAMESPACE_END
