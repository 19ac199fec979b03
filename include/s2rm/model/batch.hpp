#pragma once
/// \file
/// A batch of sequences as the model takes it: plain pointers that someone else owns.

#include <cstdint>

#include "s2rm/core/config.hpp"

namespace s2rm {

/// T time steps, B elements, A views and Q queries per step. Any of them may be 0 views or queries; a slot whose mask is
/// 0 does not exist, and its memory may hold anything, NaN included. Masks may be null: all present, no resets, not blind.
template <class T>
struct batch_view {
  index_t time = 0, batch = 0, views = 0, queries = 0;
  T const* view = nullptr;                    ///< (T, B, A, view...)
  T const* place = nullptr;                   ///< (T, B, A, P), within [-1, 1]
  std::uint8_t const* view_mask = nullptr;    ///< (T, B, A)
  T const* query_place = nullptr;             ///< (T, B, Q, P)
  T const* target = nullptr;                  ///< (T, B, Q, target...), what the query will see one step later
  std::uint8_t const* target_mask = nullptr;  ///< (T, B, Q)
  std::uint8_t const* reset = nullptr;        ///< (T, B): the state is put back to h_0 before this step
  std::uint8_t const* blind = nullptr;        ///< (T, B): no view reaches any module at this step
};

/// How a trainer looks at batches of other libraries: a specialisation has a static `template view<Shape>(b)` that checks
/// extents and returns a `batch_view` (data/xtensor.hpp has one for `batch`).
template <class Batch>
struct batch_traits;

template <class Batch, class Shape>
concept batch_like = requires(Batch const& b) { batch_traits<Batch>::template view<Shape>(b); };

}  // namespace s2rm
