#pragma once
/// \file
/// What the models of this example see and predict, in numbers: all that they are compiled for.

#include "s2rm/core/config.hpp"
#include "simulator/raster.hpp"
#include "simulator/scenarios.hpp"

namespace skirmish {

/// The unit types that the models of this example have channels for: Colossus, Stalker, Zealot.
inline constexpr std::array<std::int32_t, 3> model_types{4, 74, 73};
inline constexpr int model_channels = static_cast<int>(model_types.size()) + marker_channels + vital_channels;
inline constexpr int model_markers = static_cast<int>(model_types.size()) + marker_channels;
[[nodiscard]] inline raster_layout model_layout() { return {{model_types.begin(), model_types.end()}}; }
/// Numbers of a raster, of a view; views a step can have.
inline constexpr s2rm::index_t model_raster = s2rm::index_t{model_channels} * raster_cells;
inline constexpr s2rm::index_t model_view = model_raster + action_numbers;
inline constexpr s2rm::index_t most_views = max_units;

}  // namespace skirmish
