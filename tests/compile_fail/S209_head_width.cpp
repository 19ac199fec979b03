// expect: S209
// expect-text: require_head_width<my_shape, 0
// Heads of no width.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t head_width = 0;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
