#include "field_statistics.hpp"

#include <cmath>
#include <numbers>

namespace sensors {
namespace {

constexpr double taper_length = 0.8, stretch = 1.5, noise = 0.03;  // noise: a share of each variance
constexpr index_t harmonic_numbers = 5;

struct shift {
  index_t across, along;
  float weight;
};

/// In cells of 2.5 degrees; the weights of products sum to 1.
std::vector<shift> shifts() {
  std::vector<shift> all;
  double sum = 0;
  for (index_t across = -4; across <= 4; across += 2) {
    for (index_t along = -12; along <= 12; along += 4) {
      auto const n = static_cast<double>(across) / 2, e = static_cast<double>(along) / 6;
      auto const w = std::exp(-0.5 * (n * n + e * e));
      sum += w;
      all.push_back({across, along, static_cast<float>(w)});
    }
  }
  for (auto& one : all) one.weight = static_cast<float>(std::sqrt(one.weight / sum));
  return all;
}

}  // namespace

field_statistics::field_statistics(series const& whole, index_t channel, std::vector<index_t> const& learned)
    : data_{whole}, channel_{channel}, channels_{whole.channel_count()}, cells_{whole.station_count()}, along_{0} {
  auto const& stations = whole.stations;
  while (along_ < cells_ && stations[static_cast<std::size_t>(along_)].y == stations.front().y) ++along_;
  rows_ = along_ > 0 ? cells_ / along_ : 0;
  if (rows_ * along_ != cells_ || rows_ < 2) throw data_error{whole.origin.name + ": its stations are no grid"};
  auto const n = static_cast<Eigen::Index>(learned.size()), columns = static_cast<Eigen::Index>(channels_ * cells_);
  auto const design = [&](index_t t) {
    auto const phase = 2 * std::numbers::pi * static_cast<double>(whole.time(t)) / (365.25 * 86400.0);
    return Eigen::RowVectorXd{{1.0, std::sin(phase), std::cos(phase), std::sin(2 * phase), std::cos(2 * phase)}};
  };
  Eigen::MatrixXd x(n, harmonic_numbers), every(whole.times, harmonic_numbers), y(n, columns),
      values(whole.times, columns);
  for (index_t t = 0; t < whole.times; ++t) {
    every.row(t) = design(t);
    for (index_t c = 0; c < channels_; ++c) {
      for (index_t s = 0; s < cells_; ++s) values(t, column(s, c)) = whole.at(t, s, c);
    }
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    x.row(i) = every.row(learned[static_cast<std::size_t>(i)]);
    y.row(i) = values.row(learned[static_cast<std::size_t>(i)]);
  }
  Eigen::MatrixXd const fitted = (x.transpose() * x).ldlt().solve(x.transpose() * y);
  Eigen::MatrixXd const climate = every * fitted;
  Eigen::MatrixXd rest = y - x * fitted;
  freedom_ = static_cast<double>(n - harmonic_numbers);
  deviation_ = (rest.colwise().squaredNorm() / freedom_).cwiseSqrt().array() + 1e-6;
  for (Eigen::Index k = 0; k < columns; ++k) rest.col(k) /= deviation_[k];
  standard_ = rest.cast<float>();
  climate_ = climate.cast<float>();
  anomaly_ = (values - climate).cast<float>();
}

Eigen::MatrixXf field_statistics::shifted(std::vector<index_t> const& cells, index_t c) const {
  auto const all = shifts();
  auto const n = standard_.rows();
  Eigen::MatrixXf moved(n * static_cast<Eigen::Index>(all.size()), static_cast<Eigen::Index>(cells.size()));
  for (std::size_t k = 0; k < cells.size(); ++k) {
    auto const row = cells[k] / along_, at = cells[k] % along_;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto const to = std::clamp<index_t>(row + all[i].across, 0, rows_ - 1) * along_ +
                      ((at + all[i].along) % along_ + along_) % along_;
      moved.block(static_cast<Eigen::Index>(i) * n, static_cast<Eigen::Index>(k), n, 1) =
          all[i].weight * standard_.col(column(to, c));
    }
  }
  return moved;
}

Eigen::MatrixXd field_statistics::taper(std::vector<index_t> const& a, std::vector<index_t> const& b) const {
  Eigen::MatrixXd result(static_cast<Eigen::Index>(a.size()), static_cast<Eigen::Index>(b.size()));
  auto const place = [&](index_t s, std::size_t i) { return data_.places[3 * static_cast<std::size_t>(s) + i]; };
  auto const north = [&](index_t s) { return data_.stations[static_cast<std::size_t>(s)].y * std::numbers::pi / 180; };
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      double cosine = 0;
      for (std::size_t d = 0; d < 3; ++d) cosine += place(a[i], d) * place(b[k], d);
      auto const angle = std::acos(std::clamp(cosine, -1.0, 1.0)), across = north(a[i]) - north(b[k]);
      auto const squared = angle * angle + (stretch * stretch - 1) * across * across;
      result(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) =
          std::exp(-0.5 * squared / (taper_length * taper_length));
    }
  }
  return result;
}

field_statistics::network field_statistics::prepare(std::vector<index_t> const& sensors,
                                                    std::vector<index_t> const& asked) const {
  network made{sensors, asked, {}, {}};
  auto const a = static_cast<Eigen::Index>(sensors.size()), q = static_cast<Eigen::Index>(asked.size());
  auto const c = static_cast<Eigen::Index>(channels_);
  Eigen::MatrixXf seen(standard_.rows() * static_cast<Eigen::Index>(shifts().size()), a * c);
  for (Eigen::Index k = 0; k < c; ++k) seen.middleCols(k * a, a) = shifted(sensors, k);
  made.between = (seen.transpose() * seen).cast<double>() / freedom_;
  made.between.array() *= taper(sensors, sensors).replicate(c, c).array();
  made.between.diagonal() *= 1 + noise;
  made.across.resize(a * c, q);
  constexpr Eigen::Index at_once = 512;  // of the shifted field
  for (Eigen::Index first = 0; first < q; first += at_once) {
    auto const count = std::min(at_once, q - first);
    std::vector<index_t> const some(asked.begin() + first, asked.begin() + first + count);
    made.across.middleCols(first, count) = (seen.transpose() * shifted(some, channel_)).cast<double>() / freedom_;
  }
  made.across.array() *= taper(sensors, asked).replicate(c, 1).array();
  return made;
}

estimates field_statistics::at(network const& with, index_t t, std::vector<index_t> const& which) const {
  auto const c = static_cast<Eigen::Index>(channels_), n = static_cast<Eigen::Index>(which.size());
  auto const a = static_cast<Eigen::Index>(with.sensors.size());
  std::vector<Eigen::Index> rows;
  Eigen::VectorXd y(n * c);
  for (Eigen::Index k = 0; k < c; ++k) {
    for (auto const i : which) {
      auto const s = with.sensors[static_cast<std::size_t>(i)];
      y[static_cast<Eigen::Index>(rows.size())] = anomaly(t, s, k) / deviation(s, k);
      rows.push_back(k * a + i);
    }
  }
  Eigen::MatrixXd const inverse = with.between(rows, rows).llt().solve(Eigen::MatrixXd::Identity(n * c, n * c));
  Eigen::MatrixXd const across = with.across(rows, Eigen::placeholders::all);
  Eigen::VectorXd const weighted = inverse * y;
  estimates made;
  made.asked = across.transpose() * weighted;
  auto const explained = (across.array() * (inverse * across).array()).colwise().sum();
  made.asked_deviation = (1 - explained).max(0.01).sqrt().transpose();
  for (Eigen::Index k = 0; k < made.asked.size(); ++k) {
    auto const scale = deviation(with.asked[static_cast<std::size_t>(k)], channel_);
    made.asked[k] *= scale;
    made.asked_deviation[k] *= scale;
  }
  made.left_out.setConstant(a, missing);
  made.left_out_deviation.setConstant(a, missing);
  // A sensor is left out with all of its channels.
  Eigen::MatrixXd own(c, c);
  Eigen::VectorXd rest(c);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index k = 0; k < c; ++k) {
      rest[k] = weighted[k * n + i];
      for (Eigen::Index l = 0; l < c; ++l) own(k, l) = inverse(k * n + i, l * n + i);
    }
    own = own.inverse().eval();
    auto const s = with.sensors[static_cast<std::size_t>(which[static_cast<std::size_t>(i)])];
    auto const k = static_cast<Eigen::Index>(channel_);
    auto const at = static_cast<Eigen::Index>(which[static_cast<std::size_t>(i)]);
    made.left_out[at] = (y[k * n + i] - own.row(k).dot(rest)) * deviation(s, channel_);
    made.left_out_deviation[at] = std::sqrt(own(k, k)) * deviation(s, channel_);
  }
  return made;
}

}  // namespace sensors
