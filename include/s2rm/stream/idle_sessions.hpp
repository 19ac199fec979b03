#pragma once
/// \file
/// Sessions that start anew, and sessions that take no part in a step of `streams`.
///
/// The model computes all B sessions of a step. One that takes no part is idle: it is blind in the batch, its state is
/// saved before the step and put back after it.

#include <cstdint>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

namespace detail {

/// Flags of idle sessions, from those of active ones.
struct idle_sessions {
  std::uint8_t const* active;  ///< (B)
  std::uint8_t* idle;          ///< (B)
  S2RM_HD void operator()(index_t b) const { idle[b] = active[b] == 0 ? 1 : 0; }
};

/// Which sessions start from h_0 at this step. A session that is to start anew while it is idle does so when it next
/// takes part.
struct starting_sessions {
  std::uint8_t const* idle;   ///< (B), null: every session takes part
  std::uint8_t const* reset;  ///< (B), null: none
  std::uint8_t* pending;      ///< (B): is to start anew; before the step, and left by it
  std::uint8_t* start;        ///< (B): starts from h_0 at this step
  S2RM_HD void operator()(index_t b) const {
    bool const stays = idle != nullptr && idle[b] != 0;
    bool const anew = pending[b] != 0 || (reset != nullptr && reset[b] != 0);
    start[b] = anew ? 1 : 0;
    pending[b] = stays && anew ? 1 : 0;
  }
};

/// Before a step: saves the states of idle sessions.
template <class T, index_t Width>
struct save_idle {
  using scalar = T;
  std::uint8_t const* idle;  ///< (B)
  T const* state;            ///< (B, M, state)
  T* saved;                  ///< (B, M, state)
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    if (idle[b] != 0) L::store(saved + b * Width + j, L::load(state + b * Width + j));
  }
};
/// After it: puts them back. A session that is to start anew has zeros until it does.
template <class T, index_t Width>
struct restore_idle {
  using scalar = T;
  std::uint8_t const* idle;   ///< (B)
  std::uint8_t const* start;  ///< (B), null: none
  T const* saved;             ///< (B, M, state)
  T* state;                   ///< (B, M, state)
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    if (idle[b] == 0) return;
    bool const anew = start != nullptr && start[b] != 0;
    L::store(state + b * Width + j, anew ? L::all(T(0)) : L::load(saved + b * Width + j));
  }
};

}  // namespace detail

S2RM_NAMESPACE_END
