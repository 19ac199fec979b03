// expect: S115
// expect-text: dynamics_without_slot<.*tto<.*time::elapsed
// Tokens of an observer never change.
#include <s2rm/dynamics/tto.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::tto<9, 64>, s2rm::time::elapsed<>>;
static_assert(net::parameter_count > 0);
