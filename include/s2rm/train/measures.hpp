#pragma once
/// \file
/// Measures of forecasts with a distribution or an interval, of one observation y each, in doubles. All are negatively
/// oriented (less is better) and in the unit of y, but for `covers`. The mean over observations is the caller's.
///
///   pinball    max(tau (y - q), (tau - 1)(y - q)) of a quantile q of level tau: least in the mean where q is it
///              (Koenker, Bassett, "Regression quantiles", Econometrica 46, 1978)
///   CRPS       integral of (F(x) - [x >= y])^2 dx of a distribution F; of a forecast without spread |y - x|
///              (Gneiting, Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102, 2007)
///   interval   (u - l) + 2/alpha (l - y)+ + 2/alpha (y - u)+ of the interval [l, u] that is to cover 1 - alpha
///              (Gneiting, Raftery 2007, section 6.2)

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "s2rm/core/errors.hpp"

S2RM_NAMESPACE_BEGIN
namespace measure {

/// Phi(z), the distribution function of N(0, 1).
inline double normal_distribution(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }
/// phi(z), its density.
inline double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); }

/// Phi^-1(p), to a relative error below 1e-11 of z and of min(p, 1 - p): infinite at 0 and 1; less than
/// 1e-300 counts as that.
/// \throws value_error on p outside [0, 1].
inline double normal_quantile(double p) {
  require_value(p >= 0 && p <= 1, "normal_quantile: expected a probability between 0 and 1");
  if (p <= 0 || p >= 1) return p > 0.5 ? HUGE_VAL : -HUGE_VAL;
  double const tail = (std::max)((std::min)(p, 1 - p), 1e-300);  // below, the density is 0
  // Newton's steps on log Phi(-z) = log(tail), which is nearly a parabola.
  double z = std::sqrt(-2 * std::log(2 * tail));
  for (int i = 0; i < 20; ++i) {
    double const at = normal_distribution(-z), step = std::log(at / tail) * at / normal_density(z);
    z += step;
    if ((std::abs)(step) <= 1e-15 * (std::abs)(z)) break;
  }
  return p > 0.5 ? z : -z;
}

/// The pinball (quantile, check) loss of a predicted quantile of level `tau`.
inline double pinball(double y, double quantile, double tau) {
  double const above = y - quantile;
  return (std::max)(tau * above, (tau - 1) * above);
}

/// CRPS of N(mean, deviation^2): sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), z = (y - mean) / sigma; |y - mean|
/// where the deviation is 0.
inline double crps_gaussian(double y, double mean, double deviation) {
  if (deviation <= 0) return (std::abs)(y - mean);
  double const z = (y - mean) / deviation;
  return deviation * (z * (2 * normal_distribution(z) - 1) + 2 * normal_density(z) - 1 / std::sqrt(std::numbers::pi));
}

/// CRPS of m members: mean |x_i - y| - 1/2 mean |x_i - x_j|, the mean over all m^2 pairs (the CRPS of the distribution
/// with a step at each member) or, `fair`, over the m (m - 1) pairs of different members (that of the distribution they
/// were drawn from, without bias; Ferro, "Fair scores for ensemble forecasts", QJRMS 140, 2014). O(m log m).
/// \throws value_error on no member, or on one alone where `fair`.
inline double crps_ensemble(double y, std::span<double const> members, bool fair = false) {
  auto const m = static_cast<double>(members.size());
  require_value(members.size() > (fair ? 1U : 0U), "crps_ensemble: expected more members");
  std::vector<double> sorted(members.begin(), members.end());
  std::sort(sorted.begin(), sorted.end());
  double distance = 0, spread = 0;  // sum of |x_i - y|; half the sum of |x_i - x_j| over all pairs
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    distance += (std::abs)(sorted[i] - y);
    spread += (2 * static_cast<double>(i) - m + 1) * (sorted[i] - sorted[0]);
  }
  return distance / m - spread / (m * (fair ? m - 1 : m));
}

/// Whether y lies in [low, high].
inline bool covers(double y, double low, double high) { return low <= y && y <= high; }

/// The interval (Winkler) score of [low, high], which is to cover `coverage`.
inline double interval_score(double y, double low, double high, double coverage) {
  double const outside = (std::max)({low - y, y - high, 0.0});
  return high - low + 2 / (1 - coverage) * outside;
}

}  // namespace measure
S2RM_NAMESPACE_END
