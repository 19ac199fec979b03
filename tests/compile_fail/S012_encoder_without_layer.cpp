// expect: S012
// expect-text: policy_without_layer<my_encoder
// A encoder that is its own layer: the model asks for `on<Shape>`.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_encoder {
  using kind = s2rm::kind::encoder;
};

using net = s2rm::world_model<view_of_25, my_encoder>;
static_assert(net::parameter_count > 0);
