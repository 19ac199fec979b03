// expect: S101
// expect-text: mlp<24, 8>
// expect-text: raster<1, 5, 5>
// expect-text: reads<24>.*wanted<25>
// An encoder that reads 24 numbers of a view of 25.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_encoder {
  using kind = s2rm::kind::encoder;
  template <class Shape>
  using on = s2rm::layer::mlp<24, 8>;
};

using net = s2rm::world_model<view_of_25, my_encoder>;
static_assert(net::parameter_count > 0);
