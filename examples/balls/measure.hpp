#pragma once

#include <functional>

#include "experiment/record.hpp"
#include "model.hpp"
#include "peers.hpp"

namespace balls {

using examples::figures;
using examples::run_record;

/// One test and where it stands in its table: "views 10", "balls 6", "curtain", "dropped 0.50", "blind 5", "closed 5".
struct test {
  std::string axis;  ///< "views", "balls", "hidden", "blind", "closed"
  std::string name;
  double at = 0;  ///< on the axis
  condition how;
  bool silent = false;  ///< without interaction: of models whose modules talk
};

/// Of the roll-outs: frames seen before, frames ahead.
inline constexpr index_t context = 34, horizon = 25;
static_assert(context + horizon + 1 == film::length);

/// One step ahead, all of one model: the training condition but for what the name says.
[[nodiscard]] std::vector<test> const& one_step_tests();
/// After 1 .. horizon steps: without views ("blind"), or with the model's own predictions as views ("closed").
[[nodiscard]] std::vector<test> const& roll_out_tests();

/// Key of a figure: "views 10.f1".
[[nodiscard]] inline std::string key(test const& of, char const* measure) { return of.name + '.' + measure; }
/// The same of a peer: "last seen/views 10.f1".
[[nodiscard]] inline std::string key(std::string const& peer, test const& of, char const* measure) {
  return peer + '/' + key(of, measure);
}
inline constexpr char const* measures[] = {"f1", "bce", "balanced"};

/// Scores of a model at each step of a batch.
[[nodiscard]] steps_score score_model(model& learner, batch const& b);

/// From step `context` on the model sees what it predicted itself at the places of the views, on or off.
[[nodiscard]] steps_score score_closed_loop(model const& learner, batch const& b);

/// All tests on the first `sequences` of the test part, model and peers. Reports (done, all) after each.
[[nodiscard]] figures measure(model& learner, std::uint64_t data_seed, index_t sequences,
                              std::function<void(index_t, index_t)> const& progress);

}  // namespace balls
