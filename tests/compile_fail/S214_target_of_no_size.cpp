// expect: S214
// expect-text: require_view_size<my_shape, s2rm::features<0>, 0
// A target without numbers.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  using view = s2rm::features<3>;
  using target = s2rm::features<0>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
