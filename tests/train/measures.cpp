// Measures of forecasts, against scipy 1.10.1 and against the integrals that they are.
#include "s2rm/train/measures.hpp"

#include "support/catch.hpp"

namespace s2rm {
namespace {

/// Integral of f over [from, to] by Simpson's rule.
template <class F>
double integral(F const& f, double from, double to, int pieces = 20000) {
  double const h = (to - from) / pieces;
  double sum = f(from) + f(to);
  for (int i = 1; i < pieces; ++i) sum += f(from + i * h) * (i % 2 == 0 ? 2 : 4);
  return sum * h / 3;
}

}  // namespace

TEST_CASE("normal: quantiles of scipy.stats.norm.ppf, and back") {
  for (auto const& [p, z] : {std::pair{1e-12, -7.034483825301131},
                             {1e-5, -4.264890793922825},
                             {0.025, -1.9599639845400545},
                             {0.3, -0.5244005127080409},
                             {0.9, 1.2815515655446004},
                             {0.95, 1.6448536269514722},
                             {0.999999, 4.753424308817087}}) {
    CHECK(measure::normal_quantile(p) == Approx(z).epsilon(1e-11));
  }
  CHECK(measure::normal_quantile(0.5) == 0);
  for (double p = 1e-300; p < 0.6; p *= 1.7) {
    double const z = measure::normal_quantile(p);
    CHECK(measure::normal_distribution(z) == Approx(p).epsilon(1e-11));
    if (p > 1e-3) CHECK(measure::normal_quantile(1 - p) == Approx(-z).epsilon(1e-11).margin(1e-11));
  }
  CHECK(measure::normal_quantile(0) == -HUGE_VAL);
  CHECK(measure::normal_quantile(1) == HUGE_VAL);
  CHECK(std::isfinite(measure::normal_quantile(5e-324)));
  for (double const p : {-0.1, 1.1, std::nan("")}) CHECK_THROWS_AS(measure::normal_quantile(p), value_error);
}

TEST_CASE("pinball: least in the mean at the quantile") {
  CHECK(measure::pinball(3, 1, 0.9) == Approx(1.8));
  CHECK(measure::pinball(1, 3, 0.9) == Approx(0.2));
  CHECK(measure::pinball(2, 2, 0.9) == 0);
  auto const mean = [](double q) {
    return integral([&](double y) { return measure::pinball(y, q, 0.8) * measure::normal_density(y); }, -9, 9);
  };
  double const best = measure::normal_quantile(0.8);
  CHECK(mean(best) < mean(best + 0.05));
  CHECK(mean(best) < mean(best - 0.05));
}

TEST_CASE("CRPS of a Gaussian: the integral, in the unit of the observation") {
  // scipy.integrate.quad of (norm.cdf(x, m, s) - (x >= y))^2
  CHECK(measure::crps_gaussian(0.3, 0, 1) == Approx(0.26933290068666343).epsilon(1e-12));
  CHECK(measure::crps_gaussian(-2, 1, 0.5) == Approx(2.7179052083824775).epsilon(1e-12));
  CHECK(measure::crps_gaussian(7, 1, 3) == Approx(4.3583754650577085).epsilon(1e-12));
  CHECK(measure::crps_gaussian(70, 10, 30) == Approx(43.583754650577085).epsilon(1e-12));
  CHECK(measure::crps_gaussian(7, 1, 0) == 6);
  // Twice the integral of the pinball loss over all levels.
  double const sum = integral([](double tau) { return measure::pinball(0.3, measure::normal_quantile(tau), tau); },
                              1e-9, 1 - 1e-9, 200000);
  CHECK(2 * sum == Approx(0.26933290068666343).epsilon(1e-5));
}

TEST_CASE("CRPS of an ensemble: the integral; fair without bias") {
  std::vector<double> const members{0.3, -1.2, 2.5, 0.3, 4.0};
  CHECK(measure::crps_ensemble(0.7, members) == Approx(0.552).epsilon(1e-12));
  CHECK(measure::crps_ensemble(-3.0, members) == Approx(3.172).epsilon(1e-12));
  CHECK(measure::crps_ensemble(0.7, members, true) == Approx(0.3).epsilon(1e-12));
  CHECK(measure::crps_ensemble(-3.0, members, true) == Approx(2.92).epsilon(1e-12));
  auto const squared = [&](double x) {
    double share = 0;
    for (double const one : members) share += one <= x ? 0.2 : 0;
    return (share - (x >= 0.7 ? 1 : 0)) * (share - (x >= 0.7 ? 1 : 0));
  };
  CHECK(integral(squared, -2, 5, 70000) == Approx(0.552).epsilon(1e-3));
  CHECK(measure::crps_ensemble(2, std::vector<double>{5}) == 3);
  CHECK_THROWS_AS(measure::crps_ensemble(2, {}), value_error);
  CHECK_THROWS_AS(measure::crps_ensemble(2, std::vector<double>{5}, true), value_error);
  // Large offsets lose no digits of the spread.
  auto far = members;
  for (auto& x : far) x += 1e9;
  CHECK(measure::crps_ensemble(1e9 + 0.7, far) == Approx(0.552).epsilon(1e-6));
}

TEST_CASE("intervals: coverage and score") {
  CHECK(measure::covers(1, 1, 2));
  CHECK(measure::covers(2, 1, 2));
  CHECK_FALSE(measure::covers(0.99, 1, 2));
  CHECK_FALSE(measure::covers(std::nan(""), 1, 2));
  CHECK(measure::interval_score(1.5, 1, 3, 0.9) == 2);
  CHECK(measure::interval_score(0.5, 1, 3, 0.9) == Approx(2 + 20 * 0.5));
  CHECK(measure::interval_score(3.5, 1, 3, 0.8) == Approx(2 + 10 * 0.5));
  // 2 / (1 - c) times the pinball losses of both ends.
  for (double const y : {-1.0, 0.4, 5.0}) {
    double const both = measure::pinball(y, 0, 0.05) + measure::pinball(y, 2, 0.95);
    CHECK(measure::interval_score(y, 0, 2, 0.9) == Approx(20 * both));
  }
}

}  // namespace s2rm
