#pragma once
/// \file
/// The whole forward recurrence of structured modules as one piece of work, for backends that have it
/// (dynamics/s2rm.hpp says what is computed, and how where a backend has not):
///
///   be.recurrence<Sizes>(task, gates)    every step of the task; returns whether it did it
///
/// It covers interaction before the update, RMS-normalised states, attention in log space with an exact cut, and cells that
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
  rows<T const> key, value;        ///< (R, A, NC)
  T *view_kept, *module_kept;      ///< what attention leaves for the way back, of a step (B, M, 2 N), or null
  index_t view_step, module_step;  ///< numbers from one step to the next there
  T const* view_query;             ///< weights (M, NC, H)
  T const *query, *key_weight, *value_weight, *out;  ///< (M, NC, H) x3, (M, H, NC)
  T const *w_ih, *b_ih, *w_hh, *b_hh;                ///< the cell's
  T scale;                                           ///< of scores
};

}  // namespace s2rm::ops
