#include "steps.hpp"

namespace bench {

void add_balls_m160(suite& to) {
  // 36 million parameters: ops::reference sees two steps of one element.
  constexpr extents whole{20, 32, 10, 10}, some{2, 1, 10, 10};
  add_steps<balls_m160>(to, {.name = "balls_m160", .size = whole, .check = some}, {.forward = false});
  add_steps<balls_m160>(to, {.name = "balls_m160_cut", .size = whole, .check = some, .places = placing::clusters},
                        {.forward = false});
}

}  // namespace bench
