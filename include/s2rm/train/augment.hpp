#pragma once
/// \file
/// Augmentation of a batch before a training step, so that the model does not depend on every view being present or on
/// the exact places of sensors. Each policy changes a copy; the caller's batch stays as it is. Random numbers are
/// addressed by (seed, step, element), so that a resumed run draws the same ones.
///
///   augment::pipeline<my_shape, float, augment::drop_views, augment::rotate, augment::shift>
///       augmented{seed, {0.1}, {}, {0.4}};
///   learner.step(augmented(step, batch));

#include <cmath>
#include <cstdint>
#include <numbers>
#include <tuple>
#include <utility>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/model/batch.hpp"

S2RM_NAMESPACE_BEGIN
namespace augment {

/// The arrays of a batch that policies may change.
template <class T>
struct editable {
  index_t time, batch, views, queries, place;  ///< T, B, A, Q, P
  std::vector<T> view_place, query_place;      ///< (T, B, A, P), (T, B, Q, P)
  std::vector<std::uint8_t> view_mask, blind;  ///< (T, B, A), (T, B)

  /// f(x) for every place x (P numbers) of element b, views and queries, at every step.
  template <class F>
  void for_places_of(index_t b, F const& f) {
    for (index_t t = 0; t < time; ++t) {
      index_t const row = t * batch + b;
      for (index_t a = 0; a < views; ++a) f(view_place.data() + (row * views + a) * place);
      for (index_t q = 0; q < queries; ++q) f(query_place.data() + (row * queries + q) * place);
    }
  }
};

/// Every view is dropped with this probability; every step is blind with that of `blind`.
struct drop_views {
  double probability = 0.1;
  double blind = 0.0;

  void(check)() const {
    require_value(math::is_finite(probability) && probability >= 0 && probability <= 1 && math::is_finite(blind) &&
                      blind >= 0 && blind <= 1,
                  "augment::drop_views: probability, blind: expected [0, 1]");
  }
  template <class T>
  void apply(editable<T>& b, random numbers, std::uint32_t step) const {
    for (std::size_t i = 0; i < b.view_mask.size(); ++i) {
      if (numbers.uniform(step, i) < probability) b.view_mask[i] = 0;
    }
    for (std::size_t i = 0; i < b.blind.size(); ++i) {
      if (numbers.uniform(step, b.view_mask.size() + i) < blind) b.blind[i] = 1;
    }
  }
};

/// Adds N(0, sigma) to every coordinate of every place, views and queries, each on its own.
struct jitter {
  double sigma = 0.02;

  void(check)() const {
    require_value(math::is_finite(sigma) && sigma >= 0, "augment::jitter: sigma: expected a finite number >= 0");
  }
  template <class T>
  void apply(editable<T>& b, random numbers, std::uint32_t step) const {
    std::uint64_t i = 0;
    for (auto& x : b.view_place) x += static_cast<T>(sigma * numbers.normal(step, i++));
    for (auto& x : b.query_place) x += static_cast<T>(sigma * numbers.normal(step, i++));
  }
};

/// Turns all places of a sequence about the origin by one random angle, up to `most` either way: in the plane for
/// P = 2, about the third axis for P = 3 (on the globe, math/globe.hpp, the axis of the earth: longitudes move, latitudes
/// stay), nothing to turn for P = 1.
struct rotate {
  double most = std::numbers::pi;

  void(check)() const {
    require_value(math::is_finite(most) && most >= 0, "augment::rotate: most: expected a finite number >= 0 (radians)");
  }
  template <class T>
  void apply(editable<T>& b, random numbers, std::uint32_t step) const {
    if (b.place < 2) return;
    for (index_t e = 0; e < b.batch; ++e) {
      double const angle = numbers.uniform(step, static_cast<std::uint64_t>(e), -most, most);
      T const c = static_cast<T>(std::cos(angle)), s = static_cast<T>(std::sin(angle));
      b.for_places_of(e, [c, s](T* x) {
        T const first = x[0];
        x[0] = c * first - s * x[1];
        x[1] = s * first + c * x[1];
      });
    }
  }
};

/// Shifts all places of a sequence by one random vector, each coordinate up to `most` either way.
struct shift {
  double most = 0.4;

  void(check)() const {
    require_value(math::is_finite(most) && most >= 0, "augment::shift: most: expected a finite number >= 0");
  }
  template <class T>
  void apply(editable<T>& b, random numbers, std::uint32_t step) const {
    for (index_t e = 0; e < b.batch; ++e) {
      T by[3] = {};
      for (index_t i = 0; i < b.place; ++i) {
        by[i] = static_cast<T>(numbers.uniform(step, static_cast<std::uint64_t>(e * 3 + i), -most, most));
      }
      b.for_places_of(e, [&](T* x) {
        for (index_t i = 0; i < b.place; ++i) x[i] += by[i];
      });
    }
  }
};

/// Policies applied one after the other, each with random numbers of its own.
template <class Shape, class T, class... Policies>
class pipeline {
  static_assert(Shape::place >= 1 && Shape::place <= 3);

 public:
  explicit pipeline(seed from, Policies... policies) : seed_(from), policies_(policies...) {
    ((policies.check)(), ...);
  }

  /// The changed batch of training step `step`; valid until the next call. Reuses its memory.
  batch_view<T> operator()(index_t step, batch_view<T> const& from) {
    index_t const R = from.time * from.batch;
    editable_.time = from.time;
    editable_.batch = from.batch;
    editable_.views = from.views;
    editable_.queries = from.queries;
    editable_.place = Shape::place;
    take(editable_.view_place, from.place, R * from.views * Shape::place, T(0));
    take(editable_.query_place, from.query_place, R * from.queries * Shape::place, T(0));
    take(editable_.view_mask, from.view_mask, R * from.views, std::uint8_t{1});
    take(editable_.blind, from.blind, R, std::uint8_t{0});
    apply(static_cast<std::uint32_t>(step), std::index_sequence_for<Policies...>{});
    auto to = from;
    if (from.place != nullptr) to.place = editable_.view_place.data();
    if (from.query_place != nullptr) to.query_place = editable_.query_place.data();
    to.view_mask = editable_.view_mask.data();
    to.blind = editable_.blind.data();
    return to;
  }

 private:
  template <class U>
  static void take(std::vector<U>& to, U const* from, index_t n, U otherwise) {
    if (from == nullptr) {
      to.assign(static_cast<std::size_t>(n), otherwise);
    } else {
      to.assign(from, from + n);
    }
  }
  template <std::size_t... Index>
  void apply(std::uint32_t step, std::index_sequence<Index...>) {
    // Stream 0 is the initialisation of the model.
    (std::get<Index>(policies_).apply(editable_, random{seed_.value, static_cast<std::uint32_t>(16 + Index)}, step),
     ...);
  }

  seed seed_;
  std::tuple<Policies...> policies_;
  editable<T> editable_{};
};

}  // namespace augment
S2RM_NAMESPACE_END
