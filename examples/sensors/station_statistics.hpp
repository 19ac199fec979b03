#pragma once

#include "field_statistics.hpp"

namespace sensors {

/// Universal kriging of scattered stations, each time by itself: drifts in place and (where it is known) height, covariance
/// s_1 exp(-d/l_1) + s_2 exp(-d/l_2 - |dz|/l_z) and a nugget; only their ratios matter to the mean. The deviations are scaled by
/// what leaving out each sensor in turn shows at that time. A station that does not report now but did within the last hours counts as
/// read: its last reading, moved by the kriged change of those that report at both times, with a larger nugget.
class station_statistics {
 public:
  struct covariance {
    double sill = 10, length = 1500;  ///< squared units of the data, kilometres
    double near_sill = 3, near_length = 300;
    double height_length = 0.7;  ///< kilometres; 0: the height has no part in it
    double nugget = 1;
    double age_nugget = 0.7;  ///< more for every step that a reading is old
    index_t oldest = 3;       ///< steps
  };

  /// `readings` (times, stations) of f(y), NaN where there is none or it must not be seen.
  station_statistics(series const& data, std::vector<double> readings, bool heights, covariance with);

  /// Of one time: the inverse of the covariance without what the drifts explain, over the stations that are read and `asked`.
  struct step {
    index_t time = 0;
    std::vector<index_t> stations, row;  ///< those in it; row of a station, -1 of one that is not
    Eigen::VectorXd readings;            ///< 0 of those that are asked for alone
    std::vector<char> read;              ///< there is a reading, of now or the last hours
    Eigen::MatrixXd precision;
  };
  [[nodiscard]] step prepare(index_t t, std::vector<index_t> const& asked) const;

  /// Estimates at `asked` and at each of the stations that are read, from the stations that are read but for `asked`; `left_out` by
  /// row of the step.
  [[nodiscard]] estimates at(step const& with, std::vector<index_t> const& asked) const;

  [[nodiscard]] covariance const& chosen() const { return with_; }

 private:
  [[nodiscard]] double between(index_t a, index_t b, covariance const& with, bool heights) const;
  [[nodiscard]] Eigen::MatrixXd drifts(std::vector<index_t> const& stations) const;
  /// Readings of time `before` that are not there at time t, brought to t.
  void recall(index_t t, index_t before, std::vector<double>& y, std::vector<index_t>& age) const;

  series const& data_;
  std::vector<double> readings_, distance_, height_;
  bool heights_;
  covariance with_;
};

/// The covariance with the least error of the stations that are read, each left out in turn, over every fourth time of `range`.
[[nodiscard]] station_statistics::covariance choose_covariance(series const& data, std::vector<double> const& readings,
                                                               bool heights, time_range range);

}  // namespace sensors
