#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "scaling.hpp"

namespace sensors {

/// Streaming measures over one set of readings: only sums and a count are kept. A prediction that is not a number is
/// an infinite error (and outside its interval), never a reading that does not count. A missing truth is not counted.
/// Readings may have weights, the areas of cells of a field.
class score {
 public:
  score() = default;
  /// `cut`: the error at which `cut_rmse` cuts, in the unit of the data.
  explicit score(double cut) : cut_(cut) {}

  /// `prediction` in the unit of the data.
  void point(double truth, double prediction, double weight = 1) {
    if (std::isnan(truth) || weight == 0) {
      return;
    }
    auto const error = std::isnan(prediction) ? std::numeric_limits<double>::infinity() : prediction - truth;
    auto const near = std::min(std::abs(error), cut_);
    ++points;
    mass += weight;
    squares += weight * error * error;
    cut_squares += weight * near * near;
    absolutes += weight * std::abs(error);
  }

  /// Gaussian prediction of the TRANSFORMED reading f(y); NLL in nats per reading of f(y), not of y.
  void gaussian(double truth, double mean, double variance, double weight = 1) {
    if (std::isnan(truth) || weight == 0) {
      return;
    }
    gaussians += weight;
    if (!std::isfinite(mean) || !(variance > 0)) {
      transformed_squares += std::numeric_limits<double>::infinity();
      likelihood += std::numeric_limits<double>::infinity();
      return;
    }
    auto const error = mean - truth;
    transformed_squares += weight * error * error;
    likelihood += weight * 0.5 * (std::log(2 * std::numbers::pi * variance) + error * error / variance);
    covered += std::abs(error) <= half_width_90 * std::sqrt(variance) ? weight : 0;
  }

  /// All sums of `other` on top of these.
  void add(score const& other) {
    points += other.points;
    mass += other.mass;
    cut_squares += other.cut_squares;
    gaussians += other.gaussians;
    covered += other.covered;
    squares += other.squares;
    absolutes += other.absolutes;
    transformed_squares += other.transformed_squares;
    likelihood += other.likelihood;
  }

  // Each is NaN ("not defined") where nothing was added.
  [[nodiscard]] double rmse() const { return std::sqrt(ratio(squares, mass)); }
  /// With every error cut at the limit: a dozen gross errors of the data do not decide it.
  [[nodiscard]] double cut_rmse() const { return std::sqrt(ratio(cut_squares, mass)); }
  [[nodiscard]] double mae() const { return ratio(absolutes, mass); }
  [[nodiscard]] double transformed_rmse() const { return std::sqrt(ratio(transformed_squares, gaussians)); }
  [[nodiscard]] double nll() const { return ratio(likelihood, gaussians); }
  /// Share of readings inside the central 90 % interval of their Gaussian.
  [[nodiscard]] double coverage() const { return ratio(covered, gaussians); }
  [[nodiscard]] index_t count() const { return points; }

  /// 95 % quantile of the standard normal distribution.
  static constexpr double half_width_90 = 1.6448536269514722;

 private:
  double cut_ = std::numeric_limits<double>::infinity();
  index_t points = 0;
  double mass = 0;       ///< weights of the readings of `points`
  double gaussians = 0;  ///< of the readings with a distribution
  double covered = 0;
  double squares = 0;
  double cut_squares = 0;
  double absolutes = 0;
  double transformed_squares = 0;
  double likelihood = 0;

  [[nodiscard]] static double ratio(double sum, double weights) {
    return weights > 0 ? sum / weights : std::numeric_limits<double>::quiet_NaN();
  }
};

/// Predictions at every station for every time of a range, made by a peer or by the model.
struct prediction {
  std::string name;
  time_range range;
  index_t stations = 0;
  std::vector<double> point;     ///< (times, stations) in the unit of the data
  std::vector<double> mean;      ///< (times, stations) of f(y); empty where the method gives no distribution
  std::vector<double> variance;  ///< (times, stations) of f(y)
  std::string note;              ///< how it was made; shown below the table

  prediction() = default;
  /// Everything NaN: what is never filled in counts as an infinite error.
  prediction(std::string name_, time_range range_, index_t stations_)
      : name{std::move(name_)},
        range{range_},
        stations{stations_},
        point(cells(), missing),
        mean(cells(), missing),
        variance(cells(), missing) {}

  [[nodiscard]] std::size_t cell(index_t t, index_t s) const {
    return static_cast<std::size_t>((t - range.begin) * stations + s);
  }

  /// What another one says of station s, over the times of this one, which are among its own.
  void take(prediction const& from, index_t s) {
    for (auto t = range.begin; t < range.end; ++t) {
      auto const i = from.cell(t, s);
      set_point(t, s, from.point[i], from.mean[i], from.variance[i]);
    }
  }
  /// A Gaussian of f(y); the point becomes E[y].
  void set(transform_kind kind, index_t t, index_t s, double mean_, double variance_) {
    set_point(t, s, expected_reading(kind, mean_, variance_), mean_, variance_);
  }
  /// A Gaussian of f(y) with another point prediction in the unit of the data.
  void set_point(index_t t, index_t s, double point_, double mean_, double variance_) {
    point[cell(t, s)] = point_;
    mean[cell(t, s)] = mean_;
    variance[cell(t, s)] = variance_;
  }

 private:
  [[nodiscard]] std::size_t cells() const { return static_cast<std::size_t>(range.size() * stations); }
};

/// The reading that a method misses by most, or for which its prediction is no number.
[[nodiscard]] inline std::array<index_t, 2> worst_cell(series const& data, prediction const& made) {
  std::array<index_t, 2> worst{made.range.begin, 0};
  double most = -1;
  for (auto t = made.range.begin; t < made.range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      if (!data.present(t, s)) continue;
      auto const error = std::abs(made.point[made.cell(t, s)] - data.at(t, s));
      auto const figure = std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
      if (figure > most) {
        most = figure;
        worst = {t, s};
      }
    }
  }
  return worst;
}

/// Score of one station, or of all (station < 0), over the readings that are there. Errors of `cut_rmse` are cut at `cut`.
[[nodiscard]] inline score evaluate(series const& data, transform_kind kind, prediction const& made,
                                    index_t station = -1, double cut = std::numeric_limits<double>::infinity()) {
  score result{cut};
  for (auto t = made.range.begin; t < made.range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      if (station >= 0 && s != station) {
        continue;
      }
      auto const i = made.cell(t, s);
      result.point(data.at(t, s), made.point[i], data.weight(s));
      if (!made.mean.empty()) {
        result.gaussian(transform(kind, data.at(t, s)), made.mean[i], made.variance[i], data.weight(s));
      }
    }
  }
  return result;
}

}  // namespace sensors
