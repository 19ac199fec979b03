// Linear statistics that give the model of the sets with draws its guesses: against the systems that define them, solved outright.
#include <cmath>

#include "sensors/field_statistics.hpp"
#include "sensors/site_statistics.hpp"
#include "sensors/station_statistics.hpp"
#include "support/catch.hpp"

namespace sensors {
namespace {

double noise(index_t i) { return std::sin(static_cast<double>(i * i) * 0.7 + static_cast<double>(i)); }

/// Stations with heights, four hours; two readings missing in each.
series network(index_t stations = 11) {
  series data;
  for (index_t s = 0; s < stations; ++s) {
    data.stations.push_back({std::to_string(s), -100 + 3 * noise(s), 40 + 2 * noise(s + 50)});
    data.side_values.push_back(1000 + 800 * noise(s + 90));
  }
  data.sides = {"height"};
  data.times = 4;
  for (index_t i = 0; i < 4 * stations; ++i) {
    data.values.push_back(i % stations == i / stations || i % stations == 7 ? missing : 10 + 5 * noise(i));
  }
  data.map = fit_projection(data.stations, coordinate_kind::degrees);
  data.settle_places();
  return data;
}

/// Two channels on 5 circles of latitude with 8 cells each, 48 months.
series field() {
  series data;
  for (index_t s = 0; s < 40; ++s) {
    data.stations.push_back(
        {std::to_string(s), -180 + 45.0 * static_cast<double>(s % 8), -60 + 30.0 * static_cast<double>(s / 8)});
  }
  data.globe = true;
  data.channels = {{"u", "m/s"}, {"v", "m/s"}};
  data.times = 48;
  data.step = time_step::of_months(1);
  for (index_t t = 0; t < 48; ++t) {
    for (index_t s = 0; s < 40; ++s) {
      auto const wave =
          noise(t) * std::cos(0.8 * static_cast<double>(s)) + noise(t + 99) * std::sin(0.3 * static_cast<double>(s));
      data.values.push_back(wave + 0.2 * noise(t * 40 + s));
      data.values.push_back(-wave + 0.2 * noise(t * 40 + s + 7));
    }
  }
  data.settle_places();
  return data;
}

/// Universal kriging by its Lagrange system.
double krige(series const& data, station_covariance const& with, std::vector<index_t> const& s,
             Eigen::VectorXd const& y, index_t q, double& variance) {
  auto const n = static_cast<Eigen::Index>(s.size());
  auto const cov = [&](index_t a, index_t b) {
    auto const d = data.distance_km(a, b), up = std::abs(data.side(a, 0) - data.side(b, 0)) / 1000;
    return with.sill * std::exp(-d / with.length) +
           with.near_sill * std::exp(-d / with.near_length - up / with.height_length);
  };
  auto const drift = [&](index_t a) {
    auto const i = static_cast<std::size_t>(a);
    return Eigen::Vector4d{1, data.places[2 * i], data.places[2 * i + 1], data.side(a, 0) / 1000};
  };
  Eigen::MatrixXd system = Eigen::MatrixXd::Zero(n + 4, n + 4);
  Eigen::VectorXd right(n + 4);
  for (Eigen::Index i = 0; i < n; ++i) {
    auto const a = s[static_cast<std::size_t>(i)];
    for (Eigen::Index k = 0; k < n; ++k)
      system(i, k) = cov(a, s[static_cast<std::size_t>(k)]) + (i == k ? with.nugget : 0);
    system.block(i, n, 1, 4) = drift(a).transpose();
    system.block(n, i, 4, 1) = drift(a);
    right[i] = cov(a, q);
  }
  right.tail(4) = drift(q);
  Eigen::VectorXd const w = system.fullPivLu().solve(right);
  variance = cov(q, q) + with.nugget - w.dot(right);
  return w.head(n).dot(y);
}

/// Stations along a road that are read for 40 days: z is a constant of each, a part common to all and noise.
series record(index_t stations, double slope, double noisy) {
  series data;
  data.origin.name = "record";
  data.sides = {"coast"};
  data.times = 40;
  for (index_t s = 0; s < stations; ++s) {
    data.stations.push_back({std::to_string(s), 100 * noise(s + 3), 100 * noise(s + 77)});
    data.side_values.push_back(30 + 29 * noise(5 * s + 1));
  }
  data.map = fit_projection(data.stations, coordinate_kind::kilometres);
  data.settle_places();
  for (index_t t = 0; t < data.times; ++t) {
    for (index_t s = 0; s < stations; ++s) {
      data.values.push_back(slope * std::log1p(data.side(s, 0)) + noise(t + 500) + noisy * noise(t * 31 + s));
    }
  }
  return data;
}

constexpr time_range record_fit{0, 30};

std::vector<double> without_station(series const& data, index_t s) {
  auto z = data.values;
  for (index_t t = 0; t < data.times; ++t) z[data.cell(t, s)] = missing;
  return z;
}

estimates ask(site_statistics const& statistics, index_t t, std::vector<index_t> const& asked) {
  return statistics.at(statistics.prepare(t, asked), statistics.without(asked), asked);
}

}  // namespace

TEST_CASE("sites: what is asked for is the kriged climate and the kriged anomaly, solved outright") {
  auto const data = record(9, 0.5, 0.3);
  site_statistics::choice with;
  with.sides = with.logarithms = true;
  with.sites = {0, 1, 1, 80, 0, 0.2, 0, 0};
  with.days = {2, 500, 1, 60, 0, 0.3, 0, 0};
  with.days_scale = 0.09;
  site_statistics const statistics{data, without_station(data, 4), record_fit, true, with};
  // Constants: means over the fit, of complete readings; a common part that every station has leaves them as they are.
  std::vector<index_t> const seen{0, 1, 2, 3, 5, 6, 7, 8};
  Eigen::VectorXd constant(8), side(9), today(8);
  double common = 0, all = 0, first = 0, squares = 0;
  for (index_t s = 0; s < 9; ++s) side[s] = std::log1p(data.side(s, 0));
  for (Eigen::Index i = 0; i < 8; ++i) {
    constant[i] = 0;
    for (index_t t = 0; t < 30; ++t) constant[i] += data.at(t, seen[static_cast<std::size_t>(i)]) / 30;
    common += side[seen[static_cast<std::size_t>(i)]] / 8;
  }
  for (auto const s : seen) all += std::pow(side[s] - common, 2) / 8;
  side = (side.array() - common) / std::sqrt(all);
  auto const covariances = [&](station_covariance const& of, double wide) {
    Eigen::MatrixXd c(9, 9);
    for (index_t a = 0; a < 9; ++a) {
      for (index_t b = 0; b < 9; ++b) {
        auto const d = data.distance_km(a, b);
        c(a, b) = of.sill * std::exp(-d / of.length) + of.near_sill * std::exp(-d / of.near_length) +
                  wide * (1 + side[a] * side[b]) + (a == b ? of.nugget : 0.0);
      }
    }
    return c;
  };
  auto const solve = [&](Eigen::MatrixXd const& c, std::vector<index_t> const& from, Eigen::VectorXd const& y,
                         index_t q, double& variance) {
    Eigen::MatrixXd const k = c(from, from);
    Eigen::VectorXd const to = c(from, std::vector<index_t>{q}), w = k.fullPivLu().solve(to);
    variance = c(q, q) - w.dot(to);
    return w.dot(y);
  };
  auto const sites = covariances(with.sites, 100), days = covariances(with.days, 0);
  double site_variance = 0, day_variance = 0, unused = 0, anomalies = 0;
  auto const site = solve(sites, seen, constant, 4, site_variance);
  for (Eigen::Index i = 0; i < 8; ++i) today[i] = data.at(35, seen[static_cast<std::size_t>(i)]) - constant[i];
  auto const day = solve(days, seen, today, 4, day_variance);
  auto const made = ask(statistics, 35, {4});
  CHECK(made.asked[0] == Approx(site + day).epsilon(1e-6));
  // Each of the others left out, climate and anomaly.
  double site_squares = 0;
  for (Eigen::Index i = 0; i < 8; ++i) {
    auto rest = seen;
    rest.erase(rest.begin() + i);
    Eigen::VectorXd c(7), a(7);
    for (Eigen::Index k = 0, j = 0; k < 8; ++k) {
      if (k != i) c[j] = constant[k], a[j++] = today[k];
    }
    auto const q = seen[static_cast<std::size_t>(i)];
    auto const own = solve(sites, rest, c, q, unused);
    site_squares += std::pow(constant[i] - own, 2) / unused;
    auto const now = solve(days, rest, a, q, unused);
    squares += std::pow(today[i] - now, 2) / unused;
    CHECK(made.left_out[q] == Approx(own + now).epsilon(1e-6));
    for (index_t t = 0; t < 30; ++t) anomalies += std::pow(data.at(t, q) - constant[i], 2) / 240;
  }
  first = site_variance * (site_squares + 0.2 * anomalies) / 9;
  CHECK(made.asked_deviation[0] ==
        Approx(std::sqrt(first + day_variance * (squares + 10 * with.days_scale) / 18)).epsilon(1e-5));
}

TEST_CASE("sites: a climate that a side input explains is recovered where nobody reads") {
  auto const data = record(14, 0.6, 0.02);
  site_statistics const with{data, without_station(data, 5), record_fit, true};
  CHECK(with.chosen().sides);
  CHECK(with.chosen().logarithms);
  CHECK_THAT(with.about(), s2rm::test::contains("drifts log of coast"));
  site_statistics const flat{data, without_station(data, 5), record_fit, false};
  double squares = 0, flat_squares = 0;
  for (index_t t = 30; t < 40; ++t) {
    squares += std::pow(ask(with, t, {5}).asked[0] - data.at(t, 5), 2) / 10;
    flat_squares += std::pow(ask(flat, t, {5}).asked[0] - data.at(t, 5), 2) / 10;
  }
  CHECK(std::sqrt(squares) < 0.05);
  CHECK(flat_squares > 25 * squares);
}

TEST_CASE("sites: with gaps a station's constant is what it has beyond the others on its own days") {
  auto data = record(8, 0.6, 0);
  // Station 2 is read on the days alone on which all read high: its mean would be too high.
  for (index_t t = 0; t < data.times; ++t) {
    if (noise(t + 500) < -0.5) data.values[data.cell(t, 2)] = missing;
    data.values[data.cell(t, (t * 5) % 8)] = missing;
  }
  site_statistics const statistics{data, data.values, record_fit, false};
  for (index_t s = 1; s < 8; ++s) {
    auto const apart = 0.6 * (std::log1p(data.side(s, 0)) - std::log1p(data.side(0, 0)));
    CHECK(statistics.climate(s, 3) - statistics.climate(0, 3) == Approx(apart).margin(1e-4));
  }
  // A station that is read after the fit alone: its climate is that of the others, and it counts.
  auto late = data.values;
  for (index_t t = 0; t < 30; ++t) late[data.cell(t, 3)] = missing;
  site_statistics const more{data, late, record_fit, false};
  std::vector<index_t> const asked{3};
  auto const kriged = more.without(asked).curve[3];
  CHECK(more.climate(3, 3) == Approx(more.climate(kriged, 3)).epsilon(1e-9));
  index_t day = 30;
  while (!data.present(day, 3)) ++day;
  CHECK(more.prepare(day, {}).row[3] >= 0);
}

TEST_CASE("sites: readings of the asked places and of other times change nothing") {
  auto data = record(7, 0.6, 0.2);
  auto const before = ask(site_statistics{data, without_station(data, 1), record_fit, true}, 33, {1});
  for (index_t t = 0; t < data.times; ++t) data.values[data.cell(t, 1)] += 50;
  for (index_t s = 0; s < 7; ++s) data.values[data.cell(36, s)] += 20;
  auto const after = ask(site_statistics{data, without_station(data, 1), record_fit, true}, 33, {1});
  CHECK(before.asked[0] == after.asked[0]);
  CHECK(before.asked_deviation[0] == after.asked_deviation[0]);
  // A set without side inputs has none, whatever is allowed.
  auto bare = data;
  bare.sides.clear();
  bare.side_values.clear();
  CHECK(ask(site_statistics{bare, without_station(bare, 1), record_fit, true}, 33, {1}).asked[0] ==
        ask(site_statistics{data, without_station(data, 1), record_fit, false}, 33, {1}).asked[0]);
}

TEST_CASE("sites: one station, and what cannot be") {
  auto data = record(2, 0.6, 0.2);
  site_statistics const statistics{data, without_station(data, 0), record_fit, true};
  auto const made = ask(statistics, 20, {0});
  CHECK(std::isfinite(made.asked[0]));
  CHECK(made.asked_deviation[0] > 0);
  // The other, left out, is known by nobody.
  CHECK(std::isfinite(made.left_out[1]));
  CHECK(made.left_out_deviation[1] > 0);
  auto const nobody = std::vector<double>(data.values.size(), missing);
  CHECK_THROWS_WITH((site_statistics{data, nobody, record_fit, true}),
                    s2rm::test::contains("record: no station that may be seen has 15 readings from 1970-01-01 to "));
  data = record(6, 0.6, 0.2);
  data.side_values[2] = missing;
  CHECK_THROWS_WITH(
      (site_statistics{data, data.values, record_fit, true}),
      s2rm::test::contains("record: side input 'coast' of station 2: expected a number; without side inputs: "
                           "--without-heights"));
}

TEST_CASE("stations: what is asked for and what is left out is universal kriging from the rest") {
  auto const data = network();
  station_covariance with;
  with.oldest = 0;
  station_statistics const statistics{data, data.values, true, with};
  // Station 7 has no reading; 2 and 5 have one, which the answer must not know.
  std::vector<index_t> const asked{2, 5, 7};
  auto const step = statistics.prepare(3, asked);
  auto const made = krige(step, asked);
  std::vector<index_t> seen;
  for (index_t s = 0; s < 11; ++s) {
    if (data.present(3, s) && s != 2 && s != 5) seen.push_back(s);
  }
  REQUIRE(seen.size() == 7);
  auto const readings = [&](std::vector<index_t> const& s) {
    Eigen::VectorXd y(static_cast<Eigen::Index>(s.size()));
    for (std::size_t i = 0; i < s.size(); ++i) y[static_cast<Eigen::Index>(i)] = data.at(3, s[i]);
    return y;
  };
  double variance = 0, squares = 0, first = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto rest = seen;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    auto const expected = krige(data, with, rest, readings(rest), seen[i], variance);
    auto const row = step.row[static_cast<std::size_t>(seen[i])];
    CHECK(made.left_out[row] == Approx(expected).epsilon(1e-8));
    squares += std::pow(data.at(3, seen[i]) - expected, 2) / variance;
    if (i == 0) first = made.left_out_deviation[row] / std::sqrt(variance);
  }
  // All deviations are scaled by what leaving out shows.
  CHECK(first == Approx(std::sqrt(squares / 7)).epsilon(1e-8));
  for (std::size_t k = 0; k < asked.size(); ++k) {
    auto const expected = krige(data, with, seen, readings(seen), asked[k], variance);
    CHECK(made.asked[static_cast<Eigen::Index>(k)] == Approx(expected).epsilon(1e-8));
    CHECK(made.asked_deviation[static_cast<Eigen::Index>(k)] == Approx(first * std::sqrt(variance)).epsilon(1e-8));
  }
}

TEST_CASE("stations: an old reading is brought to the time that is asked for") {
  auto data = network(16);
  // All rise by 2 in the last hour: station 3, which is missing there, is known to.
  for (index_t s = 0; s < 16; ++s)
    data.values[data.cell(3, s)] = s == 3 || s == 7 ? missing : data.values[data.cell(2, s)] + 2;
  data.values[data.cell(3, 2)] = missing;
  station_statistics const statistics{data, data.values, true, {}};
  auto const step = statistics.prepare(3, {});
  auto const row = step.row[3];
  REQUIRE(row >= 0);
  CHECK(step.readings[row] == Approx(data.at(2, 3) + 2).epsilon(1e-8));
}

TEST_CASE("stations: readings of the asked places change nothing") {
  auto data = network();
  std::vector<index_t> const asked{4};
  station_covariance with;
  with.oldest = 0;
  station_statistics const one{data, data.values, true, with};
  auto const before = krige(one.prepare(1, asked), asked);
  for (index_t t = 0; t < 4; ++t) data.values[data.cell(t, 4)] += 100;
  station_statistics const two{data, data.values, true, with};
  auto const after = krige(two.prepare(1, asked), asked);
  CHECK(after.asked[0] == Approx(before.asked[0]).epsilon(1e-7));
  CHECK(after.left_out[0] == Approx(before.left_out[0]).epsilon(1e-7));
}

TEST_CASE("field: a sensor that is left out is estimated by the others") {
  auto const data = field();
  std::vector<index_t> learned;
  for (index_t t = 0; t < 36; ++t) learned.push_back(t);
  field_statistics const statistics{data, 0, learned};
  std::vector<index_t> const sensors{3, 12, 22, 37, 30};
  auto const net = statistics.prepare(sensors, sensors);
  auto const all = statistics.at(net, 40, {0, 1, 2, 3, 4});
  for (index_t i = 0; i < 5; ++i) {
    std::vector<index_t> others;
    for (index_t k = 0; k < 5; ++k) {
      if (k != i) others.push_back(k);
    }
    auto const rest = statistics.at(net, 40, others);
    CHECK(all.left_out[i] == Approx(rest.asked[i]).epsilon(1e-6).margin(1e-7));
    CHECK(std::isnan(rest.left_out[i]));
  }
  // Climate and anomaly make up the reading.
  CHECK(statistics.climate(40, 5, 1) + statistics.anomaly(40, 5, 1) == Approx(data.at(40, 5, 1)).margin(1e-5));
}

TEST_CASE("field: times that it did not learn from change nothing but their own anomalies") {
  auto data = field();
  std::vector<index_t> learned;
  for (index_t t = 12; t < 48; ++t) learned.push_back(t);
  field_statistics const one{data, 0, learned};
  auto const before = one.at(one.prepare({1, 9, 20}, {4, 33}), 30, {0, 1, 2});
  for (std::size_t i = 0; i < 12 * 80; ++i) data.values[i] = 77;
  field_statistics const two{data, 0, learned};
  auto const after = two.at(two.prepare({1, 9, 20}, {4, 33}), 30, {0, 1, 2});
  CHECK(after.asked == before.asked);
  CHECK(after.asked_deviation == before.asked_deviation);
}

TEST_CASE("field: stations that are no grid are refused") {
  auto data = field();
  data.stations.pop_back();
  CHECK_THROWS_AS((field_statistics{data, 0, {0, 1, 2, 3, 4, 5, 6}}), data_error);
}

}  // namespace sensors
