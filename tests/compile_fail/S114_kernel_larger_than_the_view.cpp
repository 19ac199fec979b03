// expect: S114
// expect-text: conv2d<4, 7
// A kernel of 7 x 7 on 5 x 5.
#include <s2rm/encoder/conv.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::encoder::conv<s2rm::layer::conv2d<4, 7>, s2rm::layer::linear<8>>>;
static_assert(net::parameter_count > 0);
