// expect: S111
// expect-text: not_one_of_the_choices<my_carry, s2rm::kind::carry
// A carry of one's own: how the state is carried is a choice among two.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_carry {
  using kind = s2rm::kind::carry;
};

using net = s2rm::world_model<view_of_25, my_carry>;
static_assert(net::parameter_count > 0);
