#pragma once
/// \file
/// Block kernel of layer/likelihood.hpp: a thread an element, where elements may be computed in any order.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/layer/likelihood.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <class Likelihood, class Target, class T>
struct block_kernel<likelihood::loss_gradient<Likelihood, Target, T>> {
  static constexpr int threads = 256;
  static constexpr std::size_t shared_bytes = 16;
  static constexpr bool by_element = likelihood::has_lanes<Likelihood, T>;
  static constexpr index_t each = by_element ? Target::size : 1;
  likelihood::loss_gradient<Likelihood, Target, T> f;
  index_t n;
  [[nodiscard]] index_t blocks() const { return (n * each + threads - 1) / threads; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    block.each([&](int t) {
      index_t const i = block.index * threads + t, row = i / each, e = i % each;
      if (row >= n) return;
      if constexpr (!by_element) {
        f(row);
      } else {
        T* const to = f.d + row * Likelihood::outputs;
        if (f.mask != nullptr && f.mask[row] == 0) {
          for (index_t k = e; k < Likelihood::outputs; k += each) to[k] = T(0);
        } else {
          Likelihood::template gradient_lanes<math::lanes<T, 1>>(f.o + row * Likelihood::outputs,
                                                                 f.x + row * Target::size, e, f.scale.get(), to);
        }
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
