#pragma once
/// \file
/// The perceptron as encoder: e = E(o), from the view's numbers to D = the last width. One encoder for all views.

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/layer/mlp.hpp"

S2RM_NAMESPACE_BEGIN
namespace encoder {

/// `encoder::mlp<128, 96>`: view -> 128 -> 96 with GELU between.
template <index_t... Widths>
struct mlp {
  using kind = s2rm::kind::encoder;
  template <class Shape>
  using on = layer::mlp<Shape::view::size, Widths...>;
};

}  // namespace encoder
S2RM_NAMESPACE_END
