#pragma once
/// \file
/// Features of a time t >= 0, of the size of 1 from a small fraction of the unit to many of them: what a cell reads of
/// the time since the step before, and a decoder of how far ahead it is asked (model §2.11, §2.12).
///
///   phi(t) = [log(1 + x), e^-x, e^-x/4, e^-x/16],   x = t / Unit;   phi(0) = [0, 1, 1, 1]
///
/// Times are input: nothing is propagated to them.

#include "s2rm/core/span.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

inline constexpr index_t time_features = 4;

/// The time itself; 0 where it is negative or not finite, which the host's arrays are never (`check_batch`, streams).
template <class T>
S2RM_HD inline T proper_time(T time) {
  return math::is_finite(time) && time > T(0) ? time : T(0);
}

/// phi of the times of n rows, to each of the G groups of a row, for item row G + g. `Unit`: a std::ratio.
template <class Unit, index_t G, class T>
struct time_feature_rows {
  T const* time;               ///< (n), null: 1
  std::uint8_t const* starts;  ///< (n): rows whose time is 0 whatever it is; null: none
  rows<T> to;                  ///< (n, G, time_features)
  S2RM_HD void operator()(index_t item) const {
    index_t const row = item / G;
    bool const none = starts != nullptr && starts[row] != 0;
    T const t = none ? T(0) : time == nullptr ? T(1) : proper_time(time[row]);
    T const x = t / (T(Unit::num) / T(Unit::den));
    T* const phi = to.at(row, item % G);
    phi[0] = math::log(T(1) + x);
    phi[1] = math::exp(-x);
    phi[2] = math::exp(x * T(-0.25));
    phi[3] = math::exp(x * T(-0.0625));
  }
};

}  // namespace layer
S2RM_NAMESPACE_END
