// The linear forecast that the sensors example's model corrects: against least squares solved outright, with gaps, and where there is hardly anything
// to fit.
#include <Eigen/Dense>
#include <cmath>

#include "s2rm/core/random.hpp"
#include "sensors/lagged_statistics.hpp"
#include "support/catch.hpp"

using namespace sensors;
using s2rm::test::approx_equal;
using s2rm::test::contains;

namespace {

/// Anomalies of stations along a line that follow each other, each a little later than the one before.
std::vector<double> waves(index_t times, index_t stations) {
  s2rm::random const numbers{7, 0};
  std::vector<double> z(static_cast<std::size_t>(times * stations));
  for (index_t t = 0; t < times; ++t) {
    for (index_t s = 0; s < stations; ++s) {
      auto const before = [&](index_t o) { return t > 0 ? z[static_cast<std::size_t>((t - 1) * stations + o)] : 0.0; };
      auto const i = static_cast<std::size_t>(t * stations + s);
      z[i] = 0.5 * before(s) + 0.4 * before(s > 0 ? s - 1 : s) - 0.3 * (before(s) * before(s) - 1) +
             numbers.uniform(0, i) - 0.5;
    }
  }
  return z;
}

std::vector<double> line(index_t stations) {
  std::vector<double> kilometres;
  for (index_t a = 0; a < stations; ++a) {
    for (index_t b = 0; b < stations; ++b) kilometres.push_back(50 * std::abs(static_cast<double>(a - b)));
  }
  return kilometres;
}

/// The ridge regression of z_t on the steps before it over `fit`, of what `used` has; forecast of t.
double regressed(std::vector<double> const& z, index_t stations, std::vector<index_t> const& used, index_t lags,
                 time_range fit, double penalty, index_t t, index_t s) {
  auto const columns = lags * std::ssize(used), rows = fit.size() - lags;
  auto const row_of = [&](index_t at) {
    Eigen::RowVectorXd row(columns);
    for (index_t c = 0; c < columns; ++c) {
      row[c] = z[static_cast<std::size_t>((at - 1 - c / std::ssize(used)) * stations +
                                          used[static_cast<std::size_t>(c % std::ssize(used))])];
    }
    return row;
  };
  Eigen::MatrixXd x(rows, columns);
  Eigen::VectorXd y(rows);
  for (index_t r = 0; r < rows; ++r) {
    x.row(r) = row_of(fit.begin + lags + r);
    y[r] = z[static_cast<std::size_t>((fit.begin + lags + r) * stations + s)];
  }
  Eigen::MatrixXd const a = x.transpose() * x + penalty * Eigen::MatrixXd::Identity(columns, columns);
  return row_of(t).dot(a.llt().solve(x.transpose() * y));
}

double penalty_of(lag_choice const& with, index_t rows) {
  return with.pairs + with.ridge * (static_cast<double>(rows) + with.pairs);
}

}  // namespace

TEST_CASE("sensors lags: without gaps it is a ridge regression on the last steps") {
  index_t const times = 120, stations = 3;
  auto const z = waves(times, stations);
  time_range const fit{5, 95};
  for (index_t const lags : {1, 3}) {
    for (auto const& with : {lag_choice{0, 0, 1e-9, false}, lag_choice{20, 0, 0.05, false}}) {
      lagged_statistics const made{z, line(stations), fit, lags, with};
      for (index_t const t : {100, 119, 120}) {
        for (index_t s = 0; s < stations; ++s) {
          CHECK(approx_equal(made.mean(t, s),
                             regressed(z, stations, {0, 1, 2}, lags, fit, penalty_of(with, fit.size() - lags), t, s),
                             1e-9, 1e-9));
        }
      }
    }
  }
}

TEST_CASE("sensors lags: a part of the fitted range is forecast by the others") {
  index_t const times = 103, stations = 2, lags = 3;
  auto z = waves(times, stations);
  time_range const fit{0, 103};
  lag_choice const with{5, 0, 0.01, false};
  lagged_statistics const before{z, line(stations), fit, lags, with};
  // Targets of the second of five parts, 23 to 42; only the forecasts elsewhere learn from them.
  z[static_cast<std::size_t>(30 * stations)] += 3;
  lagged_statistics const after{z, line(stations), fit, lags, with};
  CHECK(approx_equal(after.mean(30, 0), before.mean(30, 0), 1e-9));
  CHECK(approx_equal(after.mean(42, 1), before.mean(42, 1), 1e-9));
  CHECK(after.mean(22, 0) != before.mean(22, 0));
  CHECK(after.mean(103, 0) != before.mean(103, 0));
}

TEST_CASE("sensors lags: with gaps the forecast is made of what was read") {
  index_t const times = 150, stations = 3, lags = 2;
  auto z = waves(times, stations);
  time_range const fit{0, 140};
  auto const last = [&](index_t back, index_t s) { return static_cast<std::size_t>((times - back) * stations + s); };
  z[last(1, 1)] = z[last(2, 0)] = z[last(2, 1)] = z[last(2, 2)] = missing;
  lag_choice const with{10, 0, 0.01, false};
  lagged_statistics const made{z, line(stations), fit, lags, with};
  // The regression on stations 0 and 2 of the step before, whose covariances are taken over the same rows.
  for (index_t s = 0; s < stations; ++s) {
    CHECK(approx_equal(made.mean(times, s),
                       regressed(z, stations, {0, 2}, 1, {1, 140}, penalty_of(with, 138), times, s), 1e-9));
  }
  // Nothing read in two steps: the mean.
  for (index_t s = 0; s < stations; ++s) z[last(1, s)] = missing;
  lagged_statistics const blind{z, line(stations), fit, lags, with};
  for (index_t s = 0; s < stations; ++s) {
    CHECK(blind.mean(times, s) == 0);
    CHECK(blind.deviation(times, s) > made.deviation(times, s));
  }
  // Half of all readings gone: what is left still tells.
  s2rm::random const numbers{3, 1};
  auto full = waves(2000, stations), half = full;
  for (std::size_t i = 0; i < half.size(); ++i) {
    if (numbers.uniform(0, i) < 0.5) half[i] = missing;
  }
  for (auto const taper : {0.0, 100.0}) {
    lagged_statistics const some{half, line(stations), {0, 1500}, 3, {30, taper, 0.01, true}};
    double found = 0, none = 0, expected = 0;
    for (index_t t = 1500; t < 2000; ++t) {
      for (index_t s = 0; s < stations; ++s) {
        auto const x = full[static_cast<std::size_t>(t * stations + s)];
        found += (x - some.mean(t, s)) * (x - some.mean(t, s));
        none += x * x;
        expected += some.deviation(t, s) * some.deviation(t, s);
      }
    }
    INFO(found << " of " << none << ", expected " << expected);
    CHECK(found < 0.85 * none);
    CHECK(approx_equal(expected / found, 1.0, 0.15));
  }
}

TEST_CASE("sensors lags: squares are taken where they help") {
  auto const z = waves(3000, 2);
  time_range const fit{0, 3000};
  auto const plain = lagged_statistics{z, line(2), fit, 3, {30, 0, 0.001, false}}.error();
  auto const squares = lagged_statistics{z, line(2), fit, 3, {30, 0, 0.001, true}}.error();
  CHECK(squares < 0.99 * plain);
  CHECK(choose_lags(z, line(2), fit, 3).squares);
  CHECK_THAT(about(choose_lags(z, line(2), fit, 3)), contains("30 pairs, ridge 0.001, squares"));
}

TEST_CASE("sensors lags: one station, one that stands still, one never read, few steps, many stations") {
  auto const one = waves(100, 1);
  lag_choice const with{10, 0, 0.01, false};
  CHECK(approx_equal((lagged_statistics{one, {0}, {0, 100}, 2, with}.mean(100, 0)),
                     regressed(one, 1, {0}, 2, {0, 100}, penalty_of(with, 98), 100, 0), 1e-9, 1e-9));
  CHECK(choose_lags(one, {0}, {0, 100}, 3).taper == 0);

  auto z = waves(100, 3);
  for (std::size_t i = 0; i < z.size(); i += 3) z[i + 1] = 0, z[i + 2] = missing;
  auto const chosen = choose_lags(z, line(3), {0, 90}, 3);
  lagged_statistics const odd{z, line(3), {0, 90}, 3, chosen};
  for (index_t t = 0; t <= 100; ++t) {
    for (index_t s = 0; s < 3; ++s) {
      CHECK(std::isfinite(odd.mean(t, s)));
      CHECK(odd.deviation(t, s) > 0);
    }
    CHECK(approx_equal(odd.mean(t, 1), 0.0, 1e-9, 1e-9));
    CHECK(approx_equal(odd.mean(t, 2), 0.0, 1e-9, 1e-9));
  }

  auto const few = waves(3, 2);
  lagged_statistics const short_one{few, line(2), {0, 2}, 3, choose_lags(few, line(2), {0, 2}, 3)};
  CHECK(short_one.mean(3, 0) == 0);
  CHECK(short_one.deviation(3, 1) > 0);
  CHECK(std::isnan(short_one.error()));

  // The twelve nearest of a station at the end are the first twelve.
  auto const many = waves(200, 101);
  lagged_statistics const wide{many, line(101), {0, 200}, 1, with};
  std::vector<index_t> first;
  for (index_t s = 0; s < 12; ++s) first.push_back(s);
  CHECK(approx_equal(wide.mean(200, 0), regressed(many, 101, first, 1, {0, 200}, penalty_of(with, 199), 200, 0), 1e-9,
                     1e-9));
}

TEST_CASE("sensors lags: what makes no sense is refused") {
  auto const z = waves(10, 2);
  lag_choice const with;
  auto const refuses = [&](auto const& make, std::string const& text) { CHECK_THROWS_WITH(make(), contains(text)); };
  refuses([&] { return lagged_statistics{z, {0, 1, 1}, {0, 10}, 3, with}; },
          "distances of every pair of stations, found 3");
  refuses([&] { return lagged_statistics{z, {}, {0, 10}, 3, with}; }, "distances of every pair of stations, found 0");
  refuses([&] { return lagged_statistics{z, line(3), {0, 6}, 3, with}; },
          "anomalies of 3 stations at every time, found 20");
  refuses([&] { return lagged_statistics{z, line(2), {0, 11}, 3, with}; }, "within the 10 times, found 0 to 11");
  refuses([&] { return lagged_statistics{z, line(2), {0, 10}, 0, with}; }, "at least 1 lag, found 0");
  refuses([&] { return lagged_statistics{z, line(2), {0, 10}, 3, {1, 0, 0, false}}; },
          "a ridge > 0, found 1 pairs, ridge 0");
  refuses([&] { return choose_lags(z, line(2), {5, 4}, 3); }, "found 5 to 4");
}
