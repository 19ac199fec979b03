#pragma once
/// \file
/// SMAC's actions and when they are legal.

#include <cstdint>

#include "world.hpp"

namespace skirmish {

/// An action's number: 0 no-op, 1 stop, 2 to 5 a walk north, south, east, west, 6 + i attack enemy i; of a healer, heal
/// ally i.
using action = std::uint8_t;
namespace act {
inline constexpr action no_op = 0, stop = 1, north = 2, south = 3, east = 4, west = 5, first_target = 6;
}  // namespace act

inline constexpr std::int32_t sight_range = 9 * one;
inline constexpr std::int32_t shoot_range = 6 * one;  ///< between centres, whatever the unit's weapon reaches
inline constexpr std::int32_t move_length = 2 * one;

/// 6 + number of enemies.
[[nodiscard]] constexpr int action_count(int enemies) { return act::first_target + enemies; }

/// One cell to the north, south, east or west.
[[nodiscard]] point direction_of(action walk);

/// The slot that agent `agent` acts upon with such an action; `nobody` where the action has no target.
[[nodiscard]] constexpr int target_slot(action chosen, bool heals, int allies) {
  if (chosen < act::first_target) return nobody;
  return (heals ? 0 : allies) + (chosen - act::first_target);
}

/// The dead can do nothing but 0. The living can stop; walk where the place one cell ahead is walkable; attack a live
/// enemy, or heal a live ally that is no healer, whose centre is within 6 cells.
[[nodiscard]] bool legal(world const& w, int agent, action chosen);

/// What a legal action makes the unit do for the loops of a step.
[[nodiscard]] order order_of(world const& w, int agent, action chosen);

}  // namespace skirmish
