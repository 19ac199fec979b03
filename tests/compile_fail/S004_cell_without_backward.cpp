// expect: S004
// expect-text: cell_without_backward<my_cell::on<view_of_25
// A cell without a backward pass.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_cell {
  using kind = s2rm::kind::cell;
  template <class Shape>
  struct on : s2rm::cell::gru::on<Shape> {
    static void backward();
  };
};

using net = s2rm::world_model<view_of_25, my_cell>;
static_assert(net::parameter_count > 0);
