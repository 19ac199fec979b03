// expect: S207
// expect-text: not_a_shape<s2rm::cell::gru
// A policy in the shape's place.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<s2rm::cell::gru, view_of_25>;
static_assert(net::parameter_count > 0);
