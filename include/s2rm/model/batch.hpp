#pragma once
/// \file
/// A batch of sequences as the model takes it: plain pointers that someone else owns, and THE list of its arrays
/// (`for_each_array`), which serves whatever treats all arrays alike: slices in time, keys of captured graphs, staging,
/// copies of some elements. An array is added in `batch_view`, in the list, in `owned_batch`, and where it is used.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN

struct resident_block;  // runtime/staging.hpp

/// T time steps, B elements, A views and Q queries per step; A and Q may be 0. A slot whose mask is 0 does not exist,
/// and its memory may hold anything, NaN included. Masks may be null: all present, no resets, not blind. Times may be
/// null: 1 everywhere. Context exists for shapes with K = `Shape::context` > 0 alone.
template <class T>
struct batch_view {
  index_t time = 0, batch = 0, views = 0, queries = 0;
  T const* view = nullptr;                  ///< (T, B, A, view...)
  T const* place = nullptr;                 ///< (T, B, A, P), within [-1, 1]
  std::uint8_t const* view_mask = nullptr;  ///< (T, B, A)
  T const* query_place = nullptr;           ///< (T, B, Q, P)
  T const* target = nullptr;                ///< (T, B, Q, target...), what the query will see one step (its lead) later
  std::uint8_t const* target_mask = nullptr;  ///< (T, B, Q)
  std::uint8_t const* reset = nullptr;        ///< (T, B): the state is put back to h_0 before this step
  std::uint8_t const* blind = nullptr;        ///< (T, B): no view reaches any module at this step
  T const* view_context = nullptr;            ///< (T, B, A, K): what is known of the view's place and time, K > 0
  T const* query_context = nullptr;           ///< (T, B, Q, K): the same of the query
  T const* elapsed = nullptr;     ///< (T, B): time since the step before, >= 0; not read where the state starts
  T const* query_lead = nullptr;  ///< (T, B, Q): how long after the step the target is seen, >= 0
  resident_block const* resident = nullptr;  ///< the backend's memory that holds the arrays; null: they are the host's
};

/// What an array of a batch has one entry for, in every step (t, b): the step itself, each view, each query, or each
/// query of a batch that has targets.
enum class per { step, view, query, target };

/// What a null pointer means.
enum class null_is {
  refused,  ///< the array is there wherever it has an entry that is not empty
  initial,  ///< every entry is the default: no flag set, all targets counted, a time of 1
  present   ///< every slot exists; slots added as padding (runtime/staging.hpp) are marked as absent in this array
};

/// One array of a batch, of shape (T, B, slots, Entry::extents...).
template <per Slots, class Entry, null_is Null = null_is::initial>
struct batch_array {
  char const* name;  ///< the member of `batch_view`

  static constexpr per slots_are = Slots;
  static constexpr null_is null = Null;
  static constexpr index_t width = Entry::size;  ///< numbers of one entry
  static constexpr auto extents = Entry::extents;

  /// Entries of one step (t, b), of a batch of these extents.
  template <class Batch>
  static constexpr index_t slot_count(Batch const& b) {
    return Slots == per::step ? 1 : Slots == per::view ? b.views : b.queries;
  }
  /// Numbers of one step (t, b).
  template <class Batch>
  static constexpr index_t row(Batch const& b) {
    return slot_count(b) * width;
  }
  /// Numbers in all.
  template <class Batch>
  static constexpr index_t size(Batch const& b) {
    return b.time * b.batch * row(b);
  }
};

namespace detail {
/// An entry that is one flag, or one number.
struct flag {
  static constexpr index_t size = 1;
  static constexpr std::array<index_t, 0> extents{};
};
/// For uses of the list that do not look at widths.
struct any_shape : shape {
  using view = features<1>;
};
/// A structure's size is a multiple of its alignment: of 8, where pointers of 4 bytes may leave 4 over.
constexpr std::size_t aligned_size(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}
}  // namespace detail

/// THE list: calls `f(batch_array{...}, b.member...)` for every array, in a fixed order. `b` are batches of any types
/// with members of these names (`batch_view`, `owned_batch`), or none.
template <class Shape, class F, class... Batches>
constexpr void for_each_array(F const& f, Batches&... b) {
  using view = typename Shape::view;
  using place = features<Shape::place>;
  using target = target_of<Shape>;
  using context = features<Shape::context>;
  using detail::flag;
  using time = detail::flag;
  f(batch_array<per::view, view, null_is::refused>{"view"}, b.view...);
  f(batch_array<per::view, place, null_is::refused>{"place"}, b.place...);
  f(batch_array<per::view, flag, null_is::present>{"view_mask"}, b.view_mask...);
  f(batch_array<per::query, place, null_is::refused>{"query_place"}, b.query_place...);
  f(batch_array<per::target, target, null_is::refused>{"target"}, b.target...);
  f(batch_array<per::target, flag>{"target_mask"}, b.target_mask...);
  f(batch_array<per::step, flag>{"reset"}, b.reset...);
  f(batch_array<per::step, flag>{"blind"}, b.blind...);
  f(batch_array<per::view, context, null_is::refused>{"view_context"}, b.view_context...);
  f(batch_array<per::query, context, null_is::refused>{"query_context"}, b.query_context...);
  f(batch_array<per::step, time>{"elapsed"}, b.elapsed...);
  f(batch_array<per::query, time>{"query_lead"}, b.query_lead...);
}

/// Arrays in the list.
inline constexpr std::size_t batch_arrays = [] {
  std::size_t n = 0;
  for_each_array<detail::any_shape>([&n](auto) { ++n; });
  return n;
}();
static_assert(sizeof(batch_view<float>) ==
                  detail::aligned_size(4 * sizeof(index_t) + (batch_arrays + 1) * sizeof(void*),
                                       alignof(batch_view<float>)),
              "batch_view: a member is not in the list of for_each_array (model/batch.hpp): enter it there");

/// Steps [first, first + count) of a batch: time is the slowest extent, so this is only pointers.
template <class Net, class T>
batch_view<T> slice_time(batch_view<T> b, index_t first, index_t count) {
  for_each_array<typename Net::shape>(
      [&](auto array, auto const*& p) {
        if (p != nullptr) p += first * b.batch * array.row(b);
      },
      b);
  b.time = count;
  return b;
}

/// \throws shape_error naming the field where extents are negative or an array that they ask for is null.
template <class Shape, class T>
void check_extents(batch_view<T> const& b, bool with_target) {
  auto const refuse = [](char const* field, char const* expected) {
    throw_error<shape_error>(std::string("s2rm: batch: ") + field + ": expected " + expected);
  };
  if (b.time < 0 || b.batch < 0 || b.views < 0 || b.queries < 0) refuse("time, batch, views, queries", ">= 0");
  for_each_array<Shape>(
      [&](auto array, auto const* p) {
        bool const needed =
            array.null == null_is::refused && array.width > 0 && (array.slots_are != per::target || with_target);
        if (!needed || p != nullptr || b.time * b.batch * array.slot_count(b) == 0) return;
        refuse(array.name, array.slots_are == per::view ? "(T, B, A, ...), found null" : "(T, B, Q, ...), found null");
      },
      b);
}

namespace detail {
/// The first of n times that is negative or not finite; -1: none. Those whose flag is `ignored` may be anything.
template <class T>
index_t first_improper(index_t n, T const* times, std::uint8_t const* flag = nullptr, bool ignored = false) {
  for (index_t i = 0; i < n; ++i) {
    if (flag != nullptr && (flag[i] != 0) == ignored) continue;
    if (!math::is_finite(times[i]) || times[i] < T(0)) return i;
  }
  return -1;
}
template <class T>
void check_times(char const* field, index_t n, T const* times, std::uint8_t const* flag, bool ignored) {
  index_t const at = times == nullptr ? -1 : first_improper(n, times, flag, ignored);
  if (at < 0) return;
  throw_error<value_error>(std::string("s2rm: batch: ") + field + ": expected finite numbers >= 0, found " +
                           (math::is_finite(times[at]) ? std::to_string(times[at]) : "one that is not finite") +
                           " at entry " + std::to_string(at));
}
}  // namespace detail

/// `check_extents`, that no lead is given to a model that reads none, and that times are finite and not negative, but for those of steps that start anew and of masked
/// queries, which nobody reads. A resident batch was checked when it was uploaded.
/// \throws shape_error as `check_extents`
/// \throws value_error naming the first time that is neither
template <class Net, class T>
void check_batch(batch_view<T> const& b, bool with_target) {
  check_extents<typename Net::shape>(b, with_target);
  if (!Net::lead::active && b.query_lead != nullptr) {
    throw_error<shape_error>("s2rm: batch: query_lead: expected null: this model answers one step ahead (lead::none)");
  }
  if (b.resident != nullptr) return;
  detail::check_times("elapsed", b.time * b.batch, b.elapsed, b.reset, true);
  detail::check_times("query_lead", b.time * b.batch * b.queries, b.query_lead, b.target_mask, false);
}

/// How a trainer looks at batches of other libraries: a specialisation has a static `template view<Shape>(b)` that
/// checks extents and returns a `batch_view` (adapters/xtensor.hpp has one for `batch`).
template <class Batch>
struct batch_traits;

template <class Batch, class Shape>
concept batch_like = requires(Batch const& b) { batch_traits<Batch>::template view<Shape>(b); };

S2RM_NAMESPACE_END
