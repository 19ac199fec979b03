// expect: S115
// expect-text: dynamics_without_slot<.*gru<32.*interaction::none
// One state vector has nobody to interact with.
#include <s2rm/dynamics/pooled_rnn.hpp>
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::dynamics::gru<32>, s2rm::interaction::none>;
static_assert(net::parameter_count > 0);
