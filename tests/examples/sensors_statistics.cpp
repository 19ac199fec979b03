// Linear statistics that give the model of the sets with draws its guesses: against the systems that define them, solved outright.
#include <cmath>

#include "sensors/field_statistics.hpp"
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
double krige(series const& data, station_statistics::covariance const& with, std::vector<index_t> const& s,
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

}  // namespace

TEST_CASE("stations: what is asked for and what is left out is universal kriging from the rest") {
  auto const data = network();
  station_statistics::covariance with;
  with.oldest = 0;
  station_statistics const statistics{data, data.values, true, with};
  // Station 7 has no reading; 2 and 5 have one, which the answer must not know.
  std::vector<index_t> const asked{2, 5, 7};
  auto const step = statistics.prepare(3, asked);
  auto const made = statistics.at(step, asked);
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
  station_statistics::covariance with;
  with.oldest = 0;
  station_statistics const one{data, data.values, true, with};
  auto const before = one.at(one.prepare(1, asked), asked);
  for (index_t t = 0; t < 4; ++t) data.values[data.cell(t, 4)] += 100;
  station_statistics const two{data, data.values, true, with};
  auto const after = two.at(two.prepare(1, asked), asked);
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
