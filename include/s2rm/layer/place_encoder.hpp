#pragma once
/// \file
/// The place encoder s = P(x): Fourier features, one hidden layer with GELU, projection to the sphere (model §2.2).
///
///   gamma(x) = [sin(2^k pi x_i / 2), cos(2^k pi x_i / 2)] for i < P, k < F   (for each i, for each k: sin, cos)
///   z = W_1 gelu(W_0 gamma + b_0) + b_1,   s = z / max(|z|, 1e-12)
///
/// One encoder places views and queries. Places are input: nothing is propagated to x.

#include <cmath>
#include <numbers>
#include <vector>

#include "s2rm/layer/mlp.hpp"
#include "s2rm/layer/sphere.hpp"
#include "s2rm/math/fourier.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// gamma of one number of one place: the lanes are sine, cosine, sine, ... of quarter turns that double.
template <index_t P, index_t F, class T>
struct fourier_features {
  T const* x;  ///< (n, P)
  T* gamma;    ///< (n, 2 P F)
  S2RM_HD void operator()(index_t i) const {
    T const turn = x[i];
    T* const to = gamma + i * 2 * F;
    math::across<T, 2 * F>([=](auto l, index_t j) {
      using V = typename decltype(l)::type;
      l.store(to + j, math::fourier_feature<V>(turn, math::counted<V>(j)));
    });
  }
};

template <class Shape>
struct place_encoder {
  static constexpr index_t P = Shape::place, F = Shape::frequencies, S = Shape::sphere;
  static constexpr index_t features = 2 * P * F;
  using mlp = layer::mlp<features, Shape::place_hidden, S>;
  using params = typename mlp::params;
  /// gamma, the perceptron's activations, and z, per row.
  static constexpr index_t saved = features + mlp::saved + S;
  static constexpr index_t scratch = mlp::scratch + S;  ///< per row

  template <class T>
  static void initialise(T* values, init::source from) {
    mlp::initialise(values, from);
    whiten(values, grid());
  }

  /// s (n, S) on the sphere from x (n, P).
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_vector<T> x, out_rows<T> s, T* saved_rows) {
    T* const gamma = saved_rows;
    T* const hidden = gamma + n * features;
    T* const z = hidden + n * mlp::saved;
    constexpr index_t Hidden = Shape::place_hidden;
    if constexpr (ops::capabilities<B, T>::place_encoder) {
      if (p.half.numbers == nullptr &&
          be.template encode_places<P, F, Hidden, S>(p.template at<"0.weight">(), p.template at<"0.bias">(),
                                                     p.template at<"1.weight">(), p.template at<"1.bias">(), n, x, s,
                                                     gamma, hidden, hidden + n * Hidden, z)) {
        return;
      }
    }
    be.for_each(n * P, fourier_features<P, F, T>{x, gamma});
    mlp::forward(be, p, n, rows<T const>{gamma, features}, rows<T>{z, S}, hidden);
    be.for_each(n, project_row<S, T>{{z, S}, s});
  }

  /// Adds to dp, given ds (n, S).
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> ds, in_vector<T> saved_rows,
                       gradients_of<T, params> dp, std::type_identity_t<T*> scratch_rows) {
    T const* const gamma = saved_rows;
    T const* const hidden = gamma + n * features;
    T const* const z = hidden + n * mlp::saved;
    T* const dz = scratch_rows;
    be.for_each(n, project_row_backward<S, T>{{z, S}, ds, {dz, S}, false});
    mlp::backward(be, p, n, rows<T const>{gamma, features}, rows<T const>{dz, S}, hidden, rows<T>{}, dp,
                  scratch_rows + n * S);
  }

  /// A regular grid over [-1, 1]^P, about a thousand places: what whitening uses unless the data are known.
  static std::vector<double> grid() {
    index_t const side = P == 1 ? 1025 : (P == 2 ? 33 : 11);
    index_t count = 1;
    for (index_t i = 0; i < P; ++i) count *= side;
    std::vector<double> places(static_cast<std::size_t>(count * P));
    for (index_t j = 0; j < count; ++j) {
      index_t rest = j;
      for (index_t i = 0; i < P; ++i, rest /= side) {
        places[static_cast<std::size_t>(j * P + i)] =
            -1.0 + 2.0 * static_cast<double>(rest % side) / static_cast<double>(side - 1);
      }
    }
    return places;
  }

  /// Scales the rows of the last layer and shifts its bias so that, over the given places (n, P), the codes z have zero
  /// mean and unit variance per component. Without it all codes point one way at the start (model §2.2).
  template <class T>
  static void whiten(T* values, std::vector<double> const& places) {
    index_t const n = static_cast<index_t>(places.size()) / P;
    index_t const hidden = Shape::place_hidden;
    T const* const w0 = values + params::template offset<"0.weight">;
    T const* const b0 = values + params::template offset<"0.bias">;
    T* const w1 = values + params::template offset<"1.weight">;
    T* const b1 = values + params::template offset<"1.bias">;
    std::vector<double> gamma(features), mid(static_cast<std::size_t>(hidden)), sum(S), square(S);
    for (index_t j = 0; j < n; ++j) {
      fourier_features<P, F, double> const fourier{places.data() + j * P, gamma.data()};
      for (index_t i = 0; i < P; ++i) fourier(i);
      for (index_t h = 0; h < hidden; ++h) {
        double a = static_cast<double>(b0[h]);
        for (index_t i = 0; i < features; ++i) {
          a += static_cast<double>(w0[h * features + i]) * gamma[static_cast<std::size_t>(i)];
        }
        mid[static_cast<std::size_t>(h)] = math::gelu(a);
      }
      for (index_t k = 0; k < S; ++k) {
        double z = static_cast<double>(b1[k]);
        for (index_t h = 0; h < hidden; ++h) {
          z += static_cast<double>(w1[k * hidden + h]) * mid[static_cast<std::size_t>(h)];
        }
        sum[static_cast<std::size_t>(k)] += z;
        square[static_cast<std::size_t>(k)] += z * z;
      }
    }
    for (index_t k = 0; k < S; ++k) {
      double const mean = sum[static_cast<std::size_t>(k)] / static_cast<double>(n);
      double const variance = square[static_cast<std::size_t>(k)] / static_cast<double>(n) - mean * mean;
      double const scale = 1.0 / std::sqrt(variance > 1e-12 ? variance : 1e-12);
      for (index_t h = 0; h < hidden; ++h)
        w1[k * hidden + h] = static_cast<T>(static_cast<double>(w1[k * hidden + h]) * scale);
      b1[k] = static_cast<T>((static_cast<double>(b1[k]) - mean) * scale);
    }
  }
};

}  // namespace layer
S2RM_NAMESPACE_END
