#pragma once
/// \file
/// M relational memory cores, one private memory for each module (model §3; Santoro et al., "Relational recurrent
/// neural networks", 2018, in the form of DeepMind's Sonnet v1, relational_memory.py, with one block and `unit` gates).
/// With this cell the model is S2RMC. A module's state is a memory of K slots of width F, H = K F.
///
///   X = W_in u + b_in,   Y_0 = [slots of h; X]                                     K + 1 rows of width F
///   [q, k, v] = LN(W_qkv Y_0 + b_qkv), N heads;  z_1 = Y_0 + softmax(q k^T / sqrt(A)) v,  Y_1 = LN(z_1)
///   r = relu(W_0 Y_1 + b_0),   z_2 = Y_1 + W_1 r + b_1,   Y_2 = LN(z_2)
///   [a_i, a_f] = W_x X + W_m tanh(h) + b,   i = sigmoid(a_i),   f = sigmoid(a_f + 1),   y = i * tanh(Y_2) + f * c
///
/// LN is per slot (layer/layer_norm.hpp), with gain and offset. The row of X is read by the slots and then dropped, so
/// that its own query, Y_1 and Y_2 are never needed. Sonnet's two biases of the gates are one, b.
///
/// B batch, M modules, NC = N C width of a read.
///   u (B, M, NC)   h (B, M, H) what attention and gates see   c (B, M, H) what is carried over   y (B, M, H)
///
/// Backward:  di = dy t i(1-i),  df = dy c f(1-f),  dY_2 = dy i (1-t^2),  dc = dy f   with t = tanh(Y_2)
///   dz_2 = LN'(dY_2),  dr = W_1^T dz_2 (r > 0),  dY_1 = dz_2 + W_0^T dr,  dz_1 = LN'(dY_1)
///   d[q, k, v] from dz_1,  da = LN'(d[q, k, v]),  dY_0 = W_qkv^T da + dz_1 (of the slots)
///   dX = dY_0 (its row) + W_x^T sum over slots [di, df],  du = W_in^T dX
///   dh = dY_0 (the slots) + (W_m^T [di, df]) (1 - tanh(h)^2).
/// The factors of weights (Y_0, tanh(h), Y_1, r) and the deltas are saved for `gradient`, one GEMM per weight over the
/// rows of a chunk of steps.

#include <cmath>

#include "s2rm/cell/slot_attention.hpp"
#include "s2rm/core/concepts.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/layer/layer_norm.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace cell {

/// `Slots` of width hidden / Slots, `Heads` of attention among them, keys of `KeyWidth` numbers (0: as wide as a head's
/// values, slot width / Heads).
template <index_t Slots = 4, index_t Heads = 2, index_t KeyWidth = 0>
struct rmc {
  using kind = s2rm::kind::cell;

  template <class Shape>
  struct on {
    static constexpr index_t M = Shape::modules, H = Shape::hidden, NC = Shape::heads * Shape::head_width;
    static constexpr index_t K = Slots >= 1 && Slots <= H ? Slots : 1, F = H / K;
    static constexpr index_t N = Heads >= 1 && Heads <= F ? Heads : 1, V = F / N, A = KeyWidth > 0 ? KeyWidth : V;
    static constexpr index_t QW = N * (2 * A + V);  ///< [q, k, v] of all heads
    static constexpr index_t state = H;             ///< the slots, one after the other

    struct params : schema<field<"input.weight", M, F, NC>, field<"input.bias", M, F>, field<"qkv.weight", M, QW, F>,
                           field<"qkv.bias", M, QW>, field<"qkv_norm.weight", M, QW>, field<"qkv_norm.bias", M, QW>,
                           field<"attention_norm.weight", M, F>, field<"attention_norm.bias", M, F>,
                           field<"mlp.0.weight", M, F, F>, field<"mlp.0.bias", M, F>, field<"mlp.1.weight", M, F, F>,
                           field<"mlp.1.bias", M, F>, field<"mlp_norm.weight", M, F>, field<"mlp_norm.bias", M, F>,
                           field<"gate.input.weight", M, 2 * F, F>, field<"gate.memory.weight", M, 2 * F, F>,
                           field<"gate.bias", M, 2 * F>> {};
    struct initial : schema<field<"initial_state", M, H>> {};
    struct saved
        : schema<field<"y0", K + 1, M, F>, field<"tanh_h", K, M, F>, field<"qkv", K + 1, M, QW>,
                 field<"qkv_hat", K + 1, M, QW>, field<"qkv_factor", K + 1, M>, field<"attention", M, N, K, K + 1>,
                 field<"y1", K, M, F>, field<"y1_hat", K, M, F>, field<"y1_factor", K, M>, field<"r", K, M, F>,
                 field<"y2_hat", K, M, F>, field<"y2_factor", K, M>, field<"gates", K, M, 3 * F>> {};
    struct delta : schema<field<"y0", K + 1, M, F>, field<"tanh_h", K, M, F>, field<"y1", K, M, F>, field<"r", K, M, F>,
                          field<"x", M, F>, field<"qkv", K + 1, M, QW>, field<"qkv_gain", K + 1, M, QW>,
                          field<"qkv_offset", K + 1, M, QW>, field<"y1_gain", K, M, F>, field<"y1_offset", K, M, F>,
                          field<"mlp_0", K, M, F>, field<"mlp_1", K, M, F>, field<"y2_gain", K, M, F>,
                          field<"y2_offset", K, M, F>, field<"gate", K, M, 2 * F>, field<"gate_input", M, 2 * F>> {};
    /// Numbers per row: [q, k, v] before their norm, both halves of the gates, z_1 and z_2.
    static constexpr index_t scratch = M * ((K + 1) * QW + (K + 1) * 2 * F + 2 * K * F);
    static constexpr index_t gradient_scratch = 0;

    /// Weights and biases as PyTorch's nn.Linear, U(+-1/sqrt(fan_in)); gains 1, offsets 0.
    template <class T>
    static void initialise(T* values, init::source from) {
      init::layers(params::infos, values, from,
                   [](std::string_view name) { return name.starts_with("input.") ? NC : F; });
    }
    /// Rows of the identity, cut or padded with zeros: slots start distinct.
    template <class T>
    static void initialise_state(T* values) {
      for (index_t i = 0; i < M * H; ++i) values[i] = T(i / F % K == i % F ? 1 : 0);
    }

    /// y from u, h, c. y may not alias them.
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> u, in_rows<T> h, in_rows<T> c,
                        out_rows<T> y, saved_of<T, saved> s, std::type_identity_t<T*> scratch_rows) {
      T* const pre = scratch_rows;
      T* const gate_memory = pre + n * (K + 1) * M * QW;
      T* const gate_input = gate_memory + n * K * M * 2 * F;
      T* const z1 = gate_input + n * M * 2 * F;
      T* const z2 = z1 + n * K * M * F;
      T* const y0 = s.template at<"y0">();
      T* const tanh_h = s.template at<"tanh_h">();
      T* const y1 = s.template at<"y1">();
      T* const r = s.template at<"r">();
      rows<T> const x = x_rows(y0);
      be.product(p.template matrix<"input.weight">(), p.template at<"input.bias">(), n, u, x);
      be.template for_rows<F>(n * K * M, slots_of_state<M, K, F, T>{h, y0, tanh_h});
      ops::side_by_side(
          be,
          product_of(p.template matrix<"qkv.weight">(), p.template at<"qkv.bias">(), n * (K + 1), rows_of_slots<F>(y0),
                     rows_of_slots<QW>(pre)),
          product_of(p.template matrix<"gate.memory.weight">(), p.template at<"gate.bias">(), n * K,
                     rows_of_slots<F>(tanh_h), rows_of_slots<2 * F>(gate_memory)),
          product_of(p.template matrix<"gate.input.weight">(), nullptr, n, x, rows_of_slots<2 * F>(gate_input)));
      be.for_each(n * (K + 1) * M,
                  layer::layer_norm_rows<M, QW, T>{pre, nullptr, p.template at<"qkv_norm.weight">(),
                                                   p.template at<"qkv_norm.bias">(), s.template at<"qkv_hat">(),
                                                   s.template at<"qkv_factor">(), s.template at<"qkv">()});
      be.for_each(n * M * N, attend_slots<M, K, N, A, V, T>{of_all<T const>(s.template at<"qkv">()),
                                                            {1},
                                                            y0,
                                                            (K + 1) * M * F,
                                                            s.template at<"attention">(),
                                                            z1,
                                                            scale<T>()});
      be.for_each(n * K * M,
                  layer::layer_norm_rows<M, F, T>{z1, nullptr, p.template at<"attention_norm.weight">(),
                                                  p.template at<"attention_norm.bias">(), s.template at<"y1_hat">(),
                                                  s.template at<"y1_factor">(), y1});
      be.product(p.template matrix<"mlp.0.weight">(), p.template at<"mlp.0.bias">(), n * K, rows_of_slots<F>(y1),
                 rows_of_slots<F>(r));
      be.template for_rows<F>(n * K * M, relu_rows<F, T>{r});
      be.product(p.template matrix<"mlp.1.weight">(), p.template at<"mlp.1.bias">(), n * K, rows_of_slots<F>(r),
                 rows_of_slots<F>(z2));
      T* const y2 = z1;
      be.for_each(n * K * M, layer::layer_norm_rows<M, F, T>{
                                 z2, y1, p.template at<"mlp_norm.weight">(), p.template at<"mlp_norm.bias">(),
                                 s.template at<"y2_hat">(), s.template at<"y2_factor">(), y2});
      be.template for_rows<F>(n * K * M,
                              memory_gates<M, K, F, T>{gate_memory, gate_input, y2, c, y, s.template at<"gates">()});
    }

    /// Overwrites du, dh, dc and delta.
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> /*u*/, in_rows<T> /*h*/, in_rows<T> c,
                         in_rows<T> dy, std::type_identity_t<saved_of<T const, saved>> s, saved_of<T, delta> d,
                         out_rows<T> du, out_rows<T> dh, out_rows<T> dc, std::type_identity_t<T*> scratch_rows) {
      T* const dz1 = scratch_rows;
      T* const dtanh = dz1 + n * K * M * F;
      T* const dy0 = dtanh + n * K * M * F;
      T* const dgate = d.template at<"gate">();
      T* const dgate_input = d.template at<"gate_input">();
      T* const dy2 = d.template at<"y2_offset">();
      T* const dz2 = d.template at<"mlp_1">();
      T* const dr = d.template at<"mlp_0">();
      T* const dy1 = d.template at<"y1_offset">();
      T* const dqkv = d.template at<"qkv_offset">();
      T* const da = d.template at<"qkv">();
      T* const dx = d.template at<"x">();
      be.copy(n * (K + 1) * M * F, s.template at<"y0">(), d.template at<"y0">());
      be.copy(n * K * M * F, s.template at<"tanh_h">(), d.template at<"tanh_h">());
      be.copy(n * K * M * F, s.template at<"y1">(), d.template at<"y1">());
      be.copy(n * K * M * F, s.template at<"r">(), d.template at<"r">());

      be.template for_rows<F>(n * K * M,
                              memory_gates_backward<M, K, F, T>{s.template at<"gates">(), c, dy, dgate, dy2, dc});
      be.template for_rows<2 * F>(n * M, sum_of_slots<M, K, 2 * F, T>{dgate, dgate_input});
      be.for_each(n * K * M, layer::layer_norm_rows_backward<M, F, T>{
                                 s.template at<"y2_hat">(), s.template at<"y2_factor">(),
                                 p.template at<"mlp_norm.weight">(), dy2, dz2, d.template at<"y2_gain">()});
      be.product_transposed(p.template matrix<"mlp.1.weight">(), n * K, rows_of_slots<F>(dz2), rows_of_slots<F>(dr));
      be.template for_rows<F>(n * K * M, relu_rows_backward<F, T>{s.template at<"r">(), dr});
      be.copy(n * K * M * F, dz2, dy1);
      be.product_transposed_add(p.template matrix<"mlp.0.weight">(), n * K, rows_of_slots<F>(dr),
                                rows_of_slots<F>(dy1));
      be.for_each(n * K * M, layer::layer_norm_rows_backward<M, F, T>{
                                 s.template at<"y1_hat">(), s.template at<"y1_factor">(),
                                 p.template at<"attention_norm.weight">(), dy1, dz1, d.template at<"y1_gain">()});
      be.for_each(n * M * N, attend_slots_backward<M, K, N, A, V, T>{of_all<T const>(s.template at<"qkv">()),
                                                                     {1},
                                                                     s.template at<"attention">(),
                                                                     dz1,
                                                                     of_all<T>(dqkv),
                                                                     scale<T>()});
      be.for_each(n * (K + 1) * M, layer::layer_norm_rows_backward<M, QW, T>{
                                       s.template at<"qkv_hat">(), s.template at<"qkv_factor">(),
                                       p.template at<"qkv_norm.weight">(), dqkv, da, d.template at<"qkv_gain">()});
      be.product_transposed(p.template matrix<"qkv.weight">(), n * (K + 1), rows_of_slots<QW>(da),
                            rows_of_slots<F>(dy0));
      be.product_transposed(p.template matrix<"gate.memory.weight">(), n * K, rows_of_slots<2 * F>(dgate),
                            rows_of_slots<F>(dtanh));
      be.template for_rows<F>(n * K * M, slots_of_state_backward<M, K, F, T>{dy0, (K + 1) * M * F, dz1,
                                                                             s.template at<"tanh_h">(), dtanh, dh});
      be.template for_rows<F>(n * M, ops::copy_rows<T, M>{x_rows(dy0), rows_of_slots<F>(dx)});
      be.product_transposed_add(p.template matrix<"gate.input.weight">(), n, rows_of_slots<2 * F>(dgate_input),
                                rows_of_slots<F>(dx));
      be.product_transposed(p.template matrix<"input.weight">(), n, rows_of_slots<F>(dx), du);
    }

    /// Adds the gradients of all n rows (every step of every element) to dp.
    template <class B, class T>
    static void gradient(B& be, index_t n, in_rows<T> u, in_rows<T> /*h*/,
                         std::type_identity_t<saved_of<T const, delta>> d, gradients_of<T, params> dp,
                         std::type_identity_t<T*> /*scratch_rows*/) {
      index_t const all = n * (K + 1), slot_rows = n * K;
      T const* const y0 = d.template at<"y0">();
      T const* const dx = d.template at<"x">();
      T const* const da = d.template at<"qkv">();
      T const* const dr = d.template at<"mlp_0">();
      T const* const dz2 = d.template at<"mlp_1">();
      T const* const dgate = d.template at<"gate">();
      add_weight<"input.weight", F, NC>(be, n, rows_of_slots<F>(dx), u, dp);
      add_weight<"qkv.weight", QW, F>(be, all, rows_of_slots<QW>(da), rows_of_slots<F>(y0), dp);
      add_weight<"mlp.0.weight", F, F>(be, slot_rows, rows_of_slots<F>(dr), rows_of_slots<F>(d.template at<"y1">()),
                                       dp);
      add_weight<"mlp.1.weight", F, F>(be, slot_rows, rows_of_slots<F>(dz2), rows_of_slots<F>(d.template at<"r">()),
                                       dp);
      add_weight<"gate.input.weight", 2 * F, F>(be, n, rows_of_slots<2 * F>(d.template at<"gate_input">()), x_rows(y0),
                                                dp);
      add_weight<"gate.memory.weight", 2 * F, F>(be, slot_rows, rows_of_slots<2 * F>(dgate),
                                                 rows_of_slots<F>(d.template at<"tanh_h">()), dp);
      add_bias<"input.bias", F>(be, n, dx, dp);
      add_bias<"qkv.bias", QW>(be, all, da, dp);
      add_bias<"qkv_norm.weight", QW>(be, all, d.template at<"qkv_gain">(), dp);
      add_bias<"qkv_norm.bias", QW>(be, all, d.template at<"qkv_offset">(), dp);
      add_bias<"attention_norm.weight", F>(be, slot_rows, d.template at<"y1_gain">(), dp);
      add_bias<"attention_norm.bias", F>(be, slot_rows, d.template at<"y1_offset">(), dp);
      add_bias<"mlp.0.bias", F>(be, slot_rows, dr, dp);
      add_bias<"mlp.1.bias", F>(be, slot_rows, dz2, dp);
      add_bias<"mlp_norm.weight", F>(be, slot_rows, d.template at<"y2_gain">(), dp);
      add_bias<"mlp_norm.bias", F>(be, slot_rows, d.template at<"y2_offset">(), dp);
      add_bias<"gate.bias", 2 * F>(be, slot_rows, dgate, dp);
    }

   private:
    /// Rows of slots, M modules of `Width` numbers each.
    template <index_t Width, class T>
    static rows<T> rows_of_slots(T* x) {
      return {x, M * Width, Width};
    }
    /// X, behind the slots of every element.
    template <class T>
    static rows<T> x_rows(T* y0) {
      return {y0 + K * M * F, (K + 1) * M * F, F};
    }
    /// [q, k, v] of the slots and, behind them, of X.
    template <class T>
    static slots_and_inputs<M, N, 2 * A + V, T> of_all(T* qkv) {
      return {qkv, qkv + K * M * QW, (K + 1) * M * QW, (K + 1) * M * QW};
    }
    /// dp.To += sum over rows of by seen^T, or of by.
    template <fixed_string To, index_t Out, index_t In, class B, class T>
    static void add_weight(B& be, index_t n, rows<T const> by, in_rows<T> seen, gradients_of<T, params> dp) {
      be.template outer_add<M, Out, In>(n, by, seen, dp.template at<To>());
    }
    template <fixed_string To, index_t Width, class B, class T>
    static void add_bias(B& be, index_t n, T const* by, gradients_of<T, params> dp) {
      be.template column_sum_add<M, Width>(n, rows_of_slots<Width>(by), dp.template at<To>());
    }
    template <class T>
    static T scale() {
      return T(1) / std::sqrt(static_cast<T>(A));
    }

    // Behind everything else: clang reads no further once one fails.
    static_assert(Slots >= 1 && H % (Slots >= 1 ? Slots : 1) == 0,
                  "s2rm[S217]: the memory's slots must share `hidden` evenly. See docs/errors.md#S217");
    static_assert(Heads >= 1 && KeyWidth >= 0 && F % (Heads >= 1 ? Heads : 1) == 0,
                  "s2rm[S217]: the heads of the memory must share the width of a slot evenly. "
                  "See docs/errors.md#S217");
  };
};

}  // namespace cell
S2RM_NAMESPACE_END
