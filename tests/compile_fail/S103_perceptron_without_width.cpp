// expect: S103
// expect-text: perceptron_without_width<s2rm::encoder::mlp<>
// An encoder that does not say how wide its code is.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::encoder::mlp<>>;
static_assert(net::parameter_count > 0);
