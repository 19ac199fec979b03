#pragma once
/// \file
/// The whole forward recurrence of D = dynamics::s2rm as one piece of work (ops/recurrence.hpp), where a backend has it.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/tape.hpp"
#include "s2rm/ops/recurrence.hpp"

namespace s2rm::dynamics {

template <class D>
using recurrence_sizes_of = ops::recurrence_sizes<D::M, D::H, D::SW, D::N, D::C>;

/// Gates of a cell for all rows.
template <class D, class T>
using gates_of = decltype(D::cell::template gates<T>({}, {}, {}));

/// Whether D's policies are those that ops/recurrence.hpp speaks of.
template <class D, class T>
inline constexpr bool has_whole_recurrence =
    D::before && D::normed && D::attend::reached_only && requires { typename gates_of<D, T>; };

/// Runs every step; false where nothing was done.
template <class D, class B, class T>
bool run_whole_recurrence(B& be, parameters_of<T, typename D::params> p, inputs<T> const& in, tape<D, T> const& s) {
  if constexpr (has_whole_recurrence<D, T>) {
    using sizes = recurrence_sizes_of<D>;
    constexpr index_t M = D::M, H = D::H, NC = D::NC, SW = D::SW;
    auto const gates = [&] {
      rows<T const> const state{s.state_in, M * SW, SW}, hbar{s.hbar, M * H, H};
      return D::cell::template gates<T>(D::carries_hbar ? hbar : state, {s.state_out, M * SW, SW},
                                        {s.cell, in.time * in.batch, 0});
    };
    auto const task = [&]() -> ops::recurrence_task<T> {
      auto const views = p.template inner<typename D::view_params>(D::at_views);
      auto const talk = p.template inner<typename D::interaction_params>(D::at_interaction);
      auto const cell = p.template inner<typename D::cell::params>(D::at_cell);
      index_t const per_row = in.views * M, R = in.time * in.batch;
      constexpr index_t talk_saved = D::talk_attend::saved(M);
      index_t const view_saved = D::attend::saved(in.views);
      rows<T const> const keys{s.key, in.views * NC, NC}, values{s.value, in.views * NC, NC};
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
              keys,
              values,
              D::attend::keeps(in.views) ? s.view_attention : nullptr,
              D::talk_attend::keeps(M) ? s.talk_attention : nullptr,
              in.batch * M * view_saved,
              in.batch * M * talk_saved,
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
    };
    if constexpr (requires { be.template recurrence<sizes>(task(), gates()); }) {
      return be.template recurrence<sizes>(task(), gates());
    }
  }
  return false;
}

}  // namespace s2rm::dynamics
