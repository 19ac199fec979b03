#pragma once
/// \file
/// Features of a place x in [-1, 1]^P: sine and cosine of its coordinates at octaves (model §2.2).
///
///   gamma(x) = [sin(2^k pi x_i / 2), cos(2^k pi x_i / 2)] for i < P, k < F   (for each i, for each k: sin, cos)
///
/// The lowest octave has period 4, so that the two ends of [-1, 1] differ.

#include <string>
#include <vector>

#include "s2rm/core/concepts.hpp"
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
struct octaves {
  static constexpr index_t P = Shape::place, F = Shape::frequencies;
  static constexpr index_t count = 2 * P * F;  ///< features of a place

  static std::string description() { return std::to_string(F) + " octaves"; }

  /// gamma (n, count) from x (n, P).
  template <class B, class T>
  static void forward(B& be, index_t n, T const* x, T* gamma) {
    be.for_each(n * P, fourier_features<P, F, T>{x, gamma});
  }

  /// A regular grid over [-1, 1]^P, about a thousand places.
  static std::vector<double> sample() {
    index_t const side = P == 1 ? 1025 : (P == 2 ? 33 : 11);
    index_t count_of_all = 1;
    for (index_t i = 0; i < P; ++i) count_of_all *= side;
    std::vector<double> places(static_cast<std::size_t>(count_of_all * P));
    for (index_t j = 0; j < count_of_all; ++j) {
      index_t rest = j;
      for (index_t i = 0; i < P; ++i, rest /= side) {
        places[static_cast<std::size_t>(j * P + i)] =
            -1.0 + 2.0 * static_cast<double>(rest % side) / static_cast<double>(side - 1);
      }
    }
    return places;
  }
};

}  // namespace layer

namespace places {
/// Place features: sine and cosine of every coordinate at `Shape::frequencies` octaves. The default.
struct octaves {
  using kind = s2rm::kind::places;
  template <class Shape>
  using on = layer::octaves<Shape>;
};
}  // namespace places
S2RM_NAMESPACE_END
