// expect: S213
// expect-text: view_without_size<my_shape, float
// A view that is a number.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  using view = float;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
