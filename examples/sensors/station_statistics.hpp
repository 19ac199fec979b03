#pragma once

#include "kriging.hpp"

namespace sensors {

/// Universal kriging of scattered stations, each time by itself: drifts in place and (where it is known) height. A station that does
/// not report now but did within the last hours counts as read: its last reading, moved by the kriged change of those that report at
/// both times, with a larger nugget.
class station_statistics {
 public:
  /// `readings` (times, stations) of f(y), NaN where there is none or it must not be seen.
  station_statistics(series const& data, std::vector<double> readings, bool heights, station_covariance with);

  /// Of the stations that are read at time t, now or in the last hours, and `asked`.
  [[nodiscard]] kriging_step prepare(index_t t, std::vector<index_t> const& asked) const;

  [[nodiscard]] station_covariance const& chosen() const { return with_; }

 private:
  [[nodiscard]] double between(index_t a, index_t b, station_covariance const& with, bool heights) const;
  [[nodiscard]] Eigen::MatrixXd drifts(std::vector<index_t> const& stations) const;
  /// Readings of time `before` that are not there at time t, brought to t.
  void recall(index_t t, index_t before, std::vector<double>& y, std::vector<index_t>& age) const;

  series const& data_;
  std::vector<double> readings_, distance_, height_;
  bool heights_;
  station_covariance with_;
};

/// The covariance with the least error of the stations that are read, each left out in turn, over every fourth time of `range`.
[[nodiscard]] station_covariance choose_covariance(series const& data, std::vector<double> const& readings,
                                                   bool heights, time_range range);

}  // namespace sensors
