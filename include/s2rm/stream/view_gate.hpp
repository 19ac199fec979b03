#pragma once
/// \file
/// Views that must not get into a state: of which a number is not finite.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "s2rm/core/config.hpp"

namespace s2rm {

/// What a stream does with a present view of which a number is not finite. Taken in, it would stay in the state for good.
enum class non_finite_views {
  refuse,  ///< `observed::not_finite`: the state is unchanged
  absent   ///< goes on without that view, and counts it (`left_out`)
};

namespace detail {
/// Looks through the host's views of a call for numbers that are not finite.
template <class Net, class T>
class view_gate {
 public:
  view_gate(index_t most, non_finite_views policy) : policy_(policy) {
    if (policy_ == non_finite_views::absent) flags_.resize(static_cast<std::size_t>(std::max<index_t>(most, 0)));
  }

  /// Views (n, view...), places (n, P), `present` (n) flags or null. False: refused. Else `present` may have become
  /// flags of this object, without the non-finite ones.
  bool passes(index_t n, T const* views, T const* places, std::uint8_t const*& present) noexcept {
    bool all = true;
    index_t found = 0;
    for (index_t i = 0; i < n; ++i) {
      bool const here = present == nullptr || present[i] != 0;
      bool const good =
          !here || (finite<Net::view::size>(views + i * Net::view::size) && finite<Net::P>(places + i * Net::P));
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
  [[nodiscard]] index_t non_finite() const { return non_finite_; }

 private:
  /// x - x is 0 for finite numbers alone. Sums side by side: no number waits for the one before it, also where a compiler
  /// has no lanes (nvcc).
  template <index_t N>
  static bool finite(T const* x) {
    constexpr index_t side_by_side = std::min<index_t>(16, N), rest = N % side_by_side;
    std::array<T, static_cast<std::size_t>(side_by_side)> sums{};
    auto const add = [&sums](T const* from, index_t n) {
      for (index_t i = 0; i < n; ++i) {
        sums[static_cast<std::size_t>(i)] += from[i] - from[i];  // NOLINT(misc-redundant-expression)
      }
    };
    for (index_t i = 0; i < N - rest; i += side_by_side) add(x + i, side_by_side);
    add(x + N - rest, rest);
    T sum = 0;
    for (T const one : sums) sum += one;
    return sum == 0;
  }

  non_finite_views policy_;
  std::vector<std::uint8_t> flags_;
  index_t non_finite_ = 0;
};

/// The same where a backend computes: a present view that is not finite becomes absent, and is counted.
template <index_t V, index_t P, class T>
struct leave_out_non_finite {
  T const* view;         ///< (n, V)
  T const* place;        ///< (n, P)
  std::uint8_t* mask;    ///< (n)
  std::uint32_t* times;  ///< (n): how often each place was left out
  S2RM_HD void operator()(index_t i) const { judge(i, part(i, 0, 1)); }

  /// 32 threads a view.
  struct kernel {
    static constexpr int lanes = 32, lines = 8, threads = lanes * lines;
    static constexpr std::size_t shared_bytes = threads * sizeof(T);
    leave_out_non_finite f;
    index_t n;
    [[nodiscard]] index_t blocks() const { return (n + lines - 1) / lines; }
    template <class Block>
    S2RM_HD void operator()(Block const& block) const {
      T* const sums = reinterpret_cast<T*>(block.shared);
      index_t const first = block.index * lines;
      block.each([&](int t) {
        index_t const i = first + t / lanes;
        sums[t] = i < n ? f.part(i, t % lanes, lanes) : T(0);
      });
      block.each([&](int t) {
        if (t >= lines || first + t >= n) return;
        T sum = 0;
        for (int k = 0; k < lanes; ++k) sum += sums[t * lanes + k];
        f.judge(first + t, sum);
      });
    }
  };

 private:
  /// Numbers first, first + step, ... of a view and its place, each less itself, added up: 0 where all are finite.
  [[nodiscard]] S2RM_HD T part(index_t i, index_t first, index_t step) const {
    T sum = 0;
    if (mask[i] == 0) return sum;
    T const *const v = view + i * V, *const p = place + i * P;
    for (index_t c = first; c < V; c += step) sum += v[c] - v[c];  // NOLINT(misc-redundant-expression)
    for (index_t c = first; c < P; c += step) sum += p[c] - p[c];  // NOLINT(misc-redundant-expression)
    return sum;
  }
  S2RM_HD void judge(index_t i, T sum) const {
    if (sum == 0) return;
    mask[i] = 0;
    ++times[i];
  }
};

/// How many, as a sum.
struct non_finite_count {
  std::uint32_t const* times;
  S2RM_HD double operator()(index_t i) const { return times[i]; }
};
}  // namespace detail

}  // namespace s2rm
