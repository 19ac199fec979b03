#include "commands.hpp"

#include <cmath>

namespace skirmish {

command_options::command_options() {
  out = "results/skirmish";
  page = "docs/results/skirmish.md";
  fit.curriculum = 0;
  fit.few_views = 0;
  fit.blind_spans = 0;
  test_sequences = 100;
}

int command_options::random_in_1000() const { return static_cast<int>(std::lround(1000 * random)); }

}  // namespace skirmish
