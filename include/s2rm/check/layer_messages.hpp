#pragma once
/// \file
/// Texts of the compile-time errors S0xx: what a user's own policy lacks. See check/messages.hpp; docs/errors.md
/// explains every code, docs/write_your_own_cell.md and docs/write_your_own_policy.md show complete policies.

#include "s2rm/check/messages.hpp"

S2RM_NAMESPACE_BEGIN
namespace errors {

template <class Cell>
struct cell_without_state {
  static_assert(never<Cell>,
                "s2rm[S001]: the cell does not say how many numbers a module carries: "
                "`static constexpr index_t state`. See docs/errors.md#S001");
};
template <class Encoder>
struct encoder_without_sizes {
  static_assert(never<Encoder>,
                "s2rm[S001]: the encoder does not say what it reads and writes: "
                "`static constexpr index_t in, out`. See docs/errors.md#S001");
};
template <class Decoder>
struct decoder_without_sizes {
  static_assert(never<Decoder>,
                "s2rm[S001]: the decoder does not say what it reads and writes: "
                "`static constexpr index_t in, out`. See docs/errors.md#S001");
};
template <class Likelihood>
struct likelihood_without_sizes {
  static_assert(
      never<Likelihood>,
      "s2rm[S001]: the likelihood does not say what it needs: `static constexpr index_t parameters, outputs` and "
      "`static constexpr bool has_location`. See docs/errors.md#S001");
};

template <class Cell>
struct cell_without_params {
  static_assert(never<Cell>,
                "s2rm[S002]: the cell does not name its parameters: `using params = s2rm::schema<...>`. "
                "See docs/errors.md#S002");
};
template <class Encoder>
struct encoder_without_params {
  static_assert(never<Encoder>,
                "s2rm[S002]: the encoder does not name its parameters: "
                "`using params = s2rm::schema<...>`. See docs/errors.md#S002");
};
template <class Decoder>
struct decoder_without_params {
  static_assert(never<Decoder>,
                "s2rm[S002]: the decoder does not name its parameters: "
                "`using params = s2rm::schema<...>`. See docs/errors.md#S002");
};
template <class Kernel>
struct kernel_without_params {
  static_assert(never<Kernel>,
                "s2rm[S002]: the kernel does not name its parameters: "
                "`using params = s2rm::schema<...>`. See docs/errors.md#S002");
};

template <class Cell>
struct cell_without_forward {
  static_assert(never<Cell>,
                "s2rm[S003]: the cell's forward(backend&, params, n, u, h, c, y, saved, scratch) is missing "
                "or has other argument types. See docs/errors.md#S003");
};
template <class Encoder>
struct encoder_without_forward {
  static_assert(never<Encoder>,
                "s2rm[S003]: the encoder's forward(backend&, params, n, x, y, saved) is missing or has "
                "other argument types. See docs/errors.md#S003");
};
template <class Decoder>
struct decoder_without_forward {
  static_assert(never<Decoder>,
                "s2rm[S003]: the decoder's forward(backend&, params, n, x, y, saved) is missing or has "
                "other argument types. See docs/errors.md#S003");
};

template <class Cell>
struct cell_without_backward {
  static_assert(never<Cell>,
                "s2rm[S004]: the cell's backward(backend&, params, n, u, h, c, dy, saved, delta, du, dh, dc, "
                "scratch) is missing or has other argument types. See docs/errors.md#S004");
};
template <class Encoder>
struct encoder_without_backward {
  static_assert(never<Encoder>,
                "s2rm[S004]: the encoder's backward(backend&, params, n, x, dy, saved, dx, dparams, "
                "scratch) is missing or has other argument types. See docs/errors.md#S004");
};
template <class Decoder>
struct decoder_without_backward {
  static_assert(never<Decoder>,
                "s2rm[S004]: the decoder's backward(backend&, params, n, x, dy, saved, dx, dparams, "
                "scratch) is missing or has other argument types. See docs/errors.md#S004");
};

// S005 and S006 (a field that a layer does not have) stand where fields are looked up: core/schema.hpp.

template <class Cell>
struct cell_without_saved {
  static_assert(never<Cell>,
                "s2rm[S007]: the cell does not describe what it saves: `using saved` and `using delta`, each a "
                "s2rm::schema<...>. See docs/errors.md#S007");
};
template <class Encoder>
struct encoder_without_saved {
  static_assert(never<Encoder>,
                "s2rm[S007]: the encoder does not say how many numbers it saves for a row: "
                "`static constexpr index_t saved`. See docs/errors.md#S007");
};
template <class Decoder>
struct decoder_without_saved {
  static_assert(never<Decoder>,
                "s2rm[S007]: the decoder does not say how many numbers it saves for a row: "
                "`static constexpr index_t saved`. See docs/errors.md#S007");
};

template <class Cell>
struct cell_without_scratch {
  static_assert(never<Cell>,
                "s2rm[S008]: the cell does not say how much scratch a row needs: "
                "`static constexpr index_t scratch, gradient_scratch`. See docs/errors.md#S008");
};
template <class Encoder>
struct encoder_without_scratch {
  static_assert(never<Encoder>,
                "s2rm[S008]: the encoder does not say how much scratch a row needs: "
                "`static constexpr index_t scratch`. See docs/errors.md#S008");
};
template <class Decoder>
struct decoder_without_scratch {
  static_assert(never<Decoder>,
                "s2rm[S008]: the decoder does not say how much scratch a row needs: "
                "`static constexpr index_t scratch`. See docs/errors.md#S008");
};

template <class Cell>
struct cell_without_initial {
  static_assert(never<Cell>,
                "s2rm[S009]: the cell does not describe its initial state: `using initial = "
                "s2rm::schema<...>`, modules x state numbers in all. See docs/errors.md#S009");
};
template <class Cell, class Initial, class StateOfAllModules>
struct initial_is_not_the_state {
  static_assert(never<Cell>,
                "s2rm[S009]: the cell's `initial` must hold modules x state numbers, every field (modules, ...). "
                "See docs/errors.md#S009");
};

template <class Cell>
struct cell_without_initialise {
  static_assert(never<Cell>,
                "s2rm[S010]: the cell's initialise(values, init::source) or initialise_state(values) is "
                "missing or has other argument types. See docs/errors.md#S010");
};
template <class Encoder>
struct encoder_without_initialise {
  static_assert(never<Encoder>,
                "s2rm[S010]: the encoder's initialise(values, init::source) is missing or has other "
                "argument types. See docs/errors.md#S010");
};
template <class Decoder>
struct decoder_without_initialise {
  static_assert(never<Decoder>,
                "s2rm[S010]: the decoder's initialise(values, init::source) is missing or has other "
                "argument types. See docs/errors.md#S010");
};
template <class Kernel>
struct kernel_without_initialise {
  static_assert(never<Kernel>,
                "s2rm[S010]: the kernel's initialise(values, init::source) is missing or has other "
                "argument types. See docs/errors.md#S010");
};

template <class Cell>
struct cell_without_gradient {
  static_assert(never<Cell>,
                "s2rm[S011]: the cell's gradient(backend&, n, u, h, delta, dparams, scratch) is missing or has "
                "other argument types. See docs/errors.md#S011");
};

template <class Policy>
struct policy_without_layer {
  static_assert(
      never<Policy>,
      "s2rm[S012]: a cell, kernel, encoder or place features need a member `on<Shape>`, and this policy has no such "
      "member. See docs/errors.md#S012");
};
template <class Policy>
struct likelihood_without_layer {
  static_assert(never<Policy>,
                "s2rm[S012]: a likelihood needs a member `on<Target>`, and this policy has no such member. "
                "See docs/errors.md#S012");
};
template <class Policy>
struct decoder_without_layer {
  static_assert(never<Policy>,
                "s2rm[S012]: a decoder needs a member `on<Shape, In, Out>`, and this policy has no such "
                "member. See docs/errors.md#S012");
};

template <class Kernel>
struct kernel_without_functions {
  static_assert(
      never<Kernel>,
      "s2rm[S013]: a kernel has `static constexpr bool straight_through` and the functions reaches(cosine), "
      "log_weight(cosine, p), slope(cosine, p), parameter_slope(index, cosine, p); one is missing or has other "
      "argument types. See docs/errors.md#S013");
};

template <class Likelihood>
struct likelihood_without_functions {
  static_assert(never<Likelihood>,
                "s2rm[S014]: the likelihood's value(o, x, e) or gradient(o, x, e, scale, d) is missing "
                "or has other argument types. See docs/errors.md#S014");
};

template <class Cell, class Shape, class State, class Hidden>
struct state_smaller_than_hidden {
  static_assert(never<Cell>,
                "s2rm[S015]: the cell's `state` must be at least the shape's `hidden`: the first `hidden` "
                "numbers are what others read. See docs/errors.md#S015");
};

template <class Normalisation>
struct normalisation_without_functions {
  static_assert(
      never<Normalisation>,
      "s2rm[S016]: the normalisation's `extra`, forward(count, geometry, w, extra) or backward<StraightThrough>("
      "count, geometry, w, extra, d, dlog, step, score) is missing or has other argument types. "
      "See docs/errors.md#S016");
};

template <class Residual>
struct residual_without_guess {
  static_assert(
      never<Residual>,
      "s2rm[S017]: the residual's `active` or guess<Shape, T>(seen, place, e), with context guess<Shape, T>(seen, "
      "place, context, e), is missing or has other argument types. See docs/errors.md#S017");
};

template <class Features>
struct place_features_incomplete {
  static_assert(never<Features>,
                "s2rm[S018]: place features have `static constexpr index_t count` of at least 1 and the functions "
                "forward(backend&, n, x, gamma), sample() and description(); one is missing or has other argument "
                "types. See docs/errors.md#S018");
};

}  // namespace errors
S2RM_NAMESPACE_END
