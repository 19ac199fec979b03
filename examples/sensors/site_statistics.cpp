#include "site_statistics.hpp"

#include <cmath>
#include <numbers>

#include "common/report.hpp"

namespace sensors {
namespace {

using matrix = Eigen::MatrixXd;
using vector = Eigen::VectorXd;

constexpr double year_seconds = 365.25 * 86400.0;
/// Variance of a drift's coefficient, in units of the sill of the climates: flat beside what stations say.
constexpr double wide = 100;
/// What the scale of a set of errors is believed to be before they are seen counts as so many errors.
constexpr double known_sites = 1, known_days = 10;

/// (x - mean) / standard deviation over those that count; 0 where all are alike.
vector standardised(vector const& x, std::vector<char> const& counts) {
  double sum = 0, squares = 0, count = 0;
  for (Eigen::Index s = 0; s < x.size(); ++s) {
    if (counts[static_cast<std::size_t>(s)] != 0) sum += x[s], squares += x[s] * x[s], count += 1;
  }
  auto const mean = sum / count, variance = squares / count - mean * mean;
  if (!(variance > 1e-12 * (mean * mean + 1e-300))) return vector::Zero(x.size());
  return (x.array() - mean) / std::sqrt(variance);
}

}  // namespace

site_statistics::site_statistics(series const& data, std::vector<double> z, time_range fit, bool sides,
                                 std::optional<choice> chosen)
    : data_{data}, z_{std::move(z)}, distance_{data.distances_km()} {
  learn_climates(fit);
  double squares = 0, pairs = 0;
  for (std::size_t i = 0; i < distance_.size(); ++i) {
    if (learned_[i % learned_.size()] == 0 || learned_[i / learned_.size()] == 0) continue;
    squares += distance_[i] * distance_[i];
    pairs += i % learned_.size() == i / learned_.size() ? 0 : 1;
  }
  typical_km_ = squares > 0 ? std::sqrt(squares / pairs) : 1.0;
  if (chosen) {
    chosen_ = *chosen;
    settle_drifts();
  } else {
    choose_sites(sides && !data.sides.empty());
    choose_days(fit);
  }
  // Whoever was read, but hardly over the fit, is known by the others' climates.
  auto const climates = without(guessed_);
  for (auto const s : guessed_) {
    auto const i = static_cast<std::size_t>(s);
    curve_[i] = climates.curve[i];
    unknown_[i] = climates.deviation[i] * climates.deviation[i];
  }
}

void site_statistics::learn_climates(time_range fit) {
  auto const n = data_.station_count();
  auto const columns = static_cast<std::size_t>(n);
  learned_.assign(columns, 0);
  curve_.assign(columns, {0, 0, 0});
  unknown_.assign(columns, 0);
  std::vector<index_t> count(columns, 0);
  for (index_t t = 0; t < data_.times; ++t) {
    for (index_t s = 0; s < n; ++s) {
      if (!std::isnan(z_[data_.cell(t, s)]) && fit.holds(t)) ++count[static_cast<std::size_t>(s)];
    }
  }
  // Of a record of a few times half of them.
  auto const fewest = std::clamp<index_t>(fit.size() / 2, 2, fewest_readings);
  index_t learned = 0;
  for (index_t s = 0; s < n; ++s) {
    auto const i = static_cast<std::size_t>(s);
    learned_[i] = count[i] >= fewest ? 1 : 0;
    learned += learned_[i];
    if (learned_[i] != 0) continue;
    for (index_t t = 0; t < data_.times; ++t) {
      if (std::isnan(z_[data_.cell(t, s)])) continue;
      guessed_.push_back(s);
      break;
    }
  }
  if (learned == 0) {
    throw data_error{data_.origin.name + ": no station that may be seen has " + std::to_string(fewest) +
                     " readings from " + time_text(data_.time(fit.begin)) + " to " +
                     time_text(data_.time(fit.end - 1))};
  }
  // Constants and common parts in turn: each step is the least squares of one given the other.
  std::vector<double> common(static_cast<std::size_t>(fit.size()), 0.0);
  for (int round = 0; round < 100; ++round) {
    double most = 0, mean = 0;
    std::vector<double> sum(columns, 0.0);
    for (auto t = fit.begin; t < fit.end; ++t) {
      double day = 0, here = 0;
      for (index_t s = 0; s < n; ++s) {
        auto const z = z_[data_.cell(t, s)];
        if (learned_[static_cast<std::size_t>(s)] == 0 || std::isnan(z)) continue;
        day += z - curve_[static_cast<std::size_t>(s)][0], here += 1;
      }
      common[static_cast<std::size_t>(t - fit.begin)] = here > 0 ? day / here : 0.0;
      mean += here > 0 ? day / here : 0.0;
    }
    mean /= static_cast<double>(fit.size());
    for (auto t = fit.begin; t < fit.end; ++t) {
      for (index_t s = 0; s < n; ++s) {
        auto const z = z_[data_.cell(t, s)];
        if (!std::isnan(z))
          sum[static_cast<std::size_t>(s)] += z - common[static_cast<std::size_t>(t - fit.begin)] + mean;
      }
    }
    for (std::size_t s = 0; s < columns; ++s) {
      if (learned_[s] == 0) continue;
      auto const next = sum[s] / static_cast<double>(count[s]);
      most = std::max(most, std::abs(next - curve_[s][0]));
      curve_[s][0] = next;
    }
    if (most < 1e-7) break;
  }
  auto const seconds = static_cast<double>(data_.time(fit.end - 1) - data_.time(fit.begin));
  whole_year_ = seconds > 0.95 * year_seconds;
  auto const ridge = 0.25 * year_seconds / std::max(1.0, seconds / static_cast<double>(fit.size()));
  double squares = 0, all = 0;
  for (index_t s = 0; s < n; ++s) {
    auto const i = static_cast<std::size_t>(s);
    if (learned_[i] == 0) continue;
    Eigen::Matrix2d left = ridge * Eigen::Matrix2d::Identity();
    Eigen::Vector2d right = Eigen::Vector2d::Zero();
    auto const each = [&](auto const& visit) {
      for (auto t = fit.begin; t < fit.end; ++t) {
        auto const z = z_[data_.cell(t, s)];
        if (!std::isnan(z)) visit(t, z - curve_[i][0]);
      }
    };
    if (whole_year_) {
      each([&](index_t t, double rest) {
        auto const [c, d] = year(t);
        Eigen::Vector2d const x{c, d};
        left += x * x.transpose();
        right += (rest - common[static_cast<std::size_t>(t - fit.begin)]) * x;
      });
      Eigen::Vector2d const b = left.ldlt().solve(right);
      curve_[i][1] = b[0], curve_[i][2] = b[1];
    }
    each([&](index_t t, double) {
      auto const a = z_[data_.cell(t, s)] - climate(s, t);
      squares += a * a, all += 1;
    });
  }
  anomalies_ = squares > 0 ? squares / all : 1.0;
}

std::array<double, 2> site_statistics::year(index_t t) const {
  auto const phase = 2 * std::numbers::pi * std::fmod(static_cast<double>(data_.time(t)), year_seconds) / year_seconds;
  return {std::cos(phase), std::sin(phase)};
}

double site_statistics::climate(std::array<double, 3> const& curve, index_t t) const {
  auto const [c, s] = year(t);
  return curve[0] + curve[1] * c + curve[2] * s;
}

void site_statistics::settle_drifts() {
  auto const n = static_cast<Eigen::Index>(data_.stations.size());
  auto const sides = chosen_.sides ? static_cast<Eigen::Index>(data_.sides.size()) : 0;
  sides_.resize(n, sides);
  for (Eigen::Index k = 0; k < sides; ++k) {
    vector x(n);
    for (Eigen::Index s = 0; s < n; ++s) {
      x[s] = data_.side(s, k);
      if (!std::isfinite(x[s])) {
        throw data_error{data_.origin.name + ": side input '" + data_.sides[static_cast<std::size_t>(k)] +
                         "' of station " + data_.stations[static_cast<std::size_t>(s)].code +
                         ": expected a number; without side inputs: --without-heights"};
      }
    }
    if (chosen_.logarithms && x.minCoeff() >= 0) x = x.array().log1p();
    sides_.col(k) = standardised(x, learned_);
  }
}

Eigen::MatrixXd site_statistics::site_covariance(std::vector<index_t> const& stations) const {
  auto const m = static_cast<Eigen::Index>(stations.size());
  matrix f(m, sides_.cols() + 1);
  for (Eigen::Index i = 0; i < m; ++i) {
    f(i, 0) = 1;
    for (Eigen::Index k = 0; k < sides_.cols(); ++k) f(i, k + 1) = sides_(stations[static_cast<std::size_t>(i)], k);
  }
  matrix c = wide * f * f.transpose();
  for (Eigen::Index i = 0; i < m; ++i) {
    auto const a = stations[static_cast<std::size_t>(i)] * data_.station_count();
    for (Eigen::Index k = 0; k < m; ++k) {
      c(i, k) += chosen_.sites.at(distance_[static_cast<std::size_t>(a + stations[static_cast<std::size_t>(k)])], 0);
    }
    c(i, i) += chosen_.sites.nugget;
  }
  return c;
}

kriging_step site_statistics::site_step(std::vector<index_t> const& asked) const {
  auto made = step_of(0, learned_, asked);
  made.precision = kriging_precision(site_covariance(made.stations), {});
  return made;
}

site_statistics::sites site_statistics::without(std::vector<index_t> const& asked) const {
  auto const n = data_.stations.size();
  sites made{asked, std::vector<std::array<double, 3>>(n, {missing, missing, missing}),
             std::vector<double>(n, missing)};
  auto all = asked;  // and those whose climate is guessed by the same stations
  for (auto const s : guessed_) {
    if (std::find(asked.begin(), asked.end(), s) == asked.end()) all.push_back(s);
  }
  auto step = site_step(all);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < step.stations.size(); ++i) {
      step.readings[static_cast<Eigen::Index>(i)] =
          step.read[i] != 0 ? curve_[static_cast<std::size_t>(step.stations[i])][k] : 0.0;
    }
    // The variance of a site is a part of that of the anomalies, as far as anything is known before the others are seen.
    auto const says = krige(step, all, 0.2 * anomalies_, known_sites);
    for (std::size_t q = 0; q < all.size(); ++q) {
      auto const s = static_cast<std::size_t>(all[q]);
      made.curve[s][k] = says.asked[static_cast<Eigen::Index>(q)];
      if (k == 0) made.deviation[s] = says.asked_deviation[static_cast<Eigen::Index>(q)];
    }
    for (std::size_t i = 0; i < step.stations.size(); ++i) {
      auto const s = static_cast<std::size_t>(step.stations[i]);
      auto const row = static_cast<Eigen::Index>(i);
      if (std::isnan(says.left_out[row])) continue;
      made.curve[s][k] = says.left_out[row];
      if (k == 0) made.deviation[s] = says.left_out_deviation[row];
    }
  }
  return made;
}

kriging_step site_statistics::prepare(index_t t, std::vector<index_t> const& asked) const {
  auto const n = data_.station_count();
  std::vector<char> read;
  for (index_t s = 0; s < n; ++s) read.push_back(std::isnan(z_[data_.cell(t, s)]) ? 0 : 1);
  auto made = step_of(t, read, asked);
  auto const m = static_cast<Eigen::Index>(made.stations.size());
  matrix c(m, m);
  for (Eigen::Index i = 0; i < m; ++i) {
    auto const s = made.stations[static_cast<std::size_t>(i)];
    for (Eigen::Index k = 0; k <= i; ++k) {
      auto const d = distance_[static_cast<std::size_t>(s * n + made.stations[static_cast<std::size_t>(k)])];
      c(i, k) = c(k, i) = chosen_.days.at(d, 0);
    }
    // What is not known of a climate is an error of its anomalies.
    c(i, i) += chosen_.days.nugget + unknown_[static_cast<std::size_t>(s)] / chosen_.days_scale;
    if (made.read[static_cast<std::size_t>(i)] != 0) made.readings[i] = z_[data_.cell(t, s)] - climate(s, t);
  }
  made.precision = kriging_precision(c, {});
  return made;
}

estimates site_statistics::at(kriging_step const& with, sites const& climates,
                              std::vector<index_t> const& asked) const {
  auto made = krige(with, asked, chosen_.days_scale, known_days);
  auto const add = [&](index_t s, double& mean, double& deviation) {
    auto const i = static_cast<std::size_t>(s);
    mean += climate(climates.curve[i], with.time);
    deviation = std::hypot(deviation, climates.deviation[i]);
  };
  for (std::size_t q = 0; q < asked.size(); ++q) {
    auto const k = static_cast<Eigen::Index>(q);
    add(asked[q], made.asked[k], made.asked_deviation[k]);
  }
  for (std::size_t i = 0; i < with.stations.size(); ++i) {
    auto const k = static_cast<Eigen::Index>(i);
    if (!std::isnan(made.left_out[k])) add(with.stations[i], made.left_out[k], made.left_out_deviation[k]);
  }
  return made;
}

void site_statistics::choose_sites(bool sides) {
  index_t learned = 0;
  for (auto const one : learned_) learned += one;
  auto least = std::numeric_limits<double>::infinity();
  choice best;
  auto const attempt = [&](choice const& one) {
    chosen_ = one;
    settle_drifts();
    auto step = site_step({});
    for (std::size_t i = 0; i < step.stations.size(); ++i) {
      step.readings[static_cast<Eigen::Index>(i)] = curve_[static_cast<std::size_t>(step.stations[i])][0];
    }
    auto const squares = (step.readings - krige(step, {}).left_out).squaredNorm();
    if (squares < least) least = squares, best = one;
  };
  // A drift wants three stations to show that it is there, and one to show that it is not. Drifts in place are no candidates: a great length
  // says the same without extrapolating, and on validation stations of the winds they cost 2 %.
  for (int kind = 0; kind < (sides && learned >= 4 ? 3 : 1); ++kind) {
    for (auto const length : {0.3, 1.0, 3.0, 10.0}) {
      for (auto const nugget : {0.03, 0.1, 0.3, 1.0, 3.0}) {
        choice one;
        one.sides = kind > 0, one.logarithms = kind > 1;
        one.sites = {0, 1, 1, length * typical_km_, 0, nugget, 0, 0};
        attempt(one);
      }
    }
  }
  chosen_ = best;
  settle_drifts();
}

void site_statistics::choose_days(time_range fit) {
  auto const stride = std::max<index_t>(1, fit.size() / 64);
  auto least = std::numeric_limits<double>::infinity();
  auto best = chosen_;
  for (auto const length : {0.3, 1.0, 3.0}) {
    for (auto const far : {0.0, 1.0, 3.0}) {
      for (auto const nugget : {0.05, 0.15, 0.4}) {
        chosen_.days = {far, 6 * typical_km_, 1, length * typical_km_, 0, nugget, 0, 0};
        chosen_.days_scale = anomalies_;
        double squares = 0, shown = 0, count = 0;
        for (auto t = fit.begin; t < fit.end; t += stride) {
          auto const now = prepare(t, {});
          auto const says = krige(now, {}, 1, 1);
          for (std::size_t i = 0; i < now.stations.size(); ++i) {
            auto const k = static_cast<Eigen::Index>(i);
            auto const error = now.readings[k] - says.left_out[k];
            if (learned_[static_cast<std::size_t>(now.stations[i])] == 0) continue;
            squares += error * error;
            shown += error * error * now.precision(k, k);
            count += 1;
          }
        }
        if (count > 0 && squares / count < least) {
          least = squares / count;
          best = chosen_;
          best.days_scale = std::max(shown / count, 1e-9);
        }
      }
    }
  }
  chosen_ = best;
}

std::string site_statistics::about() const {
  auto const text = [](double x) { return examples::report::number(x, 2); };
  std::string names;
  for (auto const& side : data_.sides) {
    if (chosen_.sides) names += ", " + std::string{chosen_.logarithms ? "log of " : ""} + side;
  }
  auto const& s = chosen_.sites;
  auto const& d = chosen_.days;
  return "climates of sites by kriging, drifts " + (names.empty() ? "none" : names.substr(2)) + ", length " +
         text(s.near_length) + " km, nugget " + text(s.nugget) + "; anomalies by simple kriging, lengths " +
         text(d.near_length) + " and (" + text(d.sill) + " of it) " + text(d.length) + " km, nugget " + text(d.nugget);
}

}  // namespace sensors
