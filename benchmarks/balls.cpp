#include "steps.hpp"

namespace bench {

// Known when the program is compiled.
static_assert(s2rm::saved_bytes_per_step<balls, float>(32, 10, 10) > 0);

void add_balls(suite& to) {
  constexpr extents whole{20, 32, 10, 10}, some{4, 4, 10, 10};
  add_steps<balls>(to, {.name = "balls", .size = whole, .check = some}, {.stream_bf16 = true});
  // All modules share their weights.
  add_steps<balls_shared>(to, {.name = "balls_shared", .size = whole, .check = some});
  // Activations of five steps at a time.
  add_steps<balls>(to, {.name = "balls_recompute", .size = whole, .check = {6, 2, 10, 10}, .recompute = 5},
                   {.forward = false, .stream = false});
  // Growth with time: ten times the steps.
  add_steps<balls>(to, {.name = "balls_t200", .size = {200, 32, 10, 10}, .check = {20, 1, 10, 10}},
                   {.forward = false, .stream = false});
  // Growth with modules: as balls_m160_cut, ten modules in reach of each.
  add_steps<balls>(to, {.name = "balls_cut", .size = whole, .check = some, .places = placing::clusters},
                   {.forward = false, .stream = false});
  // Half of the slots are masked; beside it as many views as are left, without a mask.
  add_steps<balls>(to, {.name = "balls_masked", .size = whole, .check = some, .masked_views = 5});
  add_steps<balls>(to, {.name = "balls_a5", .size = {20, 32, 5, 10}, .check = {4, 4, 5, 10}});
}

}  // namespace bench
