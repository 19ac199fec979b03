#pragma once
/// \file
/// The slot of the dynamics: what turns (state, views) into the next state. `dynamics::structured`, the default, is
/// S2RM; the others are models to compare it with (docs/dynamics.md). A policy has
///
///   using cell, kernel, readout     the defaults of these slots
///   spatial                         whether modules have places on the sphere (`modules.embedding`)
///   alike                           whether all modules share the weights of the read-out
///   fills<Kind>                     whether a model may name a policy for a slot of the recurrence
///   fits<Shape>                     whether its sizes are compatible with the shape's
///   shape_of<Shape>                 the shape with the M and H of the state
///   on<Shape, Encoded, Choices>     the layer: views of Encoded numbers, policies of the recurrence

#include "s2rm/attention/constant_one_kernel.hpp"
#include "s2rm/attention/truncated_gaussian_kernel.hpp"
#include "s2rm/cell/gru.hpp"
#include "s2rm/dynamics/s2rm.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// The policies of the recurrence, as a model chose them.
template <class Cell, class Normalisation, bool StraightThrough, class Interaction, class Carry, class StateNorm,
          class InitialState, class Time = s2rm::time::uniform>
struct choices {
  using cell = Cell;
  using normalisation = Normalisation;
  static constexpr bool straight_through = StraightThrough;
  using interaction = Interaction;
  using carry = Carry;
  using state_norm = StateNorm;
  using initial_state = InitialState;
  using time = Time;
};

/// Spatially structured recurrent modules.
struct structured {
  using kind = s2rm::kind::dynamics;
  using cell = s2rm::cell::gru;
  using kernel = s2rm::kernel::truncated_gaussian<>;
  using readout = s2rm::readout::kernel_dot;
  static constexpr char const* name = "S2RM";
  static constexpr bool spatial = true, alike = false;
  template <class Kind>
  static constexpr bool fills = true;
  template <class Shape>
  static constexpr bool fits = true;
  template <class Shape>
  using shape_of = Shape;
  template <class Shape, index_t Encoded, class C>
  using on = s2rm_layer<Shape, Encoded, typename C::cell, typename C::normalisation, C::straight_through,
                        typename C::interaction, typename C::carry, typename C::state_norm, typename C::initial_state,
                        typename C::time>;
};

/// A model without a sphere: no kernel, no choice of cell, carry, interaction or normalisation.
struct without_space {
  using kind = s2rm::kind::dynamics;
  using kernel = s2rm::kernel::everywhere;
  static constexpr bool spatial = false, alike = false;
  template <class Shape>
  static constexpr bool fits = true;
  template <class Kind>
  static constexpr bool fills =
      std::is_same_v<Kind, s2rm::kind::state_norm> || std::is_same_v<Kind, s2rm::kind::initial_state> ||
      std::is_same_v<Kind, s2rm::kind::readout>;
};

}  // namespace dynamics
S2RM_NAMESPACE_END
