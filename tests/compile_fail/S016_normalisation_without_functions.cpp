// expect: S016
// expect-text: normalisation_without_functions<my_normalisation
// A normalisation that saves nothing and computes nothing.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_normalisation {
  using kind = s2rm::kind::normalisation;
  static constexpr s2rm::index_t extra = 0;
};

using net = s2rm::world_model<view_of_25, my_normalisation>;
static_assert(net::parameter_count > 0);
