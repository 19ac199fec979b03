// expect: S106
// expect-text: unknown_kind<my_optimiser, optimiser
// A policy of a kind the model has no slot for.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct optimiser {};
struct my_optimiser {
  using kind = optimiser;
};

using net = s2rm::world_model<view_of_25, my_optimiser>;
static_assert(net::parameter_count > 0);
