#pragma once
/// \file
/// The fused recurrence of structured modules, for backends that have it: one call for all steps forward and one for
/// some steps backward. dynamics/s2rm.hpp says what is computed, and computes it step by step where a backend has no
/// such call.
///
///   be.recurrence<Sizes>(task, gates)             every step of the task
///   be.recurrence_backward<Sizes>(task, gates)    steps first ... first + count - 1 of it, last one first
///
/// Both return whether they ran. They cover interaction before the update, RMS-normalised states, attention in log
/// space with an exact cut, and the gated cell (cell/gated_cell.hpp). Its element-wise part comes as the functor
/// `gates`, for rows r M + m of all rows r = (t, b) and units j, with L a lane type (math/simd.hpp):
///
///   scalar, count                         the number type; G, gates: weights are (M, G H, NC) and (M, G H, H)
///   finish<L>(row, j, a, b)               forward: from G lanes each of W_ih u + b_ih and of W_hh h + b_hh
///                                         to the state
///   one_delta                             backward: whether da serves both weights
///   later(n)                              backward: the functor for saved activations from row n of the batch on
///   differentiate<L>(row, j, da, db, dc)  backward: to where the row's deltas of unit j lie (gates H numbers apart)
///                                         and the carried state's gradient, unless null

#include <cstdint>

#include "s2rm/core/span.hpp"
#include "s2rm/ops/attention.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// M modules of H, a state of `StateSize` numbers of which the first H are read, N heads of C.
template <index_t Modules, index_t Hidden, index_t StateSize, index_t Heads, index_t Width>
struct recurrence_sizes {
  static constexpr index_t M = Modules, H = Hidden, SW = StateSize, N = Heads, C = Width, NC = N * C;
};

/// The state of every step, R = time batch rows.
template <class T>
struct recurrence_states {
  std::uint8_t const* start;  ///< (R): the state is reset to `initial` before the step
  T const* initial;           ///< (M, state)
  T const* carried;           ///< (B, M, state) before the first step; read only where start is 0
  T *in, *out;                ///< (R, M, state): before and after the step
};

/// Activations that the forward pass saves for the backward pass.
template <class T>
struct recurrence_activations {
  T *read, *read_factor;  ///< (R, M, H), (R, M): the normalised state y, 1 / root mean square
  T* projected;           ///< (R, M, 4 NC): query of the views; query, key, value of the interaction
  T *u, *g, *hbar;        ///< (R, M, NC) x2, (R, M, H)
};

/// The targets and sources of one of the two attentions, and its softmax statistics.
template <class T>
struct recurrence_softmax {
  attention_pairs<T> pairs;
  T* statistics;  ///< saved for the backward pass, of a step (B, M, 2 N); null: none are saved
  index_t step;   ///< numbers from one step's statistics to the next
  [[nodiscard]] S2RM_HD T* of_step(index_t t) const { return statistics == nullptr ? nullptr : statistics + t * step; }
};
template <class T>
struct recurrence_attention {
  recurrence_softmax<T> views, modules;
  rows<T const> key, value;  ///< (R, A, NC): of the views
  T scale;                   ///< of scores
};

template <class T>
struct recurrence_weights {
  T const* view_query;                 ///< (M, NC, H)
  T const *query, *key, *value, *out;  ///< the interaction's: (M, NC, H) x3, (M, H, NC)
  T const *w_ih, *b_ih, *w_hh, *b_hh;  ///< the cell's
};

/// The forward recurrence.
template <class T>
struct recurrence_task {
  index_t time, batch;
  recurrence_states<T> states;
  recurrence_activations<T> saved;
  recurrence_attention<T> attention;
  recurrence_weights<T> weights;
};

/// dL/dstate, carried from step to step backward in time: (B, M, state) after and before a step.
template <class T>
struct recurrence_state_gradient {
  T *state, *previous;
};

/// Gradients that lie in a ring of K = delta_steps batch rows until a GEMM per weight is taken over them: those of step
/// t begin at row t % delta_steps * batch.
template <class T>
struct recurrence_deltas {
  T *a, *b;             ///< (K, M, G H): da, db of the cell; the same array where one serves both weights
  T *hbar, *projected;  ///< (K, M, H), (K, M, 4 NC)
  T *key, *value;       ///< (K, A, NC) x2
  T* view_log;          ///< (K, A, M): of log Z of the views
};

/// Numbers of one step, which the next one overwrites.
template <class T>
struct recurrence_scratch {
  T *u, *g, *y;                  ///< (B, M, NC) x2, (B, M, H): dL/du, dL/dg, dL/dy
  T *view_pairs, *module_pairs;  ///< (B, M, N, A, 2), (B, M, N, M, 2)
};

/// Gradients that all steps add to.
template <class T>
struct recurrence_sums {
  T* module_log;  ///< (B, M, M): of log Z of the modules
  T* initial;     ///< of the cell's `initial`; null where the initial state is fixed
};

/// Some steps of the backward recurrence.
template <class T>
struct recurrence_backward_task {
  recurrence_task<T> forward;  ///< with what its forward pass saved
  index_t first, count, delta_steps;
  bool carries_hbar;    ///< the cell carries hbar, not the state
  T const* dstate_out;  ///< (R, M, H): dL/dh of every state from the read-out
  recurrence_state_gradient<T> gradient;
  recurrence_deltas<T> deltas;
  recurrence_scratch<T> scratch;
  recurrence_sums<T> sums;
};

}  // namespace ops
S2RM_NAMESPACE_END
