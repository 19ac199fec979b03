#pragma once
/// \file
/// Who reaches whom in a geometry that all rows share (modules and modules), as lists in both directions: derived once
/// when the places are known, so that a step visits the pairs within reach and no others.
///
/// The pairs within reach, target by target and in the order of the sources, are numbered e = 0, 1, ...: the sources of
/// target i are source[first_source[i]] ... source[first_source[i + 1] - 1]. The targets of source j are
/// target[first_target[j]] ..., and edge[...] beside them is e of the pair.

#include <cstddef>
#include <cstdint>

#include "s2rm/attention/pairs.hpp"
#include "s2rm/core/arena.hpp"

namespace s2rm::kernel {

/// See above. Null where there are no lists: then the flags of reach are looked through.
struct neighbours {
  std::int32_t* first_source = nullptr;  ///< (targets + 1)
  std::int32_t* source = nullptr;        ///< one for each pair within reach, at most targets sources
  std::int32_t* first_target = nullptr;  ///< (sources + 1)
  std::int32_t *target = nullptr, *edge = nullptr;

  static constexpr neighbours lay_out(arena& a, index_t targets, index_t sources) {
    neighbours n{};
    n.first_source = a.take<std::int32_t>(targets + 1);
    n.source = a.take<std::int32_t>(targets * sources);
    n.first_target = a.take<std::int32_t>(sources + 1);
    n.target = a.take<std::int32_t>(targets * sources);
    n.edge = a.take<std::int32_t>(targets * sources);
    return n;
  }
};

/// first[i + 1] = how many partners item i has within reach.
struct count_neighbours {
  std::uint8_t const* reach;
  index_t partners, item_step, partner_step;
  std::int32_t* first;
  S2RM_HD void operator()(index_t i) const {
    std::int32_t count = 0;
    for (index_t j = 0; j < partners; ++j) count += reach[i * item_step + j * partner_step] == reached ? 1 : 0;
    first[i + 1] = count;
  }
};

/// Counts to places: first[i] = the sum of the counts before i.
struct sum_counts {
  std::int32_t *first_source, *first_target;
  index_t targets, sources;
  S2RM_HD void operator()(index_t which) const {
    std::int32_t* const first = which == 0 ? first_source : first_target;
    index_t const n = which == 0 ? targets : sources;
    first[0] = 0;
    for (index_t i = 0; i < n; ++i) first[i + 1] += first[i];
  }
};

/// The sources of one target.
struct list_sources {
  std::uint8_t const* reach;
  index_t sources;
  neighbours to;
  S2RM_HD void operator()(index_t i) const {
    std::int32_t at = to.first_source[i];
    for (index_t j = 0; j < sources; ++j) {
      if (reach[i * sources + j] == reached) to.source[at++] = static_cast<std::int32_t>(j);
    }
  }
};

/// The targets of one source, and the pairs' numbers.
struct list_targets {
  std::uint8_t const* reach;
  index_t targets, sources;
  neighbours to;
  S2RM_HD void operator()(index_t j) const {
    std::int32_t at = to.first_target[j];
    for (index_t i = 0; i < targets; ++i) {
      if (reach[i * sources + j] != reached) continue;
      // Sources are in order: half of the list is left out at a time.
      std::int32_t low = to.first_source[i], high = to.first_source[i + 1] - 1;
      while (low < high) {
        std::int32_t const middle = low + (high - low) / 2;
        if (to.source[middle] < j) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      to.target[at] = static_cast<std::int32_t>(i);
      to.edge[at++] = low;
    }
  }
};

/// All of this by one block, for few pairs: counts in shared memory, then a thread for each pair.
struct list_neighbours {
  static constexpr int threads = 256;
  static constexpr index_t most = 1024;  ///< pairs
  static constexpr std::size_t shared_bytes = 2 * (most + 1) * sizeof(std::int32_t);
  std::uint8_t const* reach;
  std::int32_t targets, sources;
  neighbours to;

  [[nodiscard]] index_t blocks() const { return 1; }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
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
        if (reach[pair] != reached) continue;
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
    for (std::int32_t k = 0; k < n; ++k) found += reach[first + k * step] == reached ? 1 : 0;
    return found;
  }
  S2RM_HD static std::int32_t sum(std::int32_t const* x, std::int32_t n) {
    std::int32_t all = 0;
    for (std::int32_t k = 0; k < n; ++k) all += x[k];
    return all;
  }
};

/// Fills the lists from reach (targets, sources).
template <class B>
void find_neighbours(B& be, index_t targets, index_t sources, std::uint8_t const* reach, neighbours const& to) {
  list_neighbours const all{reach, static_cast<std::int32_t>(targets), static_cast<std::int32_t>(sources), to};
  if constexpr (requires { be.own_kernel(all); }) {
    if (targets * sources <= list_neighbours::most && be.own_kernel(all)) return;
  }
  be.for_each(targets, count_neighbours{reach, sources, sources, 1, to.first_source});
  be.for_each(sources, count_neighbours{reach, targets, 1, sources, to.first_target});
  be.for_each(2, sum_counts{to.first_source, to.first_target, targets, sources});
  be.for_each(targets, list_sources{reach, sources, to});
  be.for_each(sources, list_targets{reach, targets, sources, to});
}

}  // namespace s2rm::kernel
