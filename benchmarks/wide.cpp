#include "steps.hpp"

void bench::add_wide(suite& to) {
  add_steps<wide>(to, {.name = "wide", .size = {20, 8, 64, 64}, .check = {2, 2, 64, 64}});
}
