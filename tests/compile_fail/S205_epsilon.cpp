// expect: S205
// expect-text: truncated_gaussian<
// A kernel as wide as everything.
#include <ratio>

#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<0>>>;
static_assert(net::parameter_count > 0);
