#pragma once

#include "record.hpp"
#include "scene.hpp"

namespace clip {

/// A trained run and the video it is of.
struct trained {
  run_record record;
  footage video;
  scene from;

  /// Throws std::runtime_error where there is no such run, or the video is not the one it was trained on.
  [[nodiscard]] static trained open(options const& o);
};

/// Everything a figure needs to be made again.
[[nodiscard]] examples::manifest manifest_of(options const& o, trained const& run);

}  // namespace clip
