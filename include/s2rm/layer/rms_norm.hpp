#pragma once
/// \file
/// RMS normalisation of a module's state: y = h / sqrt(mean(h^2) + 1e-4), no parameters (model §2.6).
/// Backward, with f = 1 / sqrt(mean(h^2) + 1e-4): dh += f (dy - y mean(y dy)).

#include "s2rm/math/normalise.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// One module of one element.
template <index_t M, index_t H, class T>
struct rms_row {
  rows<T const> h;
  rows<T> y;
  T* factor;  ///< (n, M)
  S2RM_HD void operator()(index_t row) const {
    T const* const from = h.at(row / M, row % M);
    T* const to = y.at(row / M, row % M);
    T const f = math::rms_factor(math::dot<H>(from, from), H);
    math::across<T, H>([=](auto l, index_t j) { l.store(to + j, f * l.load(from + j)); });
    factor[row] = f;
  }
};

/// Adds to dh.
template <index_t M, index_t H, class T>
struct rms_row_backward {
  rows<T const> y, dy;
  T const* factor;
  rows<T> dh;
  S2RM_HD void operator()(index_t row) const {
    T const* const out = y.at(row / M, row % M);
    T const* const d = dy.at(row / M, row % M);
    T* const to = dh.at(row / M, row % M);
    T const along = math::dot<H>(out, d) / T(H), f = factor[row];
    math::across<T, H>(
        [=](auto l, index_t j) { l.store(to + j, l.load(to + j) + f * (l.load(d + j) - l.load(out + j) * along)); });
  }
};

/// n rows (b, m) of a state, by a fused kernel where the backend has one.
template <index_t M, index_t H, class B, class T>
void normalise_rows(B& be, index_t n, rows<T const> h, rows<T> y, T* factor) {
  if constexpr (ops::capabilities<B, T>::rms_rows) {
    if (be.template rms_rows<M, H>(n, h, y, factor)) return;
  }
  be.for_each(n, rms_row<M, H, T>{h, y, factor});
}
/// Adds to dh.
template <index_t M, index_t H, class B, class T>
void normalise_rows_backward(B& be, index_t n, rows<T const> y, rows<T const> dy, T const* factor, rows<T> dh) {
  if constexpr (ops::capabilities<B, T>::rms_rows) {
    if (be.template rms_rows_backward<M, H>(n, y, dy, factor, dh)) return;
  }
  be.for_each(n, rms_row_backward<M, H, T>{y, dy, factor, dh});
}

}  // namespace layer
S2RM_NAMESPACE_END
