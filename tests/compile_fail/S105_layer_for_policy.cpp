// expect: S105
// expect-text: not_a_policy<s2rm::cell::gated_cell<s2rm::cell::gru_gates, view_of_25
// The layer where its policy is wanted.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25, s2rm::cell::gru::on<view_of_25>>;
static_assert(net::parameter_count > 0);
