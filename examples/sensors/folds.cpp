#include "folds.hpp"

#include "peers.hpp"

namespace sensors {
namespace {

/// Of stations that are hidden one by one so many on either side (in the order of the list) choose a fold's settings. On both sides:
/// two folds then share a fit, in which each one's test station is the other's validation station.
constexpr std::size_t most_alone = 2;

}  // namespace

std::vector<fold> test_folds(series const& data, index_t count) {
  if (!data.folds.empty()) {
    std::vector<fold> drawn;
    for (auto const& one : data.folds) {
      if (!one.for_settings) drawn.push_back(one);
    }
    return drawn;
  }
  auto const stations = data.station_count();
  auto const groups = count > 0        ? station_folds(stations, count, 1)
                      : stations <= 20 ? leave_one_out(stations)
                                       : station_folds(stations, 10, 1);
  std::vector<fold> folds(groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    folds[g].test = groups[g];
    auto const alone = groups[g].size() == 1;
    folds[g].name =
        alone ? data.stations[static_cast<std::size_t>(groups[g].front())].code : "group " + std::to_string(g);
    auto const count = groups.size();
    for (std::size_t k = 1; k <= (alone ? most_alone : 1) && 2 * k <= count; ++k) {
      folds[g].validation.push_back(groups[(g + k) % count]);
      if (alone && 2 * k < count) folds[g].validation.push_back(groups[(g + count - k) % count]);
    }
  }
  return folds;
}

std::vector<index_t> seen_stations(series const& data, fold const& one) {
  if (!one.sensors.empty()) return one.sensors;
  std::vector<char> hidden(data.stations.size(), 0);
  for (auto const s : one.test) hidden[static_cast<std::size_t>(s)] = 1;
  std::vector<index_t> seen;
  for (index_t s = 0; s < data.station_count(); ++s) {
    if (hidden[static_cast<std::size_t>(s)] == 0) seen.push_back(s);
  }
  return seen;
}

}  // namespace sensors
