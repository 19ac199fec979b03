#pragma once
/// \file
/// Places on the globe: longitude and latitude in degrees to the unit vector that a model with `Shape::place` 3 reads, and
/// back.
///
///   x = (cos φ cos λ, cos φ sin λ, sin φ)   for longitude λ (eastward) and latitude φ (northward)
///
/// Angles are reduced in degrees, where a quarter turn is a whole number: one place has one vector, to the bit. The poles
/// are (0, 0, ±1) whatever the longitude; -180° and 180°, 190° and -170° are the same; the equator has z = 0 and the
/// meridians of 0°, 90° and 180° have zeros where they should.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

#include "s2rm/core/errors.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN
namespace globe {

/// Longitude in (-180, 180], 0 at the poles; latitude in [-90, 90].
struct degrees {
  double longitude = 0, latitude = 0;
  friend bool operator==(degrees const&, degrees const&) = default;
};

namespace detail {
/// Sine (`quarters` 0) and cosine (1) of an angle in degrees; exact at whole quarter turns.
inline double sine_of_degrees(double angle, std::int64_t quarters) {
  double const whole = std::nearbyint(angle / 90);
  double const rest = (angle - 90 * whole) * (std::numbers::pi / 180);  // at most 45 degrees; the difference is exact
  std::int64_t const q = static_cast<std::int64_t>(whole) + quarters;
  double const size = (q & 1) != 0 ? std::cos(rest) : std::sin(rest);
  return ((q & 2) != 0 ? -size : size) + 0.0;  // no negative zero
}
[[gnu::noinline, gnu::cold]] inline void refuse(char const* what, double found) {
  throw_error<value_error>(std::string("s2rm: globe: ") + what + ", found " + std::to_string(found));
}
}  // namespace detail

/// The unit vector of a place. Any finite longitude will do. \throws value_error for a latitude outside [-90, 90] and for
/// numbers that are not finite.
template <class T = float>
std::array<T, 3> place(double longitude, double latitude) {
  if (!math::is_finite(longitude)) detail::refuse("longitude: expected a finite number of degrees", longitude);
  if (!math::is_finite(latitude) || (std::abs)(latitude) > 90) {
    detail::refuse("latitude: expected -90 to 90 degrees", latitude);
  }
  double const turned = std::remainder(longitude, 360.0);  // exact
  double const ring = detail::sine_of_degrees(latitude, 1);
  return {static_cast<T>(ring * detail::sine_of_degrees(turned, 1) + 0.0),
          static_cast<T>(ring * detail::sine_of_degrees(turned, 0) + 0.0),
          static_cast<T>(detail::sine_of_degrees(latitude, 0))};
}

/// Longitude and latitude of the direction of x, which may be of any length but 0. \throws value_error where it is 0 or not
/// finite.
template <class T>
degrees to_degrees(std::array<T, 3> const& x) {
  double const a = static_cast<double>(x[0]), b = static_cast<double>(x[1]), c = static_cast<double>(x[2]);
  double const ring = std::hypot(a, b), length = std::hypot(ring, c);
  if (!math::is_finite(length) || length <= 0) {
    detail::refuse("place: expected a finite vector that is not 0: its length", length);
  }
  double const degree = 180 / std::numbers::pi;
  double const longitude = ring > 0 ? std::atan2(b + 0.0, a) * degree : 0.0;
  return {longitude > -180 ? longitude : 180.0, std::atan2(c, ring) * degree};
}

}  // namespace globe
S2RM_NAMESPACE_END
