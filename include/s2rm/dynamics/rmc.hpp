#pragma once
/// \file
/// One relational memory for the whole model (Santoro et al. 2018, Sonnet's form, one block; cell/rmc.hpp has the
/// single-input form and its derivation), a comparison model. The views of a step are the rows of the memory's input
/// matrix:
///
///   X_a = W_in [e_a; s_a] + b_in,   Y_0 = [slots of h; X_1 ... X_A]            K + A rows of width F
///   [q, k, v] = LN(W_qkv Y_0 + b_qkv);  z_1, Y_1, r, z_2, Y_2 as in cell/rmc.hpp, the rows of X dropped
///   [a_i, a_f] = W_x mean_a X_a + W_m tanh(h) + b,   i = sigmoid(a_i),  f = sigmoid(a_f + 1)
///   h' = i * tanh(Y_2) + f * h
///
/// Sonnet flattens a fixed number of rows into the gates; a set has no such number, so that they see its mean (0 where
/// there is no view). The K slots are what queries attend to: to the rest of the model they are modules. X does not
/// depend on the state, so that its projections and their weight gradients are one GEMM for many steps each.
///
/// Backward: as in cell/rmc.hpp; dX_a = W_qkv^T LN'(d[q, k, v]_a) + (W_x^T sum over slots [di, df]) / A.

#include <cmath>

#include "s2rm/cell/slot_attention.hpp"
#include "s2rm/dynamics/scan.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/dynamics/view_pooling.hpp"
#include "s2rm/layer/layer_norm.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// tanh of n rows.
template <index_t W, class T>
struct tanh_rows {
  using scalar = T;
  T const* x;
  T* y;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    L::store(y + row * W + j, math::tanh(L::load(x + row * W + j)));
  }
};

/// N heads, keys of A numbers; Shape's modules are the slots.
template <class Shape, index_t Encoded, index_t N, index_t A, class InitialState, class StateNorm>
struct rmc_layer : recurrent<rmc_layer<Shape, Encoded, N, A, InitialState, StateNorm>> {
  static constexpr index_t K = Shape::modules, F = Shape::hidden, V = F / N, QW = N * (2 * A + V);
  static constexpr index_t M = K, H = F, SW = F, source = Encoded + Shape::sphere + Shape::context;
  static constexpr index_t cells = M, read_step = SW;
  static constexpr bool normed = std::is_same_v<StateNorm, state_norm::rms>;
  static constexpr bool learned_initial_state = std::is_same_v<InitialState, initial_state::learned>;

  /// Where the slots start: rows of the identity, cut or padded with zeros.
  struct cell {
    struct initial : schema<field<"initial_state", K, F>> {};
    static constexpr index_t state = F;
    template <class T>
    static void initialise_state(T* values) {
      for (index_t i = 0; i < K * F; ++i) values[i] = T(i / F == i % F ? 1 : 0);
    }
  };

  struct memory_params
      : schema<field<"input.weight", F, source>, field<"input.bias", F>, field<"qkv.weight", QW, F>,
               field<"qkv.bias", QW>, field<"qkv_norm.weight", QW>, field<"qkv_norm.bias", QW>,
               field<"attention_norm.weight", F>, field<"attention_norm.bias", F>, field<"mlp.0.weight", F, F>,
               field<"mlp.0.bias", F>, field<"mlp.1.weight", F, F>, field<"mlp.1.bias", F>, field<"mlp_norm.weight", F>,
               field<"mlp_norm.bias", F>, field<"gate.input.weight", 2 * F, F>, field<"gate.memory.weight", 2 * F, F>,
               field<"gate.bias", 2 * F>> {};
  struct params : joined<prefixed<"cell.", memory_params>,
                         std::conditional_t<learned_initial_state, typename cell::initial, schema<>>> {};
  static constexpr index_t at_initial_state = memory_params::size;

  template <class T>
  static void initialise(T* values, init::source from) {
    init::layers(memory_params::infos, values, from,
                 [](std::string_view name) { return name.starts_with("input.") ? source : F; });
    if constexpr (learned_initial_state) cell::initialise_state(values + at_initial_state);
  }

  template <class T>
  using inputs = dynamics::inputs<T>;

  /// Of the slots (R, K, ...) and, with x, of the inputs (R, A, ...).
  template <class T>
  struct activations : recurrent_activations<T> {
    T *x, *x_mean, *x_qkv, *x_hat, *x_factor, *gate_input;  ///< (R, A, F), (R, F), (R, A, Q) x2, (R, A), (R, 2F)
    T *tanh_h, *qkv, *qkv_hat, *qkv_factor, *attention;     ///< ..., (R, N, K, K + A)
    T *y1, *y1_hat, *y1_factor, *r, *y2_hat, *y2_factor, *gates;
    T *pre, *gate_memory, *z, *y2;  ///< scratch of K rows or one step
    static constexpr activations lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
      index_t const R = time * batch, X = R * views, S = R * K,
                    max_rows = ops::chunk_rows::max_rows(delta_rows, time, batch);
      activations s{};
      s.lay_out_states(a, R, K * F);
      s.x = a.take<T>(X * F);
      s.x_mean = a.take<T>(R * F);
      s.x_qkv = a.take<T>(X * QW);
      s.x_hat = a.take<T>(X * QW);
      s.x_factor = a.take<T>(X);
      s.gate_input = a.take<T>(R * 2 * F);
      s.tanh_h = a.take<T>(S * F);
      s.qkv = a.take<T>(S * QW);
      s.qkv_hat = a.take<T>(S * QW);
      s.qkv_factor = a.take<T>(S);
      s.attention = a.take<T>(S * N * (K + views));
      s.y1 = a.take<T>(S * F);
      s.y1_hat = a.take<T>(S * F);
      s.y1_factor = a.take<T>(S);
      s.r = a.take<T>(S * F);
      s.y2_hat = a.take<T>(S * F);
      s.y2_factor = a.take<T>(S);
      s.gates = a.take<T>(S * 3 * F);
      s.pre = a.take<T>((std::max)(max_rows * views, batch * K) * QW);
      s.gate_memory = a.take<T>(batch * K * 2 * F);
      s.z = a.take<T>(batch * K * F);
      s.y2 = a.take<T>(batch * K * F);
      return s;
    }
  };
  /// Deltas of a chunk of rows, of slots and of inputs; then scratch of one step.
  template <class T>
  struct workspace : recurrent_workspace<T> {
    T *qkv, *qkv_gain, *qkv_offset, *x_qkv, *x_gain, *x_offset;
    T *y1_gain, *y1_offset, *mlp_0, *mlp_1, *y2_gain, *y2_offset, *gate, *gate_input, *x, *x_mean;
    T *z, *tanh_h, *y;
    static constexpr workspace lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
      index_t const rows_of = ops::chunk_rows::max_rows(delta_rows, time, batch), S = rows_of * K, X = rows_of * views,
                    B = batch * K;
      workspace w{};
      w.lay_out_states(a, batch, K * F);
      for (T** const p : {&w.qkv, &w.qkv_gain, &w.qkv_offset}) *p = a.take<T>(S * QW);
      for (T** const p : {&w.x_qkv, &w.x_gain, &w.x_offset}) *p = a.take<T>(X * QW);
      for (T** const p : {&w.y1_gain, &w.y1_offset, &w.mlp_0, &w.mlp_1, &w.y2_gain, &w.y2_offset}) {
        *p = a.take<T>(S * F);
      }
      w.gate = a.take<T>(S * 2 * F);
      w.gate_input = a.take<T>(rows_of * 2 * F);
      w.x = a.take<T>(X * F);
      w.x_mean = a.take<T>(rows_of * F);
      for (T** const p : {&w.z, &w.tanh_h, &w.y}) *p = a.take<T>(B * F);
      return w;
    }
  };

  /// X of these steps, its [q, k, v], and the part of the gates that its mean determines.
  template <class B, class T>
  static void prepare_views(B& be, parameters_of<T, params> all, inputs<T> const& in, activations<T> const& s,
                            index_t t, index_t count) {
    auto const p = all.template inner<memory_params>(0);
    index_t const r = t * in.batch, rows_of = count * in.batch, first = r * in.views, n = rows_of * in.views;
    T* const x = s.x + first * F;
    be.product(p.template matrix<"input.weight">(), p.template at<"input.bias">(), n,
               in.source.shifted(first * in.source.stride), plain<F>(x));
    be.product(p.template matrix<"qkv.weight">(), p.template at<"qkv.bias">(), n, plain<F>(x), plain<QW>(s.pre));
    be.for_each(n, norm<QW, T>{s.pre, nullptr, p.template at<"qkv_norm.weight">(), p.template at<"qkv_norm.bias">(),
                               s.x_hat + first * QW, s.x_factor + first, s.x_qkv + first * QW});
    be.template for_rows<F>(rows_of,
                            pool_rows<true, F, T>{in.view_reach + first * K, K, in.views, x, s.x_mean + r * F});
    be.product(p.template matrix<"gate.input.weight">(), nullptr, rows_of, plain<F>(s.x_mean + r * F),
               plain<2 * F>(s.gate_input + r * 2 * F));
  }

  template <class B, class T>
  static void step(B& be, parameters_of<T, params> all, inputs<T> const& in, activations<T> const& s, index_t t) {
    auto const p = all.template inner<memory_params>(0);
    index_t const r = t * in.batch, batch = in.batch, n = batch * K, at = r * K;
    T* const h = s.state_in + at * F;
    T* const y1 = s.y1 + at * F;
    T* const relu = s.r + at * F;
    be.template for_rows<F>(n, tanh_rows<F, T>{h, s.tanh_h + at * F});
    ops::side_by_side(
        be,
        product_of(p.template matrix<"qkv.weight">(), p.template at<"qkv.bias">(), n, plain<F>(h), plain<QW>(s.pre)),
        product_of(p.template matrix<"gate.memory.weight">(), p.template at<"gate.bias">(), n,
                   plain<F>(s.tanh_h + at * F), plain<2 * F>(s.gate_memory)));
    be.for_each(n, norm<QW, T>{s.pre, nullptr, p.template at<"qkv_norm.weight">(), p.template at<"qkv_norm.bias">(),
                               s.qkv_hat + at * QW, s.qkv_factor + at, s.qkv + at * QW});
    be.for_each(batch * N,
                s2rm::cell::attend_slots<1, K, N, A, V, T>{sources(in, s, t), flags(in, t), h, K * F,
                                                           s.attention + at * N * (K + in.views), s.z, scale<T>()});
    be.for_each(n, norm<F, T>{s.z, nullptr, p.template at<"attention_norm.weight">(),
                              p.template at<"attention_norm.bias">(), s.y1_hat + at * F, s.y1_factor + at, y1});
    be.product(p.template matrix<"mlp.0.weight">(), p.template at<"mlp.0.bias">(), n, plain<F>(y1), plain<F>(relu));
    be.template for_rows<F>(n, s2rm::cell::relu_rows<F, T>{relu});
    be.product(p.template matrix<"mlp.1.weight">(), p.template at<"mlp.1.bias">(), n, plain<F>(relu), plain<F>(s.z));
    be.for_each(n, norm<F, T>{s.z, y1, p.template at<"mlp_norm.weight">(), p.template at<"mlp_norm.bias">(),
                              s.y2_hat + at * F, s.y2_factor + at, s.y2});
    be.template for_rows<F>(
        n, s2rm::cell::memory_gates<1, K, F, T>{s.gate_memory, s.gate_input + r * 2 * F, s.y2, plain<K * F>(h),
                                                plain<K * F>(s.state_out + at * F), s.gates + at * 3 * F});
  }

  template <class B, class T>
  static void step_backward(B& be, parameters_of<T, params> all, inputs<T> const& in, activations<T> const& s,
                            workspace<T> const& w, index_t t, gradients_of<T, params> /*dp*/) {
    auto const p = all.template inner<memory_params>(0);
    index_t const k = rmc_layer::delta_row(in, t), batch = in.batch, n = batch * K, at = t * batch * K, to = k * K;
    T* const dy2 = w.y2_offset + to * F;
    T* const dz2 = w.mlp_1 + to * F;
    T* const dr = w.mlp_0 + to * F;
    T* const dy1 = w.y1_offset + to * F;
    T* const dgate = w.gate + to * 2 * F;
    rows<T> const previous = plain<K * F>(w.previous);
    be.template for_rows<F>(
        n, s2rm::cell::memory_gates_backward<1, K, F, T>{s.gates + at * 3 * F, plain<K * F>(s.state_in + at * F),
                                                         plain<K * F>(w.state), dgate, dy2, previous});
    be.template for_rows<2 * F>(batch, s2rm::cell::sum_of_slots<1, K, 2 * F, T>{dgate, w.gate_input + k * 2 * F});
    be.for_each(n, norm_backward<F, T>{s.y2_hat + at * F, s.y2_factor + at, p.template at<"mlp_norm.weight">(), dy2,
                                       dz2, w.y2_gain + to * F});
    be.product_transposed(p.template matrix<"mlp.1.weight">(), n, plain<F>(dz2), plain<F>(dr));
    be.template for_rows<F>(n, s2rm::cell::relu_rows_backward<F, T>{s.r + at * F, dr});
    be.copy(n * F, dz2, dy1);
    be.product_transposed_add(p.template matrix<"mlp.0.weight">(), n, plain<F>(dr), plain<F>(dy1));
    be.for_each(n, norm_backward<F, T>{s.y1_hat + at * F, s.y1_factor + at, p.template at<"attention_norm.weight">(),
                                       dy1, w.z, w.y1_gain + to * F});
    be.for_each(batch * N, s2rm::cell::attend_slots_backward<1, K, N, A, V, T>{sources(in, s, t), flags(in, t),
                                                                               s.attention + at * N * (K + in.views),
                                                                               w.z, deltas(in, w, k), scale<T>()});
    be.for_each(n, norm_backward<QW, T>{s.qkv_hat + at * QW, s.qkv_factor + at, p.template at<"qkv_norm.weight">(),
                                        w.qkv_offset + to * QW, w.qkv + to * QW, w.qkv_gain + to * QW});
    be.product_transposed(p.template matrix<"qkv.weight">(), n, plain<QW>(w.qkv + to * QW), plain<F>(w.y));
    be.product_transposed(p.template matrix<"gate.memory.weight">(), n, plain<2 * F>(dgate), plain<F>(w.tanh_h));
    // dh of attention and gates into w.z, added to the gradient of the carried state.
    be.template for_rows<F>(n, s2rm::cell::slots_of_state_backward<1, K, F, T>{w.y, K * F, w.z, s.tanh_h + at * F,
                                                                               w.tanh_h, plain<K * F>(w.z)});
    be.template for_rows<F>(n, ops::add_rows<T>{plain<F>(w.z), plain<F>(w.previous)});
  }

  template <class B, class T>
  static void gradient(B& be, parameters_of<T, params> all, inputs<T> const& in, activations<T> const& s,
                       workspace<T> const& w, index_t t, index_t count, rows<T> dsource, gradients_of<T, params> dall) {
    auto const p = all.template inner<memory_params>(0);
    auto const dp = dall.template inner<memory_params>(0);
    index_t const r = t * in.batch, rows_of = count * in.batch, n = rows_of * K, at = r * K;
    index_t const first = r * in.views, x = rows_of * in.views;
    // The inputs: backward through their norm to dX.
    be.for_each(x, norm_backward<QW, T>{s.x_hat + first * QW, s.x_factor + first, p.template at<"qkv_norm.weight">(),
                                        w.x_offset, w.x_qkv, w.x_gain});
    be.product_transposed(p.template matrix<"gate.input.weight">(), rows_of, plain<2 * F>(w.gate_input),
                          plain<F>(w.x_mean));
    be.for_each(rows_of, pool_rows_backward<true, F, T>{in.view_reach + first * K, K, in.views, w.x_mean, w.x});
    be.product_transposed_add(p.template matrix<"qkv.weight">(), x, plain<QW>(w.x_qkv), plain<F>(w.x));
    be.product_transposed(p.template matrix<"input.weight">(), x, plain<F>(w.x), dsource);

    add_layer<"input.weight", "input.bias", F, source>(be, x, w.x, in.source.shifted(first * in.source.stride), dp);
    add_layer<"qkv.weight", "qkv.bias", QW, F>(be, x, w.x_qkv, plain<F>(s.x + first * F), dp);
    add_layer<"qkv.weight", "qkv.bias", QW, F>(be, n, w.qkv, plain<F>(s.state_in + at * F), dp);
    add_layer<"mlp.0.weight", "mlp.0.bias", F, F>(be, n, w.mlp_0, plain<F>(s.y1 + at * F), dp);
    add_layer<"mlp.1.weight", "mlp.1.bias", F, F>(be, n, w.mlp_1, plain<F>(s.r + at * F), dp);
    add_layer<"gate.memory.weight", "gate.bias", 2 * F, F>(be, n, w.gate, plain<F>(s.tanh_h + at * F), dp);
    be.template outer_add<1, 2 * F, F>(rows_of, plain<2 * F>(w.gate_input), plain<F>(s.x_mean + r * F),
                                       dp.template at<"gate.input.weight">());
    add_norm<"qkv_norm.weight", "qkv_norm.bias", QW>(be, x, w.x_gain, w.x_offset, dp);
    add_norm<"qkv_norm.weight", "qkv_norm.bias", QW>(be, n, w.qkv_gain, w.qkv_offset, dp);
    add_norm<"attention_norm.weight", "attention_norm.bias", F>(be, n, w.y1_gain, w.y1_offset, dp);
    add_norm<"mlp_norm.weight", "mlp_norm.bias", F>(be, n, w.y2_gain, w.y2_offset, dp);
  }

 private:
  template <index_t W, class T>
  using norm = layer::layer_norm_rows<1, W, T>;
  template <index_t W, class T>
  using norm_backward = layer::layer_norm_rows_backward<1, W, T>;

  template <index_t Width, class T>
  static rows<T> plain(T* x) {
    return {x, Width, Width};
  }
  template <class T>
  static s2rm::cell::slots_and_inputs<1, N, 2 * A + V, T const> sources(inputs<T> const& in, activations<T> const& s,
                                                                        index_t t) {
    index_t const r = t * in.batch;
    return {s.qkv + r * K * QW, s.x_qkv + r * in.views * QW, K * QW, in.views * QW};
  }
  template <class T>
  static s2rm::cell::slots_and_inputs<1, N, 2 * A + V, T> deltas(inputs<T> const& in, workspace<T> const& w,
                                                                 index_t k) {
    return {w.qkv_offset + k * K * QW, w.x_offset + k * in.views * QW, K * QW, in.views * QW};
  }
  template <class T>
  static s2rm::cell::input_flags flags(inputs<T> const& in, index_t t) {
    return {in.views, in.view_reach + t * in.batch * in.views * K, K};
  }
  template <class T>
  static T scale() {
    return T(1) / std::sqrt(static_cast<T>(A));
  }
  template <fixed_string Weight, fixed_string Bias, index_t Out, index_t In, class B, class T>
  static void add_layer(B& be, index_t n, T const* by, in_rows<T> seen, gradients_of<T, memory_params> dp) {
    be.template outer_add<1, Out, In>(n, plain<Out>(by), seen, dp.template at<Weight>());
    be.template column_sum_add<1, Out>(n, plain<Out>(by), dp.template at<Bias>());
  }
  template <fixed_string Gain, fixed_string Offset, index_t W, class B, class T>
  static void add_norm(B& be, index_t n, T const* gain, T const* offset, gradients_of<T, memory_params> dp) {
    be.template column_sum_add<1, W>(n, plain<W>(gain), dp.template at<Gain>());
    be.template column_sum_add<1, W>(n, plain<W>(offset), dp.template at<Offset>());
  }
};

/// `Slots` of `Width` numbers, `Heads` with keys of `KeyWidth` (0: as wide as a head's values, Width / Heads).
template <index_t Slots, index_t Width, index_t Heads = 2, index_t KeyWidth = 0>
struct rmc : without_space {
  using cell = s2rm::cell::gru;  // a default that the slot needs; not used
  using readout = s2rm::readout::kernel_dot;
  static constexpr char const* name = "RMC";
  template <class Shape>
  static constexpr bool fits =
      Slots >= 1 && Width >= 1 && Heads >= 1 && KeyWidth >= 0 && Width % (Heads >= 1 ? Heads : 1) == 0;
  template <class Shape>
  struct shape_of : Shape {
    static constexpr index_t modules = Slots, hidden = Width;
  };
  template <class Shape, index_t Encoded, class C>
  using on = rmc_layer<Shape, Encoded, Heads, (KeyWidth > 0 ? KeyWidth : Width / Heads), typename C::initial_state,
                       typename C::state_norm>;
};

}  // namespace dynamics
S2RM_NAMESPACE_END
