// expect: S204
// expect-text: require_place<my_shape, 4
// Places of four dimensions.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t place = 4;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
