#include "steps.hpp"

void bench::add_tiny(suite& to) {
  add_steps<tiny>(to, {.name = "tiny", .size = {10, 8, 4, 4}, .check = {10, 8, 4, 4}});
}
