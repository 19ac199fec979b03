#pragma once
/// \file
/// Whether the arrays of a call of `streams` belong to the model: extents, times, numbers of views and queries. Nothing here
/// looks at views and places themselves.

#include <array>

#include "s2rm/model/batch.hpp"
#include "s2rm/stream/limits.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

template <class Net, class T>
struct call_checks {
  static constexpr std::size_t view_rank = Net::view::rank + 2;
  index_t sessions, max_views, max_queries;  ///< B, and the limits of one session

  [[nodiscard]] observed step(array_view<T const, view_rank> const& views, array_view<T const, 3> const& places,
                              sessions_details<T> const& more) const {
    index_t const count = views.shape[1];
    bool good = views.shape[0] == sessions && places.shape[0] == sessions && count >= 0 && places.shape[1] == count;
    for (std::size_t i = 2; i < view_rank; ++i) {
      good = good && (count == 0 || views.shape[i] == Net::view::extents[i - 2]);
    }
    if (count > 0) good = good && places.shape[2] == Net::P && views.data != nullptr && places.data != nullptr;
    if (!good || !context(count, more.context)) return observed::wrong_shape;
    return count > max_views ? observed::too_many_views : observed::yes;
  }
  /// Whether the host's elapsed times of all sessions that go on are finite and not negative.
  [[nodiscard]] bool times(sessions_details<T> const& more) const {
    for (index_t b = 0; more.elapsed != nullptr && b < sessions; ++b) {
      bool const read =
          (more.active == nullptr || more.active[b] != 0) && (more.reset == nullptr || more.reset[b] == 0);
      if (read && detail::first_improper(1, more.elapsed + b) == 0) return false;
    }
    return true;
  }

  /// Queries, one at least.
  [[nodiscard]] bool queries(array_view<T const, 3> const& places, queries_details<T> const& more) const {
    index_t const count = places.shape[1];
    return places.shape[0] == sessions && places.shape[2] == Net::P && places.data != nullptr && count > 0 &&
           context(count, more.context) &&
           (more.lead.data == nullptr || (Net::lead::active && more.lead.shape == std::array{sessions, count}));
  }
  /// No more than one call takes.
  [[nodiscard]] bool few(array_view<T const, 3> const& places, queries_details<T> const& more) const {
    return queries(places, more) && places.shape[1] <= max_queries;
  }
  /// Whether the host's leads of such queries are finite and not negative.
  [[nodiscard]] bool leads(array_view<T const, 3> const& places, queries_details<T> const& more) const {
    return more.lead.data == nullptr || detail::first_improper(places.shape[0] * places.shape[1], more.lead.data) < 0;
  }

 private:
  /// Of `count` views or queries of each session: there where the shape has any, and nowhere else.
  [[nodiscard]] bool context(index_t count, array_view<T const, 3> const& given) const {
    if (Net::K == 0) return given.data == nullptr;
    return count == 0 || (given.data != nullptr && given.shape == std::array{sessions, count, Net::K});
  }
};

}  // namespace detail
S2RM_NAMESPACE_END
