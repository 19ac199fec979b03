#pragma once
/// \file
/// Block kernel of attention/neighbours.hpp: all lists by one block, for few pairs: counts in shared memory, then a
/// thread for each pair.

#include <cstddef>
#include <cstdint>

#include "s2rm/attention/neighbours.hpp"
#include "s2rm/backend/thrust/kernels/block.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <>
struct block_kernel<kernel::list_neighbours> {
  static constexpr int threads = 256;
  static constexpr index_t max_pairs = 1024;  ///< pairs
  static constexpr std::size_t shared_bytes = 2 * (max_pairs + 1) * sizeof(std::int32_t);
  kernel::list_neighbours f;

  [[nodiscard]] bool applies() const { return index_t{f.targets} * f.sources <= max_pairs; }
  [[nodiscard]] index_t blocks() const { return 1; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    std::int32_t const targets = f.targets, sources = f.sources;
    kernel::neighbours const to = f.to;
    auto* const of_target = reinterpret_cast<std::int32_t*>(block.shared);
    auto* const of_source = of_target + targets;
    block.each([&](int t) {
      for (std::int32_t i = t; i < targets; i += threads) of_target[i] = count(i * sources, sources, 1);
      for (std::int32_t j = t; j < sources; j += threads) of_source[j] = count(j, targets, sources);
    });
    block.each([&](int t) {
      for (std::int32_t i = t; i <= targets; i += threads) to.first_source[i] = sum(of_target, i);
      for (std::int32_t j = t; j <= sources; j += threads) to.first_target[j] = sum(of_source, j);
    });
    block.each([&](int t) {
      for (std::int32_t pair = t; pair < targets * sources; pair += threads) {
        if (f.reach[pair] != kernel::reached) continue;
        std::int32_t const i = pair / sources, j = pair - i * sources;
        std::int32_t const edge = to.first_source[i] + count(i * sources, j, 1);
        std::int32_t const at = to.first_target[j] + count(j, i, sources);
        to.source[edge] = j;
        to.target[at] = i;
        to.edge[at] = edge;
      }
    });
  }

 private:
  /// How many of n pairs, `step` apart, are within reach.
  S2RM_HD std::int32_t count(std::int32_t first, std::int32_t n, std::int32_t step) const {
    std::int32_t found = 0;
    for (std::int32_t k = 0; k < n; ++k) found += f.reach[first + k * step] == kernel::reached ? 1 : 0;
    return found;
  }
  S2RM_HD static std::int32_t sum(std::int32_t const* x, std::int32_t n) {
    std::int32_t all = 0;
    for (std::int32_t k = 0; k < n; ++k) all += x[k];
    return all;
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
