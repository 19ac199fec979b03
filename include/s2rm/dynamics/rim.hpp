#pragma once
/// \file
/// Recurrent independent mechanisms (Goyal et al. 2019, arXiv 1909.10893) over sets of views, a comparison model:
/// S2RM's modules without places, of which only `Active` take part in a step. With y = norm(h), all per module m:
///
///   u, w_null = attention with a null source: q = W^q_m y; k_a = W^k [e_a; s_a], v_a = W^v [e_a; s_a]
///   active    = the `Active` modules of least w_null
///   h~        = Cell_m(u, h) where active, else h
///   g         = softmax((W^q_m z)(W^k z)^T / sqrt(C)) W^v z over all modules, z = norm(h~)
///   h'        = h~ + W^o_m g where active, else h
///
/// The choice of modules is treated as a constant in the backward pass: gradients are those of the step as computed.
/// With d = dL/dh', D = d where active (else 0):
///   dg = W^o^T D, dz from the attention, dh~ = d + norm'(dz),   the cell gets dh~ where active, h gets it elsewhere,
///   du -> dq, dk_a, dv_a (dynamics/null_attention.hpp), dh += norm'(W^q^T dq).

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/null_attention.hpp"
#include "s2rm/dynamics/scan.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/layer/rms_norm.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

template <class Shape, index_t Encoded, class Cell, index_t Active, class StateNorm, class InitialState, class Time>
struct rim_layer : recurrent<rim_layer<Shape, Encoded, Cell, Active, StateNorm, InitialState, Time>> {
  static constexpr index_t M = Shape::modules, H = Shape::hidden, N = Shape::heads, C = Shape::head_width;
  static constexpr index_t NC = N * C, source = Encoded + Shape::sphere + Shape::context, SW = Cell::state, PW = 3 * NC;
  static constexpr index_t cells = Shape::modules, read_step = SW, CW = NC + Time::features;
  static constexpr bool relaxes = Time::active;
  static constexpr bool normed = std::is_same_v<StateNorm, state_norm::rms>;
  static constexpr bool learned_initial_state = std::is_same_v<InitialState, initial_state::learned>;
  using cell = Cell;
  using interaction_attend = attention::kernel_dot<N, C, normalisation::log_space>;

  struct view_params
      : schema<field<"query.weight", M, NC, H>, field<"key.weight", NC, source>, field<"value.weight", NC, source>> {};
  struct interaction_params : schema<field<"query.weight", M, NC, H>, field<"key.weight", M, NC, H>,
                                     field<"value.weight", M, NC, H>, field<"out.weight", M, H, NC>> {};
  struct initial_state_params : std::conditional_t<learned_initial_state, typename Cell::initial, schema<>> {};
  struct time_params : std::conditional_t<relaxes, schema<field<"rate", M, SW>>, schema<>> {};
  struct params
      : joined<prefixed<"views.", view_params>, prefixed<"interaction.", interaction_params>,
               prefixed<"cell.", typename Cell::params>, initial_state_params, prefixed<"time.", time_params>> {};
  static constexpr index_t at_interaction = view_params::size, at_cell = at_interaction + interaction_params::size,
                           at_initial_state = at_cell + Cell::params::size,
                           at_rate = at_initial_state + initial_state_params::size;

  template <class T>
  static void initialise(T* values, init::source from) {
    init::linear(values, M * NC * H, H, from);
    init::linear(values + M * NC * H, 2 * NC * source, source, from.at(M * NC * H));
    init::linear(values + at_interaction, 3 * M * NC * H, H, from.at(at_interaction));
    init::linear(values + at_interaction + 3 * M * NC * H, M * H * NC, NC, from.at(at_interaction + 3 * M * NC * H));
    Cell::initialise(values + at_cell, from.at(at_cell));
    if constexpr (learned_initial_state) Cell::initialise_state(values + at_initial_state);
    if constexpr (relaxes) std::fill_n(values + at_rate, time_params::size, initial_rate<Time, T>());
  }

  template <class T>
  using inputs = dynamics::inputs<T>;

  template <class T>
  struct activations : recurrent_activations<T> {
    T *key, *value;                            ///< (R, A, NC)
    T *read, *read_factor;                     ///< (R, M, H), (R, M): y
    T *query, *weights, *u;                    ///< (R, M, NC), (R, M, N, A + 1), (R, M, NC, and features of time)
    std::uint8_t* active;                      ///< (R, M)
    T *mid, *mid_read, *mid_factor;            ///< h~ and z
    T *projected, *interaction_attention, *g;  ///< (R, M, 3 NC), ..., (R, M, NC)
    T *cell, *scratch;
    static constexpr activations lay_out(arena& a, index_t time, index_t batch, index_t views, index_t /*delta_rows*/) {
      index_t const R = time * batch;
      activations s{};
      s.lay_out_states(a, R, M * SW, relaxes);
      s.key = a.take<T>(R * views * NC);
      s.value = a.take<T>(R * views * NC);
      s.read = a.take<T>(normed ? R * M * H : 0);
      s.read_factor = a.take<T>(normed ? R * M : 0);
      s.query = a.take<T>(R * M * NC);
      s.weights = a.take<T>(R * M * N * (views + 1));
      s.u = a.take<T>(R * M * CW);
      s.active = a.take<std::uint8_t>(R * M);
      s.mid = a.take<T>(R * M * SW);
      s.mid_read = a.take<T>(normed ? R * M * H : 0);
      s.mid_factor = a.take<T>(normed ? R * M : 0);
      s.projected = a.take<T>(R * M * PW);
      s.interaction_attention = a.take<T>(R * M * interaction_attend::saved(M));
      s.g = a.take<T>(R * M * NC);
      s.cell = a.take<T>(R * Cell::saved::size);
      s.scratch = a.take<T>(batch * (std::max)(Cell::scratch, M * H));
      return s;
    }
  };
  template <class T>
  struct workspace : recurrent_workspace<T> {
    T *mid, *given, *h, *y;            ///< (B, M, state) twice, (B, M, H) twice: dh~, and dh~ where active
    T *u, *g, *log;                    ///< (B, M, CW), (B, M, NC), (B, M, M)
    T *query, *projected, *out;        ///< (K, M, NC), (K, M, 3 NC), (K, M, H)
    T *key, *value, *delta, *scratch;  ///< (K, A, NC) twice; of K rows; of one step or K rows
    static constexpr workspace lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
      index_t const K = ops::chunk_rows::max_rows(delta_rows, time, batch);
      workspace w{};
      w.lay_out_states(a, batch, M * SW, relaxes);
      w.mid = a.take<T>(batch * M * SW);
      w.given = a.take<T>(batch * M * SW);
      w.h = a.take<T>(batch * M * H);
      w.y = a.take<T>(batch * M * H);
      w.u = a.take<T>(batch * M * CW);
      w.g = a.take<T>(batch * M * NC);
      w.log = a.take<T>(batch * M * M);
      w.query = a.take<T>(K * M * NC);
      w.projected = a.take<T>(K * M * PW);
      w.out = a.take<T>(K * M * H);
      w.key = a.take<T>(K * views * NC);
      w.value = a.take<T>(K * views * NC);
      w.delta = a.take<T>(K * Cell::delta::size);
      w.scratch = a.take<T>((std::max)({batch * Cell::scratch, batch * M * interaction_attend::scratch(M),
                                        batch * M * N * (views + 1), K * Cell::gradient_scratch}));
      return w;
    }
  };

  template <class B, class T>
  static void prepare_views(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t,
                            index_t count) {
    auto const w = p.template inner<view_params>(0);
    index_t const first = t * in.batch * in.views, n = count * in.batch * in.views;
    rows<T const> const x = in.source.shifted(first * in.source.stride);
    ops::side_by_side(
        be, product_of(w.template matrix<"key.weight">(), nullptr, n, x, rows<T>{s.key + first * NC, NC}),
        product_of(w.template matrix<"value.weight">(), nullptr, n, x, rows<T>{s.value + first * NC, NC}));
    if constexpr (CW > NC) {
      index_t const r = t * in.batch;
      be.for_each(count * in.batch * M, layer::time_feature_rows<typename Time::unit, M, T>{
                                            in.elapsed == nullptr ? nullptr : in.elapsed + r, in.start + r,
                                            wide(s.u + r * M * CW, CW).shifted(NC)});
    }
  }

  template <class B, class T>
  static void step(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t) {
    index_t const batch = in.batch, r = t * batch;
    auto const views = p.template inner<view_params>(0);
    auto const w = p.template inner<interaction_params>(at_interaction);
    rows<T const> const h = states<T const>(s.state_in + r * M * SW);
    rows<T> const mid = states(s.mid + r * M * SW), out = states(s.state_out + r * M * SW);
    std::uint8_t* const active = s.active + r * M;
    T* const weights = s.weights + r * M * N * (in.views + 1);
    T* const projected = s.projected + r * M * PW;

    rows<T const> const y = normalise(be, batch, h, s.read + r * M * H, s.read_factor + r * M);
    be.product(views.template matrix<"query.weight">(), nullptr, batch, y, wide(s.query + r * M * NC, NC));
    be.for_each(batch * M, attend_views<M, N, C, T, CW>{seen(in, s, t), weights, s.u + r * M * CW});
    be.for_each(batch, choose_active<M, N, Active, T>{in.views, weights, active});
    Cell::forward(be, p.template inner<typename Cell::params>(at_cell), batch, wide(s.u + r * M * CW, CW), h, h, mid,
                  saved_of<T, typename Cell::saved>{s.cell, in.time * batch, r}, s.scratch);
    be.template for_rows<SW>(batch * M, where_active<M, true, T>{active, mid, h, mid});

    rows<T const> const z = normalise(be, batch, rows<T const>(mid), s.mid_read + r * M * H, s.mid_factor + r * M);
    ops::side_by_side(be, product_of(w.template matrix<"query.weight">(), nullptr, batch, z, slice(projected, 0)),
                      product_of(w.template matrix<"key.weight">(), nullptr, batch, z, slice(projected, 1)),
                      product_of(w.template matrix<"value.weight">(), nullptr, batch, z, slice(projected, 2)));
    interaction_attend::forward(be, modules(in), slice(projected, 0), slice(projected, 1), slice(projected, 2),
                                wide(s.g + r * M * NC, NC),
                                s.interaction_attention + r * M * interaction_attend::saved(M));
    be.copy(batch * M * SW, mid.data, out.data);
    be.product_add(w.template matrix<"out.weight">(), batch, wide(s.g + r * M * NC, NC), out);
    be.template for_rows<SW>(batch * M, where_active<M, true, T>{active, out, mid, out});
  }

  template <class B, class T>
  static void step_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                            workspace<T> const& w, index_t t, gradients_of<T, params> /*dp*/) {
    index_t const batch = in.batch, r = t * batch, k = rim_layer::delta_row(in, t);
    auto const views = p.template inner<view_params>(0);
    auto const weights = p.template inner<interaction_params>(at_interaction);
    rows<T const> const h = states<T const>(s.state_in + r * M * SW), u = wide<T const>(s.u + r * M * CW, CW);
    rows<T> const mid = states(w.mid), given = states(w.given), previous = states(w.previous);
    rows<T> const out = wide(w.out + k * M * H, H), y = wide(w.y, H), query = wide(w.query + k * M * NC, NC);
    std::uint8_t const* const active = s.active + r * M;
    T const* const projected = s.projected + r * M * PW;
    T* const d = w.projected + k * M * PW;

    be.template for_rows<H>(batch * M, where_active<M, true, T>{active, states(w.state), {}, out});
    be.product_transposed(weights.template matrix<"out.weight">(), batch, out, wide(w.g, NC));
    be.fill(batch * M * M, T(0), w.log);
    interaction_attend::backward(be, modules(in), slice(projected, 0), slice(projected, 1), slice(projected, 2),
                                 wide(w.g, NC), s.interaction_attention + r * M * interaction_attend::saved(M),
                                 slice(d, 0), slice(d, 1), slice(d, 2), w.log, M * M, w.scratch);
    be.product_transposed(weights.template matrix<"query.weight">(), batch, slice(d, 0), y);
    be.product_transposed_add(weights.template matrix<"key.weight">(), batch, slice(d, 1), y);
    be.product_transposed_add(weights.template matrix<"value.weight">(), batch, slice(d, 2), y);
    be.copy(batch * M * SW, w.state, w.mid);
    add_normalise_backward(be, batch, s.mid_read + r * M * H, s.mid_factor + r * M, y, mid);

    be.template for_rows<SW>(batch * M, where_active<M, true, T>{active, mid, {}, given});
    Cell::backward(be, p.template inner<typename Cell::params>(at_cell), batch, u, h, h, given,
                   saved_of<T const, typename Cell::saved>{s.cell, in.time * batch, r}, deltas(in, w).from(k),
                   wide(w.u, CW), wide(w.h, H), previous, w.scratch);
    be.template for_rows<SW>(batch * M, where_active<M, true, T>{active, previous, mid, previous});
    be.template for_rows<H>(batch * M, ops::add_rows<T, M>{wide(w.h, H), previous});

    auto const g = seen(in, s, t);
    T const* const attention = s.weights + r * M * N * (in.views + 1);
    index_t const at = k * in.views * NC;
    be.for_each(batch * M, attend_views_backward<M, N, C, T, CW>{g, attention, w.u, w.scratch, query.data});
    be.for_each(batch * in.views,
                attend_views_sources<M, N, C, T, CW>{g, attention, w.scratch, w.u, w.key + at, w.value + at});
    be.product_transposed(views.template matrix<"query.weight">(), batch, query, y);
    add_normalise_backward(be, batch, s.read + r * M * H, s.read_factor + r * M, y, previous);
  }

  template <class B, class T>
  static void gradient(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                       workspace<T> const& w, index_t t, index_t count, rows<T> dsource, gradients_of<T, params> dp) {
    index_t const r = t * in.batch, n = count * in.batch, sources = n * in.views;
    rows<T const> const h = states<T const>(s.state_in + r * M * SW);
    rows<T const> const y = normed ? wide<T const>(s.read + r * M * H, H) : h;
    rows<T const> const z = normed ? wide<T const>(s.mid_read + r * M * H, H) : states<T const>(s.mid + r * M * SW);
    auto const dviews = dp.template inner<view_params>(0);
    auto const dinteraction = dp.template inner<interaction_params>(at_interaction);
    be.template outer_add<M, NC, H>(n, wide(w.query, NC), y, dviews.template at<"query.weight">());
    be.template outer_add<M, NC, H>(n, slice(w.projected, 0), z, dinteraction.template at<"query.weight">());
    be.template outer_add<M, NC, H>(n, slice(w.projected, 1), z, dinteraction.template at<"key.weight">());
    be.template outer_add<M, NC, H>(n, slice(w.projected, 2), z, dinteraction.template at<"value.weight">());
    be.template outer_add<M, H, NC>(n, wide(w.out, H), wide(s.g + r * M * NC, NC),
                                    dinteraction.template at<"out.weight">());
    Cell::gradient(be, n, wide(s.u + r * M * CW, CW), h, deltas(in, w),
                   dp.template inner<typename Cell::params>(at_cell), w.scratch);

    rows<T const> const x = in.source.shifted(r * in.views * in.source.stride), dkey{w.key, NC}, dvalue{w.value, NC};
    be.template outer_add<1, NC, source>(sources, dkey, x, dviews.template at<"key.weight">());
    be.template outer_add<1, NC, source>(sources, dvalue, x, dviews.template at<"value.weight">());
    auto const views = p.template inner<view_params>(0);
    be.product_transposed(views.template matrix<"key.weight">(), sources, dkey, dsource);
    be.product_transposed_add(views.template matrix<"value.weight">(), sources, dvalue, dsource);
  }

 private:
  template <class T>
  static rows<T> states(T* x) {
    return {x, M * SW, SW};
  }
  template <class T>
  static rows<T> wide(T* x, index_t width) {
    return {x, M * width, width};
  }
  /// Projection i of z: query, key, value.
  template <class T>
  static rows<T> slice(T* projected, index_t i) {
    return {projected + i * NC, M * PW, PW};
  }
  template <class T>
  static saved_of<T, typename Cell::delta> deltas(inputs<T> const& in, workspace<T> const& w) {
    return {w.delta, in.delta_steps() * in.batch};
  }
  template <class T>
  static null_attention<M, N, C, T> seen(inputs<T> const& in, activations<T> const& s, index_t t) {
    index_t const r = t * in.batch, first = r * in.views;
    return {in.views,           in.view_reach + first * M, s.query + r * M * NC,
            s.key + first * NC, s.value + first * NC,      T(1) / std::sqrt(static_cast<T>(C))};
  }
  /// Every module is within reach of every other.
  template <class T>
  static attention::geometry<T> modules(inputs<T> const& in) {
    return {in.batch, M, M, in.module_log_weight, in.module_reach, 0, M, 1};
  }

  template <class B, class T>
  static rows<T const> normalise(B& be, index_t batch, rows<T const> h, T* read, T* factor) {
    if constexpr (normed) {
      be.for_each(batch * M, layer::rms_row<M, H, T>{h, wide(read, H), factor});
      return wide<T const>(read, H);
    } else {
      return h;
    }
  }
  template <class B, class T>
  static void add_normalise_backward(B& be, index_t batch, T const* read, T const* factor, rows<T> dy, rows<T> dh) {
    if constexpr (normed) {
      be.for_each(batch * M, layer::rms_row_backward<M, H, T>{wide(read, H), dy, factor, dh});
    } else {
      be.template for_rows<H>(batch * M, ops::add_rows<T, M>{dy, dh});
    }
  }
};

/// `Active` of the shape's modules take part in a step; any cell.
template <index_t Active>
struct rim : without_space {
  using cell = s2rm::cell::gru;
  using readout = s2rm::readout::kernel_dot;
  static constexpr char const* name = "RIM";
  template <class Kind>
  static constexpr bool fills =
      without_space::fills<Kind> || std::is_same_v<Kind, s2rm::kind::cell> || std::is_same_v<Kind, s2rm::kind::time>;
  template <class Shape>
  static constexpr bool fits = Active >= 1 && Active <= Shape::modules;
  template <class Shape>
  using shape_of = Shape;
  template <class Shape, index_t Encoded, class C>
  using on = rim_layer<Shape, Encoded, typename C::cell, Active, typename C::state_norm, typename C::initial_state,
                       typename C::time>;
};

}  // namespace dynamics
S2RM_NAMESPACE_END
