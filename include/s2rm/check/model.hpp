#pragma once
/// \file
/// The compile-time check of a model: the policies and shape of `world_model` must fit, stage by stage, before any of
/// it is built. The first fault is a type of s2rm::errors that names the rule and carries the types and sizes at fault;
/// `world_model` instantiates it, and nothing else, so a mistake is one message.
///
/// Stages: sizes of the shape -> policies as such -> each policy's own contract -> how they chain. A stage that fails
/// ends the check: what comes later may rely on what came before. Only policies that were given are looked at.

#include <concepts>
#include <type_traits>

#include "s2rm/check/contract.hpp"
#include "s2rm/check/shape.hpp"
#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/decoder/mlp.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/encoder/mlp.hpp"
#include "s2rm/layer/harmonics.hpp"
#include "s2rm/layer/likelihood.hpp"

S2RM_NAMESPACE_BEGIN
namespace check {

// ---- policies as such
// ------------------------------------------------------------------------------------------------

/// A slot whose policies are names for what the library itself does.
template <class Policy, class Kind, class... Choices>
inline constexpr bool chosen_elsewhere = detail::has_kind<Policy, Kind> && !(std::is_same_v<Policy, Choices> || ...);

template <class P>
inline constexpr bool keeps_time = std::is_same_v<P, time::uniform>;
template <class Unit, time::features Features>
inline constexpr bool keeps_time<time::elapsed<Unit, Features>> = true;

template <class P>
inline constexpr bool tells_lead = std::is_same_v<P, lead::none>;
template <class Unit>
inline constexpr bool tells_lead<lead::learned<Unit>> = true;

template <class P>
inline constexpr bool not_a_choice =
    (detail::has_kind<P, kind::time> && !keeps_time<P>) || (detail::has_kind<P, kind::lead> && !tells_lead<P>) ||
    chosen_elsewhere<P, kind::interaction, interaction::before_update, interaction::after_update, interaction::none> ||
    chosen_elsewhere<P, kind::carry, carry::bounded, carry::residual> ||
    chosen_elsewhere<P, kind::state_norm, state_norm::rms, state_norm::none> ||
    chosen_elsewhere<P, kind::initial_state, initial_state::learned, initial_state::fixed> ||
    chosen_elsewhere<P, kind::weights, weights::per_module, weights::shared> ||
    chosen_elsewhere<P, kind::readout, readout::kernel_dot, readout::kernel_mean>;

/// A policy that divides times by a unit.
template <class P> concept improper_unit = requires { requires P::unit::num <= 0; };

/// The encoder's perceptron: checked before it is built.
template <class Policy>
inline constexpr int perceptron_widths = 1;
template <index_t... Widths>
inline constexpr int perceptron_widths<encoder::mlp<Widths...>> =
    sizeof...(Widths) == 0 ? 0 : (((Widths >= 1) && ...) ? 1 : -1);
template <index_t... Hidden>
inline constexpr int perceptron_widths<decoder::mlp<Hidden...>> = ((Hidden >= 1) && ...) ? 1 : -1;

template <class... Empty>
  requires(sizeof...(Empty) == 0)
consteval auto policy_fault() {
  return sound{};
}

template <class First, class... Rest>
consteval auto policy_fault() {
  namespace e = errors;
  if constexpr (!requires { typename First::kind; }) {
    return fault<e::not_a_policy<First>>{};
  } else if constexpr (!detail::fills_a_slot<First>) {
    return fault<e::unknown_kind<First, typename First::kind>>{};
  } else if constexpr (!std::is_void_v<policy_for<typename First::kind, void, Rest...>>) {
    return fault<
        e::two_policies_for_one_slot<typename First::kind, First, policy_for<typename First::kind, void, Rest...>>>{};
  } else if constexpr (not_a_choice<First>) {
    return fault<e::not_one_of_the_choices<First, typename First::kind>>{};
  } else if constexpr (improper_unit<First>) {
    return fault<e::require_unit_of_time<First, typename First::unit>>{};
  } else if constexpr (perceptron_widths<First> == 0) {
    return fault<e::perceptron_without_width<First>>{};
  } else if constexpr (perceptron_widths<First> < 0) {
    return fault<e::perceptron_of_no_width<First>>{};
  } else {
    return policy_fault<Rest...>();
  }
}

/// What a dynamics of its own has no use for.
template <class /*Dynamics*/, class... Empty>
  requires(sizeof...(Empty) == 0)
consteval auto dynamics_fault() {
  return sound{};
}

template <class Dynamics, class First, class... Rest>
consteval auto dynamics_fault() {
  constexpr bool of_the_recurrence =
      detail::is_any_kind<First, kind::cell, kind::kernel, kind::normalisation, kind::interaction, kind::carry,
                          kind::state_norm, kind::readout, kind::initial_state, kind::weights, kind::time>;
  if constexpr (of_the_recurrence && !Dynamics::template fills<typename First::kind>) {
    return fault<errors::dynamics_without_slot<Dynamics, First>>{};
  } else {
    return dynamics_fault<Dynamics, Rest...>();
  }
}

// ---- each slot, and how they chain
// -----------------------------------------------------------------------------------

template <class Policy, class Shape> concept has_layer = requires { typename Policy::template on<Shape>; };

template <class Policy, class Shape>
consteval auto cell_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!has_layer<Policy, Shape>) {
    return fault<errors::policy_without_layer<Policy>>{};
  } else {
    return cell_fault<typename Policy::template on<Shape>, Shape>();
  }
}

template <class Policy, class Shape>
consteval auto kernel_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!has_layer<Policy, Shape>) {
    return fault<errors::policy_without_layer<Policy>>{};
  } else {
    return kernel_fault<typename Policy::template on<Shape>>();
  }
}

template <class Policy>
consteval auto normalisation_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!normalises<Policy, number>) {
    return fault<errors::normalisation_without_functions<Policy>>{};
  } else {
    return sound{};
  }
}

template <class Policy, class Shape>
consteval auto encoder_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!has_layer<Policy, Shape>) {
    return fault<errors::policy_without_layer<Policy>>{};
  } else {
    using layer = typename Policy::template on<Shape>;
    using view = typename Shape::view;
    if constexpr (failed<decltype(layer_fault<layer, encoder_errors>())>) {
      return layer_fault<layer, encoder_errors>();
    } else if constexpr (layer::in != view::size) {
      return fault<
          errors::encoder_does_not_read_the_view<layer, view, errors::reads<layer::in>, errors::wanted<view::size>>>{};
    } else {
      return sound{};
    }
  }
}

template <class Policy, class Shape>
consteval auto likelihood_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!has_layer<Policy, target_of<Shape>>) {
    return fault<errors::likelihood_without_layer<Policy>>{};
  } else {
    return likelihood_fault<typename Policy::template on<target_of<Shape>>, target_of<Shape>>();
  }
}

template <class Policy, class Likelihood, class Shape, class Lead>
consteval auto decoder_slot_fault() {
  constexpr index_t in = Shape::heads * Shape::head_width + Shape::sphere + Lead::features + Shape::context,
                    out = Likelihood::outputs;
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!requires { typename Policy::template on<Shape, in, out>; }) {
    return fault<errors::decoder_without_layer<Policy>>{};
  } else {
    using layer = typename Policy::template on<Shape, in, out>;
    if constexpr (failed<decltype(layer_fault<layer, decoder_errors>())>) {
      return layer_fault<layer, decoder_errors>();
    } else if constexpr (layer::in != in) {
      return fault<errors::decoder_does_not_read_the_readout<layer, errors::reads<layer::in>, errors::wanted<in>>>{};
    } else if constexpr (layer::out != out) {
      return fault<errors::decoder_does_not_feed_the_likelihood<layer, Likelihood, errors::writes<layer::out>,
                                                                errors::wanted<out>>>{};
    } else {
      return sound{};
    }
  }
}

/// The degree of spherical harmonics; of other place features 1, which is one.
template <class Policy>
inline constexpr index_t harmonic_degree = 1;
template <index_t L>
inline constexpr index_t harmonic_degree<places::harmonics<L>> = L;
template <class Policy>
inline constexpr bool on_the_globe = false;
template <index_t L>
inline constexpr bool on_the_globe<places::harmonics<L>> = true;

template <class Policy, class Shape>
consteval auto places_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!has_layer<Policy, Shape>) {
    return fault<errors::policy_without_layer<Policy>>{};
  } else if constexpr (on_the_globe<Policy> && Shape::place != 3) {
    return fault<errors::harmonics_off_the_globe<Policy, Shape, errors::size<Shape::place>>>{};
  } else if constexpr (harmonic_degree<Policy> < 1 || harmonic_degree<Policy> > 64) {
    return fault<errors::require_degree<Policy, harmonic_degree<Policy>>>{};
  } else {
    return place_features_fault<typename Policy::template on<Shape>>();
  }
}

template <class Policy>
inline constexpr bool context_residual = false;
template <index_t First>
inline constexpr bool context_residual<residual::context<First>> = true;

template <class Policy, class Likelihood, class Shape>
consteval auto residual_slot_fault() {
  if constexpr (std::is_void_v<Policy>) {
    return sound{};
  } else if constexpr (!guesses<Policy, Shape, number>) {
    return fault<errors::residual_without_guess<Policy>>{};
  } else if constexpr (Policy::active && !Likelihood::has_location) {
    return fault<errors::residual_without_location<Policy, Likelihood>>{};
  } else if constexpr (context_residual<Policy>) {
    constexpr index_t wanted = Policy::first + target_of<Shape>::size;
    if constexpr (Policy::first < 0 || wanted > Shape::context) {
      return fault<errors::residual_beyond_the_context<Policy, errors::size<wanted>, errors::size<Shape::context>>>{};
    } else {
      return sound{};
    }
  } else if constexpr (Policy::active && target_of<Shape>::size > Shape::view::size) {
    return fault<errors::residual_without_reading<Policy, typename Shape::view, target_of<Shape>>>{};
  } else {
    return sound{};
  }
}

/// The policies that need the likelihood, once it is known to be sound.
template <class Shape, class... Policies>
consteval auto outlet_fault() {
  using likelihood =
      typename policy_for<kind::likelihood, likelihood::bernoulli, Policies...>::template on<target_of<Shape>>;
  using decoder = policy_for<kind::decoder, void, Policies...>;
  using residual = policy_for<kind::residual, void, Policies...>;
  using lead = policy_for<kind::lead, lead::none, Policies...>;
  if constexpr (failed<decltype(decoder_slot_fault<decoder, likelihood, Shape, lead>())>) {
    return decoder_slot_fault<decoder, likelihood, Shape, lead>();
  } else {
    return residual_slot_fault<residual, likelihood, Shape>();
  }
}

/// The first fault of a model whose shape and policies as such are sound: those of `Shape` with the state of the
/// dynamics.
template <class Shape, class... Policies>
consteval auto slots_fault() {
  if constexpr (failed<decltype(shape_fault<Shape>())>) {
    return shape_fault<Shape>();
  } else {
    using cell = policy_for<kind::cell, void, Policies...>;
    using kernel = policy_for<kind::kernel, void, Policies...>;
    using normalisation = policy_for<kind::normalisation, void, Policies...>;
    using encoder = policy_for<kind::encoder, void, Policies...>;
    using places = policy_for<kind::places, void, Policies...>;
    using likelihood = policy_for<kind::likelihood, void, Policies...>;
    using of_cell = typename policy_for<kind::weights, weights::per_module, Policies...>::template shape_of<
        cell_shape<Shape, policy_for<kind::time, time::uniform, Policies...>>>;
    if constexpr (failed<decltype(cell_slot_fault<cell, of_cell>())>) {
      return cell_slot_fault<cell, of_cell>();
    } else if constexpr (failed<decltype(kernel_slot_fault<kernel, Shape>())>) {
      return kernel_slot_fault<kernel, Shape>();
    } else if constexpr (failed<decltype(normalisation_slot_fault<normalisation>())>) {
      return normalisation_slot_fault<normalisation>();
    } else if constexpr (failed<decltype(encoder_slot_fault<encoder, Shape>())>) {
      return encoder_slot_fault<encoder, Shape>();
    } else if constexpr (failed<decltype(places_slot_fault<places, Shape>())>) {
      return places_slot_fault<places, Shape>();
    } else if constexpr (failed<decltype(likelihood_slot_fault<likelihood, Shape>())>) {
      return likelihood_slot_fault<likelihood, Shape>();
    } else {
      return outlet_fault<Shape, Policies...>();
    }
  }
}

/// The first fault of a model, or `sound`.
template <class Shape, class... Policies>
consteval auto first_fault() {
  if constexpr (failed<decltype(shape_fault<Shape>())>) {
    return shape_fault<Shape>();
  } else if constexpr (failed<decltype(policy_fault<Policies...>())>) {
    return policy_fault<Policies...>();
  } else {
    using dynamics = policy_for<kind::dynamics, dynamics::structured, Policies...>;
    if constexpr (failed<decltype(dynamics_fault<dynamics, Policies...>())>) {
      return dynamics_fault<dynamics, Policies...>();
    } else if constexpr (!dynamics::template fits<Shape>) {
      return fault<errors::dynamics_does_not_fit<dynamics, Shape>>{};
    } else {
      return slots_fault<typename dynamics::template shape_of<Shape>, Policies...>();
    }
  }
}

/// Whether `world_model<Shape, Policies...>` can be built.
template <class Shape, class... Policies>
inline constexpr bool model = !failed<decltype(first_fault<Shape, Policies...>())>;

/// Stops the compilation with the text of the model's first fault.
template <class Shape, class... Policies>
struct refuse : decltype(first_fault<Shape, Policies...>())::report {};

/// What the rest of a program sees in place of a model that was refused, so that the fault stays the only message.
template <class /*Shape*/>
struct stand_in : shape {
  using view = features<1>;
};

}  // namespace check
S2RM_NAMESPACE_END
