// expect: S002
// expect-text: kernel_without_params<my_kernel::on<view_of_25
// A kernel that names no parameters.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_kernel {
  using kind = s2rm::kind::kernel;
  template <class Shape>
  struct on {};
};

using net = s2rm::world_model<view_of_25, my_kernel>;
static_assert(net::parameter_count > 0);
