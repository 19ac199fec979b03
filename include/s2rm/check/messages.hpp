#pragma once
/// \file
/// Texts of the compile-time errors of sizes (S2xx) and of how policies fit together (S1xx). docs/errors.md explains
/// every code.
///
/// A compile-time error is a template of `s2rm::errors` whose instantiation fails: its arguments are the types and
/// sizes at fault, so the compiler prints them. check/model.hpp decides which of them a model gets;
/// check/layer_messages.hpp has the texts of a layer's contract (S0xx), check/backend.hpp those of a backend (S3xx).

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace errors {

template <class...>
inline constexpr bool never = false;

/// Sizes as they appear in a compiler's message.
template <index_t>
struct size;
template <index_t>
struct reads;
template <index_t>
struct writes;
template <index_t>
struct wanted;

// ---- S1xx: how policies fit together -------------------------------------------------------------------------------

template <class Encoder, class View, class Reads, class Wanted>
struct encoder_does_not_read_the_view {
  static_assert(never<Encoder>,
                "s2rm[S101]: layers do not chain: the encoder must read as many numbers as the view has. "
                "See docs/errors.md#S101");
};
template <class Decoder, class Likelihood, class Writes, class Wanted>
struct decoder_does_not_feed_the_likelihood {
  static_assert(never<Decoder>,
                "s2rm[S102]: layers do not chain: the decoder must write as many numbers as the likelihood "
                "needs. See docs/errors.md#S102");
};
template <class Policy>
struct perceptron_without_width {
  static_assert(never<Policy>,
                "s2rm[S103]: the encoder's perceptron needs at least one width. See docs/errors.md#S103");
};
template <class Policy>
struct perceptron_of_no_width {
  static_assert(never<Policy>, "s2rm[S104]: every width of a perceptron must be at least 1. See docs/errors.md#S104");
};
template <class Argument>
struct not_a_policy {
  static_assert(never<Argument>,
                "s2rm[S105]: an argument of world_model is not a policy: it has no member type `kind`. "
                "See docs/errors.md#S105");
};
template <class Policy, class Kind>
struct unknown_kind {
  static_assert(never<Policy>,
                "s2rm[S106]: the policy's `kind` is none of the model's slots in s2rm::kind. "
                "See docs/errors.md#S106");
};
template <class Residual, class Likelihood>
struct residual_without_location {
  static_assert(never<Residual>,
                "s2rm[S107]: a residual read-out needs a likelihood with a location. "
                "See docs/errors.md#S107");
};
template <class Residual, class View, class Target>
struct residual_without_reading {
  static_assert(never<Residual>,
                "s2rm[S108]: a residual read-out needs a view that begins with the target's numbers. "
                "See docs/errors.md#S108");
};
template <class Residual, class Wanted, class Context>
struct residual_beyond_the_context {
  static_assert(
      never<Residual>,
      "s2rm[S118]: residual::context<First> reads the numbers First ... First + X - 1 of a query's context, X "
      "numbers of the target: `context` of the shape is too small, or First is below 0. "
      "See docs/errors.md#S118");
};
template <class Kind, class First, class Second>
struct two_policies_for_one_slot {
  static_assert(never<Kind>,
                "s2rm[S109]: two policies for one slot: a model has one of each kind. See docs/errors.md#S109");
};
template <class Decoder, class Reads, class Wanted>
struct decoder_does_not_read_the_readout {
  static_assert(never<Decoder>,
                "s2rm[S110]: layers do not chain: the decoder must read the read-out, the place, a lead's features and "
                "the context, heads x head_width + sphere + (4 with lead::learned) + context numbers: the `In` of "
                "on<Shape, In, Out>. "
                "See docs/errors.md#S110");
};
template <class Policy, class Kind>
struct not_one_of_the_choices {
  static_assert(
      never<Policy>,
      "s2rm[S111]: interaction, carry, state_norm, initial_state, weights, time, lead and readout are choices among "
      "the library's own policies. See docs/errors.md#S111");
};
template <class Likelihood, class Target, class Outputs, class Wanted>
struct outputs_are_not_parameters_of_the_target {
  static_assert(never<Likelihood>,
                "s2rm[S112]: the likelihood's `outputs` must be `parameters` times the target's size. "
                "See docs/errors.md#S112");
};

template <class Dynamics, class Policy>
struct dynamics_without_slot {
  static_assert(never<Dynamics>,
                "s2rm[S115]: this dynamics has no slot for such a policy: cell, kernel, normalisation, interaction, "
                "carry and weights belong to S2RM; a memory and an observer take no elapsed time. "
                "See docs/errors.md#S115");
};
template <class Likelihood>
struct channels_of_a_product {
  static_assert(never<Likelihood>,
                "s2rm[S116]: the parts of a product must name every channel of the target once, and no other. "
                "See docs/errors.md#S116");
};

// ---- S2xx: sizes ---------------------------------------------------------------------------------------------------

template <class Shape, index_t Modules>
struct require_modules {
  static_assert(Modules >= 1, "s2rm[S201]: modules must be at least 1. See docs/errors.md#S201");
};
template <class Shape, index_t Hidden>
struct require_hidden {
  static_assert(Hidden >= 1,
                "s2rm[S202]: hidden must be at least 1: it is the state of one module. See docs/errors.md#S202");
};
template <class Shape, index_t Sphere>
struct require_sphere {
  static_assert(Sphere >= 2,
                "s2rm[S203]: sphere must be at least 2: modules and places live on a hypersphere. "
                "See docs/errors.md#S203");
};
template <class Shape, index_t Place>
struct require_place {
  static_assert(Place >= 1 && Place <= 3,
                "s2rm[S204]: place must be 1, 2 or 3: the dimension of [-1, 1]^P. "
                "See docs/errors.md#S204");
};
// S205 (epsilon of the kernel) stands with its policy.
template <class Likelihood, index_t Classes>
struct require_classes {
  static_assert(Classes >= 2,
                "s2rm[S206]: a categorical likelihood needs at least two classes. See docs/errors.md#S206");
};
template <class Likelihood, class Variance>
struct require_variance {
  static_assert(never<Likelihood>, "s2rm[S206]: a Gaussian's variance must be above 0. See docs/errors.md#S206");
};
template <class Shape>
struct not_a_shape {
  static_assert(never<Shape>,
                "s2rm[S207]: the first argument of world_model must derive from s2rm::shape. "
                "See docs/errors.md#S207");
};
template <class Shape, index_t Heads>
struct require_heads {
  static_assert(Heads >= 1, "s2rm[S208]: heads must be at least 1. See docs/errors.md#S208");
};
template <class Shape, index_t HeadWidth>
struct require_head_width {
  static_assert(HeadWidth >= 1, "s2rm[S209]: head_width must be at least 1. See docs/errors.md#S209");
};
template <class Shape, index_t Frequencies>
struct require_frequencies {
  static_assert(Frequencies >= 1,
                "s2rm[S210]: frequencies must be at least 1: the octaves of the place features. "
                "See docs/errors.md#S210");
};
template <class Shape, index_t PlaceHidden>
struct require_place_hidden {
  static_assert(PlaceHidden >= 1,
                "s2rm[S211]: place_hidden must be at least 1: the hidden width of the place encoder. "
                "See docs/errors.md#S211");
};
template <class Shape, index_t Context>
struct require_context {
  static_assert(Context >= 0,
                "s2rm[S219]: context must be at least 0: the side inputs of a view and of a query. "
                "See docs/errors.md#S219");
};
template <class Policy, class Unit>
struct require_unit_of_time {
  static_assert(never<Policy>,
                "s2rm[S220]: a unit of time must be a std::ratio above 0: the usual time between two steps, or a usual "
                "lead. See docs/errors.md#S220");
};
template <class Shape>
struct shape_without_view {
  static_assert(never<Shape>,
                "s2rm[S212]: the shape does not say what a view is: `using view = s2rm::raster<C, H, W>` or "
                "`s2rm::features<N>`. See docs/errors.md#S212");
};
template <class Shape, class View>
struct view_without_size {
  static_assert(never<View>,
                "s2rm[S213]: the shape's `view` is no array: it needs `size`, `rank` and `extents`, as "
                "s2rm::raster and s2rm::features have. See docs/errors.md#S213");
};
template <class Shape, class View, index_t Size>
struct require_view_size {
  static_assert(never<View>,
                "s2rm[S214]: every extent of a view or target must be at least 1, and `size` their product. "
                "See docs/errors.md#S214");
};
template <class Shape, class Target>
struct target_without_size {
  static_assert(never<Target>,
                "s2rm[S215]: the shape's `target` is no array: it needs `size`, `rank` and `extents`, as "
                "s2rm::raster and s2rm::features have. See docs/errors.md#S215");
};
template <class Dynamics, class Shape>
struct dynamics_does_not_fit {
  static_assert(
      never<Dynamics>,
      "s2rm[S218]: the numbers of this dynamics do not fit: a RIM has 1 to `modules` active ones, the heads of "
      "a memory share the width of its slots evenly, pieces of a pooled state its width, heads of a TTO wider than an "
      "age its tokens' width. See docs/errors.md#S218");
};
template <class Policy, class Shape, class Place>
struct harmonics_off_the_globe {
  static_assert(
      never<Policy>,
      "s2rm[S222]: spherical harmonics are functions on the globe: the shape's `place` must be 3, unit vectors "
      "(globe::place). See docs/errors.md#S222");
};
template <class Policy, index_t Degree>
struct require_degree {
  static_assert(Degree >= 1 && Degree <= 64,
                "s2rm[S222]: the degree of spherical harmonics must be 1 to 64. See docs/errors.md#S222");
};
template <class Shape>
struct size_is_not_a_constant {
  static_assert(never<Shape>,
                "s2rm[S216]: modules, hidden, heads, head_width, sphere, place, frequencies, place_hidden and context "
                "must each be a `static constexpr` integer. See docs/errors.md#S216");
};

}  // namespace errors
S2RM_NAMESPACE_END
