// expect: S207
// expect-text: not_a_shape<my_sizes
// Sizes that do not derive from s2rm::shape.
#include <s2rm/model/world_model.hpp>

struct my_sizes {
  static constexpr s2rm::index_t modules = 4;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_sizes>;
static_assert(net::parameter_count > 0);
