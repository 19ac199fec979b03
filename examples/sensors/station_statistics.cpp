#include "station_statistics.hpp"

#include <cmath>

namespace sensors {
namespace {

using matrix = Eigen::MatrixXd;
using vector = Eigen::VectorXd;

}  // namespace

station_statistics::station_statistics(series const& data, std::vector<double> readings, bool heights,
                                       station_covariance with)
    : data_{data}, readings_{std::move(readings)}, distance_{data.distances_km()}, heights_{heights}, with_{with} {
  auto const n = data.station_count();
  if (heights) {
    auto const k = data.side_index("height");
    for (index_t s = 0; s < n; ++s) height_.push_back(data.side(s, k) / 1000);
  } else {
    height_.assign(static_cast<std::size_t>(n), 0.0);
    with_.height_length = 0;
  }
}

double station_statistics::between(index_t a, index_t b, station_covariance const& with, bool heights) const {
  auto const d = distance_[static_cast<std::size_t>(a * data_.station_count() + b)];
  auto const up = std::abs(height_[static_cast<std::size_t>(a)] - height_[static_cast<std::size_t>(b)]);
  return with.at(d, heights ? up : 0.0);
}

Eigen::MatrixXd station_statistics::drifts(std::vector<index_t> const& stations) const {
  matrix f(static_cast<Eigen::Index>(stations.size()), heights_ ? 4 : 3);
  for (std::size_t i = 0; i < stations.size(); ++i) {
    auto const s = static_cast<std::size_t>(stations[i]);
    auto const r = static_cast<Eigen::Index>(i);
    f(r, 0) = 1;
    f(r, 1) = data_.places[2 * s];
    f(r, 2) = data_.places[2 * s + 1];
    if (heights_) f(r, 3) = height_[s];
  }
  return f;
}

void station_statistics::recall(index_t t, index_t before, std::vector<double>& y, std::vector<index_t>& age) const {
  auto const n = data_.station_count();
  std::vector<index_t> both, old;
  for (index_t s = 0; s < n; ++s) {
    auto const now = readings_[static_cast<std::size_t>(t * n + s)],
               then = readings_[static_cast<std::size_t>(before * n + s)];
    if (std::isnan(then)) continue;
    if (!std::isnan(now)) {
      both.push_back(s);
    } else if (age[static_cast<std::size_t>(s)] < 0) {
      old.push_back(s);
    }
  }
  auto const b = static_cast<Eigen::Index>(both.size());
  if (old.empty() || b < 10) return;
  // The change of the field is smooth: one sill and the same nugget.
  constexpr station_covariance change{
      .sill = 1, .length = 800, .near_sill = 0, .near_length = 1, .height_length = 0, .nugget = 1};
  matrix c(b, b);
  vector moved(b);
  for (Eigen::Index i = 0; i < b; ++i) {
    auto const s = both[static_cast<std::size_t>(i)];
    moved[i] = readings_[static_cast<std::size_t>(t * n + s)] - readings_[static_cast<std::size_t>(before * n + s)];
    for (Eigen::Index k = 0; k <= i; ++k)
      c(i, k) = c(k, i) = between(s, both[static_cast<std::size_t>(k)], change, false);
    c(i, i) += change.nugget;
  }
  auto const factor = c.llt();
  matrix const f = drifts(both), g = factor.solve(f);
  vector const beta = (f.transpose() * g).ldlt().solve(g.transpose() * moved);
  vector const weights = factor.solve(moved - f * beta);
  matrix const f_old = drifts(old);
  for (std::size_t i = 0; i < old.size(); ++i) {
    auto const s = old[i];
    double by = f_old.row(static_cast<Eigen::Index>(i)).dot(beta);
    for (Eigen::Index k = 0; k < b; ++k)
      by += weights[k] * between(s, both[static_cast<std::size_t>(k)], change, false);
    y[static_cast<std::size_t>(s)] = readings_[static_cast<std::size_t>(before * n + s)] + by;
    age[static_cast<std::size_t>(s)] = t - before;
  }
}

kriging_step station_statistics::prepare(index_t t, std::vector<index_t> const& asked) const {
  auto const n = data_.station_count();
  std::vector<double> y(readings_.begin() + t * n, readings_.begin() + (t + 1) * n);
  std::vector<index_t> age(static_cast<std::size_t>(n), -1);
  for (std::size_t s = 0; s < y.size(); ++s) age[s] = std::isnan(y[s]) ? -1 : 0;
  for (index_t back = 1; back <= with_.oldest && t - back >= 0; ++back) recall(t, t - back, y, age);
  std::vector<char> read;
  for (auto const one : age) read.push_back(one >= 0 ? 1 : 0);
  auto made = step_of(t, read, asked);
  auto const m = static_cast<Eigen::Index>(made.stations.size());
  matrix c(m, m);
  for (Eigen::Index i = 0; i < m; ++i) {
    auto const s = made.stations[static_cast<std::size_t>(i)];
    for (Eigen::Index k = 0; k <= i; ++k) {
      c(i, k) = c(k, i) = between(s, made.stations[static_cast<std::size_t>(k)], with_, heights_);
    }
    auto const old = std::max<index_t>(0, age[static_cast<std::size_t>(s)]);
    c(i, i) += with_.nugget + with_.age_nugget * static_cast<double>(old);
    if (made.read[static_cast<std::size_t>(i)] != 0) made.readings[i] = y[static_cast<std::size_t>(s)];
  }
  made.precision = kriging_precision(c, drifts(made.stations));
  return made;
}

station_covariance choose_covariance(series const& data, std::vector<double> const& readings, bool heights,
                                     time_range range) {
  using covariance = station_covariance;
  std::vector<covariance> all;
  auto const add = [&](double near, double length, double over, double nugget) {
    covariance one;
    one.near_sill = near, one.near_length = length, one.height_length = over, one.nugget = nugget;
    all.push_back(one);
  };
  auto const up = heights ? 0.7 : 0.0;
  add(0, 1, 0, 1.5);
  add(3, 300, up, 1);
  add(6, 300, up, 1);
  add(6, 300, up, 0.6);
  add(6, 150, up, 0.8);
  covariance best;
  auto least = std::numeric_limits<double>::infinity();
  for (auto const& one : all) {
    station_statistics const with{data, readings, heights, one};
    double squares = 0, count = 0;
    for (auto t = range.begin + 2; t < range.end; t += 4) {
      auto const now = with.prepare(t, {});
      if (now.stations.size() < 20) continue;
      auto const made = krige(now, {});
      for (std::size_t i = 0; i < now.stations.size(); ++i) {
        auto const y = readings[static_cast<std::size_t>(t * data.station_count() + now.stations[i])];
        if (std::isnan(y)) continue;
        auto const error = y - made.left_out[static_cast<Eigen::Index>(i)];
        squares += error * error;
        count += 1;
      }
    }
    if (squares / count < least) {
      least = squares / count;
      best = one;
    }
  }
  return best;
}

}  // namespace sensors
