// expect: S211
// expect-text: require_place_hidden<my_shape, 0
// A place encoder of no hidden units.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t place_hidden = 0;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
