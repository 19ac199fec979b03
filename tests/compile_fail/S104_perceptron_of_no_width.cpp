// expect: S104
// expect-text: perceptron_of_no_width<s2rm::decoder::mlp<16, 0
// A decoder with a hidden layer of no units.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::decoder::mlp<16, 0>>;
static_assert(net::parameter_count > 0);
