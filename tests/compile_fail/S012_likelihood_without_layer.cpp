// expect: S012
// expect-text: likelihood_without_layer<my_likelihood
// A likelihood without `on<Target>`.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_likelihood {
  using kind = s2rm::kind::likelihood;
};

using net = s2rm::world_model<view_of_25, my_likelihood>;
static_assert(net::parameter_count > 0);
