#pragma once
/// \file
/// Block kernel of runtime/non_finite_views.hpp: 32 threads a view.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/runtime/non_finite_views.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <index_t V, index_t P, index_t K, class T>
struct block_kernel<s2rm::detail::leave_out_non_finite<V, P, K, T>> {
  static constexpr int lanes = 32, lines = 8, threads = lanes * lines;
  using bits = typename s2rm::detail::leave_out_non_finite<V, P, K, T>::bits;
  static constexpr std::size_t shared_bytes = threads * sizeof(bits);
  s2rm::detail::leave_out_non_finite<V, P, K, T> f;
  index_t n;
  [[nodiscard]] index_t blocks() const { return (n + lines - 1) / lines; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    bits* const found = reinterpret_cast<bits*>(block.shared);
    index_t const first = block.index * lines;
    block.each([&](int t) {
      index_t const i = first + t / lanes;
      found[t] = i < n ? f.found(i, t % lanes, lanes) : bits(0);
    });
    block.each([&](int t) {
      if (t >= lines || first + t >= n) return;
      bits of_view = 0;
      for (int k = 0; k < lanes; ++k) of_view |= found[t * lanes + k];
      f.judge(first + t, of_view);
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
