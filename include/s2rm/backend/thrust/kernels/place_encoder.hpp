#pragma once
/// \file
/// The place encoder of a model (layer/place_encoder.hpp says what is computed) in one kernel: a block has `lines`
/// places from their Fourier features to the sphere, and writes what the backward pass reads.

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/math/fourier.hpp"
#include "s2rm/math/normalise.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/math/simd.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <index_t P, index_t F, index_t Hidden, index_t S, class T>
struct encode_places {
  static constexpr int threads = 256, lines = 8;
  static constexpr int features = 2 * P * F, hidden = Hidden, out = S;
  /// Rows of shared memory are of an odd length, so that neighbours lie in different banks.
  static constexpr int first_row = features | 1, second_row = hidden | 1;
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(hidden * first_row + out * second_row + lines * (features + hidden + out)) * sizeof(T) +
      5 * 16;
  T const *w0, *b0, *w1, *b1;
  index_t n;
  T const* x;            ///< (n, P)
  rows<T> s;             ///< (n, S)
  T *gamma, *a, *z, *y;  ///< (n, 2 P F), (n, Hidden) before and after GELU, (n, S) before the sphere

  [[nodiscard]] index_t blocks() const { return (n + lines - 1) / lines; }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    shared_layout cut{block.shared};
    T* const first = cut.template take<T>(hidden * first_row);
    T* const second = cut.template take<T>(out * second_row);
    T* const waves = cut.template take<T>(lines * features);
    T* const mid = cut.template take<T>(lines * hidden);
    T* const end = cut.template take<T>(lines * out);
    index_t const r = block.index * lines;
    int const here = n - r < lines ? static_cast<int>(n - r) : lines;
    block.each([&](int t) {
      for (int e = t; e < hidden * features; e += threads) first[e / features * first_row + e % features] = w0[e];
      for (int e = t; e < out * hidden; e += threads) second[e / hidden * second_row + e % hidden] = w1[e];
      for (int e = t; e < here * features; e += threads) {
        int const j = e % (2 * static_cast<int>(F));
        T const turn = x[r * P + e / (2 * static_cast<int>(F))];
        T const wave = math::fourier_feature<T>(turn, j);
        waves[e] = wave;
        gamma[r * features + e] = wave;
      }
    });
    block.each([&](int t) {
      for (int e = t; e < here * hidden; e += threads) {
        int const line = e / hidden, unit = e % hidden;
        T sum = b0[unit];
        for (int i = 0; i < features; ++i) sum += first[unit * first_row + i] * waves[line * features + i];
        T const after = math::gelu(sum);
        mid[e] = after;
        a[r * hidden + e] = sum;
        z[r * hidden + e] = after;
      }
    });
    block.each([&](int t) {
      for (int e = t; e < here * out; e += threads) {
        int const line = e / out, c = e % out;
        T sum = b1[c];
        for (int i = 0; i < hidden; ++i) sum += second[c * second_row + i] * mid[line * hidden + i];
        end[e] = sum;
        y[r * out + e] = sum;
      }
    });
    block.each([&](int t) {
      for (int e = t; e < here * out; e += threads) {
        int const line = e / out;
        T square = T(0);
        for (int i = 0; i < out; ++i) square += end[line * out + i] * end[line * out + i];
        s.at(r + line)[e % out] = end[e] * math::scale_to_sphere(square).scale;
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
