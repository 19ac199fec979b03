#pragma once

#include <algorithm>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/model/batch.hpp"

namespace examples {

using s2rm::index_t;

/// The arrays of a batch of sequences that are seen through local views: the library's layout, owned.
struct view_batch {
  index_t time = 0, size = 0, views = 0, questions = 0;  ///< T, B, A, Q
  std::vector<float> view, place;                        ///< (T, B, A, view...), (T, B, A, 2)
  std::vector<float> target, query_place;                ///< (T, B, Q, target...), (T, B, Q, 2)
  std::vector<std::uint8_t> present, blind;              ///< (T, B, A), (T, B)

  /// Every view there, no step blind; `view_size` and `target_size` numbers each.
  void make_room(index_t steps, index_t count, index_t seen, index_t asked, index_t view_size, index_t target_size) {
    time = steps;
    size = count;
    views = seen;
    questions = asked;
    auto const rows = time * size;
    auto const resize = [](std::vector<float>& to, index_t n) { to.resize(static_cast<std::size_t>(n)); };
    resize(view, rows * views * view_size);
    resize(place, rows * views * 2);
    resize(target, rows * questions * target_size);
    resize(query_place, rows * questions * 2);
    present.assign(static_cast<std::size_t>(rows * views), 1);
    blind.assign(static_cast<std::size_t>(rows), 0);
  }

  /// Takes views away, for training: a sequence keeps but 1 to all of its views with probability `few`, and has a span
  /// of 1 to 10 blind steps after its third with probability `spans`. Addressed by the training step.
  /// These are elements `first_element` and up of that step's.
  void thin_out(s2rm::random const& numbers, index_t step, double few, double spans, index_t first_element = 0) {
    auto const counter = static_cast<std::uint32_t>(step);
    for (index_t b = 0; b < size; ++b) {
      auto const at = static_cast<std::uint64_t>(first_element + b) * 8;
      auto const kept = numbers.uniform(counter, at) < few ? 1 + numbers.below(counter, at + 1, views) : views;
      index_t dark_from = time, dark_to = time;
      if (time > 4 && numbers.uniform(counter, at + 2) < spans) {
        dark_from = 3 + numbers.below(counter, at + 3, time - 3);
        dark_to = std::min(time, dark_from + 1 + numbers.below(counter, at + 4, 10));
      }
      for (index_t t = 0; t < time; ++t) {
        if (t >= dark_from && t < dark_to) blind[row(t, b)] = 1;
        auto const first = row(t, b) * static_cast<std::size_t>(views);
        for (auto a = static_cast<std::size_t>(kept); a < static_cast<std::size_t>(views); ++a) present[first + a] = 0;
      }
    }
  }

  [[nodiscard]] s2rm::batch_view<float> view_of() const {
    return {.time = time,
            .batch = size,
            .views = views,
            .queries = questions,
            .view = view.data(),
            .place = place.data(),
            .view_mask = present.data(),
            .query_place = query_place.data(),
            .target = target.data(),
            .target_mask = nullptr,
            .reset = nullptr,
            .blind = blind.data()};
  }
  [[nodiscard]] std::size_t row(index_t t, index_t b) const { return static_cast<std::size_t>(t * size + b); }
};

}  // namespace examples
