#pragma once

#include <vector>

#include "crop.hpp"
#include "experiment/batch_memory.hpp"

namespace balls {

/// How a world is looked at.
struct condition {
  int balls = 3;
  index_t views = 10;                 ///< crops a step, at most `most_views`
  bool curtain = false;               ///< views do not see through it; what is asked for is the frame without it
  double dropped = 0;                 ///< probability that a view is missing
  index_t blind_from = film::length;  ///< from this step on there are no views

  static constexpr index_t most_views = 32;
};

/// Which sequences a batch shows.
struct source {
  std::uint64_t seed = 1;
  split part = split::train;
};

/// Some sequences, what is seen of them at each step, and what is asked about the next frame. Places of views and
/// queries are drawn for each (sequence, frame), so fewer views are the first of more.
struct batch : examples::batch_memory {
  static constexpr index_t queries = 10;  ///< a step

  std::vector<film> films;          ///< (B), time + 1 frames each
  std::vector<centre> seen, asked;  ///< (T, B, A), (T, B, Q)

  /// `count` sequences from number `first` on, `steps` steps each, from frame 0 or a random one.
  void shoot(source from, index_t first, index_t count, index_t steps, condition const& how, bool random_start = false);

  /// Takes views away, for training, as the step's random numbers of `seed` say.
  void thin_out(std::uint64_t seed, index_t step, double few, double spans, index_t first = 0);
};

/// Where the views of a step, or its queries, are: the first `count` draws of that (sequence, frame).
enum class purpose { views, queries };
[[nodiscard]] std::vector<centre> draw_centres(source from, index_t sequence, index_t frame, purpose what,
                                               index_t count);

}  // namespace balls
