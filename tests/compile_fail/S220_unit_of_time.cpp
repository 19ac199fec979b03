// expect: S220
// expect-text: require_unit_of_time<s2rm::time::elapsed<std::ratio<-1>
// A unit of time below 0.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::time::elapsed<std::ratio<-1>>>;
static_assert(net::parameter_count > 0);
