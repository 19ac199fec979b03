// expect: S009
// expect-text: initial_is_not_the_state<my_cell::on<view_of_25
// As many numbers as the state has, in a field that does not begin with the modules.
#include <s2rm/cell/lstm.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_cell {
  using kind = s2rm::kind::cell;
  template <class Shape>
  struct on : s2rm::cell::lstm::on<Shape> {
    using initial = s2rm::schema<s2rm::field<"initial_state", 2, Shape::modules, Shape::hidden>>;
  };
};

using net = s2rm::world_model<view_of_25, my_cell>;
static_assert(net::parameter_count > 0);
