#pragma once
/// \file
/// The enemy: every unit on its own attacks what is near and otherwise goes to where the allies started.

#include <span>

#include "world.hpp"

namespace skirmish {

inline constexpr std::int32_t scan_range = fixed(5);  ///< rim to rim; weapons of longer range look as far as they reach

/// Writes the orders of the enemies' slots; those of the allies are read, for whoever attacks a unit is worth its answer.
/// A target is kept while it is within weapon range. Otherwise the nearest of those within scan range or attacking this
/// unit is taken, of equally near ones the lowest slot.
void command_enemies(world& w, std::span<order> orders);

}  // namespace skirmish
