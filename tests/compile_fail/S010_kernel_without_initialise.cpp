// expect: S010
// expect-text: kernel_without_initialise<my_kernel::on
// A kernel whose parameters have no start.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_kernel {
  using kind = s2rm::kind::kernel;
  template <class Shape>
  struct on : s2rm::kernel::truncated_gaussian<>::on<Shape> {
    static void initialise();
  };
};

using net = s2rm::world_model<view_of_25, my_kernel>;
static_assert(net::parameter_count > 0);
