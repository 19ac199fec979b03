#pragma once
/// \file
/// Where the numbers of an attention lie that recurrence_backward.hpp goes back through.

#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/recurrence.hpp"

namespace s2rm::backend::detail {

/// One of the two attentions of a step of the recurrence, for the way back: over the views, or over the modules.
template <class Sizes, class T>
struct recurrence_attention {
  static constexpr index_t M = Sizes::M, N = Sizes::N, C = Sizes::C, NC = Sizes::NC;
  ops::attention_pairs<T> g;
  T const *q, *k, *v;                ///< of row 0 of the step, item 0
  index_t q_step, k_row, k_step;     ///< from module to module; from element to element, from source to source
  T const* dout;                     ///< (B, M, NC)
  T const* kept;                     ///< (B, M, 2 N), or null
  T* slopes;                         ///< (B, M, 2 N)
  T *dq, *dk, *dv;                   ///< where k, v and their like of row 0 lie
  index_t dq_step, dk_row, dk_step;  ///< likewise
  T* dlog;                           ///< of row 0
  index_t dlog_row;
  bool adds;  ///< dlog is added to
  index_t r;  ///< row 0 among all
  [[nodiscard]] S2RM_HD T const* query(index_t b, index_t i) const { return q + (b * M + i) * q_step; }
  [[nodiscard]] S2RM_HD T const* key(index_t b, index_t j) const { return k + b * k_row + j * k_step; }
  [[nodiscard]] S2RM_HD T const* value(index_t b, index_t j) const { return v + b * k_row + j * k_step; }
  [[nodiscard]] S2RM_HD T const* gradient(index_t b, index_t i) const { return dout + (b * M + i) * NC; }
  [[nodiscard]] S2RM_HD static T dot(T const* a, T const* b, index_t n) {
    T sum = T(0);
    for (index_t c = n * C; c < (n + 1) * C; ++c) sum += a[c] * b[c];
    return sum;
  }
  /// The weight of a pair, found again; one source has all of it.
  [[nodiscard]] S2RM_HD T weight(index_t b, index_t i, index_t j, index_t n, T scale) const {
    if (!g.within(r + b, i, j)) return T(0);
    if (kept == nullptr) return T(1);
    T const *const from = query(b, i), *const to = key(b, j), *const at = kept + (b * M + i) * 2 * N + n;
    T score = T(0);
    for (index_t c = n * C; c < (n + 1) * C; ++c) score += from[c] * scale * to[c];
    return math::exp(score + g.log_weight[g.at(r + b, i, j)] - at[0]) * at[N];
  }
};

}  // namespace s2rm::backend::detail
