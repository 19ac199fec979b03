#pragma once
/// \file
/// Convolutions as decoder: D([r; s]) for targets that are rasters. The first layer reads [r; s] as a map of one pixel;
/// the last writes the likelihood's parameters one map after the other: parameters x channels in all.

#include "s2rm/core/concepts.hpp"
#include "s2rm/layer/conv_net.hpp"

S2RM_NAMESPACE_BEGIN
namespace decoder {

/// `decoder::conv<layer::linear<32, 3, 3>, layer::conv_transpose2d<16, 4, 2, 1>, layer::conv_transpose2d<1, 3, 2, 1>>`
/// writes 11 x 11, GELU between. `on<Shape, In, Out>` is the layer.
template <class... Layers>
struct conv {
  using kind = s2rm::kind::decoder;

  template <class Shape, index_t In, index_t Out>
  struct on : layer::convolutional<raster<In, 1, 1>, Layers...> {
    using target = target_of<Shape>;
    // Here, because clang reads no further in a class once one fails.
    static_assert(sizeof...(Layers) >= 1,
                  "s2rm[S103]: a convolutional network needs at least one layer. See docs/errors.md#S103");
    static_assert(
        sizeof...(Layers) == 0 || on::sound,
        "s2rm[S114]: a convolution is larger than the raster it reads, or channels, kernel, stride or padding "
        "are none. See docs/errors.md#S114");
    static_assert(is_raster<target>,
                  "s2rm[S113]: a convolution writes a raster, and this shape's target is none. "
                  "See docs/errors.md#S113");
    static_assert(!is_raster<target> || on::out != Out ||
                      (on::map::height == as_raster<target>::height && on::map::width == as_raster<target>::width),
                  "s2rm[S113]: the decoder's last map is not as high and wide as the target. See docs/errors.md#S113");
  };
};

}  // namespace decoder
S2RM_NAMESPACE_END
