#pragma once
/// \file
/// The element-wise parts and the attention of the relational memory core (cell/rmc.hpp, whose letters these are).
/// Row (b, k) of slots holds M modules of F numbers: arrays are (B, K, M, F) or, with the row of X behind the slots,
/// (B, K+1, M, F).

#include "s2rm/core/span.hpp"
#include "s2rm/math/lanes.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"

namespace s2rm::cell {

/// The slots of the state to the rows of Y, and tanh of them. Row (b K + k) M + m.
template <index_t M, index_t K, index_t F, class T>
struct slots_of_state {
  using scalar = T;
  rows<T const> h;  ///< (B, M, K F)
  T* y;             ///< (B, K+1, M, F)
  T* tanh_h;        ///< (B, K, M, F)
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, k = row / M % K, b = row / (M * K);
    auto const x = L::load(h.at(b, m) + k * F + j);
    L::store(y + ((b * (K + 1) + k) * M + m) * F + j, x);
    L::store(tanh_h + row * F + j, math::tanh(x));
  }
};

/// dh = dY + dz + dtanh (1 - tanh^2), the row of X left out.
template <index_t M, index_t K, index_t F, class T>
struct slots_of_state_backward {
  using scalar = T;
  T const *dy, *dz, *tanh_h, *dtanh;
  rows<T> dh;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, k = row / M % K, b = row / (M * K);
    auto const t = L::load(tanh_h + row * F + j);
    L::store(dh.at(b, m) + k * F + j, L::load(dy + ((b * (K + 1) + k) * M + m) * F + j) + L::load(dz + row * F + j) +
                                          L::load(dtanh + row * F + j) * (T(1) - t * t));
  }
};

/// z = Y + attention for the K slots of one module and head; the row of X is a source, its own result is not wanted.
/// Q = 2 A + V numbers of a head lie side by side: query and key of width A, value of width V. Index (b M + m) N + head.
template <index_t M, index_t K, index_t N, index_t A, index_t V, class T>
struct attend_slots {
  static constexpr index_t Q = 2 * A + V, F = N * V;
  T const* qkv;  ///< (B, K+1, M, N Q)
  T const* y;    ///< (B, K+1, M, F)
  T* w;          ///< (B, M, N, K, K+1)
  T* z;          ///< (B, K, M, F)
  T scale;
  S2RM_HD void operator()(index_t i) const {
    index_t const head = i % N, m = i / N % M, b = i / (N * M);
    T const* const from = qkv + ((b * (K + 1)) * M + m) * N * Q + head * Q;
    constexpr index_t step = M * N * Q;  // from slot to slot
    for (index_t k = 0; k < K; ++k) {
      T* const weight = w + (i * K + k) * (K + 1);
      T highest = T(0);
      for (index_t j = 0; j <= K; ++j) {
        weight[j] = scale * math::dot<A>(from + k * step, from + j * step + A);
        if (j == 0 || weight[j] > highest) highest = weight[j];
      }
      T sum = T(0);
      for (index_t j = 0; j <= K; ++j) {
        weight[j] = math::exp(weight[j] - highest);
        sum += weight[j];
      }
      T* const to = z + ((b * K + k) * M + m) * F + head * V;
      math::copy<V>(y + ((b * (K + 1) + k) * M + m) * F + head * V, to);
      for (index_t j = 0; j <= K; ++j) {
        weight[j] /= sum;
        math::add_scaled<V>(weight[j], from + j * step + 2 * A, to);
      }
    }
  }
};

/// Overwrites d(query, key, value) of all K+1 rows; the query of X has none.
template <index_t M, index_t K, index_t N, index_t A, index_t V, class T>
struct attend_slots_backward {
  static constexpr index_t Q = 2 * A + V, F = N * V;
  T const *qkv, *w, *dz;
  T* dqkv;
  T scale;
  S2RM_HD void operator()(index_t i) const {
    index_t const head = i % N, m = i / N % M, b = i / (N * M);
    index_t const first = ((b * (K + 1)) * M + m) * N * Q + head * Q;
    constexpr index_t step = M * N * Q;
    T const* const from = qkv + first;
    T* const to = dqkv + first;
    for (index_t j = 0; j <= K; ++j) math::fill<Q>(to + j * step, T(0));
    for (index_t k = 0; k < K; ++k) {
      T const* const weight = w + (i * K + k) * (K + 1);
      T const* const d = dz + ((b * K + k) * M + m) * F + head * V;
      T score[static_cast<std::size_t>(K + 1)];
      T mean = T(0);
      for (index_t j = 0; j <= K; ++j) {
        score[j] = math::dot<V>(d, from + j * step + 2 * A);
        mean += weight[j] * score[j];
      }
      for (index_t j = 0; j <= K; ++j) {
        T const l = scale * weight[j] * (score[j] - mean);
        math::add_scaled<A>(l, from + j * step + A, to + k * step);
        math::add_scaled<A>(l, from + k * step, to + j * step + A);
        math::add_scaled<V>(weight[j], d, to + j * step + 2 * A);
      }
    }
  }
};

/// max(x, 0), and on the way back d = 0 where the result r is not positive.
template <index_t Width, class T>
struct relu_rows {
  using scalar = T;
  T* x;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    T* const at = x + row * Width + j;
    auto const v = L::load(at);
    L::store(at, v > T(0) ? v : L::all(T(0)));
  }
};
template <index_t Width, class T>
struct relu_rows_backward {
  using scalar = T;
  T const* r;
  T* d;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    T* const at = d + row * Width + j;
    L::store(at, L::load(r + row * Width + j) > T(0) ? L::load(at) : L::all(T(0)));
  }
};

/// y = i tanh(Y) + f c. Row (b K + k) M + m.
template <index_t M, index_t K, index_t F, class T>
struct memory_gates {
  using scalar = T;
  T const* memory;  ///< (B, K, M, 2F): W_m tanh(h) + b
  T const* input;   ///< (B, M, 2F): W_x X, one for all slots
  T const* mlp;     ///< (B, K, M, F): Y
  rows<T const> c;
  rows<T> y;
  T* gates;  ///< (B, K, M, 3F): i, f, tanh(Y)
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, k = row / M % K, b = row / (M * K);
    T const* const a = memory + row * 2 * F + j;
    T const* const x = input + (b * M + m) * 2 * F + j;
    T* const s = gates + row * 3 * F + j;
    auto const i = math::sigmoid(L::load(a) + L::load(x));
    auto const f = math::sigmoid(L::load(a + F) + L::load(x + F) + T(1));
    auto const t = math::tanh(L::load(mlp + row * F + j));
    L::store(s, i);
    L::store(s + F, f);
    L::store(s + 2 * F, t);
    L::store(y.at(b, m) + k * F + j, i * t + f * L::load(c.at(b, m) + k * F + j));
  }
};
template <index_t M, index_t K, index_t F, class T>
struct memory_gates_backward {
  using scalar = T;
  T const* gates;
  rows<T const> c, dy;
  T* dgates;  ///< (B, K, M, 2F)
  T* dmlp;    ///< (B, K, M, F): dY
  rows<T> dc;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, k = row / M % K, b = row / (M * K);
    T const* const s = gates + row * 3 * F + j;
    auto const i = L::load(s), f = L::load(s + F), t = L::load(s + 2 * F);
    auto const d = L::load(dy.at(b, m) + k * F + j);
    L::store(dgates + row * 2 * F + j, d * t * i * (T(1) - i));
    L::store(dgates + row * 2 * F + F + j, d * L::load(c.at(b, m) + k * F + j) * f * (T(1) - f));
    L::store(dmlp + row * F + j, d * i * (T(1) - t * t));
    L::store(dc.at(b, m) + k * F + j, d * f);
  }
};

/// to (B, M, W) = sum over the slots of from (B, K, M, W).
template <index_t M, index_t K, index_t W, class T>
struct sum_of_slots {
  using scalar = T;
  T const* from;
  T* to;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, b = row / M;
    auto sum = L::all(T(0));
    for (index_t k = 0; k < K; ++k) sum += L::load(from + ((b * K + k) * M + m) * W + j);
    L::store(to + row * W + j, sum);
  }
};

}  // namespace s2rm::cell
