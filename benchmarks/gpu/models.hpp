#pragma once
/// \file
/// The models that are timed on a GPU, read by nvcc and by the program's own compiler. torch_gpu.py holds the same sizes.

#include "../models.hpp"
#include "s2rm/s2rm.hpp"

namespace bench {

struct big_shape : s2rm::shape {
  static constexpr index_t modules = 32, hidden = 256, heads = 4, head_width = 64, sphere = 16;
  using view = s2rm::raster<1, 11, 11>;
};
using big = s2rm::world_model<big_shape, s2rm::encoder::mlp<128, 128>, s2rm::decoder::mlp<128>>;

}  // namespace bench
