#pragma once
/// \file
/// Battles into recordings, on any number of threads.

#include <functional>
#include <optional>

#include "recording.hpp"

namespace skirmish {

struct generate_options {
  index_t episodes = 1;
  std::uint64_t seed = 0;
  int random_in_1000 = 100;  ///< share of random actions among the allies'
  int threads = 1;
};

/// Plays one episode. `options.episodes` and `threads` mean nothing here.
[[nodiscard]] recording play(scenario const& of, generate_options const& options, index_t episode);

/// Plays the episodes 0 .. episodes-1 of a scenario. Each depends on (scenario, seed, its number, share) alone, so the
/// recording is the same to the bit on any number of threads, and its first episodes are those of a shorter one.
/// \param go_on  called now and then from the calling thread with the number of episodes done; false ends it
/// \returns nothing where it was ended
[[nodiscard]] std::optional<recording> generate(scenario const& of, generate_options const& options,
                                                std::function<bool(index_t)> const& go_on = {});

}  // namespace skirmish
