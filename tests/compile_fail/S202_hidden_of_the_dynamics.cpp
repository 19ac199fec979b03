// expect: S202
// A state of no numbers.
#include <s2rm/dynamics/pooled_rnn.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::lstm<0>>;
static_assert(net::parameter_count > 0);
