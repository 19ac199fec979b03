#include "lagged_statistics.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <map>
#include <numeric>

#include "common/report.hpp"

namespace sensors {
namespace {

using matrix = Eigen::MatrixXd;
using vector = Eigen::VectorXd;

constexpr index_t parts = 5;
/// More stations than this are forecast one by one, each from so many nearest.
constexpr index_t most_at_once = 100, neighbours = 12;
/// Fewer errors do not make a factor of one station's own.
constexpr double fewest_own_errors = 30;

/// Stations that are forecast from the same ones: of `from`, those numbered `targets`.
struct group {
  std::vector<index_t> from;
  std::vector<Eigen::Index> targets;
};

std::vector<group> groups_of(index_t stations, std::vector<double> const& kilometres) {
  std::vector<index_t> all(static_cast<std::size_t>(stations));
  std::iota(all.begin(), all.end(), index_t{0});
  if (stations <= most_at_once) return {{all, std::vector<Eigen::Index>(all.begin(), all.end())}};
  std::vector<group> made;
  for (index_t s = 0; s < stations; ++s) {
    auto const distance = [&](index_t o) { return kilometres[static_cast<std::size_t>(s * stations + o)]; };
    // Itself first, whoever else is at its place.
    auto near = all;
    std::partial_sort(near.begin(), near.begin() + neighbours, near.end(), [&](index_t a, index_t b) {
      return std::tuple{a != s, distance(a), a} < std::tuple{b != s, distance(b), b};
    });
    near.resize(static_cast<std::size_t>(neighbours));
    made.push_back({std::move(near), {0}});
  }
  return made;
}

/// Sums of products and numbers of pairs of u = (z_t, z_{t-1} ...).
struct product_sums {
  matrix products, pairs;
};

/// Weights for the readings that are there, and the variances that are left.
struct weights {
  std::vector<Eigen::Index> present;
  matrix of;        ///< (present, targets)
  vector variance;  ///< (targets)
};

/// (times, stations) of a number that a step is forecast from, and how many steps before.
struct regressor {
  std::vector<double> value;
  index_t back;
};

/// By stations: less the mean over `fit`, in units of the deviation over all of them.
void centre(std::vector<double>& x, index_t stations, time_range fit) {
  double squares = 0, count = 0;
  for (index_t s = 0; s < stations; ++s) {
    auto const over = [&](auto const& visit) {
      for (auto t = fit.begin; t < fit.end; ++t) {
        if (auto const& one = x[static_cast<std::size_t>(t * stations + s)]; !std::isnan(one)) visit(one);
      }
    };
    double sum = 0, own = 0;
    over([&](double one) { sum += one, own += 1; });
    for (auto i = static_cast<std::size_t>(s); own > 0 && i < x.size(); i += static_cast<std::size_t>(stations)) {
      x[i] -= sum / own;
    }
    over([&](double one) { squares += one * one, count += 1; });
  }
  auto const deviation = squares > 0 ? std::sqrt(squares / count) : 1.0;
  for (auto& one : x) one /= deviation;
}

/// z itself first, then what it is forecast from.
std::vector<regressor> regressors_of(std::vector<double> const& z, index_t stations, time_range fit, index_t lags,
                                     bool squares) {
  std::vector<regressor> made;
  for (index_t back = 0; back <= lags; ++back) made.push_back({z, back});
  if (!squares) return made;
  auto square = z, product = z;
  for (std::size_t first = 0; first < z.size(); first += static_cast<std::size_t>(stations)) {
    double sum = 0, count = 0;
    for (auto i = first; i < first + static_cast<std::size_t>(stations); ++i) {
      // One gross error must not weigh by its square.
      square[i] = std::isnan(z[i]) ? missing : std::clamp(z[i], -4.0, 4.0);
      if (!std::isnan(z[i])) sum += square[i], count += 1;
    }
    for (auto i = first; i < first + static_cast<std::size_t>(stations); ++i) {
      product[i] = square[i] * sum / std::max(count, 1.0);
      square[i] *= square[i];
    }
  }
  centre(square, stations, fit);
  centre(product, stations, fit);
  made.push_back({std::move(square), 1});
  if (stations > 1) made.push_back({std::move(product), 1});
  return made;
}

/// Forecasts of one group.
class group_forecaster {
 public:
  group_forecaster(std::vector<regressor> const& from, std::vector<double> const& kilometres, index_t stations,
                   group const& of, time_range fit, index_t lags)
      : from_{from}, stations_{stations}, of_{of}, count_{static_cast<Eigen::Index>(of.from.size())} {
    distance_.resize(count_, count_);
    for (Eigen::Index i = 0; i < count_; ++i) {
      for (Eigen::Index k = 0; k < count_; ++k) {
        distance_(i, k) = kilometres[static_cast<std::size_t>(station(i) * stations + station(k))];
      }
    }
    first_ = fit.begin + lags;
    auto const rows = std::max<index_t>(0, fit.end - first_);
    for (index_t part = 0; part < parts; ++part) {
      ends_[static_cast<std::size_t>(part)] = first_ + rows * (part + 1) / parts;
      auto const begin = part == 0 ? first_ : ends_[static_cast<std::size_t>(part - 1)];
      part_[static_cast<std::size_t>(part)] = over({begin, ends_[static_cast<std::size_t>(part)]});
    }
  }

  /// The covariances of each part's others, and last of all.
  void shrink(lag_choice const& with) {
    product_sums all = part_.front();
    for (std::size_t part = 1; part < part_.size(); ++part) {
      all.products += part_[part].products;
      all.pairs += part_[part].pairs;
    }
    for (std::size_t part = 0; part < part_.size(); ++part) {
      covariance_[part] = covariance({all.products - part_[part].products, all.pairs - part_[part].pairs}, with);
    }
    covariance_.back() = covariance(all, with);
    for (auto& one : known_) one.clear();
  }

  /// Calls say(target, mean, variance) for the targets at t.
  template <class F>
  void forecast(index_t t, F const& say) {
    std::size_t part = parts;
    if (t >= first_ && t < ends_.back()) {
      part = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), t) - ends_.begin());
    }
    vector read(columns() - count_);
    std::vector<char> pattern(static_cast<std::size_t>(read.size()));
    for (Eigen::Index i = 0; i < read.size(); ++i) {
      read[i] = at(t, count_ + i);
      pattern[static_cast<std::size_t>(i)] = std::isnan(read[i]) ? 0 : 1;
    }
    auto& known = known_[part];
    auto found = known.find(pattern);
    if (found == known.end()) {
      // Patterns of a gappy network hardly ever return.
      if (known.size() > 256) known.clear();
      found = known.emplace(pattern, solve(covariance_[part], pattern)).first;
    }
    auto const& w = found->second;
    vector const means = w.of.transpose() * read(w.present);
    for (std::size_t k = 0; k < of_.targets.size(); ++k) {
      auto const i = static_cast<Eigen::Index>(k);
      say(station(of_.targets[k]), means[i], w.variance[i]);
    }
  }

 private:
  [[nodiscard]] index_t station(Eigen::Index i) const { return of_.from[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Eigen::Index columns() const { return count_ * std::ssize(from_); }
  /// Column c of u at t.
  [[nodiscard]] double at(index_t t, Eigen::Index c) const {
    auto const& one = from_[static_cast<std::size_t>(c / count_)];
    return t < one.back ? missing
                        : one.value[static_cast<std::size_t>((t - one.back) * stations_ + station(c % count_))];
  }

  [[nodiscard]] product_sums over(time_range range) const {
    auto const rows = std::max<index_t>(0, range.size());
    matrix value(rows, columns()), present(rows, columns());
    for (index_t row = 0; row < rows; ++row) {
      for (Eigen::Index c = 0; c < columns(); ++c) {
        auto const one = at(range.begin + row, c);
        value(row, c) = std::isnan(one) ? 0.0 : one;
        present(row, c) = std::isnan(one) ? 0.0 : 1.0;
      }
    }
    return {value.transpose() * value, present.transpose() * present};
  }

  [[nodiscard]] matrix covariance(product_sums const& from, lag_choice const& with) const {
    matrix c = (from.products.array() / (from.pairs.array() + with.pairs).max(1.0)).matrix();
    if (with.taper > 0) {
      for (Eigen::Index i = 0; i < columns(); ++i) {
        for (Eigen::Index k = 0; k < columns(); ++k)
          c(i, k) *= std::exp(-distance_(i % count_, k % count_) / with.taper);
      }
    }
    c.diagonal().array() += with.pairs / (from.pairs.diagonal().array() + with.pairs).max(1.0);
    // Pairs of different steps for every entry: such a matrix may have negative eigenvalues.
    Eigen::SelfAdjointEigenSolver<matrix> const eigen{c};
    if (eigen.eigenvalues().minCoeff() < 0) {
      c = eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0.0).asDiagonal() * eigen.eigenvectors().transpose();
    }
    c.diagonal().array() += with.ridge;
    return c;
  }

  [[nodiscard]] weights solve(matrix const& c, std::vector<char> const& pattern) const {
    weights w;
    std::vector<Eigen::Index> columns;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == 0) continue;
      w.present.push_back(static_cast<Eigen::Index>(i));
      columns.push_back(count_ + static_cast<Eigen::Index>(i));
    }
    matrix const cross = c(columns, of_.targets);
    w.of = matrix(cross.rows(), cross.cols());
    if (!columns.empty()) w.of = c(columns, columns).llt().solve(cross);
    w.variance = c(of_.targets, of_.targets).diagonal() - w.of.cwiseProduct(cross).colwise().sum().transpose();
    return w;
  }

  std::vector<regressor> const& from_;
  index_t stations_;
  group const& of_;
  Eigen::Index count_;
  matrix distance_;
  index_t first_ = 0;
  std::array<index_t, parts> ends_{};
  std::array<product_sums, parts> part_;
  std::array<matrix, parts + 1> covariance_;
  std::array<std::map<std::vector<char>, weights>, parts + 1> known_;
};

index_t stations_of(std::vector<double> const& kilometres) {
  return static_cast<index_t>(std::llround(std::sqrt(static_cast<double>(kilometres.size()))));
}

void check(std::vector<double> const& z, std::vector<double> const& kilometres, time_range fit, index_t lags,
           lag_choice const& with) {
  auto const demand = [](bool holds, std::string const& what) {
    if (!holds) throw data_error{"lagged statistics: " + what};
  };
  auto const stations = stations_of(kilometres);
  demand(stations > 0 && stations * stations == std::ssize(kilometres),
         "expected distances of every pair of stations, found " + std::to_string(kilometres.size()));
  demand(std::ssize(z) % stations == 0, "expected anomalies of " + std::to_string(stations) +
                                            " stations at every time, found " + std::to_string(z.size()));
  demand(0 <= fit.begin && fit.begin <= fit.end && fit.end * stations <= std::ssize(z),
         "expected a fitted range within the " + std::to_string(std::ssize(z) / stations) + " times, found " +
             std::to_string(fit.begin) + " to " + std::to_string(fit.end));
  demand(lags >= 1, "expected at least 1 lag, found " + std::to_string(lags));
  demand(with.pairs >= 0 && with.taper >= 0 && with.ridge > 0,
         "expected pairs and taper >= 0 and a ridge > 0, found " + about(with));
}

}  // namespace

lagged_statistics::lagged_statistics(std::vector<double> const& z, std::vector<double> const& kilometres,
                                     time_range fit, index_t lags, lag_choice const& with)
    : stations_{stations_of(kilometres)}, with_{with} {
  check(z, kilometres, fit, lags, with);
  auto const times = std::ssize(z) / stations_;
  mean_.assign(static_cast<std::size_t>((times + 1) * stations_), 0.0);
  deviation_.assign(mean_.size(), 1.0);
  auto const groups = groups_of(stations_, kilometres);
  auto const from = regressors_of(z, stations_, fit, lags, with.squares);
  for (auto const& one : groups) {
    group_forecaster f{from, kilometres, stations_, one, fit, lags};
    f.shrink(with);
    for (index_t t = 0; t <= times; ++t) {
      f.forecast(t, [&](index_t s, double mean, double variance) {
        mean_[cell(t, s)] = mean;
        deviation_[cell(t, s)] = std::sqrt(variance);
      });
    }
  }
  std::vector<double> found(static_cast<std::size_t>(stations_), 0.0), expected(found), count(found);
  double squares = 0, all_expected = 0, all = 0;
  for (auto t = std::min(fit.begin + lags, fit.end); t < fit.end; ++t) {
    for (index_t s = 0; s < stations_; ++s) {
      auto const error = z[cell(t, s)] - mean(t, s);
      if (std::isnan(error)) continue;
      auto const i = static_cast<std::size_t>(s);
      auto const variance = deviation(t, s) * deviation(t, s);
      found[i] += error * error, expected[i] += variance, count[i] += 1;
      squares += error * error, all_expected += variance, all += 1;
    }
  }
  if (all > 0) error_ = std::sqrt(squares / all);
  for (index_t s = 0; s < stations_; ++s) {
    auto const i = static_cast<std::size_t>(s);
    auto const own = count[i] >= fewest_own_errors;
    if (!own && all < fewest_own_errors) continue;
    // A station that stands still has no error; a deviation of 0 would be no number for a logarithm.
    auto const factor = std::sqrt(std::max(1e-6, own ? found[i] / expected[i] : squares / all_expected));
    for (index_t t = 0; t <= times; ++t) deviation_[cell(t, s)] *= factor;
  }
}

lag_choice choose_lags(std::vector<double> const& z, std::vector<double> const& kilometres, time_range fit,
                       index_t lags) {
  check(z, kilometres, fit, lags, {});
  auto const stations = stations_of(kilometres);
  auto const extent = *std::max_element(kilometres.begin(), kilometres.end());
  lag_choice best;
  auto least = std::numeric_limits<double>::infinity();
  auto const groups = groups_of(stations, kilometres);
  // Every fourth step, and of many groups some thirty.
  auto const stride = std::max<std::size_t>(1, groups.size() / 30);
  for (bool const squares : {false, true}) {
    std::vector<lag_choice> all;
    for (auto const pairs : {30.0, 100.0, 300.0}) {
      all.push_back({pairs, 0, 0.001, squares});
      // At one place, or alone, there is no distance to speak of.
      if (extent > 0) all.push_back({pairs, extent, 0.1, squares});
    }
    std::vector<double> errors(all.size(), 0.0);
    auto const from = regressors_of(z, stations, fit, lags, squares);
    for (std::size_t g = 0; g < groups.size(); g += stride) {
      group_forecaster f{from, kilometres, stations, groups[g], fit, lags};
      for (std::size_t i = 0; i < all.size(); ++i) {
        f.shrink(all[i]);
        for (auto t = fit.begin + lags; t < fit.end; t += 4) {
          f.forecast(t, [&](index_t s, double mean, double) {
            auto const error = z[static_cast<std::size_t>(t * stations + s)] - mean;
            if (!std::isnan(error)) errors[i] += error * error;
          });
        }
      }
    }
    auto const found = std::min_element(errors.begin(), errors.end());
    if (*found < least) least = *found, best = all[static_cast<std::size_t>(found - errors.begin())];
  }
  return best;
}

std::string about(lag_choice const& with) {
  using examples::report::number;
  return number(with.pairs, 0) + " pairs, " +
         (with.taper > 0 ? "taper " + number(with.taper, 0) + " km, " : std::string{}) + "ridge " +
         number(with.ridge, 3) + (with.squares ? ", squares" : "");
}

}  // namespace sensors
