#pragma once

#include <algorithm>

#include "s2rm/core/random.hpp"

namespace examples {

using s2rm::index_t;

/// What is taken away from one sequence in training: it keeps `kept` of its views, and sees nothing in a span of steps.
struct thinning {
  index_t kept = 0, dark_from = 0, dark_to = 0;

  [[nodiscard]] bool dark(index_t t) const { return t >= dark_from && t < dark_to; }

  /// Keeps but 1 to all of `views` with probability `few`, and has a span of 1 to 10 blind steps after its third with
  /// probability `spans`. Addressed by the training step and the sequence's number in the batch.
  static thinning draw(s2rm::random numbers, index_t step, index_t sequence, index_t views, index_t time, double few,
                       double spans) {
    auto const counter = static_cast<std::uint32_t>(step);
    auto const at = static_cast<std::uint64_t>(sequence) * 8;
    thinning made{views, time, time};
    if (numbers.uniform(counter, at) < few) made.kept = 1 + numbers.below(counter, at + 1, views);
    if (time > 4 && numbers.uniform(counter, at + 2) < spans) {
      made.dark_from = 3 + numbers.below(counter, at + 3, time - 3);
      made.dark_to = std::min(time, made.dark_from + 1 + numbers.below(counter, at + 4, 10));
    }
    return made;
  }
};

}  // namespace examples
