// expect: S212
// expect-text: shape_without_view<my_shape
// A shape that does not say what is seen.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  static constexpr s2rm::index_t modules = 4;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
