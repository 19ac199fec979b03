#pragma once
/// \file
/// A batch that owns its memory on the host: for programs that fill plain vectors, for copies of some elements, for
/// tests.

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/model/batch.hpp"

S2RM_NAMESPACE_BEGIN

/// The arrays of a `batch_view`, owned. An empty vector is an array that the batch does not have (null in its view).
template <class T>
struct owned_batch {
  index_t time = 0, batch = 0, views = 0, queries = 0;   ///< T, B, A, Q
  std::vector<T> view = {}, place = {};                  ///< (T, B, A, view...), (T, B, A, P)
  std::vector<std::uint8_t> view_mask = {};              ///< (T, B, A)
  std::vector<T> query_place = {}, target = {};          ///< (T, B, Q, P), (T, B, Q, target...)
  std::vector<std::uint8_t> target_mask = {};            ///< (T, B, Q)
  std::vector<std::uint8_t> reset = {}, blind = {};      ///< (T, B)
  std::vector<T> view_context = {}, query_context = {};  ///< (T, B, A, K), (T, B, Q, K)
  std::vector<T> elapsed = {}, query_lead = {};          ///< (T, B), (T, B, Q)

  /// Takes these extents: views, places, query places, context and targets get room, what they hold is undefined;
  /// masks, flags and times become empty. Memory is reused.
  template <class Shape>
  void resize(index_t steps, index_t elements, index_t views_of_step, index_t queries_of_step) {
    time = steps, batch = elements, views = views_of_step, queries = queries_of_step;
    for_each_array<Shape>(
        [this](auto array, auto& x) {
          x.resize(static_cast<std::size_t>(array.null == null_is::refused ? array.size(*this) : 0));
        },
        *this);
  }

  /// The batch as the model takes it; valid until a vector changes its size. Vectors are not checked.
  [[nodiscard]] batch_view<T> look() const {
    batch_view<T> b{.time = time, .batch = batch, .views = views, .queries = queries};
    for_each_array<detail::any_shape>([](auto, auto const& x, auto& p) { p = x.empty() ? nullptr : x.data(); }, *this,
                                      b);
    return b;
  }
};

/// Elements [first, first + count) of a batch in host memory, copied.
/// Returns the view of the copy; memory of `to` is reused.
template <class Shape, class T>
batch_view<T> copy_elements(batch_view<T> const& from, index_t first, index_t count, owned_batch<T>& to) {
  auto b = from;
  for_each_array<Shape>(
      [&](auto array, auto const*& p, auto& copy) {
        if (p == nullptr) return copy.clear();
        index_t const row = array.row(from);
        copy.resize(static_cast<std::size_t>(from.time * count * row));
        for (index_t t = 0; t < from.time; ++t) {
          std::copy_n(p + (t * from.batch + first) * row, count * row, copy.begin() + t * count * row);
        }
        p = copy.data();
      },
      b, to);
  to.time = b.time, to.views = b.views, to.queries = b.queries;
  to.batch = b.batch = count;
  return b;
}

/// `trainer::step(b)` takes an owned batch through this, sizes checked.
template <class T>
struct batch_traits<owned_batch<T>> {
  /// \throws shape_error naming the vector whose size does not belong to the batch's extents
  template <class Shape>
  static batch_view<T> view(owned_batch<T> const& b) {
    for_each_array<Shape>(
        [&b](auto array, auto const& x) {
          auto const expected = array.size(b), found = static_cast<index_t>(x.size());
          if (found == 0 || found == expected) return;
          throw_error<shape_error>("s2rm: batch: " + std::string(array.name) + ": expected " +
                                   std::to_string(expected) + " numbers, found " + std::to_string(found));
        },
        b);
    return b.look();
  }
};

S2RM_NAMESPACE_END
