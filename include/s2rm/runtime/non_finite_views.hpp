#pragma once
/// \file
/// Keeps views that hold a non-finite number out of a stream's state: a check of the host's arrays, and one that a
/// backend runs on its own.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN

/// What a stream does with a present view that holds a non-finite number, or whose place or context does. Such a number
/// would never leave the state again.
enum class non_finite_views {
  refuse,  ///< `observed::not_finite`: the state is unchanged
  absent   ///< the view counts as absent; `left_out` counts it
};
using odd_views [[deprecated("renamed: non_finite_views")]] = non_finite_views;

namespace detail {
/// The check of the host's arrays.
template <class Net, class T>
class view_gate {
 public:
  view_gate(index_t max_views, non_finite_views policy) : policy_(policy) {
    if (policy_ == non_finite_views::absent) flags_.resize(static_cast<std::size_t>((std::max<index_t>)(max_views, 0)));
  }

  /// Views (n, view...), places (n, P), context (n, K), `present` (n) flags or null. False: refused. Else `present` may
  /// now point to flags of this object, which leave out the views that are not finite.
  bool passes(index_t n, T const* views, T const* places, [[maybe_unused]] T const* context,
              std::uint8_t const*& present) noexcept {
    constexpr index_t K = Net::shape::context;
    bool all = true;
    index_t found = 0;
    for (index_t i = 0; i < n; ++i) {
      bool const here = present == nullptr || present[i] != 0;
      bool good = !here || (math::all_finite(views + i * Net::view::size, Net::view::size) &&
                            math::all_finite(places + i * Net::P, Net::P));
      if constexpr (K > 0) good = good && (!here || math::all_finite(context + i * K, K));
      all = all && good;
      found += good ? 0 : 1;
      if (policy_ == non_finite_views::absent) flags_[static_cast<std::size_t>(i)] = here && good ? 1 : 0;
    }
    if (all) return true;
    if (policy_ == non_finite_views::refuse) return false;
    non_finite_ += found;
    present = flags_.data();
    return true;
  }
  /// Views left out so far.
  [[nodiscard]] index_t non_finite() const { return non_finite_; }
  [[nodiscard]] non_finite_views policy() const { return policy_; }

 private:
  non_finite_views policy_;
  std::vector<std::uint8_t> flags_;
  index_t non_finite_ = 0;
};

/// The check that a backend runs on arrays of its own: a present view that is not finite becomes absent, and is
/// counted.
template <index_t V, index_t P, index_t K, class T>
struct leave_out_non_finite {
  T const* view;         ///< (n, V)
  T const* place;        ///< (n, P)
  T const* context;      ///< (n, K)
  std::uint8_t* mask;    ///< (n)
  std::uint32_t* times;  ///< (n): how often the view of each slot was left out
  S2RM_HD void operator()(index_t i) const { judge(i, found(i, 0, 1)); }
  using bits = decltype(math::non_finite(std::declval<T const*>(), 0));
  /// `math::non_finite` of numbers first, first + step, ... of a view, its place and its context.
  [[nodiscard]] S2RM_HD bits found(index_t i, index_t first, index_t step) const {
    if (mask[i] == 0) return 0;
    bits all = math::non_finite(view + i * V + first, V - first, step) |
               math::non_finite(place + i * P + first, P - first, step);
    if constexpr (K > 0) all |= math::non_finite(context + i * K + first, K - first, step);
    return all;
  }
  S2RM_HD void judge(index_t i, bits of_view) const {
    if (of_view == 0) return;
    mask[i] = 0;
    ++times[i];
  }
};

/// The term of a sum over slots: how many views were left out.
struct non_finite_count {
  std::uint32_t const* times;
  S2RM_HD double operator()(index_t i) const { return times[i]; }
};
}  // namespace detail

S2RM_NAMESPACE_END
