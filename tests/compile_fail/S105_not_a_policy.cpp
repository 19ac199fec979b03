// expect: S105
// expect-text: not_a_policy<double
// A number type among the policies: it belongs to trainer and stream.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::cell::gru, double>;
static_assert(net::parameter_count > 0);
