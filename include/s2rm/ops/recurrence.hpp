#pragma once
/// \file
/// The recurrence of structured modules as one piece of work each way, for backends that have it
/// (dynamics/s2rm.hpp says what is computed, and how where a backend has not):
///
///   be.recurrence<Sizes>(task, gates)             every step of the task
///   be.recurrence_backward<Sizes>(task, gates)    some steps of it, last one first
///
/// Both return whether they did it. They cover interaction before the update, RMS-normalised states, attention in log space with an exact cut, and cells that
/// are gates over two products (ops/gated.hpp), whose functor `gates` speaks of all rows (t, b).

#include "s2rm/ops/attention.hpp"
#include "s2rm/ops/gated.hpp"

namespace s2rm::ops {

/// M modules of H, a state of `State` numbers of which the first H are read, N heads of C.
template <index_t Modules, index_t Hidden, index_t StateSize, index_t Heads, index_t Width>
struct recurrence_sizes {
  static constexpr index_t M = Modules, H = Hidden, SW = StateSize, N = Heads, C = Width, NC = N * C;
};

/// Everything is (R, ...) with R = time batch rows but where said otherwise.
template <class T>
struct recurrence_task {
  index_t time, batch;
  std::uint8_t const* start;  ///< (R): the state is put back before the step
  T const* initial;           ///< (M, state)
  T const* carried;           ///< (B, M, state) before the first step; read only where start is 0
  T *state_in, *state_out;    ///< (R, M, state)
  T *read, *read_factor;      ///< (R, M, H), (R, M): the normalised state, 1 / root mean square
  T* projected;               ///< (R, M, 4 NC): query of the views; query, key, value of the interaction
  T *u, *g, *hbar;            ///< (R, M, NC) x2, (R, M, H)
  attention_pairs<T> views, modules;
  rows<T const> key, value;                ///< (R, A, NC)
  T *view_statistics, *module_statistics;  ///< what attention leaves for the way back, of a step (B, M, 2 N), or null
  index_t view_step, module_step;          ///< numbers from one step to the next there
  T const* view_query;                     ///< weights (M, NC, H)
  T const *query, *key_weight, *value_weight, *out;  ///< (M, NC, H) x3, (M, H, NC)
  T const *w_ih, *b_ih, *w_hh, *b_hh;                ///< the cell's
  T scale;                                           ///< of scores
};

/// Steps first .. first + count - 1 backwards, over what the forward pass left. K: rows whose deltas wait, of which step t
/// has those from t % (kept / batch) batch on. What a step leaves in (B, ...) is the next one's to overwrite, but `state`.
template <class T>
struct recurrence_backward_task {
  index_t first, count, batch, delta_steps;
  std::uint8_t const* start;  ///< (R)
  T const* dstate_out;        ///< (R, M, H): what the read-out wants of every state
  T const *read, *read_factor, *projected;
  attention_pairs<T> views, modules;
  rows<T const> key, value;
  T const *view_statistics, *module_statistics;
  index_t view_step, module_step;
  T const *view_query, *query, *key_weight, *value_weight, *out, *w_ih, *w_hh;
  T scale;
  bool carries_hbar;             ///< the cell's carried part is hbar
  T *state, *previous;           ///< (B, M, state): gradient that travels back in time
  T *da, *db;                    ///< (K, M, G H): the cell's deltas; the same where one serves both weights
  T *talk, *d;                   ///< (K, M, H), (K, M, 4 NC): of hbar and of the projections
  T *du, *dg, *dy;               ///< (B, M, NC) x2, (B, M, H)
  T *dkey, *dvalue, *view_log;   ///< (K, A, NC) x2, (K, A, M)
  T* module_log;                 ///< (B, M, M), added to
  T *view_pairs, *module_pairs;  ///< scratch, (B, M, N, A, 2), (B, M, N, M, 2)
  T* dinitial;                   ///< of the cell's `initial`, added to; null where the start is fixed
};

}  // namespace s2rm::ops
