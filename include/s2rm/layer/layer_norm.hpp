#pragma once
/// \file
/// Layer normalisation of one group of one row (Ba et al. 2016; PyTorch's LayerNorm): W numbers, gain and offset of
/// their own for each of G groups.
///
///   x^ = (x - mean x) f,   f = 1 / sqrt(var x + 1e-5),   y = gain * x^ + offset
///
/// Backward, with dx^ = dy gain:  dx = f (dx^ - mean dx^ - x^ mean(dx^ x^)),  dgain += dy x^,  doffset += dy.
/// Row index r G + g, arrays (n, G, W). dy x^ is written out, so that dgain is a sum of columns over as many rows as
/// the caller collects.

#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

template <index_t G, index_t W, class T>
struct layer_norm_rows {
  T const* x;
  T const* also;  ///< added to x; may be null
  T const *gain, *offset;
  T* hat;
  T* factor;  ///< (n, G)
  T* y;
  S2RM_HD void operator()(index_t row) const {
    T const* const from = x + row * W;
    T* const to = hat + row * W;
    T mean = T(0);
    for (index_t j = 0; j < W; ++j) {
      to[j] = also == nullptr ? from[j] : from[j] + also[row * W + j];
      mean += to[j];
    }
    mean /= T(W);
    math::across<T, W>([=](auto l, index_t j) { l.store(to + j, l.load(to + j) - l.all(mean)); });
    T const f = T(1) / math::sqrt(math::dot<W>(to, to) / T(W) + T(1e-5));
    T const* const a = gain + row % G * W;
    T const* const b = offset + row % G * W;
    T* const out = y + row * W;
    math::across<T, W>([=](auto l, index_t j) {
      auto const unit = l.load(to + j) * l.all(f);
      l.store(to + j, unit);
      l.store(out + j, unit * l.load(a + j) + l.load(b + j));
    });
    factor[row] = f;
  }
};

/// Overwrites dx and dy x^, element by element, the terms of the gain's gradient.
template <index_t G, index_t W, class T>
struct layer_norm_rows_backward {
  T const *hat, *factor, *gain, *dy;
  T *dx, *dgain;
  S2RM_HD void operator()(index_t row) const {
    T const* const unit = hat + row * W;
    T const* const d = dy + row * W;
    T const* const a = gain + row % G * W;
    T* const to = dx + row * W;
    T* const product = dgain + row * W;
    math::across<T, W>([=](auto l, index_t j) {
      l.store(to + j, l.load(d + j) * l.load(a + j));
      l.store(product + j, l.load(d + j) * l.load(unit + j));
    });
    T mean = T(0);
    for (index_t j = 0; j < W; ++j) mean += to[j];
    mean /= T(W);
    T const along = math::dot<W>(to, unit) / T(W), f = factor[row];
    math::across<T, W>([=](auto l, index_t j) {
      l.store(to + j, l.all(f) * (l.load(to + j) - l.all(mean) - l.load(unit + j) * l.all(along)));
    });
  }
};

}  // namespace layer
S2RM_NAMESPACE_END
