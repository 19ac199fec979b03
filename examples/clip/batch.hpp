#pragma once

#include "experiment/batch_memory.hpp"
#include "scene.hpp"
#include "settings.hpp"

namespace clip {

/// Some pieces of a video, what is seen of each frame, and what is asked about the next one.
struct batch : examples::batch_memory {
  /// How crops are drawn, and how many there are of each kind a step.
  struct sampling {
    s2rm::random numbers;
    std::uint32_t step = 0;  ///< the same step, the same crops
    index_t views = 10, questions = 10;
    variation varied;
    index_t first = 0;  ///< which of the step's pieces is the first of these
  };

  /// `count` pieces of `steps` steps within a part: each from a random frame, or all from the first one.
  void cut(scene const& from, part within, index_t count, index_t steps, sampling const& how, bool random_start);
};

}  // namespace clip
