// expect: S012
// expect-text: policy_without_layer<my_kernel
// A kernel that is its own layer: the model asks for `on<Shape>`.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_kernel {
  using kind = s2rm::kind::kernel;
};

using net = s2rm::world_model<view_of_25, my_kernel>;
static_assert(net::parameter_count > 0);
