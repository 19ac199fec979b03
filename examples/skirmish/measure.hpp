#pragma once

#include <functional>

#include "model.hpp"
#include "peers.hpp"

namespace skirmish {

/// One test and where it stands: a scenario by its name, or "dropped 3" on the training scenario.
struct test {
  std::string axis;  ///< "scenario", "dropped"
  std::string name;
  double at = 0;  ///< on the axis
  scenario const* of = nullptr;
  condition how;
};

/// Every scenario of the model's unit types, the one trained on first; and this one with 1 to all but one of its allies'
/// views taken away.
[[nodiscard]] std::vector<test> tests_of(scenario const& trained_on);
/// A recording's own test battles, and the same with views taken away; `of` is null.
[[nodiscard]] std::vector<test> tests_of(recording const& trained_on);

/// The mean over all scenarios but the one trained on, in the figures of a model or a peer.
inline constexpr char const* elsewhere = "elsewhere";

/// Scores of a model on a batch.
[[nodiscard]] battle_score score_model(model& learner, batch const& b);

/// All tests, model and peers, on `battles` battles each. `play` says where a test's battles come from. Reports the
/// number of tests done.
[[nodiscard]] examples::figures measure(model& learner, habits const& known, std::vector<test> const& tests,
                                        std::function<source(test const&)> const& play, index_t battles,
                                        std::function<void(index_t)> const& progress);

}  // namespace skirmish
