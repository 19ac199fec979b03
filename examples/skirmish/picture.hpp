#pragma once
/// \file
/// What the pictures of a battle are drawn from (examples/plots/battles.py).

#include <filesystem>

#include "belief.hpp"
#include "common/manifest.hpp"

namespace skirmish {

/// Saves `count` states of a recording from `begin` on below out/predictions: (T, U) and (T, U, 2) arrays. Returns what
/// names them, with the walkable part of the map, and side, letter and radius of each unit.
[[nodiscard]] examples::manifest save_battle(recording const& r, index_t begin, index_t count,
                                             std::filesystem::path const& out);

/// Adds the rasters of one ally in those states: its view, and all that is around it, (T, 2, C, 11, 11); NaN once it is dead.
void save_rasters(examples::manifest& battle, recording const& r, index_t begin, index_t count, int ally,
                  std::filesystem::path const& out);

/// Adds what a model predicted of each state from those before it, (T - 1, height, width, channels) in 1 / 255.
void save_belief(examples::manifest& battle, story const& of, std::filesystem::path const& out);

/// At most `most` of `count` steps, evenly spread, with the first and the last.
[[nodiscard]] std::vector<std::int64_t> moments(index_t count, index_t most);

/// "z zealot" for each type that occurs.
[[nodiscard]] std::string legend(recording const& r);

}  // namespace skirmish
