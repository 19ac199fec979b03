// expect: S218
// expect-text: dynamics_does_not_fit<.*rim<11.*view_of_25
// Eleven of ten modules.
#include <s2rm/dynamics/rim.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::rim<11>>;
static_assert(net::parameter_count > 0);
