// expect: S004
// expect-text: encoder_without_backward<my_encoder::on
// An encoder without a backward pass.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_encoder {
  using kind = s2rm::kind::encoder;
  template <class Shape>
  struct on : s2rm::layer::mlp<25, 8> {
    static void backward();
  };
};

using net = s2rm::world_model<view_of_25, my_encoder>;
static_assert(net::parameter_count > 0);
