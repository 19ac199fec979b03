// expect: S201
// expect-text: require_modules<my_shape, 0
// A model of no modules.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t modules = 0;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
