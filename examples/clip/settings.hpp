#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment/settings.hpp"
#include "footage.hpp"

namespace clip {

/// How a piece of the clip is changed in training, so that few frames go a long way: what holds of people who walk to the
/// left, earlier or darker, holds of others. Each is drawn for a whole piece.
struct variation {
  double mirrored = 0;  ///< probability that left and right are exchanged
  double inverted = 0;  ///< probability that z changes its sign
  double reversed = 0;  ///< probability that time runs backward
  double contrast = 0;  ///< z is multiplied by e^u, u uniform up to this either way
  double shift = 0;     ///< all places are moved by up to this either way, along each axis

  friend bool operator==(variation const&, variation const&) = default;
};

/// Everything the command line says. Which video it is of, the queries and the variation are settings of this example alone.
struct options : examples::run_options {
  selection shown;
  index_t queries = 10;  ///< a time step
  variation varied{.mirrored = 0.5, .inverted = 0, .reversed = 0, .contrast = 0, .shift = 0};
  std::vector<std::int64_t> tested;            ///< eval: seeds
  std::filesystem::path folder = "data/clip";  ///< where the standard clip is kept
  std::string ffmpeg = "ffmpeg";
  index_t draws = 3;  ///< eval: with how many draws of the views
  index_t show = 0;   ///< render: first frame of the test part that is drawn

  options();
  /// What the record notes beside the harness's settings, and what is read from it again. `frames_sha256` is of the frames.
  [[nodiscard]] examples::manifest own_settings(std::string const& frames_sha256) const;
  /// The checksum of the frames in them.
  [[nodiscard]] std::string take_own(examples::manifest const& from);
};

}  // namespace clip
