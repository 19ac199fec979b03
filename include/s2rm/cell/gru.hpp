#pragma once
/// \file
/// The gated recurrent unit: PyTorch's form, gate order r, z, n, two bias vectors (model §3; Cho et al. 2014 with the
/// reset gate applied after the recurrent GEMM). With this cell, the default, the model is an S2GRU.
///
///   r = sigmoid(W_ir u + b_ir + W_hr h + b_hr)      z = sigmoid(W_iz u + b_iz + W_hz h + b_hz)
///   n = tanh(W_in u + b_in + r * (W_hn h + b_hn))   y = (1 - z) * n + z * c
///
/// Shapes, GEMMs and the backward pass through them: gated_cell.hpp. saved: r, z, n, q with q = W_hn h + b_hn.
///
/// Backward: dn = dy (1-z)(1-n^2), dz = dy (c-n) z (1-z), dr = dn q r (1-r), dq = dn r, dc = dy z;
///   da = [dr, dz, dn] belongs to W_i and b_i, db = [dr, dz, dq] to W_h and b_h.

#include "s2rm/cell/gated_cell.hpp"

S2RM_NAMESPACE_BEGIN
namespace cell {

struct gru_gates {
  static constexpr index_t count = 3, saved = 4;
  static constexpr bool one_delta = false;
  template <index_t M, index_t H>
  struct initial : schema<field<"initial_state", M, H>> {};

  template <class T, class V>
  S2RM_HD static void forward(V const (&a)[3], V const (&b)[3], V const (&c)[1], V (&y)[1], V (&s)[4]) {
    V const r = math::sigmoid(a[0] + b[0]);
    V const z = math::sigmoid(a[1] + b[1]);
    V const q = b[2];
    V const n = math::tanh(a[2] + r * q);
    s[0] = r;
    s[1] = z;
    s[2] = n;
    s[3] = q;
    y[0] = (T(1) - z) * n + z * c[0];
  }

  template <class T, class V>
  S2RM_HD static void backward(V const (&s)[4], V const (&c)[1], V const (&dy)[1], V (&da)[3], V (&db)[3], V (&dc)[1]) {
    V const r = s[0], z = s[1], n = s[2], q = s[3];
    V const dn = dy[0] * (T(1) - z) * (T(1) - n * n);
    V const dr = dn * q * r * (T(1) - r);
    V const dz = dy[0] * (c[0] - n) * z * (T(1) - z);
    da[0] = db[0] = dr;
    da[1] = db[1] = dz;
    da[2] = dn;
    db[2] = dn * r;
    dc[0] = dy[0] * z;
  }
};

/// The GRU as policy of the cell slot.
struct gru : gated<gru_gates> {};

}  // namespace cell
S2RM_NAMESPACE_END
