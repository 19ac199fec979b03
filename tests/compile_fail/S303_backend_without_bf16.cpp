// expect: S303
// expect-text: pack_half
// A backend whose products read no weights in bf16.
#include <s2rm/model/weight_storage.hpp>
#include <s2rm/model/world_model.hpp>
#include <s2rm/ops/reference.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25>;

template class s2rm::bf16_weights<net, s2rm::ops::reference>;
