#pragma once

#include <vector>

#include "s2rm/model/batch.hpp"

namespace examples {

using s2rm::index_t;

/// What a batch of sequences keeps for a model; shapes as in s2rm::batch_view.
struct batch_memory {
  index_t time = 0, size = 0, views = 0;     ///< T, B, A
  std::vector<float> view, place;            ///< (T, B, A, view...), (T, B, A, 2)
  std::vector<float> target, query_place;    ///< (T, B, Q, target...), (T, B, Q, 2)
  std::vector<std::uint8_t> present, blind;  ///< (T, B, A), (T, B)
  std::vector<std::uint8_t> answered;        ///< (T, B, Q), empty: all

  [[nodiscard]] std::size_t row(index_t t, index_t b) const { return static_cast<std::size_t>(t * size + b); }
  /// With Q queries a step; valid until anything here changes.
  [[nodiscard]] s2rm::batch_view<float> view_of(index_t queries) const {
    return {.time = time,
            .batch = size,
            .views = views,
            .queries = queries,
            .view = view.data(),
            .place = place.data(),
            .view_mask = present.data(),
            .query_place = query_place.data(),
            .target = target.data(),
            .target_mask = answered.empty() ? nullptr : answered.data(),
            .reset = nullptr,
            .blind = blind.data()};
  }
};

}  // namespace examples
