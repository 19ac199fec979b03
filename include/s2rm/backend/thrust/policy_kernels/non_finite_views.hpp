#pragma once
/// \file
/// Block kernel of runtime/non_finite_views.hpp: 32 threads a view.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/runtime/non_finite_views.hpp"

namespace s2rm::backend::detail {

template <index_t V, index_t P, class T>
struct block_kernel<s2rm::detail::leave_out_non_finite<V, P, T>> {
  static constexpr int lanes = 32, lines = 8, threads = lanes * lines;
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  s2rm::detail::leave_out_non_finite<V, P, T> f;
  index_t n;
  [[nodiscard]] index_t blocks() const { return (n + lines - 1) / lines; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    T* const sums = reinterpret_cast<T*>(block.shared);
    index_t const first = block.index * lines;
    block.each([&](int t) {
      index_t const i = first + t / lanes;
      sums[t] = i < n ? f.residue(i, t % lanes, lanes) : T(0);
    });
    block.each([&](int t) {
      if (t >= lines || first + t >= n) return;
      T sum = 0;
      for (int k = 0; k < lanes; ++k) sum += sums[t * lanes + k];
      f.judge(first + t, sum);
    });
  }
};

}  // namespace s2rm::backend::detail
