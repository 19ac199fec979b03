#pragma once
/// \file
/// What the allies do: SMAC's heuristic, mixed with random legal actions.

#include <cstdint>
#include <span>
#include <vector>

#include "battle.hpp"

namespace skirmish {

/// The heuristic keeps to the nearest enemy until that is dead; a healer to the nearest hurt ally; a unit that cannot hit
/// air looks for one on the ground. Where the attack is not legal it walks along the larger axis of the way.
class policy {
 public:
  /// \param random_in_1000  of a thousand actions, so many are drawn at random from the legal ones
  policy(std::uint64_t seed, std::uint32_t episode, int random_in_1000);

  /// One legal action for each ally.
  void choose(battle const& b, std::span<action> actions);

 private:
  [[nodiscard]] action heuristic(world const& w, int agent);

  std::uint64_t seed_;
  std::uint32_t episode_;
  int random_in_1000_;
  std::vector<int> target_;  ///< by ally
};

}  // namespace skirmish
