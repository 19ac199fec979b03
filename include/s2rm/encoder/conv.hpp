#pragma once
/// \file
/// Convolutions as encoder: e = E(o) for views that are rasters; D is the size of the last layer's map, read as (C, H, W).

#include "s2rm/core/concepts.hpp"
#include "s2rm/layer/convolutional.hpp"

namespace s2rm::encoder {

/// `encoder::conv<layer::conv2d<16, 3, 2, 1>, layer::conv2d<32, 3, 2, 1>, layer::linear<64>>`, GELU between.
template <class... Layers>
struct conv {
  using kind = s2rm::kind::encoder;

  template <class Shape>
  struct on : layer::convolutional<as_raster<typename Shape::view>, Layers...> {
    static_assert(is_raster<typename Shape::view>,
                  "s2rm[S113]: a convolution reads a raster, and this shape's view is none. See docs/errors.md#S113");
  };
};

}  // namespace s2rm::encoder
