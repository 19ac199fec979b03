#pragma once
/// \file
/// The recurrence over time of every dynamics, forward and backward: the initial state and its resets, the loop over
/// the steps of a sequence, and the chunks in which the gradients of weights are taken. What a step computes is the
/// layer's. `Layer` derives from `recurrent<Layer>` and names
///
///   M, H, SW, read_step          modules; numbers of a module that others read; numbers that it carries; from the read
///                                numbers of one module to those of the next
///   cell, cells                  the cell, whose `initial` and start are those of the state, and the modules of the state
///                                that it speaks of: `alike` of them share one initial state
///   params, at_initial_state     the parameters, and where the learned initial state lies among them
///   learned_initial_state
///   relaxes, at_rate             whether the state relaxes between steps (dynamics/relaxation.hpp), and where `time.rate`
///                                lies; then `relaxation` is among its activations and its workspace
///
///   prepare_views(be, p, in, s, t, count)          forward, what does not read the state: steps t ... t + count - 1
///   step(be, p, in, s, t)                          s.state_in -> s.state_out of step t
///   step_backward(be, p, in, s, w, t, dp)          w.state = dL/dstate_out -> overwrites w.previous = dL/dstate_in;
///                                                  adds to weights for which a step's rows are enough for a GEMM
///   gradient(be, p, in, s, w, t, count, ds, dp)    the gradients of all other weights over those steps; overwrites ds,
///                                                  dL/d[e; s] of their views
///
/// and may replace what `recurrent` has as a default below: `whole_sequence_views`, `begin_backward`, `end_backward`,
/// and a backend's fused recurrence, `fused_forward` and `fused_backward`.
///
/// The deltas of a chunk of `delta_steps` steps lie in the workspace, those of step t from row `delta_row` on, until
/// `gradient` takes one GEMM per weight over them.

#include <algorithm>

#include "s2rm/dynamics/activations.hpp"
#include "s2rm/dynamics/initial_state.hpp"
#include "s2rm/dynamics/policies.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Saved activations that every recurrence has, R = T B rows.
template <class T>
struct recurrent_activations {
  T *state_in, *state_out;  ///< (R, M, state)
  T* start;                 ///< (M, state): the initial state
  relaxation_activations<T> relaxation;
  constexpr void lay_out_states(arena& a, index_t rows_of, index_t width, bool relaxes = false) {
    state_in = a.take<T>(rows_of * width);
    state_out = a.take<T>(rows_of * width);
    start = a.take<T>(width);
    if (relaxes) relaxation = relaxation_activations<T>::lay_out(a, width);
  }
};
/// dL/dstate, carried from step to step backward in time, (B, M, state) twice. `view_log`, dL/dlog Z, is null where no
/// kernel has a gradient.
template <class T>
struct recurrent_workspace {
  T *state, *previous, *view_log;
  relaxation_workspace<T> relaxation;
  constexpr void lay_out_states(arena& a, index_t batch, index_t width, bool relaxes = false) {
    state = a.take<T>(batch * width);
    previous = a.take<T>(batch * width);
    view_log = nullptr;
    if (relaxes) relaxation = relaxation_workspace<T>::lay_out(a, batch, width);
  }
};

/// A function that is called when the gradients of the views of steps t ... t + count - 1 are complete, by reference: its type
/// is no part of the recurrence's.
struct view_callback {
  void const* function;
  void (*call)(void const*, index_t, index_t);
  template <class F>
  static view_callback of(F const& f) {
    return {&f, [](void const* to, index_t t, index_t count) { (*static_cast<F const*>(to))(t, count); }};
  }
  void operator()(index_t t, index_t count) const { call(function, t, count); }
};

template <class Layer>
struct recurrent {
  /// Whether modules interact by their places, so that log Z of their pairs has a gradient.
  static constexpr bool interacts = false;
  /// Modules that share the cell's weights and its initial state.
  static constexpr index_t alike = 1;
  /// Whether the state relaxes between steps.
  static constexpr bool relaxes = false;
  /// Whether `prepare_views` gets the whole sequence at once, rather than a chunk of `delta_steps` steps at a time.
  static constexpr bool whole_sequence_views = false;

  /// What the layer does before the first and after the last step of a backward pass; `dmodule_log` (M, M) is added to.
  template <class B, class T, class Workspace>
  static void begin_backward(B& /*be*/, inputs<T> const& /*in*/, Workspace const& /*w*/) {}
  template <class B, class T, class Workspace>
  static void end_backward(B& /*be*/, inputs<T> const& /*in*/, Workspace const& /*w*/, T* /*dmodule_log*/) {}

  /// A backend's fused recurrence in place of the steps; whether it ran. Backward: of steps t ... t + count - 1, with
  /// all that happens between two of them.
  template <class B, class P, class T, class Activations>
  static bool fused_forward(B& /*be*/, P /*p*/, inputs<T> const& /*in*/, Activations const& /*s*/) {
    return false;
  }
  template <class B, class P, class T, class Activations, class Workspace, class G>
  static bool fused_backward(B& /*be*/, P /*p*/, inputs<T> const& /*in*/, Activations const& /*s*/,
                             Workspace const& /*w*/, T const* /*dstate_out*/, index_t /*t*/, index_t /*count*/,
                             G /*dp*/) {
    return false;
  }

  /// The initial state, from the weights alone.
  template <class B, class P, class Activations>
  static void derive(B& be, P p, Activations const& s) {
    derive_initial_state<Layer::learned_initial_state, typename Layer::cell, Layer::cells, Layer::alike>(
        be, p.values + Layer::at_initial_state, s.start);
    if constexpr (Layer::relaxes) {
      constexpr index_t sharing = Layer::alike, count = Layer::M * Layer::SW / sharing;
      using T = std::remove_pointer_t<decltype(s.start)>;
      be.for_each(count, relaxation_rates<sharing, T>{p.values + Layer::at_rate, s.relaxation.rate, count});
    }
  }

  /// Whole sequence, after `derive`. Writes s.state_out (R, M, state).
  template <class B, class P, class T, class Activations>
  static void forward(B& be, P p, inputs<T> const& in, Activations const& s) {
    constexpr index_t width = Layer::M * Layer::SW;
    index_t const chunk = Layer::whole_sequence_views ? (std::max<index_t>)(in.time, 1) : in.delta_steps();
    for (index_t t = 0; t < in.time; t += chunk) {
      Layer::prepare_views(be, p, in, s, t, (std::min)(chunk, in.time - t));
    }
    if (Layer::fused_forward(be, p, in, s)) return;
    for (index_t t = 0; t < in.time; ++t) {
      index_t const r = t * in.batch;
      if constexpr (Layer::relaxes) {
        be.template for_rows<width>(in.batch, relaxing_step(in, s, t));
      } else {
        be.template for_rows<width>(
            in.batch, choose_state<T, width>{in.start + r, s.start, state_before(in, s, t), s.state_in + r * width});
      }
      Layer::step(be, p, in, s, t);
    }
  }

  /// Whole sequence, last step first. `dstate_out` (R, M, H) is dL/dh of every state from the read-out. `continued`:
  /// the sequence goes on in a later one, whose backward pass left dL/dstate of this one's last state in w.state.
  /// Adds to dp and `dmodule_log` (M, M).
  ///
  /// `on_view_gradients(t, count)` is called once per chunk, as soon as the gradients of the views of steps
  /// t ... t + count - 1 are complete: dL/d[e; s] in `dsource` (rows A, D + S) and dL/dlog Z in w.view_log. It runs the
  /// encoder's backward pass on them at once, so that memory for one chunk of view gradients is enough: the next chunk
  /// overwrites them.
  template <class B, class P, class T, class Activations, class Workspace, class G>
  static void backward(B& be, P p, inputs<T> const& in, Activations const& s, Workspace const& w, T const* dstate_out,
                       bool continued, rows<T> dsource, T* dmodule_log, G dp, view_callback const& on_view_gradients) {
    constexpr index_t width = Layer::M * Layer::SW;
    if (!continued) be.fill(in.batch * width, T(0), w.state);
    Layer::begin_backward(be, in, w);
    index_t const chunk = in.delta_steps();
    for (index_t end = in.time; end > 0;) {
      index_t const first = (end - 1) / chunk * chunk, count = end - first;
      if (!Layer::fused_backward(be, p, in, s, w, dstate_out, first, count, dp)) {
        for (index_t t = end - 1; t >= first; --t) step_backward(be, p, in, s, w, dstate_out, t, dp);
      }
      Layer::gradient(be, p, in, s, w, first, count, dsource, dp);
      on_view_gradients(first, count);
      end = first;
    }
    Layer::end_backward(be, in, w, dmodule_log);
    if constexpr (Layer::relaxes) end_relaxation(be, p, w, dp);
  }

  /// Clears what a whole backward pass sums up, the read-out's included: before its first call.
  template <class B, class Workspace>
  static void begin_relaxation(B& be, Workspace const& w) {
    if constexpr (Layer::relaxes) {
      using T = std::remove_pointer_t<decltype(w.state)>;
      be.fill(Layer::M * Layer::SW, T(0), w.relaxation.initial);
      be.fill(Layer::M * Layer::SW, T(0), w.relaxation.rate);
    }
  }

  /// Where the deltas of step t begin.
  template <class T>
  static index_t delta_row(inputs<T> const& in, index_t t) {
    return t % in.delta_steps() * in.batch;
  }

 private:
  /// The state that step t goes on from; read only where it does not start anew.
  template <class T, class Activations>
  static T const* state_before(inputs<T> const& in, Activations const& s, index_t t) {
    return t == 0 ? in.carried : s.state_out + (t - 1) * in.batch * Layer::M * Layer::SW;
  }
  template <class T, class Activations>
  static auto relaxing_step(inputs<T> const& in, Activations const& s, index_t t) {
    constexpr index_t width = Layer::M * Layer::SW;
    index_t const r = t * in.batch;
    return relax_state<T, width>{in.start + r,           in.elapsed == nullptr ? nullptr : in.elapsed + r,
                                 s.relaxation.rate,      s.start,
                                 state_before(in, s, t), s.state_in + r * width};
  }
  /// w.previous = dL/dstate_in of step t becomes that of the state before.
  template <class B, class T, class Activations, class Workspace>
  static void relax_backward(B& be, inputs<T> const& in, Activations const& s, Workspace const& w, index_t t) {
    constexpr index_t width = Layer::M * Layer::SW;
    auto const& sums = w.relaxation;
    be.template for_rows<width>(in.batch, relax_state_backward<T, width>{relaxing_step(in, s, t), w.previous,
                                                                         sums.step_initial, sums.step_rate});
    be.template column_sum_add<1, width>(in.batch, rows<T const>{sums.step_initial, width}, sums.initial);
    be.template column_sum_add<1, width>(in.batch, rows<T const>{sums.step_rate, width}, sums.rate);
  }
  template <class B, class P, class Workspace, class G>
  static void end_relaxation(B& be, P p, Workspace const& w, G dp) {
    constexpr index_t sharing = Layer::alike, count = Layer::M * Layer::SW / sharing;
    using T = std::remove_pointer_t<decltype(w.state)>;
    be.for_each(count, relaxation_rates_backward<sharing, T>{p.values + Layer::at_rate, w.relaxation.rate,
                                                             dp.values + Layer::at_rate, count});
    if constexpr (Layer::learned_initial_state) {
      initial_state_gradient<typename Layer::cell, Layer::cells, sharing>(be, 1, nullptr, w.relaxation.initial,
                                                                          dp.values + Layer::at_initial_state);
    }
  }

  /// From w.state = dL/dstate_out of step t, as far as later steps go, to that of step t - 1.
  template <class B, class P, class T, class Activations, class Workspace, class G>
  static void step_backward(B& be, P p, inputs<T> const& in, Activations const& s, Workspace const& w,
                            T const* dstate_out, index_t t, G dp) {
    constexpr index_t M = Layer::M, H = Layer::H, width = M * Layer::SW;
    index_t const batch = in.batch;
    std::uint8_t const* const start = in.start + t * batch;
    be.template for_rows<H>(
        batch * M, ops::add_rows<T, M>{{dstate_out + t * batch * M * H, M * H, H}, {w.state, width, Layer::read_step}});
    Layer::step_backward(be, p, in, s, w, t, dp);
    if constexpr (Layer::relaxes) {
      relax_backward(be, in, s, w, t);
    } else {
      if constexpr (Layer::learned_initial_state) {
        initial_state_gradient<typename Layer::cell, Layer::cells, Layer::alike>(be, batch, start, w.previous,
                                                                                 dp.values + Layer::at_initial_state);
      }
      be.template for_rows<width>(batch, stop_at_initial_state<T, width>{start, w.previous});
    }
    be.copy(batch * width, w.previous, w.state);
  }

  recurrent() = default;
  friend Layer;
};

}  // namespace dynamics
S2RM_NAMESPACE_END
