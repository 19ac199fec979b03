// expect: S203
// expect-text: require_sphere<my_shape, 1
// A sphere of two points.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t sphere = 1;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
