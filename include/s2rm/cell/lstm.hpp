#pragma once
/// \file
/// The LSTM (long short-term memory): PyTorch's form, gate order i, f, g, o, two bias vectors (model §3; Hochreiter and
/// Schmidhuber 1997 with the forget gate of Gers et al. 2000, no peepholes).
///
///   i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o),   a = W_ih u + b_ih + W_hh h + b_hh
///   e' = f * e + i * g      t = tanh(e')      h' = o * t
///
/// Shapes and GEMMs: gated_cell.hpp. A module carries c = (h, e), 2H numbers: e is its memory. Of c only e is used:
/// what a gate sees of the old state comes in h. y = (h', e'); saved: i, f, g, o, t.
///
/// Backward, with dy = (dh', de'):  m = de' + dh' o (1 - t^2),
///   da_i = m g i (1-i),  da_f = m e f (1-f),  da_g = m i (1-g^2),  da_o = dh' t o (1-o),  dc = (0, m f).
/// One delta da serves W_ih and W_hh.

#include "s2rm/cell/gated_cell.hpp"

S2RM_NAMESPACE_BEGIN
namespace cell {

struct lstm_gates {
  static constexpr index_t count = 4, saved = 5;
  static constexpr bool one_delta = true;
  template <index_t M, index_t H>
  struct initial : schema<field<"initial_state", M, H>, field<"initial_cell", M, H>> {};

  template <class T, class V>
  S2RM_HD static void forward(V const (&a)[4], V const (&b)[4], V const (&c)[2], V (&y)[2], V (&s)[5]) {
    V const i = math::sigmoid(a[0] + b[0]);
    V const f = math::sigmoid(a[1] + b[1]);
    V const g = math::tanh(a[2] + b[2]);
    V const o = math::sigmoid(a[3] + b[3]);
    V const e = f * c[1] + i * g;
    V const t = math::tanh(e);
    s[0] = i;
    s[1] = f;
    s[2] = g;
    s[3] = o;
    s[4] = t;
    y[0] = o * t;
    y[1] = e;
  }

  template <class T, class V>
  S2RM_HD static void backward(V const (&s)[5], V const (&c)[2], V const (&dy)[2], V (&da)[4], V (&dc)[2]) {
    V const i = s[0], f = s[1], g = s[2], o = s[3], t = s[4], dh = dy[0];
    V const m = dy[1] + dh * o * (T(1) - t * t);
    da[0] = m * g * i * (T(1) - i);
    da[1] = m * c[1] * f * (T(1) - f);
    da[2] = m * i * (T(1) - g * g);
    da[3] = dh * t * o * (T(1) - o);
    dc[0] = V{};
    dc[1] = m * f;
  }
};

/// The LSTM as policy of the cell slot.
struct lstm : gated<lstm_gates> {};

}  // namespace cell
S2RM_NAMESPACE_END
