#pragma once
/// \file
/// One episode: a scenario's armies, placed at random, carried on step by step by the allies' actions.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "actions.hpp"

namespace skirmish {

/// What the random numbers of an episode are for: streams of the counter-based generator.
enum class purpose : std::uint32_t { placement = 1, jitter, policy };

class battle {
 public:
  /// Both armies in square blocks around their starts, each moved by up to 2 cells along both axes, its units in random
  /// order and out of line by up to a quarter of a cell. The same (scenario, seed, episode) is the same placement.
  battle(scenario const& of, std::uint64_t seed, std::uint32_t episode);
  /// A battle that begins as given.
  battle(world start, int limit);

  /// One step, 8 loops.
  /// \throws s2rm::value_error where there is not one legal action for each ally.
  void step(std::span<action const> actions);

  [[nodiscard]] world const& state() const { return w_; }
  [[nodiscard]] int steps() const { return steps_; }
  /// One side is dead, or has only healers left, or the limit is reached.
  [[nodiscard]] bool over() const { return steps_ >= limit_ || !fights_on(false) || !fights_on(true); }
  /// The enemies are beaten and the allies are not.
  [[nodiscard]] bool won() const { return fights_on(false) && !fights_on(true); }

 private:
  [[nodiscard]] bool fights_on(bool enemy) const;

  world w_;
  std::array<order, max_units> orders_{};
  int steps_ = 0;
  int limit_ = 0;
};

}  // namespace skirmish
