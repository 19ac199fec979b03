#pragma once
/// \file
/// The element-wise functions and the attention of the relational memory core (cell/rmc.hpp, which defines the
/// symbols). Row (b, k) of slots holds M modules of F numbers: arrays are (B, K, M, F) or, with the row of X behind the
/// slots, (B, K+1, M, F).

#include <cstdint>

#include "s2rm/core/span.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/math/simd.hpp"

S2RM_NAMESPACE_BEGIN
namespace cell {

/// Copies the slots of the state to the rows of Y, and writes their tanh. Row (b K + k) M + m.
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

/// dh = dY + dz + dtanh (1 - tanh^2); dY of element b begins at b dy_step, the slots first.
template <index_t M, index_t K, index_t F, class T>
struct slots_of_state_backward {
  using scalar = T;
  T const* dy;
  index_t dy_step;
  T const *dz, *tanh_h, *dtanh;
  rows<T> dh;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const m = row % M, k = row / M % K, b = row / (M * K);
    auto const t = L::load(tanh_h + row * F + j);
    L::store(dh.at(b, m) + k * F + j, L::load(dy + b * dy_step + (k * M + m) * F + j) + L::load(dz + row * F + j) +
                                          L::load(dtanh + row * F + j) * (T(1) - t * t));
  }
};

/// Where the query, key and value of slots and inputs are: of element b, slot k at of_slots + b slot_step + k M N Q, input
/// a at inputs + b input_step + a M N Q, with Q = 2 A + V numbers of a head side by side: query and key of width A,
/// value of width V. Input a is there where reach, if it is not null, is not 0 at (b count + a) reach_step.
template <index_t M, index_t N, index_t Q, class T>
struct slots_and_inputs {
  T *of_slots, *inputs;
  index_t slot_step, input_step;
  S2RM_HD T* slot(index_t b, index_t k, index_t m, index_t head) const {
    return of_slots + b * slot_step + (k * M + m) * N * Q + head * Q;
  }
  S2RM_HD T* input(index_t b, index_t a, index_t m, index_t head) const {
    return inputs + b * input_step + (a * M + m) * N * Q + head * Q;
  }
};
struct input_flags {
  index_t count;
  std::uint8_t const* reach = nullptr;
  index_t reach_step = 1;
  [[nodiscard]] S2RM_HD bool present(index_t b, index_t a) const {
    return reach == nullptr || reach[(b * count + a) * reach_step] != 0;
  }
};

/// z = Y + attention for the K slots of one module and head over slots and inputs; inputs themselves have no result.
/// Index (b M + m) N + head.
template <index_t M, index_t K, index_t N, index_t A, index_t V, class T>
struct attend_slots {
  static constexpr index_t F = N * V;
  slots_and_inputs<M, N, 2 * A + V, T const> qkv;
  input_flags in;
  T const* y;  ///< slot (k, m) of element b at b y_step + (k M + m) F
  index_t y_step;
  T* w;  ///< (B, M, N, K, K + inputs)
  T* z;  ///< (B, K, M, F)
  T scale;
  S2RM_HD void operator()(index_t i) const {
    index_t const head = i % N, m = i / N % M, b = i / (N * M), sources = K + in.count;
    for (index_t k = 0; k < K; ++k) {
      T* const weight = w + (i * K + k) * sources;
      T const* const query = qkv.slot(b, k, m, head);
      T highest = scale * math::dot<A>(query, query + A);  // a slot sees itself
      for (index_t j = 0; j < sources; ++j) {
        if (!present(b, j)) continue;
        weight[j] = scale * math::dot<A>(query, source(b, j, m, head) + A);
        if (weight[j] > highest) highest = weight[j];
      }
      T sum = T(0);
      for (index_t j = 0; j < sources; ++j) {
        weight[j] = present(b, j) ? math::exp(weight[j] - highest) : T(0);
        sum += weight[j];
      }
      T* const to = z + ((b * K + k) * M + m) * F + head * V;
      math::copy<V>(y + b * y_step + (k * M + m) * F + head * V, to);
      for (index_t j = 0; j < sources; ++j) {
        weight[j] /= sum;
        if (present(b, j)) math::add_scaled<V>(weight[j], source(b, j, m, head) + 2 * A, to);
      }
    }
  }
  [[nodiscard]] S2RM_HD bool present(index_t b, index_t j) const { return j < K || in.present(b, j - K); }
  [[nodiscard]] S2RM_HD T const* source(index_t b, index_t j, index_t m, index_t head) const {
    return j < K ? qkv.slot(b, j, m, head) : qkv.input(b, j - K, m, head);
  }
};

/// Overwrites d(query, key, value) of slots and inputs; that of an input's query is 0, and so are all of an absent
/// input.
template <index_t M, index_t K, index_t N, index_t A, index_t V, class T>
struct attend_slots_backward {
  static constexpr index_t Q = 2 * A + V, F = N * V;
  slots_and_inputs<M, N, Q, T const> qkv;
  input_flags in;
  T const *w, *dz;
  slots_and_inputs<M, N, Q, T> d;
  T scale;
  S2RM_HD void operator()(index_t i) const {
    index_t const head = i % N, m = i / N % M, b = i / (N * M), sources = K + in.count;
    for (index_t j = 0; j < K; ++j) math::fill<Q>(d.slot(b, j, m, head), T(0));
    for (index_t a = 0; a < in.count; ++a) math::fill<Q>(d.input(b, a, m, head), T(0));
    for (index_t k = 0; k < K; ++k) {
      T const* const weight = w + (i * K + k) * sources;
      T const* const above = dz + ((b * K + k) * M + m) * F + head * V;
      T const* const query = qkv.slot(b, k, m, head);
      T* const dquery = d.slot(b, k, m, head);
      T mean = T(0);
      for (index_t j = 0; j < sources; ++j) {
        if (weight[j] > T(0)) mean += weight[j] * math::dot<V>(above, source(qkv, b, j, m, head) + 2 * A);
      }
      for (index_t j = 0; j < sources; ++j) {
        if (!(weight[j] > T(0))) continue;  // absent, or too far below the others to count
        T const* const from = source(qkv, b, j, m, head);
        T* const to = source(d, b, j, m, head);
        T const l = scale * weight[j] * (math::dot<V>(above, from + 2 * A) - mean);
        math::add_scaled<A>(l, from + A, dquery);
        math::add_scaled<A>(l, query, to + A);
        math::add_scaled<V>(weight[j], above, to + 2 * A);
      }
    }
  }

 private:
  template <class U>
  S2RM_HD static U* source(slots_and_inputs<M, N, Q, U> const& of, index_t b, index_t j, index_t m, index_t head) {
    return j < K ? of.slot(b, j, m, head) : of.input(b, j - K, m, head);
  }
};

/// max(x, 0); backward, d = 0 where the result r is not positive.
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

}  // namespace cell
S2RM_NAMESPACE_END
