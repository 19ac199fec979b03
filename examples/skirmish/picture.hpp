#pragma once
/// \file
/// The battlefield as it is, as the allies see it, and the rasters of one of them.

#include <string_view>

#include "belief.hpp"
#include "common/image.hpp"

namespace skirmish {

/// The walkable part of the map in the state that `at` stands at: disc for each unit, its rim shows the shield, the bar
/// below it the health. With `seen` only what some live ally sees; what none sees is shaded.
[[nodiscard]] examples::image draw_field(recording const& r, scenes const& at, bool seen, std::string_view title);

/// A raster, north up: colour of the side, letter of the type, bars of health (green), shield (blue), cooldown (orange).
[[nodiscard]] examples::image draw_raster(raster_layout const& layout, std::span<float const> raster,
                                          std::string_view title);

/// Truth over what was seen, and beside them the view of an ally and what the whole state has around it.
[[nodiscard]] examples::image draw_frame(recording const& r, scenes& at, index_t state, index_t step, int ally);

/// The walkable map as it is believed: the more probable a friend or an enemy, the fuller the colour of its side; where
/// one is more likely than not, the letter of its likeliest type and the bars of its health and shield.
[[nodiscard]] examples::image draw_belief(belief const& of, std::string_view title);

/// Truth, what was seen the step before, and what is believed, one picture for each step.
[[nodiscard]] std::vector<examples::image> draw_story(story const& of);

/// "z zealot" for each type that occurs.
[[nodiscard]] std::string legend(recording const& r);

}  // namespace skirmish
