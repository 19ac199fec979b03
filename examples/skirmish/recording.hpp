#pragma once
/// \file
/// Recorded battles: a folder of .npy files, one for each field, whoever recorded them. README.md describes the layout.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "s2rm/adapters/xtensor.hpp"
#include "simulator/raster.hpp"

namespace skirmish {

using s2rm::index_t;
using s2rm::tensor;

/// E episodes of one scenario, one behind the other: N states of U units, of which the first A are allies.
struct recording {
  tensor<std::int32_t, 1> episode_length;  ///< (E) states of each episode, at least 1; they add up to N
  tensor<std::uint8_t, 1> won;             ///< (E) 1: the allies won
  tensor<std::int32_t, 1> unit_type;       ///< (U) the game's numbers
  tensor<std::uint8_t, 1> enemy;           ///< (U) 0 for the allies, which come first, 1 for enemies
  tensor<float, 1> map_size;               ///< (2) width, height in cells
  tensor<float, 2> walkable;               ///< (2, 2) lower left and upper right corner of where units can be
  tensor<std::uint8_t, 2> alive;           ///< (N, U)
  tensor<float, 3> position;               ///< (N, U, 2) x to the east, y to the north, in cells
  tensor<float, 2> health;                 ///< (N, U) fraction of the maximum, as the next three
  tensor<float, 2> energy;
  tensor<float, 2> cooldown;
  tensor<float, 2> shield;
  tensor<std::uint8_t, 2> action;  ///< (N, A) what each ally does in this state; 0 of the dead and in last states

  [[nodiscard]] index_t episodes() const { return static_cast<index_t>(episode_length.size()); }
  [[nodiscard]] index_t states() const { return static_cast<index_t>(alive.shape(0)); }
  [[nodiscard]] int units() const { return static_cast<int>(unit_type.size()); }
  [[nodiscard]] int allies() const { return static_cast<int>(action.shape(1)); }
  /// The first state of an episode; of E, the number of states.
  [[nodiscard]] index_t begin_of(index_t episode) const;
};

/// Calls `visit(name, field)` for each field, in the order above: the one list of files.
template <class Recording, class Visit>
void for_each_field(Recording& r, Visit const& visit) {
  visit("episode_length", r.episode_length);
  visit("won", r.won);
  visit("unit_type", r.unit_type);
  visit("enemy", r.enemy);
  visit("map_size", r.map_size);
  visit("walkable", r.walkable);
  visit("alive", r.alive);
  visit("position", r.position);
  visit("health", r.health);
  visit("energy", r.energy);
  visit("cooldown", r.cooldown);
  visit("shield", r.shield);
  visit("action", r.action);
}

/// A recording with memory for all of that, filled with 0.
[[nodiscard]] recording make_recording(index_t episodes, index_t states, int units, int allies);

/// Reads and checks every file of a folder.
/// \throws s2rm::file_error naming the file, where in it, what was expected and what was found.
[[nodiscard]] recording load_recording(std::filesystem::path const& folder);

/// The checks of `load_recording`; `folder` is for the messages.
void check(recording const& r, std::filesystem::path const& folder);

/// Writes one file for each field into a new folder beside `folder`, which then takes its name: all or nothing.
/// \throws s2rm::file_error where `folder` is there and not empty, or cannot be written.
void save_recording(recording const& r, std::filesystem::path const& folder);

/// SHA-256 over names, extents and numbers of all fields.
[[nodiscard]] std::string checksum(recording const& r);

/// Where the unit of a slot is in a state.
[[nodiscard]] point position_of(recording const& r, std::size_t state, std::size_t slot);

/// What the rasteriser draws a recording's states from.
class scenes {
 public:
  /// \throws s2rm::value_error where the layout has no channel for a unit of the recording.
  scenes(recording const& of, raster_layout layout);

  [[nodiscard]] raster_layout const& layout() const { return layout_; }
  /// Makes a state the one that the functions below speak of.
  void go_to(index_t state);
  [[nodiscard]] std::span<mark const> marks() const { return scene_; }
  [[nodiscard]] bool alive(int slot) const { return mark_of(slot) != nullptr; }
  /// Null for the dead.
  [[nodiscard]] mark const* mark_of(int slot) const;

  /// The view of a live ally: view_size(layout) numbers. `first`: the state has no action before it.
  void draw_view(int ally, bool first, std::span<float> view) const;
  /// What the whole state has around a place: layout.raster_size() numbers.
  void draw_target(point place, std::span<float> raster) const;

 private:
  recording const* of_;
  raster_layout layout_;
  std::vector<std::int16_t> type_channels_;
  std::vector<mark> scene_;
  std::vector<int> at_;  ///< by slot: index into scene_, or nobody
  index_t state_ = 0;
};

/// A position as the library's places are: each axis of the map from -1 to 1.
[[nodiscard]] inline std::array<float, 2> place_of(recording const& r, point p) {
  return {2.0F * (static_cast<float>(p.x) / one) / r.map_size(0) - 1.0F,
          2.0F * (static_cast<float>(p.y) / one) / r.map_size(1) - 1.0F};
}

}  // namespace skirmish
