#include "scaling.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "published.hpp"

namespace sensors {
namespace {

std::array<double, 5> harmonics_at(double day) {
  auto const angle = 2 * std::numbers::pi * day / 365.25;
  return {1.0, std::cos(angle), std::sin(angle), std::cos(2 * angle), std::sin(2 * angle)};
}

/// Readings that a station must have over a range to have a mean of its own; fewer over a range of a few times.
index_t fewest_over(time_range range) { return std::clamp<index_t>(range.size() / 2, 2, scaler::fewest_readings); }

struct mean_of {
  double sum = 0;
  index_t count = 0;
  void add(double x) {
    sum += x;
    ++count;
  }
  [[nodiscard]] double value() const { return sum / static_cast<double>(count); }
};

}  // namespace

double transform(transform_kind kind, double y) {
  switch (kind) {
    case transform_kind::identity: return y;
    case transform_kind::square_root: return std::sqrt(y);
    case transform_kind::log1p: return std::log1p(y);
  }
  return missing;
}

double inverse(transform_kind kind, double value) {
  switch (kind) {
    case transform_kind::identity: return value;
    case transform_kind::square_root:
      return value > 0 ? value * value : value <= 0 ? 0.0 : missing;  // below the root of 0 lies nothing
    case transform_kind::log1p: return std::expm1(value);
  }
  return missing;
}

double expected_reading(transform_kind kind, double mean, double variance) {
  switch (kind) {
    case transform_kind::identity: return mean;
    case transform_kind::square_root: return mean * mean + variance;
    case transform_kind::log1p: return std::expm1(mean + variance / 2);
  }
  return missing;
}

char const* name(transform_kind kind) {
  switch (kind) {
    case transform_kind::identity: return "identity";
    case transform_kind::square_root: return "sqrt";
    case transform_kind::log1p: return "log1p";
  }
  return "unknown";
}

std::optional<transform_kind> transform_named(std::string const& text) {
  for (auto const kind : {transform_kind::identity, transform_kind::square_root, transform_kind::log1p}) {
    if (text == name(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

transform_kind standard_transform(series const& data) {
  if (auto const* known = find_published(data.origin.name)) {
    for (auto const& one : known->channels) {
      if (one.name == data.origin.quantity) return one.transform;
    }
    return known->channels.front().transform;
  }
  return data.origin.synthetic ? transform_kind::square_root : transform_kind::identity;
}

void require_domain(series const& data, time_range range, transform_kind kind, std::string const& part) {
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < data.station_count(); ++s) {
      if (!data.present(t, s) || std::isfinite(transform(kind, data.at(t, s)))) continue;
      throw data_error{"reading " + std::to_string(data.at(t, s)) + " at " + time_text(data.time(t)) + ", station " +
                       data.stations[static_cast<std::size_t>(s)].code + ", in the " + part + ": the transform " +
                       name(kind) + " does not take it (see --transform, and --missing where it means no reading)"};
    }
  }
}

std::vector<std::string> check_parts(series const& data, time_split const& split, transform_kind kind) {
  require_domain(data, split.train, kind, "training part");
  require_domain(data, split.validation, kind, "validation part");
  require_domain(data, split.test, kind, "test part");
  // Of one station over one range.
  struct extent {
    index_t count = 0;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    [[nodiscard]] bool moves() const { return high - low > 1e-12 * std::max(std::abs(low), std::abs(high)); }
  };
  auto const over = [&](time_range range, index_t s) {
    extent made;
    for (auto t = range.begin; t < range.end; ++t) {
      if (!data.present(t, s)) continue;
      ++made.count;
      made.low = std::min(made.low, data.at(t, s));
      made.high = std::max(made.high, data.at(t, s));
    }
    return made;
  };
  std::vector<index_t> still, few;
  auto const names_of = [&](std::vector<index_t> const& stations) {
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(stations.size(), 20); ++i) {
      names += (names.empty() ? "'" : ", '") + data.stations[static_cast<std::size_t>(stations[i])].code + "'";
    }
    return names + (stations.size() > 20 ? " and " + std::to_string(stations.size() - 20) + " more" : "");
  };
  index_t changing = 0, tested = 0;
  for (index_t s = 0; s < data.station_count(); ++s) {
    auto const train = over(split.train, s);
    changing += train.moves() ? 1 : 0;
    if (train.count >= fewest_over(split.train) && !train.moves()) still.push_back(s);
    auto const before = over(split.fit(), s).count, test = over(split.test, s).count;
    if (before + test > 0 && before < fewest_over(split.fit())) few.push_back(s);
    tested += test;
  }
  if (changing == 0) {
    throw data_error{"from " + time_text(data.time(split.train.begin)) + " to " +
                     time_text(data.time(split.train.end - 1)) +
                     ", the training part, no station's readings ever change: there is nothing to learn; "
                     "--validation-from and --test-from cut elsewhere"};
  }
  std::vector<std::string> notes;
  if (!still.empty())
    notes.push_back("Readings that never change in the training part: station " + names_of(still) + ".");
  if (!few.empty()) {
    notes.push_back("Fewer than " + std::to_string(fewest_over(split.fit())) +
                    " readings before the test part, so the mean of the others stands for their own: station " +
                    names_of(few) + ".");
  }
  if (tested < scaler::fewest_readings) {
    notes.push_back("The test part holds " + std::to_string(tested) + " readings: its measures mean little.");
  }
  return notes;
}

scaler scaler::fit(series const& data, time_range range, scaler_options const& options) {
  scaler result;
  result.chosen = options;
  auto const fewest = fewest_over(range);
  auto const stations = data.station_count();
  std::vector<mean_of> means(static_cast<std::size_t>(stations));
  auto const value = [&](index_t t, index_t s) { return transform(options.transform, data.at(t, s)); };
  std::vector<char> used(static_cast<std::size_t>(stations), 1);
  for (auto const s : options.without) {
    used.at(static_cast<std::size_t>(s)) = 0;
  }
  auto const each = [&](auto const& visit) {
    for (auto t = range.begin; t < range.end; ++t) {
      for (index_t s = 0; s < stations; ++s) {
        if (used[static_cast<std::size_t>(s)] != 0 && data.present(t, s)) {
          visit(t, s);
        }
      }
    }
  };
  each([&](index_t t, index_t s) {
    auto const v = value(t, s);
    if (!std::isfinite(v)) require_domain(data, {t, t + 1}, options.transform, "range that is fitted");
    means[static_cast<std::size_t>(s)].add(v);
  });

  mean_of network;
  for (auto const& one : means) {
    if (one.count >= fewest) {
      network.add(one.value());
    }
  }
  if (network.count == 0) {
    throw data_error{"no station has " + std::to_string(fewest) + " readings between " +
                     time_text(data.time(range.begin)) + " and " + time_text(data.time(range.end)) +
                     ": there is nothing to fit"};
  }
  result.network_level = network.value();
  result.levels.assign(static_cast<std::size_t>(stations), result.network_level);
  if (options.level == level_kind::station) {
    for (std::size_t s = 0; s < means.size(); ++s) {
      if (means[s].count >= fewest) {
        result.levels[s] = means[s].value();
      }
    }
  }

  // The season is taken from anomalies against each station's own mean whatever the level is: with gaps, a day on
  // which only windy stations report must not look like a windy season.
  std::vector<mean_of> days(367);
  each([&](index_t t, index_t s) {
    auto const& own = means[static_cast<std::size_t>(s)];
    auto const base = own.count >= fewest ? own.value() : result.network_level;
    days[static_cast<std::size_t>(day_of_year(data.time(t)))].add(value(t, s) - base);
  });
  std::vector<int> seen;
  for (int day = 1; day <= 366; ++day) {
    if (days[static_cast<std::size_t>(day)].count > 0) {
      seen.push_back(day);
    }
  }
  // The longest stretch of the year without a day.
  auto longest = seen.empty() ? 366 : seen.front() + 366 - seen.back();
  for (std::size_t i = 1; i < seen.size(); ++i) longest = std::max(longest, seen[i] - seen[i - 1]);
  auto const terms = longest <= 67 && seen.size() >= 10 ? 5 : 1;
  Eigen::MatrixXd design(static_cast<Eigen::Index>(seen.size()), terms);
  Eigen::VectorXd mean(static_cast<Eigen::Index>(seen.size()));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto const h = harmonics_at(seen[i]);
    for (int k = 0; k < terms; ++k) {
      design(static_cast<Eigen::Index>(i), k) = h[static_cast<std::size_t>(k)];
    }
    mean(static_cast<Eigen::Index>(i)) = days[static_cast<std::size_t>(seen[i])].value();
  }
  Eigen::VectorXd const fitted = design.colPivHouseholderQr().solve(mean);
  for (int k = 0; k < terms; ++k) {
    result.curve[static_cast<std::size_t>(k)] = fitted(k);
  }

  double sum = 0;
  double squares = 0;
  index_t count = 0;
  each([&](index_t t, index_t s) {
    auto const z = value(t, s) - result.climate(data.time(t), s);
    sum += z;
    squares += z * z;
    ++count;
  });
  auto const average = sum / static_cast<double>(count);
  auto const variance = squares / static_cast<double>(count) - average * average;
  result.spread = variance > 0 ? std::sqrt(variance) : 1.0;  // constant readings: nothing to scale
  return result;
}

double scaler::season(time_stamp time) const {
  auto const h = harmonics_at(day_of_year(time));
  double sum = 0;
  for (std::size_t k = 0; k < h.size(); ++k) {
    sum += curve[k] * h[k];
  }
  return sum;
}

double scaler::level(index_t station) const {
  return station < 0 ? network_level : levels[static_cast<std::size_t>(station)];
}

double scaler::standardise(time_stamp time, index_t station, double y) const {
  return (transform(kind(), y) - climate(time, station)) / spread;
}

double scaler::transformed_mean(time_stamp time, index_t station, double mean) const {
  return mean * spread + climate(time, station);
}

double scaler::reading(time_stamp time, index_t station, double mean, double variance) const {
  return expected_reading(kind(), transformed_mean(time, station, mean), transformed_variance(variance));
}

std::vector<double> standardise(series const& data, scaler const& with) {
  std::vector<double> z(data.values.size());
  for (index_t t = 0; t < data.times; ++t) {
    for (index_t s = 0; s < data.station_count(); ++s) {
      z[static_cast<std::size_t>(t * data.station_count() + s)] =
          data.present(t, s) ? with.standardise(data.time(t), s, data.at(t, s)) : missing;
    }
  }
  return z;
}

}  // namespace sensors
