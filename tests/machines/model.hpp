#pragma once
// The model of the programs in this folder.
#include <s2rm/eigen.hpp>

struct sensors : s2rm::shape {
  static constexpr s2rm::index_t modules = 6, hidden = 16, heads = 2, head_width = 8, sphere = 8, place = 2,
                                 frequencies = 1, place_hidden = 16;
  using view = s2rm::features<1>;
};
using net = s2rm::world_model<sensors, s2rm::encoder::mlp<16, 16>, s2rm::decoder::mlp<16>, s2rm::likelihood::gaussian>;
using cpu = s2rm::backend::eigen;
