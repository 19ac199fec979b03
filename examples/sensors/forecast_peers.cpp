#include <cmath>
#include <functional>
#include <numeric>

#include "peers.hpp"
#include "statistics.hpp"

namespace sensors {
namespace {

/// Readings older than this say nothing any more.
constexpr index_t oldest = 7;

/// Fewer errors than this do not make a variance of one station's own.
constexpr index_t fewest_errors = 30;

/// Writes the predicted anomaly of every station at time t; NaN where the method has nothing to say.
using day_method = std::function<void(index_t t, std::vector<double>& out)>;

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
    std::vector<double> squares(data.stations.size(), 0.0), counts(squares), out(squares);
    auto const ask = [&](index_t t) {
      std::fill(out.begin(), out.end(), missing);
      method(t, out);
      std::replace_if(out.begin(), out.end(), [](double x) { return std::isnan(x); }, 0.0);  // climatology
    };
    for (auto t = fit.begin + oldest; t < fit.end; ++t) {
      ask(t);
      for (std::size_t s = 0; s < out.size(); ++s) {
        if (auto const z_now = at(t, static_cast<index_t>(s)); !std::isnan(z_now)) {
          squares[s] += (out[s] - z_now) * (out[s] - z_now);
          counts[s] += 1;
        }
      }
    }
    auto const sum = [](std::vector<double> const& all) { return std::accumulate(all.begin(), all.end(), 0.0); };
    auto const pooled = sum(squares) / std::max(1.0, sum(counts));
    peer result{prediction{std::move(name), predict, stations}, {}};
    result.made.note = std::move(note);
    for (auto t = predict.begin; t < predict.end; ++t) {
      ask(t);
      for (index_t s = 0; s < stations; ++s) {
        auto const i = static_cast<std::size_t>(s);
        auto const error = counts[i] >= fewest_errors ? squares[i] / counts[i] : pooled;
        auto const mean = standard.transformed_mean(data.time(t), s, out[i]);
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
               [&f, phi](index_t t, std::vector<double>& out) {
                 for (index_t s = 0; s < f.stations; ++s) {
                   if (auto const back = f.age(t, s); back > 0) {
                     out[static_cast<std::size_t>(s)] =
                         std::pow(phi[static_cast<std::size_t>(s)], static_cast<double>(back)) * f.at(t - back, s);
                   }
                 }
               });
}

/// The method whose forecasts R has left in a file.
peer from_table(forecaster const& f, statistics const& with, std::string const& file, std::string name,
                std::string note) {
  auto const table = with.read(file, f.z.size());
  return f.run(std::move(name), std::move(note), [&](index_t t, std::vector<double>& out) {
    std::copy_n(table.begin() + t * f.stations, f.stations, out.begin());
  });
}

peer vector_autoregression(forecaster const& f, statistics const& with, index_t order) {
  auto const name = "VAR(" + std::to_string(order) + ")";
  index_t gaps = 0;
  for (auto t = f.fit.begin; t < f.predict.end; ++t) {
    for (index_t s = 0; s < f.stations; ++s) {
      gaps += !f.data.present(t, s) ? 1 : 0;
    }
  }
  if (gaps > 0) {
    return absent_peer(name, "is not applicable: least squares needs every reading of every day, " +
                                 std::to_string(gaps) + " of " +
                                 std::to_string((f.predict.end - f.fit.begin) * f.stations) + " are missing");
  }
  auto const rows = f.fit.size() - order;
  auto const columns = order * f.stations;
  if (rows < 2 * columns) {
    return absent_peer(name, "is not applicable: " + std::to_string(columns) + " coefficients a station from " +
                                 std::to_string(rows) + " times");
  }
  if (auto const reason = with.run("var", {f.fit.begin, f.fit.end, order}); !reason.empty()) {
    return absent_peer(name, "is not computed: " + reason);
  }
  return from_table(f, with, "var", name, std::to_string(columns * f.stations) + " coefficients by least squares");
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
               [&f](index_t t, std::vector<double>& out) {
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
                     out[static_cast<std::size_t>(s)] = sum / total;
                   }
                 }
               });
}

void add_kriging(std::vector<peer>& all, forecaster const& f, statistics const& with) {
  auto const reason = with.run("day_before", {f.fit.begin, f.fit.end, f.predict.begin, f.predict.end});
  auto const add = [&](char const* file, char const* name, char const* note) {
    all.push_back(reason.empty() ? from_table(f, with, file, name, note)
                                 : absent_peer(name, "is not computed: " + reason));
  };
  add("ordinary", "ordinary kriging, day before", "anomalies; exponential covariance with a nugget");
  add("lagged", "space-time kriging, 1 lag",
      "simple kriging of anomalies from the day before, exponential lag-0 and lag-1 covariance");
}

}  // namespace

std::vector<peer> forecast_peers(series const& data, time_range fit, time_range predict, transform_kind kind) {
  forecaster const f{data, fit, predict, kind};
  std::vector<peer> all;
  all.push_back(f.run("climatology", "season and station mean", [](index_t, std::vector<double>&) {}));
  all.push_back(f.run(
      "persistence", "the last reading, at most 7 steps old",
      [&f](index_t t, std::vector<double>& out) {
        for (index_t s = 0; s < f.stations; ++s) {
          if (auto const back = f.age(t, s); back > 0) {
            out[static_cast<std::size_t>(s)] = f.at(t - back, s);
          }
        }
      },
      true));
  all.push_back(autoregression(f));
  statistics const with{data};
  with.write("anomalies", f.z);
  all.push_back(vector_autoregression(f, with, 1));
  all.push_back(vector_autoregression(f, with, 3));
  if (f.stations > 1) {
    all.push_back(distance_weighted(f));
    add_kriging(all, f, with);
  }
  return all;
}

}  // namespace sensors
