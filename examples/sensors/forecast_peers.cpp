#include <Eigen/Dense>
#include <cmath>
#include <functional>

#include "linear.hpp"
#include "peers.hpp"

namespace sensors {
namespace {

/// Readings older than this say nothing any more.
constexpr index_t oldest = 7;

/// Fewer errors than this do not make a variance of one station's own.
constexpr index_t fewest_errors = 30;

/// Writes the predicted anomaly of every station at time t; NaN where the method has nothing to say.
using day_method = std::function<void(index_t t, Eigen::VectorXd& out)>;

struct forecaster {
  series const& data;
  time_range fit;
  time_range predict;
  scaler standard;
  std::vector<double> z;
  index_t stations;
  std::vector<double> kilometres;

  forecaster(series const& data_, time_range fit_, time_range predict_, transform_kind kind)
      : data{data_},
        fit{fit_},
        predict{predict_},
        standard{scaler::fit(data_, fit_, {kind, level_kind::station, {}})},
        z{standardise(data_, standard)},
        stations{data_.station_count()},
        kilometres{data_.distances_km()} {}

  [[nodiscard]] double distance(index_t a, index_t b) const {
    return kilometres[static_cast<std::size_t>(a * stations + b)];
  }

  [[nodiscard]] double at(index_t t, index_t s) const { return z[static_cast<std::size_t>(t * stations + s)]; }

  /// Age in steps of the last reading of a station before t, 0 when there is none within `oldest`.
  [[nodiscard]] index_t age(index_t t, index_t s) const {
    for (index_t back = 1; back <= std::min(oldest, t); ++back) {
      if (data.present(t - back, s)) {
        return back;
      }
    }
    return 0;
  }

  /// Runs a method over both ranges: its training errors give the variances. `raw` makes the point prediction the last
  /// reading itself.
  [[nodiscard]] peer run(std::string name, std::string note, day_method const& method, bool raw = false) const {
    Eigen::VectorXd squares = Eigen::VectorXd::Zero(stations);
    Eigen::VectorXd counts = Eigen::VectorXd::Zero(stations);
    Eigen::VectorXd out(stations);
    auto const ask = [&](index_t t) {
      out.setConstant(missing);
      method(t, out);
      out = out.unaryExpr([](double x) { return std::isnan(x) ? 0.0 : x; });  // climatology
    };
    for (auto t = fit.begin + oldest; t < fit.end; ++t) {
      ask(t);
      for (index_t s = 0; s < stations; ++s) {
        if (data.present(t, s)) {
          squares(s) += (out(s) - at(t, s)) * (out(s) - at(t, s));
          counts(s) += 1;
        }
      }
    }
    auto const pooled = squares.sum() / std::max(1.0, counts.sum());
    peer result{prediction{std::move(name), predict, stations}, {}};
    result.made.note = std::move(note);
    for (auto t = predict.begin; t < predict.end; ++t) {
      ask(t);
      for (index_t s = 0; s < stations; ++s) {
        auto const error = counts(s) >= fewest_errors ? squares(s) / counts(s) : pooled;
        auto const mean = standard.transformed_mean(data.time(t), s, out(s));
        auto const variance = standard.transformed_variance(error);
        result.made.set(standard.kind(), t, s, mean, variance);
        if (auto const back = age(t, s); raw && back > 0) {
          result.made.set_point(t, s, data.at(t - back, s), mean, variance);
        }
      }
    }
    return result;
  }
};

peer autoregression(forecaster const& f) {
  std::vector<double> phi(static_cast<std::size_t>(f.stations), 0.0);
  double pooled_products = 0;
  double pooled_squares = 0;
  std::vector<index_t> pairs(phi.size(), 0);
  for (std::size_t s = 0; s < phi.size(); ++s) {
    double products = 0;
    double squares = 0;
    for (auto t = f.fit.begin + 1; t < f.fit.end; ++t) {
      auto const now = f.at(t, static_cast<index_t>(s));
      auto const before = f.at(t - 1, static_cast<index_t>(s));
      if (!std::isnan(now) && !std::isnan(before)) {
        products += now * before;
        squares += before * before;
        ++pairs[s];
      }
    }
    phi[s] = squares > 0 ? products / squares : 0;
    pooled_products += products;
    pooled_squares += squares;
  }
  for (std::size_t s = 0; s < phi.size(); ++s) {
    if (pairs[s] < scaler::fewest_readings && pooled_squares > 0) {
      phi[s] = pooled_products / pooled_squares;
    }
  }
  return f.run("AR(1) per station", "one coefficient a station, anomalies of the last reading",
               [&f, phi](index_t t, Eigen::VectorXd& out) {
                 for (index_t s = 0; s < f.stations; ++s) {
                   if (auto const back = f.age(t, s); back > 0) {
                     out(s) = std::pow(phi[static_cast<std::size_t>(s)], static_cast<double>(back)) * f.at(t - back, s);
                   }
                 }
               });
}

peer vector_autoregression(forecaster const& f, index_t order) {
  auto const name = "VAR(" + std::to_string(order) + ")";
  index_t gaps = 0;
  for (auto t = f.fit.begin; t < f.predict.end; ++t) {
    for (index_t s = 0; s < f.stations; ++s) {
      gaps += !f.data.present(t, s) ? 1 : 0;
    }
  }
  peer result;
  result.made.name = name;
  if (gaps > 0) {
    result.not_applicable = "least squares needs every reading of every day, " + std::to_string(gaps) + " of " +
                            std::to_string((f.predict.end - f.fit.begin) * f.stations) + " are missing";
    return result;
  }
  auto const rows = f.fit.size() - order;
  auto const columns = order * f.stations;
  if (rows < 2 * columns) {
    result.not_applicable = std::to_string(columns) + " coefficients a station from " + std::to_string(rows) + " times";
    return result;
  }
  auto const past = [&f, order](index_t t, auto row) {
    for (index_t lag = 1; lag <= order; ++lag) {
      for (index_t s = 0; s < f.stations; ++s) {
        row((lag - 1) * f.stations + s) = f.at(t - lag, s);
      }
    }
  };
  Eigen::MatrixXd x(rows, columns);
  Eigen::MatrixXd y(rows, f.stations);
  for (index_t i = 0; i < rows; ++i) {
    past(f.fit.begin + order + i, x.row(i));
    for (index_t s = 0; s < f.stations; ++s) {
      y(i, s) = f.at(f.fit.begin + order + i, s);
    }
  }
  Eigen::MatrixXd const coefficients = x.colPivHouseholderQr().solve(y);
  return f.run(name, std::to_string(columns * f.stations) + " coefficients by least squares",
               [coefficients, past, columns, order](index_t t, Eigen::VectorXd& out) {
                 if (t < order) {
                   return;
                 }
                 Eigen::RowVectorXd row(columns);
                 past(t, Eigen::Ref<Eigen::RowVectorXd>{row});
                 out = (row * coefficients).transpose();
               });
}

/// Correlation of station a at time t - lag with station b at time t over the training range.
covariance lag_covariance(forecaster const& f, index_t lag) {
  std::vector<double> kilometres;
  std::vector<double> correlations;
  for (index_t a = 0; a < f.stations; ++a) {
    for (index_t b = 0; b < f.stations; ++b) {
      if (lag == 0 && b <= a) {
        continue;
      }
      double ab = 0;
      double aa = 0;
      double bb = 0;
      index_t count = 0;
      for (auto t = f.fit.begin + lag; t < f.fit.end; ++t) {
        auto const x = f.at(t - lag, a);
        auto const y = f.at(t, b);
        if (!std::isnan(x) && !std::isnan(y)) {
          ab += x * y;
          aa += x * x;
          bb += y * y;
          ++count;
        }
      }
      if (count >= 100 && aa > 0 && bb > 0) {
        kilometres.push_back(f.distance(a, b));
        correlations.push_back(ab / std::sqrt(aa * bb));
      }
    }
  }
  return fit_correlation(kilometres, correlations);
}

std::vector<index_t> present_stations(forecaster const& f, index_t t) {
  std::vector<index_t> here;
  for (index_t s = 0; s < f.stations; ++s) {
    if (f.data.present(t, s)) {
      here.push_back(s);
    }
  }
  return here;
}

peer distance_weighted(forecaster const& f) {
  return f.run("inverse distance, day before", "anomalies of the other stations, weights 1 / distance squared",
               [&f](index_t t, Eigen::VectorXd& out) {
                 auto const here = t > 0 ? present_stations(f, t - 1) : std::vector<index_t>{};
                 for (index_t s = 0; s < f.stations; ++s) {
                   double sum = 0;
                   double total = 0;
                   for (auto const o : here) {
                     if (o != s) {
                       auto const weight = 1 / std::max(1e-6, f.distance(o, s) * f.distance(o, s));
                       sum += weight * f.at(t - 1, o);
                       total += weight;
                     }
                   }
                   if (total > 0) {
                     out(s) = sum / total;
                   }
                 }
               });
}

/// Ordinary kriging of the step before as it stands, or simple kriging of this step from the step before.
peer kriging(forecaster const& f, covariance now, std::optional<covariance> next) {
  auto const method = [&f, now, next](index_t t, Eigen::VectorXd& out) {
    auto const here = t > 0 ? present_stations(f, t - 1) : std::vector<index_t>{};
    auto const n = static_cast<Eigen::Index>(here.size());
    if (n < 1) {
      return;
    }
    Eigen::MatrixXd among(n, n);
    Eigen::MatrixXd to(n, f.stations);
    Eigen::VectorXd values(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      auto const a = here[static_cast<std::size_t>(i)];
      values(i) = f.at(t - 1, a);
      for (Eigen::Index j = 0; j < n; ++j) {
        among(i, j) = i == j ? now.sill : now.between(f.distance(a, here[static_cast<std::size_t>(j)]));
      }
      for (index_t s = 0; s < f.stations; ++s) {
        // The field without its nugget: at a station itself, kriging smooths instead of repeating the reading.
        to(i, s) = (next ? *next : now).between(f.distance(a, s));
      }
    }
    Eigen::LDLT<Eigen::MatrixXd> const solver{among};
    if (next) {
      out = to.transpose() * solver.solve(values);
      return;
    }
    Eigen::VectorXd const ones = Eigen::VectorXd::Ones(n);
    Eigen::VectorXd const from_ones = solver.solve(ones);
    auto const mean = from_ones.dot(values) / from_ones.sum();  // the generalised least squares mean of the day
    out = (to.transpose() * solver.solve(values - mean * ones)).array() + mean;
  };
  return next ? f.run("space-time kriging, 1 lag",
                      "simple kriging of anomalies from the day before, exponential "
                      "lag-0 and lag-1 covariance",
                      method)
              : f.run("ordinary kriging, day before", "anomalies; exponential covariance with a nugget", method);
}

}  // namespace

std::vector<peer> forecast_peers(series const& data, time_range fit, time_range predict, transform_kind kind) {
  forecaster const f{data, fit, predict, kind};
  std::vector<peer> all;
  all.push_back(f.run("climatology", "season and station mean", [](index_t, Eigen::VectorXd&) {}));
  all.push_back(f.run(
      "persistence", "the last reading, at most 7 steps old",
      [&f](index_t t, Eigen::VectorXd& out) {
        for (index_t s = 0; s < f.stations; ++s) {
          if (auto const back = f.age(t, s); back > 0) {
            out(s) = f.at(t - back, s);
          }
        }
      },
      true));
  all.push_back(autoregression(f));
  all.push_back(vector_autoregression(f, 1));
  all.push_back(vector_autoregression(f, 3));
  if (f.stations > 1) {
    all.push_back(distance_weighted(f));
    auto const now = lag_covariance(f, 0);
    all.push_back(kriging(f, now, std::nullopt));
    all.push_back(kriging(f, now, lag_covariance(f, 1)));
  }
  return all;
}

}  // namespace sensors
