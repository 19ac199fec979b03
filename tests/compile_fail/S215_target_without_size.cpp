// expect: S215
// expect-text: target_without_size<my_shape, int
// A target that is a number.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  using view = s2rm::features<3>;
  using target = int;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
