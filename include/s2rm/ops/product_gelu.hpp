#pragma once
/// \file
/// A product followed by GELU: fused where the backend offers it (`capabilities::product_gelu`), two primitives
/// otherwise.
///
///   be.product_gelu(w, bias, n, x, a, z)     a = W x + b, z = gelu(a), both (n, Out) and dense

#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// gelu of every number of n rows: y (n, Width) from a (n, Width), both dense.
template <class T, index_t Width>
struct gelu_rows {
  using scalar = T;
  T const* a;
  T* y;
  template <class L>
  S2RM_HD void lanes(index_t r, index_t c) const {
    L::store(y + r * Width + c, math::gelu(L::load(a + r * Width + c)));
  }
};

/// a = W x + b, z = gelu(a).
template <class B, class T, index_t Out, index_t In>
void product_gelu(B& be, weight<T, 1, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x,
                  std::type_identity_t<T*> a, std::type_identity_t<T*> z) {
  if constexpr (capabilities<B, T>::product_gelu) {
    if (be.product_gelu(w, bias, n, x, a, z)) return;
  }
  be.product(w, bias, n, x, rows<T>{a, Out});
  be.template for_rows<Out>(n, gelu_rows<T, Out>{a, z});
}

}  // namespace ops
S2RM_NAMESPACE_END
