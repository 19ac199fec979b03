#pragma once

#include <vector>

#include "s2rm/core/random.hpp"

namespace balls {

using s2rm::index_t;

struct ball {
  double x = 0, y = 0;    ///< of the centre; y points down, as rows of a picture do
  double vx = 0, vy = 0;  ///< per frame
};

/// Equal discs in a square box: no gravity, no friction, elastic collisions (Sutskever, Hinton and Taylor, "The
/// recurrent temporal restricted Boltzmann machine", 2008, and its code). One thing differs: two balls that overlap
/// collide only while they approach. In the original they may swap velocities again at the next sub-step, and stick.
///
/// Nothing but + - * / and square roots, compiled without contraction: the same bits on every machine.
struct world {
  static constexpr double side = 10, radius = 1.2;
  static constexpr double speed = 0.5;  ///< norm of all velocities together, so more balls are slower ones
  static constexpr int sub_steps = 2;   ///< of a frame

  std::vector<ball> balls;

  /// The start of one sequence: places from the lower right 8 x 8, clear of walls and of each other; velocities of a
  /// uniform direction in R^2n.
  [[nodiscard]] static world draw(s2rm::random numbers, index_t sequence, int count);

  /// One frame on.
  void advance();

  [[nodiscard]] double energy() const;  ///< sum of squared velocities
};

}  // namespace balls
