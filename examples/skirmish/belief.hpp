#pragma once
/// \file
/// The whole walkable map as a model believes it, from queries everywhere on it.

#include "batch.hpp"
#include "experiment/model.hpp"

namespace skirmish {

/// The walkable map in squares: for each the mean of what the rasters around many places say about it.
struct belief {
  static constexpr int per_cell = 4;  ///< squares along a map cell
  int width = 0, height = 0;
  std::vector<std::array<float, model_channels>> squares;  ///< (height, width): probabilities, then fractions

  [[nodiscard]] std::size_t offset(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};
[[nodiscard]] belief believe(examples::watcher& of, recording const& r);

/// One battle as a model lives through it; [t] is about the states t and t + 1.
struct story {
  episode battle;
  std::vector<belief> believed;  ///< of state t + 1, after the views of state t
};
[[nodiscard]] story tell(examples::model const& learner, source const& from, index_t number);

}  // namespace skirmish
