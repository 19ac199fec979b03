#pragma once
/// \file
/// A recurrence over time without a sphere, forward and back: what the comparison models have in common. `Step` (the
/// derived layer) names M, H, SW = numbers of state per module, `cell` (whose `initial` and start are those of the state),
/// `params` with the initial state at `at_initial_state`, `cells` = modules of that cell, `read_step` = from what is read of one
/// module to the next, and
///
///   see(be, p, in, s, t, count)                     what does not read the state, for steps t ... t + count - 1
///   step(be, p, in, s, t)                           s.state_in -> s.state_out of step t
///   step_backward_pass(be, p, in, s, w, t, dp)               w.state = dL/dstate_out -> overwrites w.previous = dL/dstate_in, and
///                                                   adds to weights for which a step's rows are enough for a product
///   gradient(be, p, in, s, w, t, count, ds, dp)     all other weights of those steps, dL/d[e; s] of their views into ds
///
/// Deltas wait in the workspace for `delta_steps` steps, row `delta_row` of step t, until a weight's gradient is one
/// product over them.

#include "s2rm/dynamics/activations.hpp"
#include "s2rm/dynamics/initial_state.hpp"
#include "s2rm/dynamics/policies.hpp"
#include "s2rm/ops/generic.hpp"

namespace s2rm::dynamics {

/// Saved activations that every recurrence has, R = T B rows.
template <class T>
struct recurrent_tape {
  T *state_in, *state_out;  ///< (R, M, state)
  T* start;                 ///< (M, state)
  constexpr void lay_out_states(arena& a, index_t rows_of, index_t width) {
    state_in = a.take<T>(rows_of * width);
    state_out = a.take<T>(rows_of * width);
    start = a.take<T>(width);
  }
};
/// The gradient that travels back in time, (B, M, state) twice; no kernel wants `view_log`.
template <class T>
struct recurrent_workspace {
  T *state, *previous, *view_log;
  constexpr void lay_out_states(arena& a, index_t batch, index_t width) {
    state = a.take<T>(batch * width);
    previous = a.take<T>(batch * width);
    view_log = nullptr;
  }
};

template <class Step>
struct recurrent {
  static constexpr bool talks = false;  ///< modules have no places that they could talk by

  /// The initial state, from the weights alone.
  template <class B, class P, class Tape>
  static void derive(B& be, P p, Tape const& s) {
    derive_initial_state<Step::learned_initial_state, typename Step::cell, Step::cells>(
        be, p.values + Step::at_initial_state, s.start);
  }

  /// Whole sequence, after `derive`. Writes s.state_out (R, M, state).
  template <class B, class P, class T, class Tape>
  static void forward(B& be, P p, inputs<T> const& in, Tape const& s) {
    constexpr index_t width = Step::M * Step::SW;
    index_t const kept = in.delta_steps();
    for (index_t t = 0; t < in.time; t += kept) Step::see(be, p, in, s, t, std::min(kept, in.time - t));
    for (index_t t = 0; t < in.time; ++t) {
      index_t const r = t * in.batch;
      T const* const before = t == 0 ? in.carried : s.state_out + (r - in.batch) * width;
      be.template for_rows<width>(in.batch,
                                  choose_state<T, width>{in.start + r, s.start, before, s.state_in + r * width});
      Step::step(be, p, in, s, t);
    }
  }

  /// Whole sequence, last step first; the arguments are those of dynamics/s2rm.hpp.
  template <class B, class P, class T, class Tape, class Workspace, class G, class F>
  static void backward(B& be, P p, inputs<T> const& in, Tape const& s, Workspace const& w, T const* dstate_out,
                       bool continued, rows<T> dsource, T* /*dmodule_log*/, G dp, F const& views_done) {
    constexpr index_t M = Step::M, H = Step::H, width = M * Step::SW;
    index_t const batch = in.batch, kept = in.delta_steps();
    if (!continued) be.fill(batch * width, T(0), w.state);
    for (index_t t = in.time - 1; t >= 0; --t) {
      be.template for_rows<H>(batch * M, ops::add_rows<T, M>{{dstate_out + t * batch * M * H, M * H, H},
                                                             {w.state, width, Step::read_step}});
      Step::step_backward_pass(be, p, in, s, w, t, dp);
      if constexpr (Step::learned_initial_state) {
        initial_state_gradient<typename Step::cell, Step::cells>(be, batch, in.start + t * batch, w.previous,
                                                                 dp.values + Step::at_initial_state);
      }
      be.template for_rows<width>(batch, stop_at_initial_state<T, width>{in.start + t * batch, w.previous});
      be.copy(batch * width, w.previous, w.state);
      if (t % kept != 0) continue;
      index_t const count = std::min(kept, in.time - t);
      Step::gradient(be, p, in, s, w, t, count, dsource, dp);
      views_done(t, count);
    }
  }

  /// Where the deltas of step t are kept.
  template <class T>
  static index_t delta_row(inputs<T> const& in, index_t t) {
    return t % in.delta_steps() * in.batch;
  }
};

}  // namespace s2rm::dynamics
