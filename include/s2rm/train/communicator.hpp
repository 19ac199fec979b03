#pragma once
/// \file
/// Communicators: the slot of a trainer that says how ranks sum, how a batch is shared among them, and the fixed order
/// of a sum over micro-batches. s2rm/distributed.hpp has the policies for several machines.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"

S2RM_NAMESPACE_BEGIN

/// Ranks that train together disagree, or one of them does not answer. The text names it.
struct rank_error : error {
  using error::error;
};

/// Elements [first, first + count) of a batch.
struct element_range {
  index_t first = 0, count = 0;
  friend constexpr bool operator==(element_range const&, element_range const&) = default;
};

/// The range of `total` items that rank `rank` of `size` has: as many as the others or one more, in the order of ranks.
constexpr element_range share_evenly(index_t total, int rank, int size) {
  index_t const first = total * rank / size;
  return {first, total * (rank + 1) / size - first};
}

/// The elements of a global batch that are this rank's; whole micro-batches where there are any
/// (`training::microbatches`).
/// \throws value_error where the batch cannot be cut into equal micro-batches, or there are more ranks than these.
inline element_range share_of(index_t batch, int rank, int size, index_t microbatches = 0) {
  if (microbatches == 0) return share_evenly(batch, rank, size);
  require_value(batch % microbatches == 0,
                {"batch: expected a multiple of training::microbatches (", microbatches, ") elements, found ", batch});
  require_value(size <= microbatches,
                {"ranks: expected at most as many as training::microbatches (", microbatches, "), found ", size});
  auto const mine = share_evenly(microbatches, rank, size);
  return {mine.first * (batch / microbatches), mine.count * (batch / microbatches)};
}

/// The micro-batches that are this rank's, where its share of the batch has `batch` elements.
/// \throws value_error where these cannot be cut into so many equal ones.
inline element_range microbatches_of(index_t batch, int rank, int size, index_t microbatches) {
  auto const mine = share_evenly(microbatches, rank, size);
  require_value(mine.count > 0,
                {"ranks: expected at most as many as training::microbatches (", microbatches, "), found ", size});
  require_value(batch % mine.count == 0,
                {"batch: expected a multiple of ", mine.count, " elements (this rank's share of the ", microbatches,
                 " of training::microbatches), found ", batch});
  return mine;
}

namespace communicator {

/// One trainer alone: no sums, no calls, no cost. The default.
struct none {
  static constexpr bool active = false;
  [[nodiscard]] static constexpr int rank() { return 0; }
  [[nodiscard]] static constexpr int size() { return 1; }
};

/// One number that all ranks must agree on, and its name.
struct fact {
  char const* name;
  std::int64_t value;
};

/// What a trainer calls of a communicator. Where `active` is true, ranks call its functions in the same order:
///   sum(n, x)              x (n), float or double, in host memory: the sum over ranks, the same bits on each
///   sum_on(backend, n, x)  optional: the same in the backend's memory, in the order of its work
///   tree_sum(leaves, n, nodes, to)  see `tree_stack`: `nodes` (covering this rank's leaves, n) to their sum over all
///                          ranks
///   agree(facts)           rank_error naming the ranks whose numbers are not rank 0's
///   gather(numbers)        those of all ranks one after the other, on every rank
///   broadcast(bytes, n)    rank 0's
///   on_first(what, f)      rank 0 calls f; all throw where f threw
///   check_every()          steps between two comparisons of the ranks' weights; 0: never
template <class C>
concept policy = requires(C const& c) {
  { C::active } -> std::convertible_to<bool>;
  { c.rank() } -> std::convertible_to<int>;
  { c.size() } -> std::convertible_to<int>;
};

/// A node of a complete binary tree whose leaves are micro-batches. A sum in the tree's order has the same bits
/// whichever rank holds which leaves: two neighbours of the same size are added as soon as both are there, left +
/// right, and nothing else.
struct tree_node {
  index_t first = 0, leaves = 0;
};

/// Partial sums: nodes whose neighbour has not been added yet, from left to right.
struct tree_stack {
  static constexpr index_t max_leaves = 1024;
  std::array<tree_node, 24> nodes{};
  index_t depth = 0;

  /// Pushes the next node to the right and adds what can be added. add(i): entry i += entry i + 1 of the stack.
  template <class Add>
  void push(tree_node next, Add const& add) {
    nodes[static_cast<std::size_t>(depth++)] = next;
    while (depth >= 2) {
      auto& left = nodes[static_cast<std::size_t>(depth - 2)];
      auto const& right = nodes[static_cast<std::size_t>(depth - 1)];
      if (left.leaves != right.leaves || left.first % (2 * left.leaves) != 0) return;
      left.leaves *= 2;
      --depth;
      add(depth - 1);
    }
  }
  /// The fewest nodes that cover these leaves.
  static tree_stack covering(element_range leaves) {
    tree_stack all;
    for (index_t i = 0; i < leaves.count; ++i) all.push({leaves.first + i, 1}, [](index_t) {});
    return all;
  }
};

/// A fingerprint of numbers, eight bytes at a time (multiply and rotate; no cryptography).
inline std::uint64_t fingerprint(void const* bytes, std::size_t count) {
  std::uint64_t state = 0x9e3779b97f4a7c15U ^ count;
  auto const* from = static_cast<unsigned char const*>(bytes);
  for (std::size_t i = 0; i < count; i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + i, (std::min)(sizeof word, count - i));
    state = (state ^ word) * 0xff51afd7ed558ccdU;
    state ^= state >> 29;
  }
  return state;
}

}  // namespace communicator
S2RM_NAMESPACE_END
