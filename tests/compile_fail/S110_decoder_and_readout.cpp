// expect: S110
// expect-text: reads<64>.*wanted<80>
// A decoder that forgets the place beside the read-out.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  using on = s2rm::layer::mlp<Shape::heads * Shape::head_width, Out>;
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
