// expect: S222
// expect-text: require_degree<s2rm::places::harmonics<0
// Degree 0 is one constant: all places are alike.
#include <s2rm/model/world_model.hpp>

struct on_the_globe : s2rm::shape {
  static constexpr s2rm::index_t place = 3;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<on_the_globe, s2rm::places::harmonics<0>>;
static_assert(net::parameter_count > 0);
