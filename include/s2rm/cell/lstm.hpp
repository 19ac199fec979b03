#pragma once
/// \file
/// M LSTMs (long short-term memory), each with its own weights: PyTorch's form, gate order i, f, g, o, two bias vectors
/// (model §3; Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, no peepholes).
///
///   i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o),   a = W_ih u + b_ih + W_hh h + b_hh
///   e' = f * e + i * g      t = tanh(e')      h' = o * t
///
/// B batch, M modules, I = N C width of a read, H hidden. A module carries (h, e), 2H numbers: e is its memory.
///   u (B, M, I)   h (B, M, H) what the gates see (the state after interaction)   c (B, M, 2H) = (h, e) of the step before
///   y (B, M, 2H) = (h', e')   saved: gates (B, M, 5H) = i, f, g, o, t
/// Of c the first half is not read: what a gate sees of the old state comes in h.
///
/// Backward, with dy = (dh', de'):  m = de' + dh' o (1 - t^2),
///   da_i = m g i (1-i),  da_f = m e f (1-f),  da_g = m i (1-g^2),  da_o = dh' t o (1-o),
///   du = W_ih^T da,  dh = W_hh^T da,  dc = (0, m f).
/// delta (B, M, 4H) = da stays for `gradient`, which sums over all time steps in one product per weight.

#include <array>

#include "s2rm/core/concepts.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/gated.hpp"

namespace s2rm::cell {

/// Gate maths of one module (ops/gated.hpp).
template <index_t M, index_t H, class T>
struct lstm_gates {
  using scalar = T;
  static constexpr index_t count = 4;
  T const* input;      ///< (B, M, 4H): W_ih u + b_ih
  T const* recurrent;  ///< (B, M, 4H): W_hh h + b_hh
  rows<T const> c;
  rows<T> y;
  T* gates;  ///< (B, M, 5H)
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    T const* const a = input + row * 4 * H + j;
    T const* const b = recurrent + row * 4 * H + j;
    finish<L>(row, j, {L::load(a), L::load(a + H), L::load(a + 2 * H), L::load(a + 3 * H)},
              {L::load(b), L::load(b + H), L::load(b + 2 * H), L::load(b + 3 * H)});
  }
  template <class L>
  S2RM_HD void finish(index_t row, index_t j, typename L::type const (&a)[4], typename L::type const (&b)[4]) const {
    T* const s = gates + row * 5 * H + j;
    T* const to = y.at(row / M, row % M) + j;
    auto const i = math::sigmoid(a[0] + b[0]);
    auto const f = math::sigmoid(a[1] + b[1]);
    auto const g = math::tanh(a[2] + b[2]);
    auto const o = math::sigmoid(a[3] + b[3]);
    auto const e = f * L::load(c.at(row / M, row % M) + H + j) + i * g;
    auto const t = math::tanh(e);
    L::store(s, i);
    L::store(s + H, f);
    L::store(s + 2 * H, g);
    L::store(s + 3 * H, o);
    L::store(s + 4 * H, t);
    L::store(to, o * t);
    L::store(to + H, e);
  }
};

template <index_t M, index_t H, class T>
struct lstm_gates_backward {
  using scalar = T;
  static constexpr index_t count = 4;
  static constexpr bool one_delta = true;
  T const* gates;
  rows<T const> c, dy;
  T* da;  ///< (B, M, 4H)
  rows<T> dc;
  /// The same of gates and carried parts that begin some rows of the batch later.
  [[nodiscard]] S2RM_HD lstm_gates_backward later(index_t n) const {
    auto same = *this;
    same.gates += n * M * 5 * H;
    same.c.data += n * c.stride;
    return same;
  }
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    differentiate<L>(row, j, da + row * 4 * H + j, nullptr, dc.at(row / M, row % M) + j);
  }
  template <class L>
  S2RM_HD void differentiate(index_t row, index_t j, T* to, T* /*same*/, T* carried) const {
    T const* const s = gates + row * 5 * H + j;
    T const* const d = dy.at(row / M, row % M) + j;
    auto const i = L::load(s), f = L::load(s + H), g = L::load(s + 2 * H), o = L::load(s + 3 * H);
    auto const t = L::load(s + 4 * H), dh = L::load(d);
    auto const m = L::load(d + H) + dh * o * (T(1) - t * t);
    L::store(to, m * g * i * (T(1) - i));
    L::store(to + H, m * L::load(c.at(row / M, row % M) + H + j) * f * (T(1) - f));
    L::store(to + 2 * H, m * i * (T(1) - g * g));
    L::store(to + 3 * H, dh * t * o * (T(1) - o));
    if (carried == nullptr) return;
    L::store(carried, L::all(T(0)));
    L::store(carried + H, m * f);
  }
};

/// The LSTM as policy of the cell slot.
struct lstm {
  using kind = s2rm::kind::cell;

  template <class Shape>
  struct on {
    static constexpr index_t M = Shape::modules, H = Shape::hidden, I = Shape::heads * Shape::head_width;
    static constexpr index_t state = 2 * H;  ///< (h, e); others read h

    using params = schema<field<"weight_ih", M, 4 * H, I>, field<"weight_hh", M, 4 * H, H>, field<"bias_ih", M, 4 * H>,
                          field<"bias_hh", M, 4 * H>>;
    using initial = schema<field<"initial_state", M, H>, field<"initial_cell", M, H>>;
    using saved = schema<field<"gates", M, 5 * H>>;
    using delta = schema<field<"gates", M, 4 * H>>;
    static constexpr index_t scratch = M * 8 * H;   ///< numbers per row of `forward`
    static constexpr index_t gradient_scratch = 0;  ///< numbers per row of `gradient`

    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, params::size, H, from);
    }
    template <class T>
    static void initialise_state(T* values) {
      for (index_t i = 0; i < initial::size; ++i) values[i] = T(0);
    }

    /// The gates of rows of c, without the products that they end (ops/gated.hpp).
    template <class T>
    static lstm_gates<M, H, T> gates(in_rows<T> c, out_rows<T> y, saved_of<T, saved> s) {
      return {nullptr, nullptr, c, y, s.template at<"gates">()};
    }

    /// The way back of the gates of rows of c whose result's gradient is dy, from a row of the saved ones on.
    template <class T>
    static lstm_gates_backward<M, H, T> gates_backward(in_rows<T> c, in_rows<T> dy, saved_of<T const, saved> s) {
      return {s.template at<"gates">(), c, dy, nullptr, {}};
    }

    /// Where deltas lie, of W_ih's product and of W_hh's.
    template <class T>
    static std::array<T*, 2> deltas(saved_of<T, delta> d) {
      return {d.template at<"gates">(), d.template at<"gates">()};
    }

    /// y from u, h, c. y may not alias them.
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> u, in_rows<T> h, in_rows<T> c,
                        out_rows<T> y, saved_of<T, saved> s, std::type_identity_t<T*> scratch_rows) {
      ops::gated_forward<M, H, I>(be, p.template matrix<"weight_ih">(), p.template at<"bias_ih">(),
                                  p.template matrix<"weight_hh">(), p.template at<"bias_hh">(), n, u, h,
                                  gates<T>(c, y, s), scratch_rows);
    }

    /// Overwrites du, dh, dc and delta.
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> /*u*/, in_rows<T> /*h*/, in_rows<T> c,
                         in_rows<T> dy, std::type_identity_t<saved_of<T const, saved>> s, saved_of<T, delta> d,
                         out_rows<T> du, out_rows<T> dh, out_rows<T> dc, std::type_identity_t<T*> /*scratch_rows*/) {
      T* const da = d.template at<"gates">();
      lstm_gates_backward<M, H, T> const gates{s.template at<"gates">(), c, dy, da, dc};
      ops::gated_backward<M, H, I, B, T>(be, p.template matrix<"weight_ih">(), p.template matrix<"weight_hh">(), n,
                                         gates, da, da, du, dh);
    }

    /// Adds the gradients of all n rows (every step of every element) to dp. Both biases have the same.
    template <class B, class T>
    static void gradient(B& be, index_t n, in_rows<T> u, in_rows<T> h, std::type_identity_t<saved_of<T const, delta>> d,
                         gradients_of<T, params> dp, std::type_identity_t<T*> /*scratch_rows*/) {
      rows<T const> const da{d.template at<"gates">(), M * 4 * H, 4 * H};
      ops::add_weight_gradients<M, 4 * H, I>(be, n, da, u, dp.template at<"weight_ih">(), dp.template at<"bias_ih">());
      ops::add_weight_gradients<M, 4 * H, H>(be, n, da, h, dp.template at<"weight_hh">(), dp.template at<"bias_hh">());
    }
  };
};

}  // namespace s2rm::cell
