// expect: S115
// expect-text: dynamics_without_slot<.*rim<2.*weights::shared
// Mechanisms without places that share their weights would all be the same one.
#include <s2rm/dynamics/rim.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::rim<2>, s2rm::weights::shared>;
static_assert(net::parameter_count > 0);
