#pragma once
/// \file
/// The recurrence of D = dynamics::s2rm as one piece of work each way (ops/recurrence.hpp), where a backend has it.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/activations.hpp"
#include "s2rm/ops/recurrence.hpp"

namespace s2rm::dynamics {

template <class D>
using recurrence_sizes_of = ops::recurrence_sizes<D::M, D::H, D::SW, D::N, D::C>;

/// Gates of a cell for all rows.
template <class D, class T>
using gates_of = decltype(D::cell::template gates<T>({}, {}, {}));

/// Whether D's policies are those that ops/recurrence.hpp speaks of.
template <class D, class T>
inline constexpr bool has_fused_recurrence =
    D::before && D::normed && D::attend::sparse_only && requires { typename gates_of<D, T>; };

/// What ops/recurrence.hpp wants to know.
template <class D, class T>
ops::recurrence_task<T> fused_task(parameters_of<T, typename D::params> p, inputs<T> const& in, tape<D, T> const& s) {
  constexpr index_t M = D::M, NC = D::NC;
  auto const views = p.template inner<typename D::view_params>(D::at_views);
  auto const talk = p.template inner<typename D::interaction_params>(D::at_interaction);
  auto const cell = p.template inner<typename D::cell::params>(D::at_cell);
  index_t const per_row = in.views * M, R = in.time * in.batch;
  return {in.time,
          in.batch,
          in.start,
          s.start,
          in.carried,
          s.state_in,
          s.state_out,
          s.read,
          s.read_factor,
          s.projected,
          s.u,
          s.g,
          s.hbar,
          {R, M, in.views, in.view_log_weight, in.view_reach, kernel::reached, per_row, 1, M},
          {R, M, M, in.module_log_weight, in.module_reach, kernel::reached, 0, M, 1},
          {s.key, in.views * NC, NC},
          {s.value, in.views * NC, NC},
          D::attend::keeps(in.views) ? s.view_attention : nullptr,
          D::talk_attend::keeps(M) ? s.talk_attention : nullptr,
          in.batch * M * D::attend::saved(in.views),
          in.batch * M * D::talk_attend::saved(M),
          views.template at<"query.weight">(),
          talk.template at<"query.weight">(),
          talk.template at<"key.weight">(),
          talk.template at<"value.weight">(),
          talk.template at<"out.weight">(),
          cell.template at<"weight_ih">(),
          cell.template at<"bias_ih">(),
          cell.template at<"weight_hh">(),
          cell.template at<"bias_hh">(),
          D::attend::template scale<T>()};
}

/// Runs every step; false where nothing was done.
template <class D, class B, class T>
bool run_fused_recurrence(B& be, parameters_of<T, typename D::params> p, inputs<T> const& in, tape<D, T> const& s) {
  if constexpr (has_fused_recurrence<D, T>) {
    using sizes = recurrence_sizes_of<D>;
    constexpr index_t M = D::M, H = D::H, SW = D::SW;
    // It reads the weights as they are.
    if (p.half.numbers != nullptr) return false;
    auto const gates = [&] {
      rows<T const> const state{s.state_in, M * SW, SW}, hbar{s.hbar, M * H, H};
      return D::cell::template gates<T>(D::carries_hbar ? hbar : state, {s.state_out, M * SW, SW},
                                        {s.cell, in.time * in.batch, 0});
    };
    if constexpr (requires { be.template recurrence<sizes>(fused_task<D>(p, in, s), gates()); }) {
      return be.template recurrence<sizes>(fused_task<D>(p, in, s), gates());
    }
  }
  return false;
}

/// Gates of a cell on the way back.
template <class D, class T>
using gates_backward_of = decltype(D::cell::template gates_backward<T>({}, {}, {}));

/// Runs steps first ... first + count - 1 backwards, all that D's `step_backward` does and what lies between two of them;
/// false where nothing was done.
template <class D, class B, class T>
bool run_fused_recurrence_backward(B& be, parameters_of<T, typename D::params> p, inputs<T> const& in,
                                   tape<D, T> const& s, workspace<D, T> const& w, T const* dstate_out, index_t first,
                                   index_t count, gradients_of<T, typename D::params> dp) {
  if constexpr (has_fused_recurrence<D, T> && D::M > 1) {
    using sizes = recurrence_sizes_of<D>;
    constexpr index_t M = D::M, H = D::H, SW = D::SW;
    index_t const K = in.delta_steps() * in.batch;
    auto const gates = [&] {
      rows<T const> const state{s.state_in, M * SW, SW}, hbar{s.hbar, M * H, H};
      return D::cell::template gates_backward<T>(D::carries_hbar ? hbar : state, {w.state, M * SW, SW},
                                                 {s.cell, in.time * in.batch, 0});
    };
    auto const task = [&]() -> ops::recurrence_backward_task<T> {
      auto const forward = fused_task<D>(p, in, s);
      auto const deltas = D::cell::template deltas<T>({w.delta, K, 0});
      return {first,
              count,
              in.batch,
              in.delta_steps(),
              in.start,
              dstate_out,
              s.read,
              s.read_factor,
              s.projected,
              forward.views,
              forward.modules,
              forward.key,
              forward.value,
              forward.view_statistics,
              forward.module_statistics,
              forward.view_step,
              forward.module_step,
              forward.view_query,
              forward.query,
              forward.key_weight,
              forward.value_weight,
              forward.out,
              forward.w_ih,
              forward.w_hh,
              forward.scale,
              D::carries_hbar,
              w.state,
              w.previous,
              deltas[0],
              deltas[1],
              w.talk,
              w.projected,
              w.u,
              w.g,
              w.y,
              w.key,
              w.value,
              w.view_log,
              w.module_log_rows,
              w.scratch,
              w.scratch + in.batch * M * D::N * in.views * 2,
              D::learned_initial_state ? dp.values + D::at_initial_state : nullptr};
    };
    if constexpr (requires { be.template recurrence_backward<sizes>(task(), gates()); }) {
      return be.template recurrence_backward<sizes>(task(), gates());
    }
  }
  return false;
}

}  // namespace s2rm::dynamics
