// expect: S103
// A convolutional encoder of no layer.
#include <s2rm/encoder/conv.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::encoder::conv<>>;
static_assert(net::parameter_count > 0);
