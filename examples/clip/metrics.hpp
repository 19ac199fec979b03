#pragma once

#include <cmath>
#include <span>

#include "crop.hpp"

namespace clip {

/// Peak signal-to-noise ratio in dB of grey in [0, 1]: -10 log10 of the mean squared error.
[[nodiscard]] inline double psnr(double mean_squared_error) { return -10 * std::log10(mean_squared_error); }

/// Structural similarity of two pictures (H, W) of grey in [0, 1]: mean of
///   (2 m_a m_b + C1) (2 s_ab + C2) / ((m_a^2 + m_b^2 + C1) (s_a^2 + s_b^2 + C2))
/// over all places whose window lies inside; means m and (co)variances s under an 11 x 11 Gaussian window of
/// sigma 1.5, C1 = 0.01^2, C2 = 0.03^2. Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility
/// to structural similarity", IEEE Trans. Image Processing 13, 2004.
[[nodiscard]] double ssim(extent of, std::span<float const> a, std::span<float const> b);

/// Of whole predicted frames, all pixels of all frames counted together.
class frame_score {
 public:
  /// A pixel moves where its true grey is off the background by more than this.
  static constexpr double moving = 0.1;

  void add(extent of, std::span<float const> predicted, std::span<float const> truth,
           std::span<float const> background);

  [[nodiscard]] double all() const { return psnr(squares_ / pixels_); }
  [[nodiscard]] double in_motion() const { return psnr(moving_squares_ / moving_pixels_); }
  [[nodiscard]] double similarity() const { return similarity_ / frames_; }  ///< mean SSIM of the frames

 private:
  double squares_ = 0, pixels_ = 0, moving_squares_ = 0, moving_pixels_ = 0, similarity_ = 0, frames_ = 0;
};

}  // namespace clip
