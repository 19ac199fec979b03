#pragma once
/// \file
/// The models that are measured, and the extents of their batches. benchmarks/peers/configs.py holds the same sizes.

#include <string>

#include "s2rm/model/world_model.hpp"

namespace bench {

using s2rm::index_t;

/// Extents of one batch.
struct extents {
  index_t time = 0, batch = 0, views = 0, queries = 0;
};

/// Where the modules sit on the sphere.
enum class placing {
  drawn,    ///< as `world_model::initialise` draws them: with tau = 0 about half of all pairs are within reach
  clusters  ///< tight groups of ten whose centres are the corners of a simplex: ten modules in reach of each
};

/// One measured problem: a model type, extents and data.
struct config {
  std::string name;
  extents size;              ///< what is timed
  extents check;             ///< the smaller extents at which the result is compared with ops::reference first
  index_t masked_views = 0;  ///< of the `views` slots of every step, so many are masked
  placing places = placing::drawn;
  index_t recompute = 0;  ///< of the trainer: steps whose activations are kept at a time; 0: all
};

struct tiny_shape : s2rm::shape {
  static constexpr index_t modules = 4, hidden = 32, heads = 2, head_width = 16, sphere = 8, place_hidden = 32;
  using view = s2rm::raster<1, 5, 5>;
};
using tiny = s2rm::world_model<tiny_shape, s2rm::encoder::mlp<32, 32>, s2rm::decoder::mlp<32>>;

template <index_t Modules>
struct balls_shape : s2rm::shape {
  static constexpr index_t modules = Modules, hidden = 128, heads = 4, head_width = 32, sphere = 16;
  using view = s2rm::raster<1, 11, 11>;
};
template <index_t Modules>
using balls_of = s2rm::world_model<balls_shape<Modules>, s2rm::encoder::mlp<128, 128>, s2rm::decoder::mlp<128>>;
using balls = balls_of<10>;
using balls_shared =
    s2rm::world_model<balls_shape<10>, s2rm::encoder::mlp<128, 128>, s2rm::decoder::mlp<128>, s2rm::weights::shared>;
using balls_m160 = balls_of<160>;

struct wide_shape : s2rm::shape {
  static constexpr index_t modules = 64, hidden = 64, heads = 4, head_width = 16, sphere = 16;
  using view = s2rm::raster<1, 11, 11>;
};
using wide = s2rm::world_model<wide_shape, s2rm::encoder::mlp<64, 64>, s2rm::decoder::mlp<64>>;

}  // namespace bench
