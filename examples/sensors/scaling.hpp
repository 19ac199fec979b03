#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "series.hpp"

namespace sensors {

/// The function that makes readings nearly Gaussian. log1p is log(1 + y).
enum class transform_kind { identity, square_root, log1p };

[[nodiscard]] double transform(transform_kind kind, double reading);  ///< f(y); NaN stays NaN
[[nodiscard]] double inverse(transform_kind kind, double value);      ///< the y with f(y) = value, no correction
[[nodiscard]] char const* name(transform_kind kind);
[[nodiscard]] std::optional<transform_kind> transform_named(std::string const& text);

/// E[y] when f(y) is Gaussian with this mean and variance: mean^2 + variance for the root, exp(mean + variance/2) - 1
/// for log1p, mean for identity. This is the correction of the back-transform by the residual variance.
[[nodiscard]] double expected_reading(transform_kind kind, double mean, double variance);

/// That of a published set (published.cpp), square_root for synthetic data, identity for a user's files.
[[nodiscard]] transform_kind standard_transform(series const& data);

/// Throws data_error with the first reading of a range that f does not take (negative under the root), named with its time,
/// station and `part`.
void require_domain(series const& data, time_range range, transform_kind kind, std::string const& part);

/// Looks at every part before anything is fitted. Throws data_error where the transform does not take a reading, or no
/// station changes in the training part. Returns what is worth saying: stations that stand still in the training part or
/// have hardly a reading before the test, a test part with hardly a reading.
[[nodiscard]] std::vector<std::string> check_parts(series const& data, time_split const& split, transform_kind kind);

/// What an anomaly is taken from.
enum class level_kind {
  station,  ///< each station's own training mean: forecasting at known stations
  network,  ///< the mean over stations: a new site has no history of its own
};

struct scaler_options {
  transform_kind transform = transform_kind::square_root;
  level_kind level = level_kind::station;
  /// Stations that must not leave a trace in the fit (leave one out). They get the network's level.
  std::vector<index_t> without = {};
};

/// Readings to standardised anomalies and back, fitted on the OBSERVED readings of one range of times only:
///
///   z = (f(y) - season(day of year) - level(station)) / scale
///
/// season: mean over stations and years of f(y) - station mean, for each day of the year that occurs, then two
/// harmonics (period 365.25 days) by least squares; a constant where more than two months of the year never occur.
/// level: training mean of f(y) of the station, or the mean of these over stations; a station with fewer than 30
/// training readings gets the network's level. scale: one number, the standard deviation of all training anomalies.
class scaler {
 public:
  static constexpr index_t fewest_readings = 30;

  /// Throws data_error when the range holds no reading, or a reading that f does not take (negative under the root).
  [[nodiscard]] static scaler fit(series const& data, time_range range, scaler_options const& options);

  /// z of a reading; NaN stays NaN.
  [[nodiscard]] double standardise(time_stamp time, index_t station, double reading) const;

  /// Mean of f(y) from a mean of z, and variance of f(y) from a variance of z.
  [[nodiscard]] double transformed_mean(time_stamp time, index_t station, double mean) const;
  [[nodiscard]] double transformed_variance(double variance) const { return variance * scale() * scale(); }

  /// E[y] in the unit of the data, from mean and variance of z.
  [[nodiscard]] double reading(time_stamp time, index_t station, double mean, double variance) const;

  /// Season plus level: the climatology of f(y).
  [[nodiscard]] double climate(time_stamp time, index_t station) const { return season(time) + level(station); }
  [[nodiscard]] double season(time_stamp time) const;
  /// Level of a station; of a place without station (-1) that of the network.
  [[nodiscard]] double level(index_t station) const;
  [[nodiscard]] double scale() const { return spread; }
  [[nodiscard]] transform_kind kind() const { return chosen.transform; }
  [[nodiscard]] scaler_options const& options() const { return chosen; }
  [[nodiscard]] std::array<double, 5> const& harmonics() const { return curve; }

 private:
  scaler_options chosen;
  std::array<double, 5> curve{};  ///< constant, cos, sin, cos 2, sin 2
  std::vector<double> levels;
  double network_level = 0;
  double spread = 1;
};

/// z of every reading of `data` (times, stations), NaN where missing.
[[nodiscard]] std::vector<double> standardise(series const& data, scaler const& with);

}  // namespace sensors
