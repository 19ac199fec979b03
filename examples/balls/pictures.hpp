#pragma once

#include "common/image.hpp"
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

/// Rows truth | seen | belief | blind roll-out, a column for each of some steps.
[[nodiscard]] examples::image film_strip(story const& of);
/// The same four side by side, one picture a step.
[[nodiscard]] std::vector<examples::image> animation(story const& of);

/// For each pixel's place the nearest module; on top the modules in the middle of their tiles, and a line between two
/// for Z of their embeddings, the thicker the stronger. Modules that are nowhere the nearest stand beside the frame.
[[nodiscard]] examples::image module_picture(module_map const& map);
/// The places of all pixels, row by row (48, 48, 2), that `module_picture` wants the map of.
[[nodiscard]] std::vector<float> pixel_places();

}  // namespace balls
