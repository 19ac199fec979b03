// expect: S003
// expect-text: cell_without_forward<my_cell::on<view_of_25
// A cell that forgot the carried state in `forward`.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_cell {
  using kind = s2rm::kind::cell;
  template <class Shape>
  struct on : s2rm::cell::gru::on<Shape> {
    template <class B, class T>
    static void forward(B&, s2rm::parameters_of<T, typename on::params>, s2rm::index_t, s2rm::in_rows<T>,
                        s2rm::in_rows<T>, s2rm::out_rows<T>, s2rm::saved_of<T, typename on::saved>, T*);
  };
};

using net = s2rm::world_model<view_of_25, my_cell>;
static_assert(net::parameter_count > 0);
