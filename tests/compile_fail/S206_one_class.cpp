// expect: S206
// expect-text: categorical<1>
// One class to choose from.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::likelihood::categorical<1>>;
static_assert(net::parameter_count > 0);
