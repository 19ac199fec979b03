#pragma once
/// \file
/// Who fights whom: SMAC's maps by their names, and a few of our own of the same units.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "unit_types.hpp"

namespace skirmish {

struct group {
  kind type = kind::marine;
  int count = 0;
};
using army = std::array<group, 3>;

struct scenario {
  std::string_view name;
  army allies;
  army enemies;
  int limit = 0;     ///< steps; reaching it is a defeat
  bool smac = true;  ///< a map of SMAC's list, not one of our own
};

/// Units of both sides together, at most.
inline constexpr int max_units = 80;

/// All of them, in the order of the list.
[[nodiscard]] std::span<scenario const> scenarios();

/// \throws s2rm::value_error naming what there is.
[[nodiscard]] scenario const& scenario_named(std::string_view name);

/// The units of an army, one by one, in slot order.
[[nodiscard]] std::vector<kind> units_of(army const& groups);

/// "1 colossus, 3 stalker, 5 zealot".
[[nodiscard]] std::string text_of(army const& groups);

/// The map: 32 by 32 cells, of which a band is walkable; armies start at two places of it.
inline constexpr std::int32_t map_size = 32 * one;
inline constexpr rectangle walkable{{0, 8 * one}, {map_size, 24 * one}};
inline constexpr point ally_start{9 * one, 16 * one};
inline constexpr point enemy_start{23 * one, 16 * one};

}  // namespace skirmish
