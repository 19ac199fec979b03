// expect: S218
// expect-text: dynamics_does_not_fit<.*tto<16.*view_of_25
// The four heads' 8 numbers each are all age.
#include <s2rm/dynamics/tto.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::tto<16, 32>>;
static_assert(net::parameter_count > 0);
