#pragma once
/// \file
/// Battles as a model takes them: what is seen at each step, and what is asked about the next state.

#include "experiment/batch_memory.hpp"
#include "sizes.hpp"
#include "source.hpp"

namespace skirmish {

/// Whether all units of a scenario have channels.
[[nodiscard]] bool fits_model(scenario const& of);

/// How battles are looked at.
struct condition {
  index_t dropped = 0;  ///< so many of the allies have no view all battle long
};

/// Some battles over some steps: views of the live allies, and rasters of the next state around random places. A view is
/// `present` if its ally lives, is not dropped, and the battle goes on; a query is `answered` if there is a next state.
/// Places are drawn for each (battle, state), allies to drop for each battle: more of them are the same and others.
struct batch : examples::batch_memory {
  static constexpr index_t queries = 4;  ///< a step; each looks at nearly half of the walkable map
  static constexpr index_t raster = model_raster, view_size = model_view;

  std::vector<episode> battles;  ///< (B)
  std::vector<index_t> start;    ///< (B): the state of the battle that step 0 sees
  std::vector<point> asked;      ///< (T, B, Q)

  /// Battles `first` .. `first + count - 1`, `steps` steps each (0: as many as the longest has), from their first state
  /// or a random one that leaves so many, where there are.
  void take(source const& from, index_t first, index_t count, index_t steps, condition const& how,
            bool random_start = false);

  /// Takes views away, for training; see examples::thinning. These are elements `first` and up of that step's.
  void thin_out(std::uint64_t seed, index_t step, double few, double spans, index_t first = 0);

 private:
  void fill(index_t b, std::uint64_t seed, condition const& how);
};

/// The order in which allies of a battle are dropped.
[[nodiscard]] std::vector<index_t> drop_order(std::uint64_t seed, index_t battle, index_t allies);

}  // namespace skirmish
