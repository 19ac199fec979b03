#pragma once

#include <vector>

#include "field_statistics.hpp"

namespace sensors {

/// Covariance of the values at two stations, s_1 exp(-d/l_1) + s_2 exp(-d/l_2 - |dz|/l_z), with a nugget at a station itself. Only
/// ratios matter to a mean.
struct station_covariance {
  double sill = 10, length = 1500;  ///< squared units of the data, kilometres
  double near_sill = 3, near_length = 300;
  double height_length = 0.7;  ///< kilometres; 0: the height has no part in it
  double nugget = 1;
  double age_nugget = 0.7;  ///< more for every step that a reading is old
  index_t oldest = 3;       ///< steps

  /// Without the nugget, of two stations so many kilometres apart and one `up` kilometres above the other.
  [[nodiscard]] double at(double apart, double up) const;
};

/// Of one time: the inverse of the covariance without what the drifts explain, over the stations that are read and asked for.
struct kriging_step {
  index_t time = 0;
  std::vector<index_t> stations, row;  ///< those in it; row of a station, -1 of one that is not
  Eigen::VectorXd readings;            ///< 0 of those that are asked for alone
  std::vector<char> read;              ///< there is a reading, of now or the last hours
  Eigen::MatrixXd precision;
};

/// The step of a time with the stations that are read and those of `asked`; `read` of all stations, 0 or 1. Readings are 0, there is no
/// precision yet.
[[nodiscard]] kriging_step step_of(index_t time, std::vector<char> const& read, std::vector<index_t> const& asked);

/// Q = C^-1 - C^-1 F (F' C^-1 F)^-1 F' C^-1 of a covariance (n, n) and drifts F (n, k): universal kriging of a set H from the rest S is
/// -Q_HH^-1 Q_HS y_S, with the errors' covariance Q_HH^-1. Without drifts (k = 0), of simple kriging around 0.
[[nodiscard]] Eigen::MatrixXd kriging_precision(Eigen::MatrixXd const& covariance, Eigen::MatrixXd const& drifts);

/// Estimates at `asked` and at each of the stations that are read, from the stations that are read but for `asked`; `left_out` by row of
/// the step. All deviations are scaled by what leaving out each station in turn shows: the mean square of those errors over their
/// variances, and `weight` more of them with the mean `known`.
[[nodiscard]] estimates krige(kriging_step const& with, std::vector<index_t> const& asked, double known = 0,
                              double weight = 0);

}  // namespace sensors
