#pragma once
/// \file
/// What is around a place, as numbers: egocentric rasters of 11 x 11 cells over [-9, 9]^2. One rasteriser draws what an
/// agent sees and what a query is answered with.
///
/// A raster is (C, 11, 11): channel, row (grows to the north), column (grows to the east). Channels: one for each unit
/// type of the layout, then friend, enemy, health, energy, cooldown, shield; friends are the recording's allies, whoever
/// looks. The markers of a cell are 0 or 1, for all units whose centre is in it; the four fractions of a maximum, in
/// [0, 1], are those of the unit nearest to the cell's middle (of equally near ones, the lowest slot). Units farther
/// than 9 from the place are not drawn. Bins and distances are integers and the fractions are single divisions, so
/// rasters too are equal to the bit everywhere.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "actions.hpp"

namespace skirmish {

inline constexpr int raster_side = 11;
inline constexpr int raster_cells = raster_side * raster_side;

/// Channels behind the unit types.
enum class channel : std::uint8_t { friendly, enemy, health, energy, cooldown, shield };
inline constexpr int marker_channels = 2;  ///< friend, enemy
inline constexpr int vital_channels = 4;   ///< health, energy, cooldown, shield

/// Which unit types have a channel, by the game's numbers, in the order of the channels.
struct raster_layout {
  std::vector<std::int32_t> types;

  [[nodiscard]] int channels() const { return static_cast<int>(types.size()) + marker_channels + vital_channels; }
  [[nodiscard]] int raster_size() const { return channels() * raster_cells; }
  [[nodiscard]] int index(channel c) const { return static_cast<int>(types.size()) + static_cast<int>(c); }
  /// The channel of a unit type.
  /// \throws s2rm::value_error where the layout has none: such a unit would be invisible.
  [[nodiscard]] int channel_of(std::int32_t type) const;
};

/// A layout of the types that occur, in the order of their first occurrence.
[[nodiscard]] raster_layout layout_of(std::span<std::int32_t const> unit_types);

/// A live unit as the rasteriser takes it.
struct mark {
  point at;
  std::array<float, vital_channels> vital{};  ///< health, energy, cooldown, shield, as fractions
  std::int16_t type_channel = 0;
  bool enemy = false;
};

/// Whether the enemies' cooldown is shown: never to an agent, always in a target.
enum class shows : std::uint8_t { what_agents_see, all };

/// Draws the marks around `place` into `raster`, layout.raster_size() numbers, which are overwritten.
void draw(std::span<mark const> scene, point place, shows what, raster_layout const& layout, std::span<float> raster);

/// The row or column that an offset in [-9, 9] falls into. Both ends of the axis belong to the outermost bins, so that the
/// two sides are alike; no other border of bins is a multiple of 1/4096.
[[nodiscard]] constexpr int bin_of(std::int32_t offset) {
  auto const bin = std::int64_t{offset + sight_range} * raster_side / (2 * sight_range);
  return static_cast<int>(bin < raster_side ? bin : raster_side - 1);
}

/// Whether a cell can hold a unit within sight: its middle is within 9 of the place. Others may be left out of a loss.
[[nodiscard]] bool in_disc(int row, int column);

/// An agent's own last action, beside its raster: one-hot over stop, north, south, east, west, attack or heal; then the
/// target's place now, (dx, dy) / 9, where it is alive and in sight, else 0. All 0 before the first action.
inline constexpr int action_numbers = 8;
void draw_action(action last, point own_place, mark const* target, std::span<float> numbers);

/// A view is a raster and the last action behind it.
[[nodiscard]] inline int view_size(raster_layout const& layout) { return layout.raster_size() + action_numbers; }

/// The channel of each slot's unit. \throws s2rm::value_error as `channel_of` does.
[[nodiscard]] std::vector<std::int16_t> channels_of(world const& w, raster_layout const& layout);

/// The live units of a state, in slot order; `slots` gets the slot of each.
void scene_of(world const& w, std::span<std::int16_t const> type_channels, std::vector<mark>& scene,
              std::vector<int>& slots);

/// Health, energy, cooldown and shield of a unit as fractions of its maximum; 0 where the maximum is 0.
[[nodiscard]] std::array<float, vital_channels> vitals_of(unit const& u);

}  // namespace skirmish
