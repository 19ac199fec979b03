#pragma once
/// \file
/// The states that queries read where the state relaxes until a query's own time (`lead::learned` with `time::elapsed`,
/// model §2.12): for query i of a row with state h and lead l_i, with the rates of dynamics/relaxation.hpp,
///
///   f_i = e^(-lambda l_i),   h_i = f_i h + (1 - f_i) h_0        of the H numbers that queries read of each module
///
/// Each of them is normalised, projected and attended to as the one state of a row is without leads: so many at a time that
/// their memory does not grow with the number of queries. Where all queries of each row ask for one time, as those of a map do,
/// and where no leads are given (all are 1), a row has one state; it gives the same bits on a CPU.
///
/// Backward, from d_i = dL/dh_i:
///   dh += sum over the row's queries of f_i d_i,   dh_0 += sum over all of (1 - f_i) d_i,
///   dlambda += sum over all of -l_i f_i (h - h_0) d_i

#include <algorithm>

#include "s2rm/core/arena.hpp"
#include "s2rm/dynamics/relaxation.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN

/// Whether a query computes the keys and values of the states, or those of the query before are there still: of the same
/// states, read for the same lead, without a backward pass between.
enum class state_keys { computed, reused };

/// States of a chunk's read-out that are computed at a time, and their queries: `count` states from state `first` on, each
/// with `queries` queries; `per_row` states belong to one row of the sequence.
struct read_block {
  index_t first, count, queries, per_row;
  [[nodiscard]] index_t first_query() const { return first * queries; }
  [[nodiscard]] index_t query_count() const { return count * queries; }
};

/// How many states of n queries are computed at a time.
constexpr index_t lead_states_at_once(ops::chunk_rows const& chunks, index_t n) {
  return (std::min)((std::max<index_t>)(chunks.read_out, 1), n);
}

/// Calls f(block) for the blocks of a chunk of `rows_of` rows with `queries` queries each; returns how many there are.
/// `apart`: every query has a state of its own; else every row.
template <class F>
index_t each_read_block(bool apart, ops::chunk_rows const& chunks, index_t rows_of, index_t queries, F const& f) {
  if (!apart) {
    f(read_block{0, rows_of, queries, 1});
    return 1;
  }
  index_t const n = rows_of * queries, most = lead_states_at_once(chunks, n);
  index_t blocks = 0;
  for (index_t at = 0; at < n; at += most, ++blocks) f(read_block{at, (std::min)(most, n - at), 1, queries});
  return blocks;
}

/// Whether all queries of each row ask for one time.
template <class T>
bool one_lead_a_row(index_t rows_of, index_t queries, T const* lead) {
  for (index_t i = 0; i < rows_of * queries; ++i) {
    if (!math::equal(layer::proper_time(lead[i]), layer::proper_time(lead[i / queries * queries]))) return false;
  }
  return true;
}

/// What the states of a block are made of. Item k M + m is module m of state k.
template <index_t M, class T>
struct lead_sources {
  read_block block;
  T const* lead;     ///< of all queries of the chunk, null: 1
  rows<T const> h;   ///< (rows, M, H)
  T const* initial;  ///< (M, H), modules `step` apart
  T const* rate;     ///< (M, H), likewise
  index_t step;

  [[nodiscard]] S2RM_HD T time(index_t item) const {
    return lead == nullptr ? T(1) : layer::proper_time(lead[(block.first + item / M) * block.queries]);
  }
  template <class L>
  [[nodiscard]] S2RM_HD auto state(index_t item, index_t j) const {
    return L::load(h.at((block.first + item / M) / block.per_row, item % M) + j);
  }
  template <class L>
  [[nodiscard]] S2RM_HD auto start(index_t item, index_t j) const {
    return L::load(initial + item % M * step + j);
  }
  template <class L>
  [[nodiscard]] S2RM_HD dynamics::relaxing<L> relaxing(index_t item, index_t j) const {
    return {L::load(rate + item % M * step + j), time(item)};
  }
};

/// h_i of a block.
template <index_t M, index_t H, class T>
struct lead_states {
  using scalar = T;
  lead_sources<M, T> from;
  T* to;  ///< (count, M, H)
  template <class L>
  S2RM_HD void lanes(index_t item, index_t j) const {
    auto const by = from.template relaxing<L>(item, j);
    L::store(to + item * H + j, by.state(from.template state<L>(item, j), from.template start<L>(item, j)));
  }
};

/// d_i (count, M, H) becomes f_i d_i; the terms of dL/dh_0 and dL/dlambda go where they are summed from.
template <index_t M, index_t H, class T>
struct lead_states_backward {
  using scalar = T;
  lead_sources<M, T> from;
  T *d, *of_initial, *of_rate;  ///< (count, M, H)
  template <class L>
  S2RM_HD void lanes(index_t item, index_t j) const {
    index_t const at = item * H + j;
    auto const by = from.template relaxing<L>(item, j);
    auto const given = L::load(d + at), passed = by.factor * given;
    auto const away = from.template start<L>(item, j) - from.template state<L>(item, j);
    L::store(of_initial + at, by.lost() * given);
    L::store(of_rate + at, away * L::all(from.time(item)) * passed);
    L::store(d + at, passed);
  }
};

/// dL/dh of a row += the sum of its queries' d_i in this block. Row index: (row of the block) M + m.
template <index_t M, index_t H, class T>
struct sum_lead_states {
  using scalar = T;
  read_block block;
  T const* d;  ///< (count, M, H)
  T* to;       ///< (rows, M, H)
  [[nodiscard]] S2RM_HD index_t first_row() const { return block.first / block.per_row; }
  [[nodiscard]] index_t row_count() const { return (block.first + block.count - 1) / block.per_row + 1 - first_row(); }
  template <class L>
  S2RM_HD void lanes(index_t item, index_t j) const {
    index_t const row = first_row() + item / M, m = item % M;
    index_t const begin = row * block.per_row - block.first, end = begin + block.per_row;
    T* const at = to + (row * M + m) * H + j;
    auto sum = L::load(at);
    for (index_t k = begin > 0 ? begin : 0; k < end && k < block.count; ++k) sum += L::load(d + (k * M + m) * H + j);
    L::store(at, sum);
  }
};

/// Memory of the backward pass: of L states, and the sums of a chunk.
template <class T>
struct lead_state_workspace {
  T *state, *of_initial, *of_rate;  ///< (L, M, H)
  T *initial, *rate;                ///< (M, H)
  static constexpr lead_state_workspace lay_out(arena& a, index_t states, index_t width) {
    return {a.take<T>(states * width), a.take<T>(states * width), a.take<T>(states * width), a.take<T>(width),
            a.take<T>(width)};
  }
};

S2RM_NAMESPACE_END
