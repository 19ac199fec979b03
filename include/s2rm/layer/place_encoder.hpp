#pragma once
/// \file
/// The place encoder s = P(x): features of the place, one hidden layer with GELU, projection to the sphere (model §2.2).
///
///   z = W_1 gelu(W_0 gamma(x) + b_0) + b_1,   s = z / max(|z|, 1e-12)
///
/// The features gamma are a policy: layer/octaves.hpp, layer/harmonics.hpp, or one's own. One encoder places views and
/// queries. Places are input: nothing is propagated to x.

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "s2rm/layer/mlp.hpp"
#include "s2rm/layer/octaves.hpp"
#include "s2rm/layer/sphere.hpp"
#include "s2rm/ops/reference.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

template <class Shape, class Policy = places::octaves>
struct place_encoder {
  using features_of_place = typename Policy::template on<Shape>;
  static constexpr index_t P = Shape::place, S = Shape::sphere;
  static constexpr index_t features = features_of_place::count;
  using mlp = layer::mlp<features, Shape::place_hidden, S>;
  using params = typename mlp::params;
  /// gamma, the perceptron's activations, and z, per row.
  static constexpr index_t saved = features + mlp::saved + S;
  static constexpr index_t scratch = mlp::scratch + S;  ///< per row

  template <class T>
  static void initialise(T* values, init::source from) {
    mlp::initialise(values, from);
    whiten(values, sample());
  }

  /// s (n, S) on the sphere from x (n, P).
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_vector<T> x, out_rows<T> s, T* saved_rows) {
    T* const gamma = saved_rows;
    T* const hidden = gamma + n * features;
    T* const z = hidden + n * mlp::saved;
    constexpr index_t Hidden = Shape::place_hidden;
    if constexpr (ops::capabilities<B, T>::place_encoder && std::is_same_v<features_of_place, octaves<Shape>>) {
      if (p.half.numbers == nullptr &&
          be.template encode_places<P, Shape::frequencies, Hidden, S>(
              p.template at<"0.weight">(), p.template at<"0.bias">(), p.template at<"1.weight">(),
              p.template at<"1.bias">(), n, x, s, gamma, hidden, hidden + n * Hidden, z)) {
        return;
      }
    }
    features_of_place::forward(be, n, x, gamma);
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

  /// The features in words.
  static std::string description() { return features_of_place::description(); }

  /// Places (n, P) that whitening uses unless the data are known.
  static std::vector<double> sample() { return features_of_place::sample(); }

  /// Scales the rows of the last layer and shifts its bias so that, over the given places (n, P), the codes z have zero
  /// mean and unit variance per component. Without it all codes point one way at the start (model §2.2).
  template <class T>
  static void whiten(T* values, std::vector<double> const& at) {
    index_t const n = static_cast<index_t>(at.size()) / P;
    index_t const hidden = Shape::place_hidden;
    T const* const w0 = values + params::template offset<"0.weight">;
    T const* const b0 = values + params::template offset<"0.bias">;
    T* const w1 = values + params::template offset<"1.weight">;
    T* const b1 = values + params::template offset<"1.bias">;
    std::vector<double> gamma(features), mid(static_cast<std::size_t>(hidden)), sum(S), square(S);
    ops::reference plain;
    for (index_t j = 0; j < n; ++j) {
      features_of_place::forward(plain, 1, at.data() + j * P, gamma.data());
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
