#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "series.hpp"

namespace sensors {

/// Exponential covariance with a nugget: sill of a station with itself, sill * share * exp(-rate * kilometres) of two
/// stations, even at the same place.
struct covariance {
  double sill = 1;
  double share = 1;
  double rate = 0;
  [[nodiscard]] double between(double kilometres) const { return sill * share * std::exp(-rate * kilometres); }
};

/// Weights of kriging and the variance of its error. Fill the matrix with the covariance among the neighbours and the
/// vector with the covariance between each of them and the target.
struct kriging_weights {
  Eigen::VectorXd weights;
  double variance = 0;
};

/// Known mean: weights w = K^-1 k, variance c(0) - w.k.
[[nodiscard]] inline kriging_weights simple_kriging(Eigen::MatrixXd const& among, Eigen::VectorXd const& to,
                                                    double sill) {
  kriging_weights result;
  result.weights = among.ldlt().solve(to);
  result.variance = sill - result.weights.dot(to);
  return result;
}

/// Unknown constant mean: the weights sum to one (Lagrange multiplier m), variance c(0) - w.k - m.
[[nodiscard]] inline kriging_weights ordinary_kriging(Eigen::MatrixXd const& among, Eigen::VectorXd const& to,
                                                      double sill) {
  auto const n = among.rows();
  Eigen::LDLT<Eigen::MatrixXd> const solver{among};
  Eigen::VectorXd const a = solver.solve(to);
  Eigen::VectorXd const b = solver.solve(Eigen::VectorXd::Ones(n));
  auto const multiplier = (a.sum() - 1) / b.sum();
  kriging_weights result;
  result.weights = a - multiplier * b;
  result.variance = sill - result.weights.dot(to) - multiplier;
  return result;
}

/// The share and rate that fit correlations at distances by least squares: for every rate on a fine grid the best
/// share is a quotient; the best pair wins. The sill is left at 1.
[[nodiscard]] inline covariance fit_correlation(std::vector<double> const& kilometres,
                                                std::vector<double> const& correlations) {
  covariance best;
  auto lowest = std::numeric_limits<double>::infinity();
  // 0.0001 to 0.1 per km: correlation lengths from 10 km to 10 000 km, in steps of one percent.
  for (double rate = 1e-4; rate < 0.1; rate *= 1.01) {
    double ce = 0;
    double ee = 0;
    for (std::size_t i = 0; i < kilometres.size(); ++i) {
      auto const e = std::exp(-rate * kilometres[i]);
      ce += correlations[i] * e;
      ee += e * e;
    }
    auto const share = std::clamp(ee > 0 ? ce / ee : 0.0, 0.0, 0.999);
    double loss = 0;
    for (std::size_t i = 0; i < kilometres.size(); ++i) {
      auto const error = correlations[i] - share * std::exp(-rate * kilometres[i]);
      loss += error * error;
    }
    if (loss < lowest) {
      lowest = loss;
      best = {1.0, share, rate};
    }
  }
  return best;
}

}  // namespace sensors
