#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "linear.hpp"
#include "peers.hpp"

namespace sensors {
namespace {

constexpr index_t calibration_times = 256;

/// The methods, in the order of the table.
enum method { climatology, nearest, inverse_distance, ordinary, ordinary_corrected, simple, simple_known, methods };

struct named_method {
  char const* name;
  char const* note;
};
constexpr named_method all_methods[methods] = {
    {"climatology", "season and mean of the other stations"},
    {"nearest station", "its reading as it is"},
    {"inverse distance", "weights 1 / distance squared"},
    {"ordinary kriging per day", "back-transformed without correction, as gstat does"},
    {"ordinary kriging, corrected", "the same weights, back-transform corrected by the kriging variance"},
    {"simple kriging, network mean", "the site's mean is taken to be that of the other stations"},
    {"simple kriging, site mean known", "another task: the site's own training mean is given"},
};

/// All that is fitted for one group of hidden stations, and the work of one day.
class fold {
 public:
  fold(series const& data_, std::vector<double> const& kilometres_, time_range fit, transform_kind kind,
       std::vector<index_t> const& hidden)
      : data{data_}, kilometres{kilometres_}, standard{scaler::fit(data_, fit, {kind, level_kind::station, hidden})} {
    std::vector<char> seen(data.stations.size(), 1);
    for (auto const s : hidden) {
      seen.at(static_cast<std::size_t>(s)) = 0;
    }
    for (index_t s = 0; s < data.station_count(); ++s) {
      if (seen[static_cast<std::size_t>(s)] != 0) {
        others.push_back(s);
      }
    }
    fit_covariance(fit);
    calibrate(fit);
  }

  /// Mean of f(y) and the variance that corrects its back-transform, for every method.
  struct answer {
    std::array<double, methods> mean;
    std::array<double, methods> correction;
  };

  /// Station s at time t from the others' readings of that time; the climate where there are none.
  [[nodiscard]] answer predict(index_t t, index_t s, double own_level) {
    auto const when = data.time(t);
    auto const season = standard.season(when);
    auto const network = season + standard.level(-1);
    answer result;
    auto& out = result.mean;
    out.fill(network);
    out[simple_known] = season + own_level;
    result.correction = variances;
    gather(t);
    if (here.empty()) {
      return result;
    }
    auto const n = static_cast<Eigen::Index>(here.size());
    double total = 0;
    double sum = 0;
    auto closest = std::numeric_limits<double>::infinity();
    for (Eigen::Index i = 0; i < n; ++i) {
      auto const far = distance(here[static_cast<std::size_t>(i)], s);
      auto const weight = 1 / std::max(1e-6, far * far);
      total += weight;
      sum += weight * field(i);
      if (far < closest) {
        closest = far;
        out[nearest] = season + field(i);
      }
    }
    out[inverse_distance] = season + sum / total;
    weigh(s);
    out[ordinary] = out[ordinary_corrected] = season + last_ordinary.weights.dot(field);
    auto const anomaly = last_simple.weights.dot(own);
    out[simple] = network + anomaly;
    out[simple_known] = season + own_level + anomaly;
    result.correction[nearest] = result.correction[ordinary] = 0;  // as they are
    result.correction[ordinary_corrected] = last_ordinary.variance;
    result.correction[simple] = result.correction[simple_known] = last_simple.variance;
    return result;
  }

  [[nodiscard]] double variance(method m) const { return variances[static_cast<std::size_t>(m)]; }

 private:
  series const& data;
  std::vector<double> const& kilometres;
  scaler standard;
  std::vector<index_t> others;
  covariance model;
  std::array<double, methods> variances{};
  // One day: which of the others have a reading, their f(y) - season, and their f(y) - season - own level.
  std::vector<index_t> here;
  Eigen::VectorXd field;
  Eigen::VectorXd own;
  // Weights depend on who is present, not on the day: kept until that changes.
  std::vector<index_t> weighed_for;
  index_t weighed_to = -1;
  kriging_weights last_ordinary;
  kriging_weights last_simple;

  [[nodiscard]] double distance(index_t a, index_t b) const {
    return kilometres[static_cast<std::size_t>(a * data.station_count() + b)];
  }

  [[nodiscard]] double anomaly(index_t t, index_t s) const {
    return transform(standard.kind(), data.at(t, s)) - standard.climate(data.time(t), s);
  }

  void gather(index_t t) {
    here.clear();
    for (auto const s : others) {
      if (data.present(t, s)) {
        here.push_back(s);
      }
    }
    field.resize(static_cast<Eigen::Index>(here.size()));
    own.resize(field.size());
    for (Eigen::Index i = 0; i < field.size(); ++i) {
      auto const s = here[static_cast<std::size_t>(i)];
      own(i) = anomaly(t, s);
      field(i) = own(i) + standard.level(s);
    }
  }

  [[nodiscard]] Eigen::MatrixXd among() const {
    auto const n = static_cast<Eigen::Index>(here.size());
    Eigen::MatrixXd matrix(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        matrix(i, j) =
            i == j ? model.sill
                   : model.between(distance(here[static_cast<std::size_t>(i)], here[static_cast<std::size_t>(j)]));
      }
    }
    return matrix;
  }

  void weigh(index_t s) {
    if (weighed_to == s && weighed_for == here) {
      return;
    }
    Eigen::VectorXd to(static_cast<Eigen::Index>(here.size()));
    for (Eigen::Index i = 0; i < to.size(); ++i) {
      to(i) = model.between(distance(here[static_cast<std::size_t>(i)], s));
    }
    auto const matrix = among();
    last_ordinary = ordinary_kriging(matrix, to, model.sill);
    last_simple = simple_kriging(matrix, to, model.sill);
    weighed_for = here;
    weighed_to = s;
  }

  void fit_covariance(time_range fit) {
    std::vector<double> apart;
    std::vector<double> correlations;
    double variance_sum = 0;
    index_t variance_count = 0;
    auto const n = others.size();
    std::vector<double> a(static_cast<std::size_t>(fit.size()) * n);
    for (auto t = fit.begin; t < fit.end; ++t) {
      for (std::size_t i = 0; i < n; ++i) {
        a[static_cast<std::size_t>(t - fit.begin) * n + i] = anomaly(t, others[i]);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) {
        double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0, count = 0;
        for (auto row = a.begin(); row != a.end(); row += static_cast<std::ptrdiff_t>(n)) {
          auto const x = row[static_cast<std::ptrdiff_t>(i)];
          auto const y = row[static_cast<std::ptrdiff_t>(j)];
          if (!std::isnan(x) && !std::isnan(y)) {
            sx += x;
            sy += y;
            xx += x * x;
            yy += y * y;
            xy += x * y;
            count += 1;
          }
        }
        auto const vx = xx - sx * sx / std::max(1.0, count);
        auto const vy = yy - sy * sy / std::max(1.0, count);
        if (i == j && count >= scaler::fewest_readings) {
          variance_sum += vx / count;
          ++variance_count;
        } else if (i != j && count >= 100 && vx > 0 && vy > 0) {
          apart.push_back(distance(others[i], others[j]));
          correlations.push_back((xy - sx * sy / count) / std::sqrt(vx * vy));
        }
      }
    }
    model = fit_correlation(apart, correlations);
    model.sill = variance_count > 0 ? variance_sum / static_cast<double>(variance_count) : 1.0;
  }

  /// Leaves each of the other stations out in turn. For kriging the left-out error has a closed form: entry i of
  /// P v over P(i, i), with P the inverse of the covariance, projected off the constants for the unknown mean.
  void calibrate(time_range fit) {
    std::array<double, methods> squares{};
    index_t count = 0;
    auto const stride = std::max<index_t>(1, fit.size() / calibration_times);
    for (auto t = fit.begin; t < fit.end; t += stride) {
      gather(t);
      auto const n = static_cast<Eigen::Index>(here.size());
      if (n < 3) {
        continue;
      }
      Eigen::MatrixXd const inverse = among().ldlt().solve(Eigen::MatrixXd::Identity(n, n));
      Eigen::VectorXd const from_ones = inverse.rowwise().sum();
      Eigen::MatrixXd const projected = inverse - from_ones * from_ones.transpose() / from_ones.sum();
      Eigen::VectorXd const left_ordinary = (projected * field).cwiseQuotient(projected.diagonal());
      Eigen::VectorXd const left_simple = (inverse * own).cwiseQuotient(inverse.diagonal());
      for (Eigen::Index i = 0; i < n; ++i) {
        auto const s = here[static_cast<std::size_t>(i)];
        auto const level_error = standard.level(s) - standard.level(-1);
        double total = 0, sum = 0, close_value = 0;
        auto closest = std::numeric_limits<double>::infinity();
        for (Eigen::Index j = 0; j < n; ++j) {
          if (j == i) {
            continue;
          }
          auto const far = distance(s, here[static_cast<std::size_t>(j)]);
          auto const weight = 1 / std::max(1e-6, far * far);
          total += weight;
          sum += weight * field(j);
          if (far < closest) {
            closest = far;
            close_value = field(j);
          }
        }
        auto const add = [&](method m, double error) { squares[static_cast<std::size_t>(m)] += error * error; };
        add(climatology, own(i) + level_error);
        add(nearest, field(i) - close_value);
        add(inverse_distance, field(i) - sum / total);
        add(ordinary, left_ordinary(i));
        add(ordinary_corrected, left_ordinary(i));
        add(simple, left_simple(i) + level_error);
        add(simple_known, left_simple(i));
        ++count;
      }
    }
    for (std::size_t m = 0; m < methods; ++m) {
      variances[m] = count > 0 ? squares[m] / static_cast<double>(count) : model.sill;
    }
  }
};

}  // namespace

station_groups leave_one_out(index_t stations) {
  station_groups groups;
  for (index_t s = 0; s < stations; ++s) {
    groups.push_back({s});
  }
  return groups;
}

station_groups station_folds(index_t stations, index_t count, std::uint64_t seed) {
  if (count < 2 || count > stations) {
    throw data_error{"folds: expected 2 to " + std::to_string(stations) + ", found " + std::to_string(count)};
  }
  std::vector<index_t> order(static_cast<std::size_t>(stations));
  std::iota(order.begin(), order.end(), index_t{0});
  std::mt19937_64 draw{seed};
  for (std::size_t i = order.size(); i > 1; --i) {  // std::shuffle differs from library to library
    std::swap(order[i - 1], order[draw() % i]);
  }
  station_groups groups(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) {
    groups[i % groups.size()].push_back(order[i]);
  }
  return groups;
}

std::vector<peer> unseen_peers(series const& data, time_range fit, time_range predict, transform_kind kind,
                               station_groups const& groups) {
  std::vector<peer> all(methods);
  for (std::size_t m = 0; m < methods; ++m) {
    all[m].made = prediction{all_methods[m].name, predict, data.station_count()};
    all[m].made.note = all_methods[m].note;
  }
  if (data.station_count() < 4) {
    for (auto& one : all) {
      one.not_applicable = "needs at least 4 stations, there are " + std::to_string(data.station_count());
    }
    return all;
  }
  auto const everything = scaler::fit(data, fit, {kind, level_kind::station, {}});
  auto const kilometres = data.distances_km();
  for (auto const& group : groups) {
    fold work{data, kilometres, fit, kind, group};
    for (auto const s : group) {
      for (auto t = predict.begin; t < predict.end; ++t) {
        if (!data.present(t, s)) {
          continue;  // nothing to compare with
        }
        auto const made = work.predict(t, s, everything.level(s));
        for (std::size_t m = 0; m < methods; ++m) {
          all[m].made.set_point(t, s, expected_reading(kind, made.mean[m], made.correction[m]), made.mean[m],
                                work.variance(static_cast<method>(m)));
        }
      }
    }
  }
  return all;
}

double independent_figure(series const& data, std::string const& task, std::string const& peer_name) {
  struct figure {
    char const* task;
    char const* peer;
    double knots;
  };
  // Irish wind, fitted on 1961-74, tested on 1975-78; computed elsewhere with R (gstat) and numpy.
  constexpr figure figures[] = {{"forecast", "climatology", 4.80},
                                {"forecast", "persistence", 4.68},
                                {"forecast", "AR(1) per station", 4.08},
                                {"forecast", "VAR(1)", 3.98},
                                {"forecast", "VAR(3)", 3.95},
                                {"unseen", "climatology", 5.61},
                                {"unseen", "nearest station", 4.61},
                                {"unseen", "inverse distance", 3.89},
                                {"unseen", "ordinary kriging per day", 3.65},
                                {"unseen", "simple kriging, network mean", 3.85},
                                {"unseen", "simple kriging, site mean known", 2.33}};
  if (data.origin.name == "wind") {
    for (auto const& one : figures) {
      if (task == one.task && peer_name == one.peer) {
        return one.knots;
      }
    }
  }
  return missing;
}

}  // namespace sensors
