#pragma once
/// \file
/// The input attention of recurrent independent mechanisms (dynamics/rim.hpp), over the present views and one null
/// source of key 0 and value 0, and the choice of the modules that are active in a step.
///
///   w_a = e^{l_a} / (1 + sum e^{l_a'}),   w_null = 1 / (1 + sum e^{l_a'}),   l_a = q . k_a / sqrt(C)
///   u = sum w_a v_a
///
/// per head. Backward, with dw_a = du . v_a: dl_a = w_a (dw_a - sum w dw), dq = sum dl_a k_a / sqrt(C),
/// dk_a = dl_a q / sqrt(C), dv_a = w_a du. The null source has no gradient.

#include "s2rm/attention/pairs.hpp"
#include "s2rm/core/span.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Arrays that the functors share: N heads of width C, M modules; q, u (B, M, NC), k, v (B A, NC), weights (B, M, N, A
/// + 1), the null's last. `reach` is (B, A, M).
template <index_t M, index_t N, index_t C, class T>
struct null_attention {
  static constexpr index_t W = N * C;
  index_t views;
  std::uint8_t const* reach;
  T const *q, *k, *v;
  T scale;
  [[nodiscard]] S2RM_HD bool present(index_t b, index_t a) const {
    return reach[(b * views + a) * M] == kernel::reached;
  }
  [[nodiscard]] S2RM_HD T const* key(index_t b, index_t a, index_t head) const {
    return k + (b * views + a) * W + head * C;
  }
  [[nodiscard]] S2RM_HD T const* value(index_t b, index_t a, index_t head) const {
    return v + (b * views + a) * W + head * C;
  }
};

/// One module of one element. Rows of u are U numbers wide, of which the first N C are the read.
template <index_t M, index_t N, index_t C, class T, index_t U = N * C>
struct attend_views {
  null_attention<M, N, C, T> g;
  T *w, *u;
  S2RM_HD void operator()(index_t row) const {
    index_t const b = row / M;
    for (index_t head = 0; head < N; ++head) {
      T const* const query = g.q + row * N * C + head * C;
      T* const weight = w + (row * N + head) * (g.views + 1);
      T* const to = u + row * U + head * C;
      T highest = T(0);  // the null's score
      for (index_t a = 0; a < g.views; ++a) {
        if (!g.present(b, a)) continue;
        weight[a] = g.scale * math::dot<C>(query, g.key(b, a, head));
        if (weight[a] > highest) highest = weight[a];
      }
      T sum = weight[g.views] = math::exp(-highest);
      for (index_t a = 0; a < g.views; ++a) {
        weight[a] = g.present(b, a) ? math::exp(weight[a] - highest) : T(0);
        sum += weight[a];
      }
      math::fill<C>(to, T(0));
      for (index_t a = 0; a <= g.views; ++a) weight[a] /= sum;
      for (index_t a = 0; a < g.views; ++a) {
        if (g.present(b, a)) math::add_scaled<C>(weight[a], g.value(b, a, head), to);
      }
    }
  }
};

/// Overwrites dq, and d (as the weights, without the null) with dl / sqrt(C).
template <index_t M, index_t N, index_t C, class T, index_t U = N * C>
struct attend_views_backward {
  null_attention<M, N, C, T> g;
  T const *w, *du;
  T *d, *dq;
  S2RM_HD void operator()(index_t row) const {
    index_t const b = row / M;
    for (index_t head = 0; head < N; ++head) {
      index_t const first = (row * N + head) * (g.views + 1);
      T const* const above = du + row * U + head * C;
      T* const to = dq + row * N * C + head * C;
      T mean = T(0);
      for (index_t a = 0; a < g.views; ++a) {
        d[first + a] = g.present(b, a) ? math::dot<C>(above, g.value(b, a, head)) : T(0);
        mean += w[first + a] * d[first + a];
      }
      math::fill<C>(to, T(0));
      for (index_t a = 0; a < g.views; ++a) {
        d[first + a] = g.scale * w[first + a] * (d[first + a] - mean);
        if (g.present(b, a)) math::add_scaled<C>(d[first + a], g.key(b, a, head), to);
      }
    }
  }
};

/// Overwrites dk and dv of one view.
template <index_t M, index_t N, index_t C, class T, index_t U = N * C>
struct attend_views_sources {
  null_attention<M, N, C, T> g;
  T const *w, *d, *du;
  T *dk, *dv;
  S2RM_HD void operator()(index_t i) const {
    index_t const b = i / g.views, a = i % g.views;
    math::fill<N * C>(dk + i * N * C, T(0));
    math::fill<N * C>(dv + i * N * C, T(0));
    for (index_t m = 0; m < M; ++m) {
      index_t const row = b * M + m;
      for (index_t head = 0; head < N; ++head) {
        index_t const at = (row * N + head) * (g.views + 1) + a, column = head * C;
        math::add_scaled<C>(d[at], g.q + row * N * C + column, dk + i * N * C + column);
        math::add_scaled<C>(w[at], du + row * U + column, dv + i * N * C + column);
      }
    }
  }
};

/// The `Active` modules of an element with the least weight on the null source, averaged over heads; ties go to the
/// first.
template <index_t M, index_t N, index_t Active, class T>
struct choose_active {
  index_t views;
  T const* w;
  std::uint8_t* active;  ///< (B, M)
  S2RM_HD void operator()(index_t b) const {
    for (index_t m = 0; m < M; ++m) {
      index_t better = 0;
      for (index_t other = 0; other < M; ++other) {
        T const mine = away(b, m), its = away(b, other);
        better += its < mine || (math::equal(its, mine) && other < m) ? 1 : 0;
      }
      active[b * M + m] = better < Active ? 1 : 0;
    }
  }

 private:
  S2RM_HD T away(index_t b, index_t m) const {
    T sum = T(0);
    for (index_t head = 0; head < N; ++head) sum += w[((b * M + m) * N + head) * (views + 1) + views];
    return sum;
  }
};

/// y = x where a module's flag is `Wanted`, else `other` (0 where null). Rows (B, M, W).
template <index_t M, bool Wanted, class T>
struct where_active {
  using scalar = T;
  std::uint8_t const* active;  ///< (B, M)
  rows<T const> x, other;
  rows<T> y;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const b = row / M, m = row % M;
    bool const taken = (active[row] != 0) == Wanted;
    if (taken) {
      L::store(y.at(b, m) + j, L::load(x.at(b, m) + j));
    } else {
      L::store(y.at(b, m) + j, other.data == nullptr ? L::all(T(0)) : L::load(other.at(b, m) + j));
    }
  }
};

}  // namespace dynamics
S2RM_NAMESPACE_END
