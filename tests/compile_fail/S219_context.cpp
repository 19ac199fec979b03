// expect: S219
// expect-text: require_context<views_of_minus_one, -1
// A number of side inputs below 0.
#include <s2rm/model/world_model.hpp>

struct views_of_minus_one : s2rm::shape {
  static constexpr s2rm::index_t context = -1;
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<views_of_minus_one>;
static_assert(net::parameter_count > 0);
