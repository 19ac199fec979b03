#pragma once
/// \file
/// What the calls of `stream` and `streams` take and return.

#include <algorithm>
#include <array>

#include "s2rm/core/config.hpp"
#include "s2rm/core/span.hpp"
#include "s2rm/runtime/non_finite_views.hpp"

S2RM_NAMESPACE_BEGIN

// The implicit copies of an aggregate mention its deprecated member: no reason to warn who does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/// The most views and queries of one call; memory for them is allocated at construction.
struct stream_limits {
  index_t views = 64;
  index_t queries = 64;
  non_finite_views non_finite = non_finite_views::refuse;
  [[deprecated("renamed: non_finite")]] non_finite_views odd = non_finite_views::refuse;

  /// `non_finite`, also where it was given by its former name.
  [[nodiscard]] constexpr non_finite_views policy() const { return odd == non_finite_views::absent ? odd : non_finite; }
};
#pragma GCC diagnostic pop

/// The outcome of `observe` and `step`.
enum class observed {
  yes,
  too_many_views,  ///< more than `stream_limits::views`: the state is unchanged
  wrong_shape,     ///< extents that do not belong to this model: the state is unchanged
  not_finite,      ///< a present view, its place or its context holds a non-finite number: the state is unchanged
  wrong_time       ///< an elapsed time is negative or not finite: the state is unchanged
};

/// What a step of a `stream` has beside views and places. T: the stream's number type.
template <class T>
struct step_details {
  std::uint8_t const* present = nullptr;  ///< (A) flags; null: all present
  T elapsed = 1;                          ///< time since the step before, >= 0; of no effect where the state starts
  array_view<T const, 2> context = {};    ///< (A, K) of a shape with `context`
};
/// What a step of `streams` has beside views and places.
template <class T>
struct sessions_details {
  std::uint8_t const* present = nullptr;  ///< (B, A) flags; null: all present
  std::uint8_t const* active = nullptr;   ///< (B) flags: a session that is not active stays as it is; null: all are
  std::uint8_t const* reset = nullptr;    ///< (B) flags: sessions that start from h_0 at this step; null: none
  T const* elapsed = nullptr;             ///< (B), each >= 0; of no effect where a state starts; null: 1
  array_view<T const, 3> context = {};    ///< (B, A, K) of a shape with `context`
};
/// What the queries of `streams` have beside their places, and those of a `stream` (without the extent B).
template <class T>
struct queries_details {
  array_view<T const, 2> lead = {};     ///< (B, Q), each >= 0: how long after the step; empty: 1
  array_view<T const, 3> context = {};  ///< (B, Q, K) of a shape with `context`
};
template <class T>
struct query_details {
  array_view<T const, 1> lead = {};     ///< (Q), each >= 0: how long after the step; empty: 1
  array_view<T const, 2> context = {};  ///< (Q, K) of a shape with `context`
};

/// Rank of predictions with `Leading` extents before those of one: (Q, target...), with the likelihood's parameters
/// between where it has several, (Q, 2, target...) for a Gaussian.
template <class Net, std::size_t Leading>
inline constexpr std::size_t prediction_rank = Leading + (Net::likelihood::parameters > 1 ? 1 : 0) + Net::target::rank;

namespace detail {
/// Predictions that lie at `data`.
template <class Net, class T, std::size_t Leading>
array_view<T const, prediction_rank<Net, Leading>> predictions_at(T const* data,
                                                                  std::array<index_t, Leading> const& leading) {
  array_view<T const, prediction_rank<Net, Leading>> y{data, {}};
  auto next = std::copy(leading.begin(), leading.end(), y.shape.begin());
  if constexpr (Net::likelihood::parameters > 1) *next++ = Net::likelihood::parameters;
  std::copy(Net::target::extents.begin(), Net::target::extents.end(), next);
  return y;
}
}  // namespace detail

S2RM_NAMESPACE_END
