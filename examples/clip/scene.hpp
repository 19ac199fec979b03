#pragma once

#include <span>

#include "crop.hpp"
#include "footage.hpp"

namespace clip {

/// Frames [begin, end) of a video.
struct part {
  index_t begin = 0, end = 0;
  [[nodiscard]] index_t size() const { return end - begin; }
};

/// A video as the model sees it: what is not background. Grey g in [0, 1] becomes z = (g - background) / scale, so that
/// z = 0 is the guess of who knows the place alone.
struct scene {
  extent frame;
  index_t frames = 0;
  part train, validation, test;   ///< the first 70 %, the next 10 %, the last 20 %
  std::vector<float> background;  ///< (H, W): mean of the training frames
  double scale = 1;               ///< standard deviation of g - background over the training frames
  std::vector<float> z;           ///< (T, H, W)

  /// Throws std::runtime_error where the video is too short for windows of `window` steps, or nothing moves in it.
  [[nodiscard]] static scene of(footage const& video, index_t window);

  [[nodiscard]] std::span<float const> at(index_t t) const {
    return {z.data() + t * frame.pixels(), static_cast<std::size_t>(frame.pixels())};
  }
  /// Grey of a whole frame (H, W) of z, held to [0, 1].
  [[nodiscard]] std::vector<float> grey(std::span<float const> of) const;
};

}  // namespace clip
