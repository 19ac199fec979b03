#pragma once

#include "model.hpp"

namespace balls {

/// A whole frame as a model believes it: probabilities (48, 48), from a grid of queries whose overlaps are averaged.
using belief = std::vector<double>;
[[nodiscard]] belief whole_frame(watcher& of);

/// One test sequence as the model lives through it.
struct story {
  std::vector<frame> truth;                ///< frames 1 .. 59
  std::vector<frame> shown;                ///< frames 0 .. 58, of which the views are cut
  std::vector<std::vector<centre>> views;  ///< at these places
  std::vector<belief> seeing;              ///< of frames 1 .. 59, with views at every step
  std::vector<belief> blind;               ///< the same, without views from step `context` on
};
[[nodiscard]] story tell(model const& learner, std::uint64_t data_seed, index_t sequence);

/// The frames truth | seen | predicted | blind of each step, (T, 4, 48, 48) in [0, 1]; NaN is what was not seen.
[[nodiscard]] std::vector<float> film_of(story const& of);

/// The places of all pixels, row by row (48, 48, 2).
[[nodiscard]] std::vector<float> pixel_places();

}  // namespace balls
