// expect: S109
// expect-text: kind::encoder, s2rm::encoder::mlp<16>, s2rm::encoder::mlp<8>
// Two encoders.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::encoder::mlp<16>, s2rm::cell::gru, s2rm::encoder::mlp<8>>;
static_assert(net::parameter_count > 0);
