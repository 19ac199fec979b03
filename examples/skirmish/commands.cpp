#include "commands.hpp"

#include <cmath>

namespace skirmish {

command_options::command_options() {
  out = "results/skirmish";
  page = "docs/results/skirmish.md";
  fit.curriculum = 0;
  fit.few_views = 0;
  fit.blind_spans = 0;
  // The gradient's norm is about 0.01. A hundred times as much, now and then, would leave Adam with steps too small for
  // hundreds of updates.
  fit.clip = 0.01;
  fit.beta2 = 0.99;
  test_sequences = 100;
}

int command_options::random_in_1000() const { return static_cast<int>(std::lround(1000 * random)); }

}  // namespace skirmish
