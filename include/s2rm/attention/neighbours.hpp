#pragma once
/// \file
/// The pairs within reach of a geometry that all rows share (modules and modules), as lists in both directions
/// (compressed sparse rows and columns): built once per set of places, so that a step visits these pairs and no others.
///
/// The pairs within reach, target by target and in the order of the sources, are numbered e = 0, 1, ...: the sources of
/// target i are source[first_source[i]] ... source[first_source[i + 1] - 1]. The targets of source j are
/// target[first_target[j]] ..., and edge[...] beside them is e of the pair.

#include <cstdint>

#include "s2rm/attention/pairs.hpp"
#include "s2rm/core/arena.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace kernel {

/// See above. Null where there are no lists: then the flags of reach are searched.
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

/// first[i + 1] = how many of the candidates are within reach of item i.
struct count_neighbours {
  std::uint8_t const* reach;
  index_t candidates, item_step, candidate_step;
  std::int32_t* first;
  S2RM_HD void operator()(index_t i) const {
    std::int32_t count = 0;
    for (index_t j = 0; j < candidates; ++j) count += reach[i * item_step + j * candidate_step] == reached ? 1 : 0;
    first[i + 1] = count;
  }
};

/// Counts to offsets: first[i] = the sum of the counts before i.
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
      // Binary search: sources are in order.
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

/// All lists as one task, for backends that have a kernel for it (`ops::run_fused`).
struct list_neighbours {
  std::uint8_t const* reach;
  std::int32_t targets, sources;
  neighbours to;
};

/// Fills the lists from reach (targets, sources).
template <class B>
void find_neighbours(B& be, index_t targets, index_t sources, std::uint8_t const* reach, neighbours const& to) {
  list_neighbours const all{reach, static_cast<std::int32_t>(targets), static_cast<std::int32_t>(sources), to};
  if (ops::run_fused(be, all)) return;
  be.for_each(targets, count_neighbours{reach, sources, sources, 1, to.first_source});
  be.for_each(sources, count_neighbours{reach, targets, 1, sources, to.first_target});
  be.for_each(2, sum_counts{to.first_source, to.first_target, targets, sources});
  be.for_each(targets, list_sources{reach, sources, to});
  be.for_each(sources, list_targets{reach, targets, sources, to});
}

}  // namespace kernel
S2RM_NAMESPACE_END
