#pragma once
/// \file
/// Block kernel of train/report.hpp: the three counts of reach by one block. They are sums of whole numbers, whose
/// order changes nothing.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/train/report.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <index_t M>
struct block_kernel<report::count_reach<M>> {
  static constexpr int threads = 1024;
  static constexpr index_t max_pairs = index_t{1} << 17;  ///< pairs: with more, sums over many blocks are faster
  static constexpr std::size_t shared_bytes = 3 * threads * sizeof(double);
  report::count_reach<M> f;

  [[nodiscard]] bool applies() const { return f.n * M <= max_pairs; }
  [[nodiscard]] index_t blocks() const { return 1; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const within = reinterpret_cast<double*>(block.shared);
    double *const there = within + threads, *const alone = there + threads;
    block.each([&](int t) {
      int pairs = 0, present = 0, unreached = 0;
      for (index_t row = t; row < f.n; row += threads) {
        int here = 0, views = 0;
        for (index_t m = 0; m < M; ++m) {
          std::uint8_t const one = f.reach[row * M + m];
          here += one == kernel::reached ? 1 : 0;
          views += one != kernel::absent ? 1 : 0;
        }
        pairs += here;
        present += views;
        unreached += here == 0 && f.reach[row * M] != kernel::absent ? 1 : 0;
      }
      within[t] = pairs;
      there[t] = present;
      alone[t] = unreached;
    });
    for (int half = threads / 2; half > 0; half /= 2) {
      block.each([&](int t) {
        if (t >= half) return;
        within[t] += within[t + half];
        there[t] += there[t + half];
        alone[t] += alone[t + half];
      });
    }
    block.each([&](int t) {
      if (t != 0) return;
      *f.reached += within[0];
      *f.present += there[0];
      *f.unreached += alone[0];
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
