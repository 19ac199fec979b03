// expect: S009
// expect-text: initial_is_not_the_state<my_cell::on<view_of_25
// expect-text: size<64>.*wanted<640>
// An initial state of one module, where that of all modules is wanted.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_cell {
  using kind = s2rm::kind::cell;
  template <class Shape>
  struct on : s2rm::cell::gru::on<Shape> {
    using initial = s2rm::schema<s2rm::field<"initial_state", Shape::hidden>>;
  };
};

using net = s2rm::world_model<view_of_25, my_cell>;
static_assert(net::parameter_count > 0);
