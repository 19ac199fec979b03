#pragma once
/// \file
/// One dense layer: y = W x + b, W (Out, In) as in PyTorch.
/// Backward: dx = W^T dy (overwritten, skipped where dx is null), dW += dy x^T, db += dy.

#include "s2rm/init/uniform.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

template <index_t In, index_t Out>
struct dense {
  struct params : schema<field<"weight", Out, In>, field<"bias", Out>> {};
  static constexpr index_t in = In, out = Out;

  template <class T>
  static void initialise(T* values, init::source from) {
    init::linear(values, params::size, In, from);
  }

  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> x, out_rows<T> y) {
    be.product(p.template matrix<"weight">(), p.template at<"bias">(), n, x, y);
  }

  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> x, in_rows<T> dy, out_rows<T> dx,
                       gradients_of<T, params> dp) {
    if (dx.data != nullptr) be.product_transposed(p.template matrix<"weight">(), n, dy, dx);
    ops::add_weight_gradients<1, Out, In>(be, n, dy, x, dp.template at<"weight">(), dp.template at<"bias">());
  }
};

}  // namespace layer
S2RM_NAMESPACE_END
