#pragma once
/// \file
/// Battles as a model takes them: what is seen at each step, and what is asked about the next state.

#include "s2rm/model/batch.hpp"
#include "source.hpp"

namespace skirmish {

/// The unit types that the models of this example have channels for: Colossus, Stalker, Zealot.
inline constexpr std::array<std::int32_t, 3> model_types{4, 74, 73};
inline constexpr int model_channels = static_cast<int>(model_types.size()) + marker_channels + vital_channels;
inline constexpr int model_markers = static_cast<int>(model_types.size()) + marker_channels;
[[nodiscard]] inline raster_layout model_layout() { return {{model_types.begin(), model_types.end()}}; }
/// Whether all units of a scenario have channels.
[[nodiscard]] bool fits_model(scenario const& of);

/// How battles are looked at.
struct condition {
  index_t dropped = 0;  ///< so many of the allies have no view all battle long
};

/// Some battles over some steps: views of the live allies, and rasters of the next state around random places. Places
/// are drawn for each (battle, state), allies to drop for each battle: more of them are the same and others.
struct batch {
  static constexpr index_t queries = 4;  ///< a step; each looks at nearly half of the walkable map
  static constexpr index_t most_views = max_units;
  static constexpr index_t raster = static_cast<index_t>(model_channels) * raster_cells;
  static constexpr index_t view_size = raster + action_numbers;

  index_t time = 0, size = 0, views = 0;
  std::vector<episode> battles;        ///< (B)
  std::vector<index_t> start;          ///< (B): the state of the battle that step 0 sees
  std::vector<point> asked;            ///< (T, B, Q)
  std::vector<float> view, place;      ///< (T, B, A, 9*11*11 + 8), (T, B, A, 2)
  std::vector<float> target;           ///< (T, B, Q, 9, 11, 11)
  std::vector<float> query_place;      ///< (T, B, Q, 2)
  std::vector<std::uint8_t> present;   ///< (T, B, A): alive, not dropped, and the battle goes on
  std::vector<std::uint8_t> answered;  ///< (T, B, Q): there is a next state
  std::vector<std::uint8_t> blind;     ///< (T, B)

  /// Battles `first` .. `first + count - 1`, `steps` steps each (0: as many as the longest has), from their first state
  /// or a random one that leaves so many, where there are.
  void take(source const& from, index_t first, index_t count, index_t steps, condition const& how,
            bool random_start = false);

  /// Takes views away, for training; see examples::thinning.
  void thin_out(std::uint64_t seed, index_t step, double few, double spans);

  [[nodiscard]] s2rm::batch_view<float> view_of() const;
  [[nodiscard]] std::size_t row(index_t t, index_t b) const { return static_cast<std::size_t>(t * size + b); }

 private:
  void fill(index_t b, std::uint64_t seed, condition const& how);
};

/// The order in which allies of a battle are dropped.
[[nodiscard]] std::vector<index_t> drop_order(std::uint64_t seed, index_t battle, index_t allies);

}  // namespace skirmish
