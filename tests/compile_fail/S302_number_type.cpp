// expect: S302
// expect-text: require_backend<s2rm::ops::reference, int
// A model over whole numbers.
#include <s2rm/model/forward_backward.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25>;

using weights = s2rm::parameters<net::params, s2rm::ops::reference, int>;
static_assert(sizeof(weights) > 0);
