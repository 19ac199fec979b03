#pragma once

#include <string>
#include <vector>

#include "series.hpp"

namespace sensors {

/// What `lagged_statistics` looks at, and shrinks its covariances by.
struct lag_choice {
  double pairs = 100;  ///< pairs of readings that speak for no correlation, beside those there are
  double taper = 0;    ///< kilometres over which a correlation is trusted, 0: any distance
  double ridge = 0.01;
  bool squares = false;  ///< the last step's squares, and products with its mean, as well
};

/// The best linear forecast of every station one step ahead from the readings of the last steps of all stations, with gaps.
///
/// With u = (z_t, z_{t-1} ... z_{t-L}), where there are squares also q_{t-1} = z_{t-1}^2 and z_{t-1} times the mean of that step's readings, both
/// less their station's mean over `fit` and in units of one deviation (of z cut at 4), and with S, N the sums of products and the numbers of pairs of readings over the steps of `fit`, the covariances are
///
///   C_ij = S_ij / (N_ij + pairs) exp(-d_ij / taper),   C_ii = (S_ii + pairs) / (N_ii + pairs) + ridge,
///
/// negative eigenvalues of the former put to 0. The forecast is the conditional mean of z_t given what was read,
/// 0 where nothing was. Where nothing is missing, without taper and squares, it is the ridge regression VAR(L) with the penalty
/// pairs + ridge (steps + pairs). With more than 100 stations each is forecast from the 12 nearest, itself among them.
///
/// `fit` is cut into five parts; a forecast in one of them comes from the statistics of the others, one elsewhere from all. The deviation is the conditional
/// one times a factor for each station, by which it is the root mean square of these errors.
class lagged_statistics {
 public:
  /// `z`: (times, stations) standardised anomalies, NaN where missing; `kilometres`: (stations, stations).
  /// \throws data_error where the sizes, the range, the number of lags or the shrinkage make no sense
  lagged_statistics(std::vector<double> const& z, std::vector<double> const& kilometres, time_range fit, index_t lags,
                    lag_choice const& with);

  /// Of t, from the readings before t; t = times is the step after the last.
  [[nodiscard]] double mean(index_t t, index_t s) const { return mean_[cell(t, s)]; }
  [[nodiscard]] double deviation(index_t t, index_t s) const { return deviation_[cell(t, s)]; }
  /// Root mean square of the errors over `fit`, each part forecast by the others; NaN without a reading.
  [[nodiscard]] double error() const { return error_; }
  [[nodiscard]] lag_choice const& with() const { return with_; }

 private:
  [[nodiscard]] std::size_t cell(index_t t, index_t s) const { return static_cast<std::size_t>(t * stations_ + s); }

  index_t stations_ = 0;
  lag_choice with_;
  std::vector<double> mean_, deviation_;
  double error_ = missing;
};

/// The choice with the least `error` among a few.
[[nodiscard]] lag_choice choose_lags(std::vector<double> const& z, std::vector<double> const& kilometres,
                                     time_range fit, index_t lags);

/// "100 pairs, taper 800 km, ridge 0.01, squares", for the manifest.
[[nodiscard]] std::string about(lag_choice const& with);

}  // namespace sensors
