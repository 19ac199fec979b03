#pragma once
/// \file
/// Convolutions as encoder: e = E(o) for views that are rasters; D is the size of the last layer's map, read as (C, H,
/// W).

#include "s2rm/core/concepts.hpp"
#include "s2rm/layer/conv_net.hpp"

S2RM_NAMESPACE_BEGIN
namespace encoder {

/// `encoder::conv<layer::conv2d<16, 3, 2, 1>, layer::conv2d<32, 3, 2, 1>, layer::linear<64>>`, GELU between.
template <class... Layers>
struct conv {
  using kind = s2rm::kind::encoder;

  template <class Shape>
  struct on : layer::convolutional<as_raster<typename Shape::view>, Layers...> {
    // Here, because clang reads no further in a class once one fails.
    static_assert(sizeof...(Layers) >= 1,
                  "s2rm[S103]: a convolutional network needs at least one layer. See docs/errors.md#S103");
    static_assert(
        sizeof...(Layers) == 0 || on::sound,
        "s2rm[S114]: a convolution is larger than the raster it reads, or channels, kernel, stride or padding "
        "are none. See docs/errors.md#S114");
    static_assert(is_raster<typename Shape::view>,
                  "s2rm[S113]: a convolution reads a raster, and this shape's view is none. See docs/errors.md#S113");
  };
};

}  // namespace encoder
S2RM_NAMESPACE_END
