#pragma once
/// \file
/// Memory of the recurrence: its inputs, the activations that it saves for the backward pass (`activations`), and the backward
/// pass's own memory (`workspace`). Sizes come from the dynamics D.

#include <algorithm>

#include "s2rm/attention/neighbours.hpp"
#include "s2rm/core/arena.hpp"
#include "s2rm/core/span.hpp"
#include "s2rm/dynamics/relaxation.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Inputs besides the parameters, provided by the caller: (R, ...) with R = T B.
template <class T>
struct inputs {
  index_t time, batch, views;
  rows<T const> source;      ///< (R A): [e; s]
  T const* view_log_weight;  ///< (R, A, M)
  std::uint8_t const* view_reach;
  T const* module_log_weight;  ///< (M, M)
  std::uint8_t const* module_reach;
  kernel::neighbours module_neighbours;  ///< of module_reach
  std::uint8_t const* start;             ///< (T, B): the state is reset before the step
  T const* carried;                      ///< (B, M, state) before the first step; read only where start is 0
  index_t delta_rows;                    ///< rows per chunk: a weight's gradient is one GEMM over the deltas of a chunk
  T const* elapsed;                      ///< (T, B) time since the step before; null: 1

  /// Steps per chunk.
  [[nodiscard]] index_t delta_steps() const { return ops::chunk_rows::steps(delta_rows, time, batch); }
};

/// Saved activations of a sequence, R = T B rows. A cell that modules share gets `alike` rows for one.
template <class D, class T>
struct activations {
  static constexpr index_t M = D::M, H = D::H, NC = D::NC, CW = D::CW, PW = D::PW, SW = D::SW;
  using attend = typename D::attend;
  using interaction_attend = typename D::interaction_attend;

  T *key, *value;                  ///< (R, A, NC)
  T *state_in, *state_out;         ///< (R, M, state)
  T *read, *read_factor;           ///< (R, M, H), (R, M): normalised state
  T *mid, *mid_read, *mid_factor;  ///< `after_update`: the cells' result, normalised
  T* projected;                    ///< (R, M, PW)
  T *view_attention, *interaction_attention;
  T *u, *g, *hbar;  ///< (R, M, NC, and features of time), (R, M, NC), (R, M, H)
  T *cell, *start;  ///< activations saved by the cell; the initial state (M, state)
  T* scratch;       ///< of one step
  relaxation_activations<T> relaxation;

  static constexpr activations lay_out(arena& a, index_t time, index_t batch, index_t views, index_t /*delta_rows*/) {
    index_t const R = time * batch;
    activations t{};
    t.key = a.take<T>(R * views * NC);
    t.value = a.take<T>(R * views * NC);
    t.state_in = a.take<T>(R * M * SW);
    t.state_out = a.take<T>(R * M * SW);
    t.read = a.take<T>(D::normed ? R * M * H : 0);
    t.read_factor = a.take<T>(D::normed ? R * M : 0);
    t.mid = a.take<T>(D::after ? R * M * SW : 0);
    t.mid_read = a.take<T>(D::after && D::normed ? R * M * H : 0);
    t.mid_factor = a.take<T>(D::after && D::normed ? R * M : 0);
    t.projected = a.take<T>(R * M * PW);
    t.view_attention = a.take<T>(R * M * attend::saved(views));
    t.interaction_attention = a.take<T>(D::interacts ? R * M * interaction_attend::saved(M) : 0);
    t.u = a.take<T>(R * M * CW);
    t.g = a.take<T>(D::interacts ? R * M * NC : 0);
    t.hbar = a.take<T>(D::before ? R * M * H : 0);
    t.cell = a.take<T>(R * D::alike * D::cell::saved::size);
    t.start = a.take<T>(M * SW);
    t.scratch = a.take<T>(batch * D::alike * D::cell::scratch);
    if (D::relaxes) t.relaxation = relaxation_activations<T>::lay_out(a, M * SW);
    return t;
  }
};

/// Everything the backward pass needs besides the activations. K: rows of a chunk.
template <class D, class T>
struct workspace {
  static constexpr index_t M = D::M, H = D::H, NC = D::NC, CW = D::CW, PW = D::PW, SW = D::SW;

  T *state, *previous;            ///< (B, M, state): dL/dstate, carried backward in time
  T *projected, *u, *g, *y;       ///< (K, M, PW), (B, M, NC, and of time), (B, M, NC), (B, M, H)
  T *interaction_d, *cell_h;      ///< (K, M, H): d(h + W_o g); (B, M, H)
  T *key, *value;                 ///< (K, A, NC)
  T *view_log, *module_log_rows;  ///< (K, A, M), (B, M, M)
  T *delta, *scratch;             ///< of K rows; of one step or of K rows
  relaxation_workspace<T> relaxation;

  static constexpr workspace lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
    index_t const interaction = D::interacts ? D::interaction_attend::scratch(M) : 0;
    index_t const attention = batch * M * (std::max)(D::attend::scratch(views), interaction);
    index_t const K = ops::chunk_rows::max_rows(delta_rows, time, batch);
    // All pairs of a step, for a fused recurrence (ops/recurrence.hpp).
    index_t const pairs = D::interacts && D::attend::sparse_only ? batch * M * D::N * (views + M) * 2 : 0;
    index_t const gradient = K * D::alike * D::cell::gradient_scratch;
    index_t const cell = batch * D::alike * D::cell::scratch;
    workspace w{};
    w.state = a.take<T>(batch * M * SW);
    w.previous = a.take<T>(batch * M * SW);
    w.projected = a.take<T>(K * M * PW);
    w.u = a.take<T>(batch * M * CW);
    w.g = a.take<T>(batch * M * NC);
    w.y = a.take<T>(batch * M * H);
    w.interaction_d = a.take<T>(K * M * H);
    w.cell_h = a.take<T>(batch * M * H);
    w.key = a.take<T>(K * views * NC);
    w.value = a.take<T>(K * views * NC);
    w.view_log = a.take<T>(K * views * M);
    w.module_log_rows = a.take<T>(D::interacts ? batch * M * M : 0);
    w.delta = a.take<T>(K * D::alike * D::cell::delta::size);
    w.scratch = a.take<T>((std::max)({attention, pairs, gradient, cell}));
    if (D::relaxes) w.relaxation = relaxation_workspace<T>::lay_out(a, batch, M * SW);
    return w;
  }
};

}  // namespace dynamics
S2RM_NAMESPACE_END
