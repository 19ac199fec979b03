#include "synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>

namespace sensors {
namespace {

/// Standard library distributions give other numbers in other libraries; these do not.
class draws {
 public:
  explicit draws(std::uint64_t seed) : engine{seed} {}
  [[nodiscard]] double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  [[nodiscard]] double normal() {
    auto const radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 engine;
};

struct wave {
  double east, north;  ///< radians per kilometre
  std::complex<double> amplitude;
};

}  // namespace

series synthetic_network(synthetic_options const& o) {
  draws draw{o.seed};
  series data;
  data.origin.name = "synthetic";
  data.origin.quantity = "wind speed";
  data.origin.unit = "knots";
  data.origin.synthetic = true;
  data.origin.source =
      "advected random waves at " + std::to_string(o.stations) + " made-up stations, seed " + std::to_string(o.seed);
  data.first = midnight({2001, 1, 1});
  data.times = o.days;

  // Stations keep apart, as real networks do; the demanded distance shrinks until all find room.
  auto apart = o.size / std::sqrt(static_cast<double>(std::max<index_t>(o.stations, 1)));
  while (data.station_count() < o.stations) {
    station const one{"S" + std::to_string(data.station_count() + 1), std::round(draw.uniform() * o.size),
                      std::round(draw.uniform() * o.size)};
    auto const near = std::any_of(data.stations.begin(), data.stations.end(), [&](station const& other) {
      return std::hypot(other.x - one.x, other.y - one.y) < apart;
    });
    if (near) {
      apart *= 0.99;
    } else {
      data.stations.push_back(one);
    }
  }
  data.map = fit_projection(data.stations, coordinate_kind::kilometres);
  for (auto const& one : data.stations) {
    auto const place = data.map.place(one.x, one.y);
    data.places.insert(data.places.end(), place.begin(), place.end());
  }

  std::vector<wave> waves(40);
  auto const complex_normal = [&] { return std::complex<double>{draw.normal(), draw.normal()}; };
  for (auto& one : waves) {
    auto const length = 400 * std::pow(5.0, draw.uniform());
    auto const angle = 2 * std::numbers::pi * draw.uniform();
    one = {2 * std::numbers::pi / length * std::cos(angle), 2 * std::numbers::pi / length * std::sin(angle),
           complex_normal()};
  }
  std::vector<double> means(data.stations.size());
  std::vector<index_t> gap(data.stations.size(), 0);
  for (auto& mean : means) {
    mean = 3.1 + 0.35 * draw.normal();
  }
  auto const keep = std::exp(-1 / o.memory);
  auto const fresh = std::sqrt(1 - keep * keep);
  auto const scale = 1 / std::sqrt(static_cast<double>(waves.size()));
  double east = 0, north = 0, turn = 0;
  data.values.reserve(static_cast<std::size_t>(o.days * o.stations));
  for (index_t t = 0; t < o.days; ++t) {
    turn = 0.8 * turn + 0.3 * draw.normal();
    east += o.speed * std::cos(turn);
    north += o.speed * std::sin(turn);
    auto const season = 0.3 * std::cos(2 * std::numbers::pi * (day_of_year(data.time(t)) - 20) / 365.25);
    for (auto& one : waves) {
      one.amplitude = keep * one.amplitude + fresh * complex_normal();
    }
    for (std::size_t s = 0; s < data.stations.size(); ++s) {
      auto const& here = data.stations[s];
      double field = 0;
      for (auto const& one : waves) {
        auto const phase = one.east * (here.x - east) + one.north * (here.y - north);
        field += scale * (one.amplitude.real() * std::cos(phase) - one.amplitude.imag() * std::sin(phase));
      }
      auto const root = std::max(0.0, means[s] + season + 0.7 * field + 0.15 * draw.normal());
      auto const reading = std::round(root * root * 100) / 100;
      if (gap[s] == 0 && draw.uniform() * 10 * (1 - o.missing) < o.missing) {
        gap[s] = 1 + static_cast<index_t>(draw.uniform() * 19);
      }
      data.values.push_back(gap[s] > 0 ? missing : reading);
      gap[s] = std::max<index_t>(0, gap[s] - 1);
    }
  }
  return data;
}

}  // namespace sensors
