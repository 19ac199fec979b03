// expect: S113
// A convolution over a plain vector.
#include <s2rm/encoder/conv.hpp>
#include <s2rm/model/world_model.hpp>

struct readings : s2rm::shape {
  using view = s2rm::features<25>;
};

using net = s2rm::world_model<readings, s2rm::encoder::conv<s2rm::layer::conv2d<4, 1>, s2rm::layer::linear<8>>>;
static_assert(net::parameter_count > 0);
