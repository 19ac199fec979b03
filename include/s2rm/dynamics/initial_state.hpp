#pragma once
/// \file
/// The state before a step: the initial state h_0, or the state after the step before.
///
/// A cell's `initial` names its fields, (M, width) each. In the parameters they lie one field after the other; in a
/// step's state (M, state) the fields of one module are adjacent, an LSTM's h and its memory for example.

#include <algorithm>
#include <cstdint>

#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

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

/// dL/dstate that a step passes on to the step before: 0 where the state was reset.
template <class T, index_t Width>
struct stop_at_initial_state {
  using scalar = T;
  std::uint8_t const* start;
  T* d;
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    if (start[b] != 0) L::store(d + b * Width + j, L::all(T(0)));
  }
};

namespace detail {

/// Calls f<Width>(where a field begins in the parameters, its first column in the state) for every field.
template <index_t M, class F, class... Fields>
void each_initial_state_field(schema<Fields...> const* /*initial*/, F const& f) {
  index_t at = 0, column = 0;
  ((f.template operator()<Fields::size / M>(at, column), at += Fields::size, column += Fields::size / M), ...);
}

template <class Cell>
inline constexpr typename Cell::initial const* initial_state_fields = nullptr;

}  // namespace detail

/// The initial state as a state (M, state): the learned one, from its parameters, or the cell's own. `Alike` modules
/// share one where that is more than 1.
template <bool Learned, class Cell, index_t M, index_t Alike, class B, class T>
void derive_initial_state(B& be, [[maybe_unused]] T const* values, T* start) {
  constexpr index_t own = M / Alike;  // initial states
  if constexpr (Learned) {
    detail::each_initial_state_field<own>(
        detail::initial_state_fields<Cell>, [&]<index_t Width>(index_t at, index_t column) {
          be.template for_rows<Width>(
              M, ops::copy_rows<T>{{values + at, Alike > 1 ? 0 : Width, 0}, {start + column, Cell::state, 0}});
        });
  } else {
    T fields[static_cast<std::size_t>(own * Cell::state)], state[static_cast<std::size_t>(M * Cell::state)];
    Cell::initialise_state(fields);
    detail::each_initial_state_field<own>(
        detail::initial_state_fields<Cell>, [&]<index_t Width>(index_t at, index_t column) {
          for (index_t m = 0; m < M; ++m) {
            std::copy_n(fields + at + m / Alike * Width, Width, state + m * Cell::state + column);
          }
        });
    be.copy_in(M * Cell::state, state, start);
  }
}

/// Adds the gradient of the elements that are reset, d (B, M, state), to that of the learned initial state.
template <class Cell, index_t M, index_t Alike, class B, class T>
void initial_state_gradient(B& be, index_t batch, std::uint8_t const* starts, T const* d, T* dvalues) {
  constexpr index_t own = M / Alike;
  detail::each_initial_state_field<own>(
      detail::initial_state_fields<Cell>, [&]<index_t Width>(index_t at, index_t column) {
        rows<T const> const fields{d + column, own * Cell::state, Cell::state};
        be.template for_rows<Width>(
            own, ops::sum_flagged_rows<T, Width, Alike>{fields, starts, batch * Alike, dvalues + at});
      });
}

}  // namespace dynamics
S2RM_NAMESPACE_END
