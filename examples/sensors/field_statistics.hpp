#pragma once

#include <Eigen/Dense>
#include <vector>

#include "series.hpp"

namespace sensors {

/// What linear statistics say from the readings of one time: of places that are asked for, and of each sensor's place from the
/// other sensors. Forecasts of another kind, which the model takes for side inputs and corrects.
struct estimates {
  Eigen::VectorXd asked, asked_deviation;        ///< (Q)
  Eigen::VectorXd left_out, left_out_deviation;  ///< (A), each sensor left out in turn; NaN where it has no reading
};

/// Optimal interpolation of a field on a grid around the globe that was known everywhere at some earlier times. An anomaly is
/// what is left of a cell's mean and two yearly harmonics, over its standard deviation. The correlation of two cells is the mean product
/// over `learned` AND over pairs of cells that are moved alike, up to 30 degrees along and 10 across the circles of latitude,
/// weighted by a Gaussian of the shift (15 and 5 degrees): some hundred months are too few to tell 60 x 10 512 correlations apart, and
/// neighbouring pairs are nearly alike. It is tapered by a Gaussian of the distance (0.8 radians, latitudes counted 1.5 times).
/// All numbers have the least error over 1988-89 of the winds, learned from 1982-87, by other sensors than those of the test.
class field_statistics {
 public:
  /// \throws data_error where the stations are no grid in rows of latitude
  field_statistics(series const& whole, index_t channel, std::vector<index_t> const& learned);

  /// Correlations between the sensors, each with all channels, and those of the sensors with the places that are asked for.
  struct network {
    std::vector<index_t> sensors, asked;
    Eigen::MatrixXd between;  ///< (A C, A C), of channel c and sensor a in row c A + a
    Eigen::MatrixXd across;   ///< (A C, Q)
  };
  [[nodiscard]] network prepare(std::vector<index_t> const& sensors, std::vector<index_t> const& asked) const;

  /// From the sensors of `which` (numbers within the network) at time t; in the unit of the data, as anomalies of `climate`.
  [[nodiscard]] estimates at(network const& with, index_t t, std::vector<index_t> const& which) const;

  /// Mean and harmonics of a cell at a time.
  [[nodiscard]] double climate(index_t t, index_t s, index_t c) const { return climate_(t, column(s, c)); }
  [[nodiscard]] double anomaly(index_t t, index_t s, index_t c) const { return anomaly_(t, column(s, c)); }
  [[nodiscard]] double deviation(index_t s, index_t c) const { return deviation_[column(s, c)]; }

 private:
  [[nodiscard]] index_t column(index_t s, index_t c) const { return c * cells_ + s; }
  /// The anomalies of cells of a channel in all shifts, (times x shifts, cells).
  [[nodiscard]] Eigen::MatrixXf shifted(std::vector<index_t> const& cells, index_t c) const;
  [[nodiscard]] Eigen::MatrixXd taper(std::vector<index_t> const& a, std::vector<index_t> const& b) const;

  series const& data_;
  index_t channel_, channels_, cells_, along_, rows_;
  Eigen::MatrixXf standard_;           ///< (learned, C cells)
  Eigen::MatrixXf climate_, anomaly_;  ///< (times, C cells)
  Eigen::VectorXd deviation_;          ///< (C cells)
  double freedom_ = 1;
};

}  // namespace sensors
