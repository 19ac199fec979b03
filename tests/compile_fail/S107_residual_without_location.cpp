// expect: S107
// expect-text: residual_without_location<s2rm::residual::own_reading<
// expect-text: bernoulli
// A residual on logits.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::likelihood::bernoulli, s2rm::residual::own_reading<>>;
static_assert(net::parameter_count > 0);
