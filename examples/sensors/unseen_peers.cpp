#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "peers.hpp"
#include "statistics.hpp"

namespace sensors {
namespace {

constexpr index_t calibration_times = 256;

/// The methods, in the order of the table.
enum method {
  climatology,
  nearest,
  inverse_distance,
  ordinary,
  ordinary_corrected,
  external,
  simple,
  simple_known,
  methods
};

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
    {"kriging with external drift, corrected",
     "drift in the first side input, log(1 + x) where it is nowhere negative"},
    {"simple kriging, network mean", "the site's mean is taken to be that of the other stations"},
    {"simple kriging, site mean known", "another task: the site's own training mean is given"},
};

/// Kriging needs R; the other methods do not.
constexpr bool by_kriging(std::size_t m) { return m >= ordinary; }

/// Mean and variance by kriging for every cell of the data, NaN where they were not asked for.
struct kriged_tables {
  std::vector<double> ordinary, ordinary_variance, simple, simple_variance, external, external_variance;
};

/// What is fitted for one group of hidden stations on the others' readings.
class fold_fit {
 public:
  fold_fit(series const& data_, std::vector<double> const& kilometres_, time_range fit, transform_kind kind,
           std::vector<index_t> const& hidden_)
      : data{data_},
        kilometres{kilometres_},
        standard{scaler::fit(data_, fit, {kind, level_kind::station, hidden_})},
        hidden(data_.stations.size(), 0.0) {
    for (auto const s : hidden_) {
      hidden.at(static_cast<std::size_t>(s)) = 1;
    }
  }

  void write(statistics const& with, std::string const& group) const {
    std::vector<double> own, level;
    own.reserve(data.values.size());
    for (index_t t = 0; t < data.times; ++t) {
      auto const season = standard.season(data.time(t));
      for (index_t s = 0; s < data.station_count(); ++s) {
        own.push_back(transform(standard.kind(), data.at(t, s)) - season - standard.level(s));
      }
    }
    for (index_t s = 0; s < data.station_count(); ++s) {
      level.push_back(standard.level(s));
    }
    with.write(group + ".own", own);
    with.write(group + ".level", level);
    with.write(group + ".hidden", hidden);
  }

  void read(statistics const& with, std::string const& group) {
    std::vector tables{&kriged.ordinary, &kriged.ordinary_variance, &kriged.simple, &kriged.simple_variance};
    if (!data.sides.empty()) tables.insert(tables.end(), {&kriged.external, &kriged.external_variance});
    auto const all = with.read(group + ".kriged", tables.size() * data.values.size());
    auto from = all.begin();
    auto const size = static_cast<std::ptrdiff_t>(data.values.size());
    for (auto* const table : tables) {
      table->assign(from, from + size);
      from += size;
    }
  }

  /// Mean of f(y) and the variance that corrects its back-transform, for every method.
  struct answer {
    index_t neighbours = 0;
    std::array<double, methods> mean{};
    std::array<double, methods> correction{};
  };

  /// Station s at time t from the others' readings of that time; the climate where there are none.
  [[nodiscard]] answer predict(index_t t, index_t s, double own_level) const {
    auto const season = standard.season(data.time(t));
    auto const network = season + standard.level(-1);
    answer result;
    auto& out = result.mean;
    out.fill(network);
    out[simple_known] = season + own_level;
    result.correction = variances;
    double total = 0;
    double sum = 0;
    auto closest = std::numeric_limits<double>::infinity();
    for (index_t o = 0; o < data.station_count(); ++o) {
      if (o == s || hidden[static_cast<std::size_t>(o)] != 0 || !data.present(t, o)) {
        continue;
      }
      ++result.neighbours;
      auto const value = transform(standard.kind(), data.at(t, o));
      auto const far = kilometres[static_cast<std::size_t>(o * data.station_count() + s)];
      auto const weight = 1 / std::max(1e-6, far * far);
      total += weight;
      sum += weight * value;
      if (far < closest) {
        closest = far;
        out[nearest] = value;
      }
    }
    if (result.neighbours == 0) {
      return result;
    }
    out[inverse_distance] = sum / total;
    result.correction[nearest] = result.correction[ordinary] = 0;  // as they are
    if (kriged.ordinary.empty()) {
      return result;
    }
    auto const cell = static_cast<std::size_t>(t * data.station_count() + s);
    out[ordinary] = out[ordinary_corrected] = season + kriged.ordinary[cell];
    if (!kriged.external.empty()) {
      out[external] = season + kriged.external[cell];
      result.correction[external] = kriged.external_variance[cell];
    }
    out[simple] = network + kriged.simple[cell];
    out[simple_known] = season + own_level + kriged.simple[cell];
    result.correction[ordinary_corrected] = kriged.ordinary_variance[cell];
    result.correction[simple] = result.correction[simple_known] = kriged.simple_variance[cell];
    return result;
  }

  /// Leaves each of the other stations out in turn.
  void calibrate(time_range fit, index_t stride) {
    std::array<double, methods> squares{};
    index_t count = 0;
    for (auto t = fit.begin; t < fit.end; t += stride) {
      for (index_t s = 0; s < data.station_count(); ++s) {
        if (hidden[static_cast<std::size_t>(s)] != 0 || !data.present(t, s)) {
          continue;
        }
        auto const left_out = predict(t, s, standard.level(s));
        if (left_out.neighbours < 2) {
          break;  // the same at every station of this time
        }
        for (std::size_t m = 0; m < methods; ++m) {
          auto const error = transform(standard.kind(), data.at(t, s)) - left_out.mean[m];
          squares[m] += error * error;
        }
        ++count;
      }
    }
    for (std::size_t m = 0; m < methods; ++m) {
      variances[m] = count > 0 ? squares[m] / static_cast<double>(count) : standard.scale() * standard.scale();
    }
  }

  [[nodiscard]] double variance(std::size_t m) const { return variances[m]; }

 private:
  series const& data;
  std::vector<double> const& kilometres;
  scaler standard;
  std::vector<double> hidden;  ///< 1 or 0 of every station
  kriged_tables kriged;
  std::array<double, methods> variances{};
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
      one.absent = "is not applicable: needs at least 4 stations, there are " + std::to_string(data.station_count());
    }
    if (data.sides.empty()) all.erase(all.begin() + external);
    return all;
  }
  auto const everything = scaler::fit(data, fit, {kind, level_kind::station, {}});
  auto const kilometres = data.distances_km();
  auto const stride = std::max<index_t>(1, fit.size() / calibration_times);
  statistics const with{data};
  std::vector<fold_fit> folds;
  for (auto const& group : groups) {
    folds.emplace_back(data, kilometres, fit, kind, group);
    folds.back().write(with, std::to_string(folds.size() - 1));
  }
  std::vector<double> side;
  for (index_t s = 0; s < (data.sides.empty() ? 0 : data.station_count()); ++s) side.push_back(data.side(s, 0));
  if (std::all_of(side.begin(), side.end(), [](double x) { return x >= 0; })) {
    for (auto& x : side) x = std::log1p(x);
  }
  with.write("sides", side);
  auto const reason =
      with.run("unseen", {fit.begin, fit.end, predict.begin, predict.end, static_cast<index_t>(groups.size()), stride});
  if (!reason.empty()) {
    for (std::size_t m = 0; m < methods; ++m) {
      if (by_kriging(m)) {
        all[m].absent = "is not computed: " + reason;
      }
    }
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    auto& work = folds[g];
    if (reason.empty()) {
      work.read(with, std::to_string(g));
    }
    work.calibrate(fit, stride);
    for (auto const s : groups[g]) {
      for (auto t = predict.begin; t < predict.end; ++t) {
        if (!data.present(t, s)) {
          continue;  // nothing to compare with
        }
        auto const made = work.predict(t, s, everything.level(s));
        for (std::size_t m = 0; m < methods; ++m) {
          all[m].made.set_point(t, s, expected_reading(kind, made.mean[m], made.correction[m]), made.mean[m],
                                work.variance(m));
        }
      }
    }
  }
  if (data.sides.empty()) all.erase(all.begin() + external);
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
