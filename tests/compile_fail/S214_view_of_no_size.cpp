// expect: S214
// expect-text: require_view_size<my_shape, s2rm::raster<1, 0, 5>, 0
// A raster without rows.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  using view = s2rm::raster<1, 0, 5>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
