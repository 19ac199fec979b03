#pragma once

#include <map>
#include <string>
#include <vector>

#include "batch.hpp"
#include "experiment/pixel_score.hpp"

namespace balls {

using examples::pixel_score;

/// How often each pixel is on in training sequences: what is known before anything is seen.
struct background {
  std::vector<double> share;  ///< (48, 48)
  double base = 0;            ///< over all pixels of all crops, those beyond the edge among them

  [[nodiscard]] static background learn(std::uint64_t seed, int balls, index_t sequences);
};

/// What each pixel last showed in the views so far; frames are seen in order.
class canvas {
 public:
  static constexpr std::int8_t never = -1;
  canvas() : pixels_(frame{}.pixels.size(), never) {}
  void see(frame const& shown, centre at);
  [[nodiscard]] std::int8_t at(int x, int y) const { return pixels_[frame::offset(x, y)]; }

 private:
  std::vector<std::int8_t> pixels_;
};

/// Scores of a method at each step of a batch.
using steps_score = std::vector<pixel_score>;

/// The peers, all on the same views and queries:
///   all background   no ball anywhere; its probability is the base rate, the best constant
///   place alone      the share of training frames in which that pixel is on
///   last seen        what the pixel last showed, off where it never did; a decision without a probability
///   true physics     the simulator itself, from the state of the last frame that has views
[[nodiscard]] std::map<std::string, steps_score> score_peers(batch const& b, condition const& how,
                                                             background const& known);

/// The order in which tables list them.
inline constexpr char const* peer_names[] = {"all background", "place alone", "last seen", "true physics"};

}  // namespace balls
