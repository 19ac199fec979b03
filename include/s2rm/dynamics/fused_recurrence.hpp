#pragma once
/// \file
/// The recurrence of dynamics/s2rm.hpp by a backend's fused kernels (ops/recurrence.hpp), where a backend has them and
/// they compute what the layer and its cell compute. `has_fused_recurrence` names those layers by their exact types:
/// whatever else a user puts in a slot, a type derived from one of the library's included, runs its own code step by
/// step.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/cell/gated_cell.hpp"
#include "s2rm/dynamics/activations.hpp"
#include "s2rm/dynamics/policies.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

template <class Shape, index_t Encoded, class Cell, class Normalisation, bool StraightThrough, class Interaction,
          class Carry, class StateNorm, class InitialState, class Time>
struct s2rm_layer;

/// Whether the layer D is one that the fused recurrence computes.
template <class D>
inline constexpr bool has_fused_recurrence = false;
template <class Shape, index_t Encoded, class Gates, class Carry, class InitialState>
inline constexpr bool has_fused_recurrence<
    s2rm_layer<Shape, Encoded, cell::gated_cell<Gates, Shape>, normalisation::log_space, /*StraightThrough=*/false,
               interaction::before_update, Carry, state_norm::rms, InitialState, time::uniform>> = true;

template <class D>
using recurrence_sizes_of = ops::recurrence_sizes<D::M, D::H, D::SW, D::N, D::C>;

/// Gates of D's cell for all rows, forward and backward.
template <class D, class T>
using gates_of = decltype(D::cell::template gates<T>({}, {}, {}));
template <class D, class T>
using gates_backward_of = decltype(D::cell::template gates_backward<T>({}, {}, {}));

/// The forward recurrence of D as a task.
template <class D, class T>
ops::recurrence_task<T> fused_task(parameters_of<T, typename D::params> p, inputs<T> const& in,
                                   activations<D, T> const& s) {
  constexpr index_t M = D::M, NC = D::NC;
  auto const views = p.template inner<typename D::view_params>(D::at_views);
  auto const interaction = p.template inner<typename D::interaction_params>(D::at_interaction);
  auto const cell = p.template inner<typename D::cell::params>(D::at_cell);
  index_t const R = in.time * in.batch;
  return {
      .time = in.time,
      .batch = in.batch,
      .states = {.start = in.start, .initial = s.start, .carried = in.carried, .in = s.state_in, .out = s.state_out},
      .saved =
          {.read = s.read, .read_factor = s.read_factor, .projected = s.projected, .u = s.u, .g = s.g, .hbar = s.hbar},
      .attention = {.views = {.pairs = {.count = R,
                                        .targets = M,
                                        .sources = in.views,
                                        .log_weight = in.view_log_weight,
                                        .reach = in.view_reach,
                                        .reached = kernel::reached,
                                        .row_step = in.views * M,
                                        .target_step = 1,
                                        .source_step = M},
                              .statistics = D::attend::saves_statistics(in.views) ? s.view_attention : nullptr,
                              .step = in.batch * M * D::attend::saved(in.views)},
                    .modules = {.pairs = {.count = R,
                                          .targets = M,
                                          .sources = M,
                                          .log_weight = in.module_log_weight,
                                          .reach = in.module_reach,
                                          .reached = kernel::reached,
                                          .row_step = 0,
                                          .target_step = M,
                                          .source_step = 1},
                                .statistics =
                                    D::interaction_attend::saves_statistics(M) ? s.interaction_attention : nullptr,
                                .step = in.batch * M * D::interaction_attend::saved(M)},
                    .key = {s.key, in.views * NC, NC},
                    .value = {s.value, in.views * NC, NC},
                    .scale = D::attend::template scale<T>()},
      .weights = {.view_query = views.template at<"query.weight">(),
                  .query = interaction.template at<"query.weight">(),
                  .key = interaction.template at<"key.weight">(),
                  .value = interaction.template at<"value.weight">(),
                  .out = interaction.template at<"out.weight">(),
                  .w_ih = cell.template at<"weight_ih">(),
                  .b_ih = cell.template at<"bias_ih">(),
                  .w_hh = cell.template at<"weight_hh">(),
                  .b_hh = cell.template at<"bias_hh">()},
  };
}

/// What the cell carries, of all rows.
template <class D, class T>
rows<T const> carried_rows(activations<D, T> const& s) {
  constexpr index_t M = D::M, H = D::H, SW = D::SW;
  return D::carries_hbar ? rows<T const>{s.hbar, M * H, H} : rows<T const>{s.state_in, M * SW, SW};
}

/// Runs every step; whether it ran.
template <class D, class B, class T>
bool run_fused_recurrence(B& be, parameters_of<T, typename D::params> p, inputs<T> const& in,
                          activations<D, T> const& s) {
  if constexpr (has_fused_recurrence<D>) {
    using sizes = recurrence_sizes_of<D>;
    // It reads the weights as they are.
    if (p.half.numbers != nullptr) return false;
    auto const gates = [&] {
      return D::cell::template gates<T>(carried_rows<D>(s), {s.state_out, D::M * D::SW, D::SW},
                                        {s.cell, in.time * in.batch, 0});
    };
    if constexpr (ops::capabilities<B, T>::recurrence) {
      return be.template recurrence<sizes>(fused_task<D>(p, in, s), gates());
    }
  }
  return false;
}

/// Runs steps first ... first + count - 1 backward, all that the scan and D's `step_backward` do for them; whether it
/// ran.
template <class D, class B, class T>
bool run_fused_recurrence_backward(B& be, parameters_of<T, typename D::params> p, inputs<T> const& in,
                                   activations<D, T> const& s, workspace<D, T> const& w, T const* dstate_out,
                                   index_t first, index_t count, gradients_of<T, typename D::params> dp) {
  if constexpr (has_fused_recurrence<D> && D::M > 1) {
    using sizes = recurrence_sizes_of<D>;
    auto const gates = [&] {
      return D::cell::template gates_backward<T>(carried_rows<D>(s), {w.state, D::M * D::SW, D::SW},
                                                 {s.cell, in.time * in.batch, 0});
    };
    auto const task = [&]() -> ops::recurrence_backward_task<T> {
      auto const [da, db] = D::cell::template deltas<T>({w.delta, in.delta_steps() * in.batch, 0});
      return {
          .forward = fused_task<D>(p, in, s),
          .first = first,
          .count = count,
          .delta_steps = in.delta_steps(),
          .carries_hbar = D::carries_hbar,
          .dstate_out = dstate_out,
          .gradient = {.state = w.state, .previous = w.previous},
          .deltas = {.a = da,
                     .b = db,
                     .hbar = w.interaction_d,
                     .projected = w.projected,
                     .key = w.key,
                     .value = w.value,
                     .view_log = w.view_log},
          .scratch = {.u = w.u,
                      .g = w.g,
                      .y = w.y,
                      .view_pairs = w.scratch,
                      .module_pairs = w.scratch + in.batch * D::M * D::N * in.views * 2},
          .sums = {.module_log = w.module_log_rows,
                   .initial = D::learned_initial_state ? dp.values + D::at_initial_state : nullptr},
      };
    };
    if constexpr (ops::capabilities<B, T>::recurrence) {
      return be.template recurrence_backward<sizes>(task(), gates());
    }
  }
  return false;
}

}  // namespace dynamics
S2RM_NAMESPACE_END
