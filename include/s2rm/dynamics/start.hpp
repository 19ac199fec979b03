#pragma once
/// \file
/// Where a step's state comes from: the initial state h_0, or the step before.

#include <cstdint>

#include "s2rm/core/config.hpp"

namespace s2rm::dynamics {

/// state_in of one step: the initial state where `start` is set, else the state carried in.
template <class T, index_t Width>
struct choose_state {
  using scalar = T;
  std::uint8_t const* start;  ///< (B)
  T const* initial;           ///< (M, state)
  T const* carried;           ///< (B, M, state); read only where start is 0
  T* state;
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    L::store(state + b * Width + j, L::load(start[b] != 0 ? initial + j : carried + b * Width + j));
  }
};

/// Gradient that leaves a step backwards in time: 0 where the state was put back.
template <class T, index_t Width>
struct stop_at_start {
  using scalar = T;
  std::uint8_t const* start;
  T* d;
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    if (start[b] != 0) L::store(d + b * Width + j, L::all(T(0)));
  }
};

}  // namespace s2rm::dynamics
