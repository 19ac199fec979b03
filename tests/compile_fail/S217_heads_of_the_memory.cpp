// expect: S217
// expect-text: rmc<4, 3
// Three heads in a slot of 16 numbers.
#include <s2rm/cell/rmc.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::cell::rmc<4, 3>>;
static_assert(net::parameter_count > 0);
