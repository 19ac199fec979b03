#pragma once
/// \file
/// The dynamics of spatially structured recurrent modules: one step from (state, views) to the next state, and back
/// (model §2.6-2.9). With R = T B rows (t, b) of a sequence:
///
///   y = norm(h)                                                             (R, M, H)
///   u = KMDPA(W^q_m y; W^k [e; s], W^v [e; s]; Z(p_m, s_a))                 (R, M, NC)
///   g = KMDPA(W^q_m y, W^k_m y, W^v_m y; Z(p_i, p_j)),  hbar = h + W^o_m g  (R, M, H)
///   h' = Cell_m(u, hbar), carrying h over (`carry::bounded`) or hbar (`carry::residual`)
///
/// With `weights::shared` W_m and Cell_m are the same for all modules: they get (R M) rows of one module.
///
/// With `time::elapsed` h is the state of the step before relaxed (dynamics/relaxation.hpp), and the cell reads [u; phi]
/// with phi the features of the time (layer/time_features.hpp), CW numbers.
///
/// What does not read h (keys and values of the views, Z) is computed for all rows before the loop over time; backward,
/// the gradient of a weight is one GEMM per chunk of `delta_rows` rows (dynamics/scan.hpp). Inside the loop remain the
/// queries, two small attentions and the cell.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/activations.hpp"
#include "s2rm/dynamics/fused_recurrence.hpp"
#include "s2rm/dynamics/policies.hpp"
#include "s2rm/dynamics/scan.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/layer/rms_norm.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

template <class Shape, index_t Encoded, class Cell, class Normalisation, bool StraightThrough, class Interaction,
          class Carry, class StateNorm, class InitialState, class Time>
struct s2rm_layer : recurrent<s2rm_layer<Shape, Encoded, Cell, Normalisation, StraightThrough, Interaction, Carry,
                                         StateNorm, InitialState, Time>> {
  static constexpr index_t M = Shape::modules, H = Shape::hidden, N = Shape::heads, C = Shape::head_width;
  static constexpr index_t NC = N * C, source = Encoded + Shape::sphere + Shape::context, SW = Cell::state;
  /// Sets of weights, as many as the cell has, and modules that share one.
  static constexpr index_t WM = Cell::initial::infos[0].extents[0], alike = M / WM;
  static constexpr index_t cells = M, read_step = SW, CW = NC + Time::features;
  static constexpr bool whole_sequence_views = true, relaxes = Time::active;
  static constexpr bool interacts = !std::is_same_v<Interaction, interaction::none>;
  static constexpr bool before = std::is_same_v<Interaction, interaction::before_update>;
  static constexpr bool after = std::is_same_v<Interaction, interaction::after_update>;
  static constexpr bool normed = std::is_same_v<StateNorm, state_norm::rms>;
  static constexpr bool learned_initial_state = std::is_same_v<InitialState, initial_state::learned>;
  /// A cell that carries more than h (an LSTM) carries its own memory whatever the policy.
  static constexpr bool carries_hbar = std::is_same_v<Carry, carry::residual> && SW == H;
  static constexpr index_t projections =
      interacts ? 4 : 1;  ///< query of the views; query, key, value of the interaction
  static constexpr index_t PW = projections * NC;

  using cell = Cell;
  using attend = attention::kernel_dot<N, C, Normalisation, StraightThrough>;
  /// Between modules, attention weights are recomputed in the backward pass: saved, M M numbers a row would be most of
  /// the activations.
  using interaction_attend = attention::kernel_dot<N, C, Normalisation, StraightThrough, true, true>;

  struct view_params
      : schema<field<"query.weight", WM, NC, H>, field<"key.weight", NC, source>, field<"value.weight", NC, source>> {};
  struct interaction_params
      : std::conditional_t<interacts,
                           schema<field<"query.weight", WM, NC, H>, field<"key.weight", WM, NC, H>,
                                  field<"value.weight", WM, NC, H>, field<"out.weight", WM, H, NC>>,
                           schema<>> {};
  struct initial_state_params : std::conditional_t<learned_initial_state, typename Cell::initial, schema<>> {};
  struct time_params : std::conditional_t<relaxes, schema<field<"rate", WM, SW>>, schema<>> {};
  struct params
      : joined<prefixed<"views.", view_params>, prefixed<"interaction.", interaction_params>,
               prefixed<"cell.", typename Cell::params>, initial_state_params, prefixed<"time.", time_params>> {};
  static constexpr index_t at_views = 0, at_interaction = view_params::size,
                           at_cell = at_interaction + interaction_params::size,
                           at_initial_state = at_cell + Cell::params::size,
                           at_rate = at_initial_state + initial_state_params::size;

  template <class T>
  static void initialise(T* values, init::source from) {
    constexpr index_t projection = WM * NC * H;
    init::linear(values, projection, H, from);
    init::linear(values + projection, 2 * NC * source, source, from.at(projection));
    if constexpr (interacts) {
      T* const w = values + at_interaction;
      init::linear(w, 3 * projection, H, from.at(at_interaction));
      init::linear(w + 3 * projection, projection, NC, from.at(at_interaction + 3 * projection));
    }
    Cell::initialise(values + at_cell, from.at(at_cell));
    if constexpr (learned_initial_state) Cell::initialise_state(values + at_initial_state);
    if constexpr (relaxes) std::fill_n(values + at_rate, time_params::size, initial_rate<Time, T>());
  }

  template <class T>
  using inputs = dynamics::inputs<T>;
  template <class T>
  using activations = dynamics::activations<s2rm_layer, T>;
  template <class T>
  using workspace = dynamics::workspace<s2rm_layer, T>;

  /// Keys and values of all views, and the features of the steps' times.
  template <class B, class T>
  static void prepare_views(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t,
                            index_t count) {
    auto const views = p.template inner<view_params>(at_views);
    index_t const first = t * in.batch * in.views, n = count * in.batch * in.views;
    rows<T const> const x = in.source.shifted(first * in.source.stride);
    ops::side_by_side(
        be, product_of(views.template matrix<"key.weight">(), nullptr, n, x, rows<T>{s.key + first * NC, NC}),
        product_of(views.template matrix<"value.weight">(), nullptr, n, x, rows<T>{s.value + first * NC, NC}));
    if constexpr (CW > NC) {
      index_t const r = t * in.batch;
      be.for_each(count * in.batch * M, layer::time_feature_rows<typename Time::unit, M, T>{
                                            in.elapsed == nullptr ? nullptr : in.elapsed + r, in.start + r,
                                            wide(s.u + r * M * CW, CW).shifted(NC)});
    }
  }

  template <class B, class T>
  static bool fused_forward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s) {
    return run_fused_recurrence<s2rm_layer>(be, p, in, s);
  }
  template <class B, class T>
  static bool fused_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                             workspace<T> const& w, T const* dstate_out, index_t t, index_t count,
                             gradients_of<T, params> dp) {
    return run_fused_recurrence_backward<s2rm_layer>(be, p, in, s, w, dstate_out, t, count, dp);
  }

  template <class B, class T>
  static void begin_backward(B& be, inputs<T> const& in, workspace<T> const& w) {
    if constexpr (interacts) be.fill(in.batch * M * M, T(0), w.module_log_rows);
  }
  template <class B, class T>
  static void end_backward(B& be, inputs<T> const& in, workspace<T> const& w, T* dmodule_log) {
    if constexpr (interacts) {
      be.template column_sum_add<1, M * M>(in.batch, rows<T const>{w.module_log_rows, M * M}, dmodule_log);
    }
  }

  template <class B, class T>
  static void step(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t) {
    index_t const batch = in.batch;
    at_step<T> const a(in, s, t);
    rows<T const> const y = normalise(be, batch, rows<T const>(a.h), s.read + a.r * M * H, s.read_factor + a.r * M);
    auto const views = p.template inner<view_params>(at_views);
    T* const projected = s.projected + a.r * M * PW;
    auto const query = product_of(views.template matrix<"query.weight">(), nullptr, batch * alike, by_weight(y),
                                  by_weight(slice(projected, 0)));
    if constexpr (before) {
      project(be, p, batch, y, projected, query);
    } else {
      ops::side_by_side(be, query);
    }
    attend::forward(be, view_geometry(in, t), slice(projected, 0),
                    rows<T>{s.key + a.r * in.views * NC, in.views * NC, NC},
                    rows<T>{s.value + a.r * in.views * NC, in.views * NC, NC}, wide(s.u + a.r * M * CW, CW),
                    s.view_attention + a.r * M * attend::saved(in.views));
    if constexpr (before) interact(be, p, in, s, t, rows<T const>(a.h), wide(s.hbar + a.r * M * H, H));

    saved_of<T, typename Cell::saved> const saved{s.cell, in.time * batch * alike, a.r * alike};
    Cell::forward(be, p.template inner<typename Cell::params>(at_cell), batch * alike,
                  by_weight(wide(s.u + a.r * M * CW, CW)), by_weight(a.hbar), by_weight(a.carried), by_weight(a.y),
                  saved, s.scratch);
    if constexpr (after) {
      be.copy(batch * M * SW, a.y.data, a.out.data);
      rows<T const> const z =
          normalise(be, batch, rows<T const>(a.y), s.mid_read + a.r * M * H, s.mid_factor + a.r * M);
      project(be, p, batch, z, projected);
      interact(be, p, in, s, t, rows<T const>(a.y), a.out);
    }
  }

  template <class B, class T>
  static void step_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                            workspace<T> const& w, index_t t, gradients_of<T, params> /*dp*/) {
    index_t const batch = in.batch;
    at_step<T> const a(in, s, t);
    index_t const r = a.r;
    index_t const k = s2rm_layer::delta_row(in, t);
    index_t const per_row = in.views * M;
    be.fill(batch * per_row, T(0), w.view_log + k * per_row);
    T* const interaction_d = w.interaction_d + k * M * H;
    rows<T> const state = state_rows(w.state), previous = state_rows(w.previous);

    if constexpr (after) {
      be.template for_rows<H>(batch * M, ops::copy_rows<T, M>{state, wide(interaction_d, H)});
      interact_backward(be, p, in, s, w, t, wide(w.y, H));
      add_normalise_backward(be, batch, s.mid_read + r * M * H, s.mid_factor + r * M, wide(w.y, H), state);
    }

    saved_of<T const, typename Cell::saved> const saved{s.cell, in.time * batch * alike, r * alike};
    saved_of<T, typename Cell::delta> const delta{w.delta, in.delta_steps() * batch * alike, k * alike};
    rows<T> const dhbar = wide(before ? interaction_d : w.cell_h, H);
    // dL/d(carried state) goes to the previous state; where hbar is carried it is moved on to dhbar.
    Cell::backward(be, p.template inner<typename Cell::params>(at_cell), batch * alike,
                   by_weight(wide(s.u + r * M * CW, CW)), by_weight(a.hbar), by_weight(a.carried), by_weight(state),
                   saved, delta, by_weight(wide(w.u, CW)), by_weight(dhbar), by_weight(previous), w.scratch);
    if constexpr (carries_hbar) {
      be.template for_rows<H>(batch * M, ops::add_rows<T, M>{previous, dhbar});
      be.fill(batch * M * SW, T(0), w.previous);
    }
    be.template for_rows<H>(batch * M, ops::add_rows<T, M>{dhbar, previous});

    T* const d = w.projected + k * M * PW;
    T const* const projected = s.projected + r * M * PW;
    attend::backward(
        be, view_geometry(in, t), slice(projected, 0), rows<T>{s.key + r * in.views * NC, in.views * NC, NC},
        rows<T>{s.value + r * in.views * NC, in.views * NC, NC}, wide(w.u, CW),
        s.view_attention + r * M * attend::saved(in.views), slice(d, 0),
        rows<T>{w.key + k * in.views * NC, in.views * NC, NC}, rows<T>{w.value + k * in.views * NC, in.views * NC, NC},
        w.view_log + k * per_row, per_row, w.scratch);
    auto const query = p.template inner<view_params>(at_views).template matrix<"query.weight">();
    if constexpr (before) {
      interact_backward(be, p, in, s, w, t, wide(w.y, H));
      be.product_transposed_add(query, batch * alike, by_weight(slice(d, 0)), by_weight(wide(w.y, H)));
    } else {
      be.product_transposed(query, batch * alike, by_weight(slice(d, 0)), by_weight(wide(w.y, H)));
    }
    add_normalise_backward(be, batch, s.read + r * M * H, s.read_factor + r * M, wide(w.y, H), previous);
  }

  /// Gradients of all weights, one GEMM each over the rows of steps t ... t + count - 1, and of the views.
  template <class B, class T>
  static void gradient(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                       workspace<T> const& w, index_t t, index_t count, rows<T> dsource, gradients_of<T, params> dp) {
    index_t const n = count * in.batch * alike, r = t * in.batch;
    rows<T const> const h = state_rows<T const>(s.state_in + r * M * SW);
    rows<T const> const y = normed ? wide<T const>(s.read + r * M * H, H) : h;
    rows<T const> const hbar = before ? wide<T const>(s.hbar + r * M * H, H) : h;
    auto const views = dp.template inner<view_params>(at_views);
    be.template outer_add<WM, NC, H>(n, by_weight(slice(w.projected, 0)), by_weight(y),
                                     views.template at<"query.weight">());
    if constexpr (interacts) {
      rows<T const> const z = !after   ? y
                              : normed ? wide<T const>(s.mid_read + r * M * H, H)
                                       : state_rows<T const>(s.mid + r * M * SW);
      auto const g = dp.template inner<interaction_params>(at_interaction);
      be.template outer_add<WM, NC, H>(n, by_weight(slice(w.projected, 1)), by_weight(z),
                                       g.template at<"query.weight">());
      be.template outer_add<WM, NC, H>(n, by_weight(slice(w.projected, 2)), by_weight(z),
                                       g.template at<"key.weight">());
      be.template outer_add<WM, NC, H>(n, by_weight(slice(w.projected, 3)), by_weight(z),
                                       g.template at<"value.weight">());
      be.template outer_add<WM, H, NC>(n, by_weight(wide(w.interaction_d, H)), by_weight(wide(s.g + r * M * NC, NC)),
                                       g.template at<"out.weight">());
    }
    saved_of<T const, typename Cell::delta> const delta{w.delta, in.delta_steps() * in.batch * alike, 0};
    Cell::gradient(be, n, by_weight(wide(s.u + r * M * CW, CW)), by_weight(hbar), delta,
                   dp.template inner<typename Cell::params>(at_cell), w.scratch);
    view_gradient(be, p, in, w, t, count, dsource, dp);
  }

 private:
  template <class T>
  static rows<T> by_weight(rows<T> const& x) {
    return ops::by_weight<M, WM>(x);
  }
  template <class T>
  static rows<T> state_rows(T* x) {
    return {x, M * SW, SW};
  }
  template <class T>
  static rows<T> wide(T* x, index_t width) {
    return {x, M * width, width};
  }
  /// Slice `i` of the projections of one step.
  template <class T>
  static rows<T> slice(T* projected, index_t i) {
    return {projected + i * NC, M * PW, PW};
  }

  template <class T>
  static attention::geometry<T> view_geometry(inputs<T> const& in, index_t t) {
    index_t const per_row = in.views * M;
    return {in.batch, M, in.views, in.view_log_weight + t * in.batch * per_row, in.view_reach + t * in.batch * per_row,
            per_row,  1, M};
  }
  template <class T>
  static attention::geometry<T> module_geometry(inputs<T> const& in) {
    return {in.batch, M, M, in.module_log_weight, in.module_reach, 0, M, 1, in.module_neighbours};
  }

  /// The state as the projections read it.
  template <class B, class T>
  static rows<T const> normalise(B& be, index_t batch, rows<T const> h, T* read, T* factor) {
    if constexpr (normed) {
      layer::normalise_rows<M, H, B, T>(be, batch * M, h, wide(read, H), factor);
      return wide<T const>(read, H);
    } else {
      return h;
    }
  }

  /// The interaction's projections of y.
  template <class B, class T, class... Others>
  static void project(B& be, parameters_of<T, params> p, index_t batch, rows<T const> y, T* projected,
                      Others const&... others) {
    auto const w = p.template inner<interaction_params>(at_interaction);
    index_t const n = batch * alike;
    rows<T const> const x = by_weight(y);
    ops::side_by_side(be, others...,
                      product_of(w.template matrix<"query.weight">(), nullptr, n, x, by_weight(slice(projected, 1))),
                      product_of(w.template matrix<"key.weight">(), nullptr, n, x, by_weight(slice(projected, 2))),
                      product_of(w.template matrix<"value.weight">(), nullptr, n, x, by_weight(slice(projected, 3))));
  }

  /// g = KMDPA over the modules' projections, then to = from + W_o g.
  template <class B, class T>
  static void interact(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t,
                       rows<T const> from, rows<T> to) {
    index_t const batch = in.batch, r = t * batch;
    auto const w = p.template inner<interaction_params>(at_interaction);
    T const* const projected = s.projected + r * M * PW;
    interaction_attend::forward(be, module_geometry(in), slice(projected, 1), slice(projected, 2), slice(projected, 3),
                                wide(s.g + r * M * NC, NC),
                                s.interaction_attention + r * M * interaction_attend::saved(M));
    be.template for_rows<H>(batch * M, ops::copy_rows<T, M>{from, to});
    be.product_add(w.template matrix<"out.weight">(), batch * alike, by_weight(wide(s.g + r * M * NC, NC)),
                   by_weight(to));
  }

  /// Given d = dL/d(from + W_o g) in w.interaction_d of this step, fills the interaction's slices of w.projected and overwrites
  /// dy.
  template <class B, class T>
  static void interact_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                                workspace<T> const& w, index_t t, rows<T> dy) {
    index_t const batch = in.batch, r = t * batch;
    auto const weights = p.template inner<interaction_params>(at_interaction);
    T const* const projected = s.projected + r * M * PW;
    index_t const k = s2rm_layer::delta_row(in, t);
    T* const d = w.projected + k * M * PW;
    be.product_transposed(weights.template matrix<"out.weight">(), batch * alike,
                          by_weight(wide(w.interaction_d + k * M * H, H)), by_weight(wide(w.g, NC)));
    interaction_attend::backward(be, module_geometry(in), slice(projected, 1), slice(projected, 2), slice(projected, 3),
                                 wide(w.g, NC), s.interaction_attention + r * M * interaction_attend::saved(M),
                                 slice(d, 1), slice(d, 2), slice(d, 3), w.module_log_rows, M * M, w.scratch);
    be.product_transposed(weights.template matrix<"query.weight">(), batch * alike, by_weight(slice(d, 1)),
                          by_weight(dy));
    be.product_transposed_add(weights.template matrix<"key.weight">(), batch * alike, by_weight(slice(d, 2)),
                              by_weight(dy));
    be.product_transposed_add(weights.template matrix<"value.weight">(), batch * alike, by_weight(slice(d, 3)),
                              by_weight(dy));
  }

  /// Where the arrays of one step lie, for its forward and its backward pass.
  template <class T>
  struct at_step {
    index_t r;
    rows<T> h, out;  ///< state_in, state_out
    rows<T const> hbar, carried;
    rows<T> y;  ///< the cell's result
    at_step(inputs<T> const& in, activations<T> const& s, index_t t)
        : r(t * in.batch), h(state_rows(s.state_in + r * M * SW)), out(state_rows(s.state_out + r * M * SW)) {
      hbar = before ? rows<T const>(wide(s.hbar + r * M * H, H)) : rows<T const>(h);
      carried = carries_hbar ? hbar : rows<T const>(h);
      y = after ? state_rows(s.mid + r * M * SW) : out;
    }
  };

  template <class B, class T>
  static void add_normalise_backward(B& be, index_t batch, T const* read, T const* factor, rows<T> dy, rows<T> dh) {
    if constexpr (normed) {
      layer::normalise_rows_backward<M, H, B, T>(be, batch * M, wide(read, H), dy, factor, dh);
    } else {
      be.template for_rows<H>(batch * M, ops::add_rows<T, M>{dy, dh});
    }
  }

  /// From dk and dv of the views of steps t ... t + count - 1 to dL/d[e; s] and the weights.
  template <class B, class T>
  static void view_gradient(B& be, parameters_of<T, params> p, inputs<T> const& in, workspace<T> const& w, index_t t,
                            index_t count, rows<T> dsource, gradients_of<T, params> dp) {
    index_t const n = count * in.batch * in.views;
    rows<T const> const sources = in.source.shifted(t * in.batch * in.views * in.source.stride);
    rows<T const> const dkey{w.key, NC}, dvalue{w.value, NC};
    auto const dviews = dp.template inner<view_params>(at_views);
    be.template outer_add<1, NC, source>(n, dkey, sources, dviews.template at<"key.weight">());
    be.template outer_add<1, NC, source>(n, dvalue, sources, dviews.template at<"value.weight">());
    auto const views = p.template inner<view_params>(at_views);
    be.product_transposed(views.template matrix<"key.weight">(), n, dkey, dsource);
    be.product_transposed_add(views.template matrix<"value.weight">(), n, dvalue, dsource);
  }
};

}  // namespace dynamics
S2RM_NAMESPACE_END
