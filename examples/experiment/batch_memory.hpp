#pragma once

#include <vector>

#include "s2rm/model/batch.hpp"
#include "thinning.hpp"

namespace examples {

/// The arrays of a batch of sequences that are seen through local views: the library's layout, owned.
struct batch_memory {
  index_t time = 0, size = 0, views = 0, questions = 0;  ///< T, B, A, Q
  std::vector<float> view, place;                        ///< (T, B, A, view...), (T, B, A, 2)
  std::vector<float> target, query_place;                ///< (T, B, Q, target...), (T, B, Q, 2)
  std::vector<std::uint8_t> present, blind;              ///< (T, B, A), (T, B)
  std::vector<std::uint8_t> answered;                    ///< (T, B, Q), empty: all

  /// Every view there, no step blind, every question answered; `view_size` and `target_size` numbers each.
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
    answered.clear();
  }

  /// Takes the last views of sequences away, for training, as `thinning` says. Addressed by the training step; these are
  /// elements `first_element` and up of that step's.
  void thin_out(s2rm::random const& numbers, index_t step, double few, double spans, index_t first_element = 0) {
    for (index_t b = 0; b < size; ++b) {
      auto const less = thinning::draw(numbers, step, first_element + b, views, time, few, spans);
      for (index_t t = 0; t < time; ++t) {
        if (less.dark(t)) blind[row(t, b)] = 1;
        auto const first = row(t, b) * static_cast<std::size_t>(views);
        for (auto a = static_cast<std::size_t>(less.kept); a < static_cast<std::size_t>(views); ++a) {
          present[first + a] = 0;
        }
      }
    }
  }

  [[nodiscard]] std::size_t row(index_t t, index_t b) const { return static_cast<std::size_t>(t * size + b); }
  /// Valid until anything here changes.
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
            .target_mask = answered.empty() ? nullptr : answered.data(),
            .reset = nullptr,
            .blind = blind.data()};
  }
};

}  // namespace examples
