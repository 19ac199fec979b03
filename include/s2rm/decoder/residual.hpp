#pragma once
/// \file
/// Residual read-outs: the decoder predicts the difference from a simple guess made of the readings of the step. The
/// first `Target::size` numbers of a view are its reading. For likelihoods with a location (Gaussian) only.
///
/// `guess(step, q, e)` is added to the location of element e. It has no parameters and passes no gradient. A guess that
/// reads the query's context too is `guess(step, q, c, e)`.

#include <ratio>

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN
namespace residual {

/// The views of one step of one element of the batch.
template <class Shape, class T>
struct seen {
  T const* view;                ///< (A, view...)
  T const* place;               ///< (A, P)
  std::uint8_t const* present;  ///< (A)
  index_t views;
  S2RM_HD T distance2(index_t a, T const* x) const {
    T sum = T(0);
    for (index_t i = 0; i < Shape::place; ++i) {
      T const d = place[a * Shape::place + i] - x[i];
      sum += d * d;
    }
    return sum;
  }
  S2RM_HD T reading(index_t a, index_t e) const { return view[a * Shape::view::size + e]; }
};

/// The decoder predicts the observation itself.
struct none {
  using kind = s2rm::kind::residual;
  static constexpr bool active = false;
  template <class Shape, class T>
  S2RM_HD static T guess(seen<Shape, T>, T const*, index_t) {
    return T(0);
  }
};

/// Gain times the reading taken at the query's own place in this step; 0 where that place was not seen.
template <class Gain = std::ratio<1>>
struct own_reading {
  using kind = s2rm::kind::residual;
  static constexpr bool active = true;
  template <class Shape, class T>
  S2RM_HD static T guess(seen<Shape, T> s, T const* x, index_t e) {
    for (index_t a = 0; a < s.views; ++a) {
      if (s.present[a] != 0 && s.distance2(a, x) < T(1e-8)) {
        return T(Gain::num) / T(Gain::den) * s.reading(a, e);
      }
    }
    return T(0);
  }
};

/// Gain times the mean of the step's readings, weighted by 1 / squared distance; 0 where nothing was seen.
template <class Gain = std::ratio<1>>
struct inverse_distance {
  using kind = s2rm::kind::residual;
  static constexpr bool active = true;
  template <class Shape, class T>
  S2RM_HD static T guess(seen<Shape, T> s, T const* x, index_t e) {
    T sum = T(0), weight = T(0);
    for (index_t a = 0; a < s.views; ++a) {
      if (s.present[a] == 0) continue;
      T const w = T(1) / (s.distance2(a, x) + T(1e-6));
      sum += w * s.reading(a, e);
      weight += w;
    }
    return weight > T(0) ? T(Gain::num) / T(Gain::den) * sum / weight : T(0);
  }
};

/// The query's own context: element e is guessed to be its number c_{First + e}, as the forecast of another method that
/// comes with every query. The decoder reads it as well, like all of the context. `Shape::context` must be at least First + X
/// for a target of X numbers.
template <index_t First = 0>
struct context {
  using kind = s2rm::kind::residual;
  static constexpr bool active = true;
  static constexpr index_t first = First;
  template <class Shape, class T>
  S2RM_HD static T guess(seen<Shape, T>, T const*, T const* c, index_t e) {
    return c[First + e];
  }
};

/// Whether a policy's guess reads the query's context.
template <class Policy, class Shape, class T>
concept reads_context =
    requires(seen<Shape, T> s, T const* x, index_t e) { Policy::template guess<Shape, T>(s, x, x, e); };

/// Adds the guess to the location of every query. `count` rows (t, b), each with Q queries and A views.
template <class Policy, class Shape, class Target, class T>
struct add_guess {
  T const* view;
  T const* place;
  std::uint8_t const* present;
  index_t views, queries, outputs;
  T const* x;                  ///< (count, Q, P)
  T* o;                        ///< (count, Q, outputs)
  rows<T const> context = {};  ///< (count, Q) rows of K numbers
  S2RM_HD void operator()(index_t i) const {
    index_t const row = i / queries;
    seen<Shape, T> const s{view + row * views * Shape::view::size, place + row * views * Shape::place,
                           present + row * views, views};
    for (index_t e = 0; e < Target::size; ++e) {
      if constexpr (reads_context<Policy, Shape, T>) {
        o[i * outputs + e] += Policy::template guess<Shape, T>(s, x + i * Shape::place, context.at(i), e);
      } else {
        o[i * outputs + e] += Policy::template guess<Shape, T>(s, x + i * Shape::place, e);
      }
    }
  }
};

}  // namespace residual
S2RM_NAMESPACE_END
