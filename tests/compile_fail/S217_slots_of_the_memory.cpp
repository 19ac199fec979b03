// expect: S217
// expect-text: rmc<3, 1
// Three slots in 64 numbers.
#include <s2rm/cell/rmc.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::cell::rmc<3, 1>>;
static_assert(net::parameter_count > 0);
