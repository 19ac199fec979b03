#pragma once
/// \file
/// The perceptron as decoder: D([r; s]), from the read-out and the code of the query's place to the numbers the
/// likelihood needs.

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/layer/mlp.hpp"

S2RM_NAMESPACE_BEGIN
namespace decoder {

/// `decoder::mlp<128>`: [r; s] -> 128 -> outputs. `on<In, Out>` is the layer.
template <index_t... Hidden>
struct mlp {
  using kind = s2rm::kind::decoder;
  template <class Shape, index_t In, index_t Out>
  using on = layer::mlp<In, Hidden..., Out>;
};

}  // namespace decoder
S2RM_NAMESPACE_END
