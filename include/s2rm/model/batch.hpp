#pragma once
/// \file
/// A batch of sequences as the model takes it: plain pointers that someone else owns.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"

namespace s2rm {

/// Memory of a backend that holds a batch (`trainer::upload`).
struct resident_block {
  void const* owner;      ///< the backend's context
  std::byte const* data;  ///< where the batch's arrays lie
  index_t bytes;
};

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
  resident_block const* kept = nullptr;       ///< null: the arrays are the host's
};

/// A batch where a backend can read it, for as long as this or a copy of it lives.
template <class T>
class resident_batch {
 public:
  template <class Memory>
  resident_batch(std::shared_ptr<Memory> memory, batch_view<T> const& view) : memory_(std::move(memory)), view_(view) {}
  /// What the trainer that keeps it takes in place of a batch of the host's.
  [[nodiscard]] batch_view<T> const& view() const { return view_; }

 private:
  std::shared_ptr<void const> memory_;
  batch_view<T> view_;
};

template <class T>
using kept_batch [[deprecated("renamed: resident_batch")]] = resident_batch<T>;

/// \throws shape_error naming the field where extents are negative or an array that they ask for is null.
template <class T>
void check_extents(batch_view<T> const& b, bool with_target) {
  auto const need = [](bool ok, char const* field, char const* why) {
    if (!ok) throw shape_error(std::string("s2rm: batch: ") + field + ": " + why);
  };
  need(b.time >= 0 && b.batch >= 0 && b.views >= 0 && b.queries >= 0, "time, batch, views, queries", "expected >= 0");
  index_t const R = b.time * b.batch;
  need(R * b.views == 0 || (b.view != nullptr && b.place != nullptr), "view, place",
       "expected (T, B, A, ...), found null");
  need(R * b.queries == 0 || b.query_place != nullptr, "query_place", "expected (T, B, Q, P), found null");
  need(!with_target || R * b.queries == 0 || b.target != nullptr, "target", "expected (T, B, Q, ...), found null");
}

/// How a trainer looks at batches of other libraries: a specialisation has a static `template view<Shape>(b)` that checks
/// extents and returns a `batch_view` (adapters/xtensor.hpp has one for `batch`).
template <class Batch>
struct batch_traits;

template <class Batch, class Shape>
concept batch_like = requires(Batch const& b) { batch_traits<Batch>::template view<Shape>(b); };

}  // namespace s2rm
