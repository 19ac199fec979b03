#pragma once
/// \file
/// Models of the tests that need a GPU, read by nvcc and by the program's own compiler.

#include "s2rm/s2rm.hpp"

namespace s2rm::test {

struct gpu_shape : shape {
  static constexpr index_t modules = 10, hidden = 32, heads = 4, head_width = 8, sphere = 16, place = 2;
  using view = raster<1, 5, 5>;
};
using gpu_net = world_model<gpu_shape, encoder::mlp<32, 32>, decoder::mlp<32>, likelihood::bernoulli>;

/// What the default leaves out, in double.
struct odd_shape : shape {
  static constexpr index_t modules = 5, hidden = 9, heads = 3, head_width = 5, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 12;
  using view = features<3>;
  using target = features<2>;
};
using odd_net =
    world_model<odd_shape, normalisation::product, interaction::after_update, initial_state::fixed,
                readout::kernel_mean, carry::residual, encoder::mlp<6>, decoder::mlp<7>, likelihood::gaussian>;

}  // namespace s2rm::test
