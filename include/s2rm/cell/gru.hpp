#pragma once
/// \file
/// M gated recurrent units, each with its own weights: PyTorch's form, gate order r, z, n, two bias vectors (model §3;
/// Cho et al. 2014 with the reset gate applied after the recurrent product). With one cell this is `cell::gru` = S2GRU.
///
///   r = sigmoid(W_ir u + b_ir + W_hr h + b_hr)      z = sigmoid(W_iz u + b_iz + W_hz h + b_hz)
///   n = tanh(W_in u + b_in + r * (W_hn h + b_hn))   y = (1 - z) * n + z * c
///
/// B batch, M modules, I = N C width of a read, H hidden.
///   u (B, M, I)   h (B, M, H) what the gates see (the state after interaction)   c (B, M, H) what is carried over
///   y (B, M, H)   saved: gates (B, M, 4H) = r, z, n, q with q = W_hn h + b_hn
///
/// Backward: dn = dy (1-z)(1-n^2), dz = dy (c-n) z (1-z), dr = dn q r (1-r), dq = dn r,
///   du = W_i^T [dr, dz, dn],  dh = W_h^T [dr, dz, dq],  dc = dy z.
/// delta, twice (B, M, 3H) = [dr, dz, dn] and [dr, dz, dq], stays for `gradient`, which sums over all time steps in one
/// product per weight.

#include <array>

#include "s2rm/core/concepts.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/gated.hpp"

namespace s2rm::cell {

/// Gate maths of one module (ops/gated.hpp).
template <index_t M, index_t H, class T>
struct gru_gates {
  using scalar = T;
  static constexpr index_t count = 3;
  T const* input;      ///< (B, M, 3H)
  T const* recurrent;  ///< (B, M, 3H)
  rows<T const> c;
  rows<T> y;
  T* gates;  ///< (B, M, 4H)
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    T const* const a = input + row * 3 * H + j;
    T const* const b = recurrent + row * 3 * H + j;
    finish<L>(row, j, {L::load(a), L::load(a + H), L::load(a + 2 * H)},
              {L::load(b), L::load(b + H), L::load(b + 2 * H)});
  }
  template <class L>
  S2RM_HD void finish(index_t row, index_t j, typename L::type const (&a)[3], typename L::type const (&b)[3]) const {
    T* const g = gates + row * 4 * H + j;
    auto const r = math::sigmoid(a[0] + b[0]);
    auto const z = math::sigmoid(a[1] + b[1]);
    auto const q = b[2];
    auto const n = math::tanh(a[2] + r * q);
    L::store(g, r);
    L::store(g + H, z);
    L::store(g + 2 * H, n);
    L::store(g + 3 * H, q);
    L::store(y.at(row / M, row % M) + j, (T(1) - z) * n + z * L::load(c.at(row / M, row % M) + j));
  }
};

template <index_t M, index_t H, class T>
struct gru_gates_backward {
  using scalar = T;
  static constexpr index_t count = 3;
  static constexpr bool one_delta = false;
  T const* gates;
  rows<T const> c, dy;
  T* input;      ///< (B, M, 3H): dr, dz, dn
  T* recurrent;  ///< (B, M, 3H): dr, dz, dq
  rows<T> dc;
  /// The same of gates and carried parts that begin some rows of the batch later.
  [[nodiscard]] S2RM_HD gru_gates_backward later(index_t n) const {
    auto same = *this;
    same.gates += n * M * 4 * H;
    same.c.data += n * c.stride;
    return same;
  }
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    differentiate<L>(row, j, input + row * 3 * H + j, recurrent + row * 3 * H + j, dc.at(row / M, row % M) + j);
  }
  template <class L>
  S2RM_HD void differentiate(index_t row, index_t j, T* a, T* b, T* carried) const {
    T const* const g = gates + row * 4 * H + j;
    auto const r = L::load(g), z = L::load(g + H), n = L::load(g + 2 * H), q = L::load(g + 3 * H);
    auto const dyj = L::load(dy.at(row / M, row % M) + j);
    auto const dn = dyj * (T(1) - z) * (T(1) - n * n);
    auto const dr = dn * q * r * (T(1) - r);
    auto const dz = dyj * (L::load(c.at(row / M, row % M) + j) - n) * z * (T(1) - z);
    L::store(a, dr);
    L::store(a + H, dz);
    L::store(a + 2 * H, dn);
    L::store(b, dr);
    L::store(b + H, dz);
    L::store(b + 2 * H, dn * r);
    if (carried != nullptr) L::store(carried, dyj * z);
  }
};

/// The GRU as policy of the cell slot.
struct gru {
  using kind = s2rm::kind::cell;

  template <class Shape>
  struct on {
    static constexpr index_t M = Shape::modules, H = Shape::hidden, I = Shape::heads * Shape::head_width;
    static constexpr index_t state = H;  ///< numbers a module carries; the first H are what others may read

    using params = schema<field<"weight_ih", M, 3 * H, I>, field<"weight_hh", M, 3 * H, H>, field<"bias_ih", M, 3 * H>,
                          field<"bias_hh", M, 3 * H>>;
    using initial = schema<field<"initial_state", M, H>>;  ///< the learned state before the first step
    using saved = schema<field<"gates", M, 4 * H>>;
    using delta = schema<field<"input", M, 3 * H>, field<"recurrent", M, 3 * H>>;
    static constexpr index_t scratch = M * 6 * H;   ///< numbers per row of `forward` and `backward`
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
    static gru_gates<M, H, T> gates(in_rows<T> c, out_rows<T> y, saved_of<T, saved> s) {
      return {nullptr, nullptr, c, y, s.template at<"gates">()};
    }

    /// The way back of the gates of rows of c whose result's gradient is dy, from a row of the saved ones on.
    template <class T>
    static gru_gates_backward<M, H, T> gates_backward(in_rows<T> c, in_rows<T> dy, saved_of<T const, saved> s) {
      return {s.template at<"gates">(), c, dy, nullptr, nullptr, {}};
    }

    /// Where deltas lie, of W_ih's product and of W_hh's.
    template <class T>
    static std::array<T*, 2> deltas(saved_of<T, delta> d) {
      return {d.template at<"input">(), d.template at<"recurrent">()};
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
      T* const input = d.template at<"input">();
      T* const recurrent = d.template at<"recurrent">();
      gru_gates_backward<M, H, T> const gates{s.template at<"gates">(), c, dy, input, recurrent, dc};
      ops::gated_backward<M, H, I, B, T>(be, p.template matrix<"weight_ih">(), p.template matrix<"weight_hh">(), n,
                                         gates, input, recurrent, du, dh);
    }

    /// Adds the gradients of all n rows (every step of every element) to dp.
    template <class B, class T>
    static void gradient(B& be, index_t n, in_rows<T> u, in_rows<T> h, std::type_identity_t<saved_of<T const, delta>> d,
                         gradients_of<T, params> dp, std::type_identity_t<T*> /*scratch_rows*/) {
      rows<T const> const input{d.template at<"input">(), M * 3 * H, 3 * H};
      rows<T const> const recurrent{d.template at<"recurrent">(), M * 3 * H, 3 * H};
      ops::add_weight_gradients<M, 3 * H, I>(be, n, input, u, dp.template at<"weight_ih">(),
                                             dp.template at<"bias_ih">());
      ops::add_weight_gradients<M, 3 * H, H>(be, n, recurrent, h, dp.template at<"weight_hh">(),
                                             dp.template at<"bias_hh">());
    }
  };
};

}  // namespace s2rm::cell
