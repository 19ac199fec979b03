#pragma once
/// \file
/// Features of a place on the globe: the real spherical harmonics of degree 0 to L of its direction
/// (math/spherical_harmonics.hpp).
///
///   gamma(x) = [Y_lm(x / |x|)] for l <= L, -l <= m <= l   (Y_lm is number l² + l + m; (L + 1)² numbers)
///
/// Smooth everywhere, poles and date line included. Places are unit vectors (math/globe.hpp); the length of others does not
/// count, and the zero vector has the mean over the sphere: gamma_0 = 1/√(4π), else 0.

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "s2rm/core/concepts.hpp"
#include "s2rm/math/spherical_harmonics.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// gamma of places: the lanes are places.
template <index_t L, class T>
struct harmonic_features {
  using scalar = T;
  static constexpr index_t count = (L + 1) * (L + 1);
  T const* x;  ///< (n, 3)
  T* gamma;    ///< (n, count)
  template <class Lanes>
  S2RM_HD void lanes(index_t i) const {
    T const* const from = x + i * 3;
    T* const to = gamma + i * count;
    if constexpr (math::least_width<T> == 1) {
      math::spherical_harmonics<L>(from[0], from[1], from[2], [to](index_t j, T value) { to[j] = value; });
    } else {
      // A lone place takes a register too, so that it gets the bits it has among others.
      constexpr index_t places = Lanes::width, width = places == 1 ? math::least_width<T> : places;
      using V = typename math::lanes<T, width>::type;
      V p[3] = {};
      for (index_t c = 0; c < 3; ++c) {
        for (index_t k = 0; k < places; ++k) p[c][k] = from[k * 3 + c];
      }
      math::spherical_harmonics<L>(p[0], p[1], p[2], [to](index_t j, V value) {
        for (index_t k = 0; k < places; ++k) to[k * count + j] = value[k];
      });
    }
  }
};

template <class Shape, index_t L>
struct harmonics {
  static constexpr index_t P = Shape::place;
  static constexpr index_t count = (L + 1) * (L + 1);  ///< features of a place

  static std::string description() { return "harmonics to degree " + std::to_string(L); }

  /// gamma (n, count) from x (n, 3).
  template <class B, class T>
  static void forward(B& be, index_t n, T const* x, T* gamma) {
    be.for_each(n, harmonic_features<L, T>{x, gamma});
  }

  /// A Fibonacci lattice: turns by the golden angle at equal steps of z, so that every place has the same area around
  /// it. At least a thousand places, and two for every feature.
  static std::vector<double> sample() {
    index_t const n = count > 512 ? 2 * count : 1024;
    double const golden = std::numbers::pi * (3 - std::sqrt(5.0));
    std::vector<double> places;
    places.reserve(static_cast<std::size_t>(n * 3));
    for (index_t i = 0; i < n; ++i) {
      double const z = 1 - (2 * static_cast<double>(i) + 1) / static_cast<double>(n), r = std::sqrt(1 - z * z);
      double const angle = golden * static_cast<double>(i);
      places.insert(places.end(), {r * std::cos(angle), r * std::sin(angle), z});
    }
    return places;
  }
};

}  // namespace layer

namespace places {
/// Place features on the globe: real spherical harmonics of degree 0 to L in place of the octaves. Places are unit vectors
/// (`Shape::place` 3, `globe::place`). 1 <= L <= 64.
template <index_t L>
struct harmonics {
  using kind = s2rm::kind::places;
  static constexpr index_t degree = L;
  template <class Shape>
  using on = layer::harmonics<Shape, L>;
};
}  // namespace places
S2RM_NAMESPACE_END
