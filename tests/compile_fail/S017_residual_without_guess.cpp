// expect: S017
// expect-text: residual_without_guess<my_residual
// A residual read-out without a guess.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_residual {
  using kind = s2rm::kind::residual;
  static constexpr bool active = true;
};

using net = s2rm::world_model<view_of_25, my_residual>;
static_assert(net::parameter_count > 0);
