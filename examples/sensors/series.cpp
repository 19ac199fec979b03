#include "series.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensors {
namespace {

constexpr double earth_radius_km = 6371.0;

double radians(double degrees) { return degrees * std::numbers::pi / 180.0; }

/// Kilometres per degree to the north.
double const km_per_degree = earth_radius_km * std::numbers::pi / 180.0;

}  // namespace

std::string provenance::label() const {
  return synthetic ? "SYNTHETIC DATA, not a measurement: " + source : name + ": " + source;
}

std::array<double, 2> projection::place(double x, double y) const {
  auto const north = kind == coordinate_kind::degrees ? (y - centre_y) * km_per_degree : y - centre_y;
  auto const east =
      kind == coordinate_kind::degrees ? (x - centre_x) * km_per_degree * std::cos(radians(centre_y)) : x - centre_x;
  return {east / kilometres_per_unit, north / kilometres_per_unit};
}

std::array<double, 2> projection::coordinates(double place_x, double place_y) const {
  auto const east = place_x * kilometres_per_unit;
  auto const north = place_y * kilometres_per_unit;
  if (kind == coordinate_kind::kilometres) {
    return {centre_x + east, centre_y + north};
  }
  return {centre_x + east / (km_per_degree * std::cos(radians(centre_y))), centre_y + north / km_per_degree};
}

double projection::distance_km(double x1, double y1, double x2, double y2) const {
  if (kind == coordinate_kind::kilometres) {
    return std::hypot(x1 - x2, y1 - y2);
  }
  auto const a = std::sin(radians(y2 - y1) / 2);
  auto const b = std::sin(radians(x2 - x1) / 2);
  auto const h = a * a + std::cos(radians(y1)) * std::cos(radians(y2)) * b * b;
  return 2 * earth_radius_km * std::asin(std::sqrt(std::min(1.0, h)));
}

projection fit_projection(std::vector<station> const& stations, coordinate_kind kind) {
  projection result;
  result.kind = kind;
  if (stations.empty()) {
    return result;
  }
  auto const by_x = [](auto const& a, auto const& b) { return a.x < b.x; };
  auto const by_y = [](auto const& a, auto const& b) { return a.y < b.y; };
  auto const [west, east] = std::minmax_element(stations.begin(), stations.end(), by_x);
  auto const [south, north] = std::minmax_element(stations.begin(), stations.end(), by_y);
  result.centre_x = (west->x + east->x) / 2;
  result.centre_y = (south->y + north->y) / 2;
  // Kilometres as long as the scale is 1. The centre is rounded: one side may be a little farther from it than the other.
  auto const upper = result.place(east->x, north->y), lower = result.place(west->x, south->y);
  auto const half = std::max({upper[0], upper[1], -lower[0], -lower[1]});
  result.kilometres_per_unit = half > 0 ? half : 1.0;  // a single station
  return result;
}

double series::distance_km(index_t a, index_t b) const {
  auto const& one = stations[static_cast<std::size_t>(a)];
  auto const& two = stations[static_cast<std::size_t>(b)];
  return map.distance_km(one.x, one.y, two.x, two.y);
}

std::vector<double> series::distances_km() const {
  std::vector<double> result;
  result.reserve(stations.size() * stations.size());
  for (index_t a = 0; a < station_count(); ++a) {
    for (index_t b = 0; b < station_count(); ++b) {
      result.push_back(distance_km(a, b));
    }
  }
  return result;
}

index_t series::present_count() const {
  return std::count_if(values.begin(), values.end(), [](double x) { return !std::isnan(x); });
}

index_t series::index_from(time_stamp when) const {
  if (when <= first) {
    return 0;
  }
  // Compare before dividing: `when` may be the largest number there is.
  return when >= time(times) ? times : (when - first + step - 1) / step;
}

index_t series::station_index(std::string const& code) const {
  std::string known;
  for (index_t s = 0; s < station_count(); ++s) {
    auto const& one = stations[static_cast<std::size_t>(s)].code;
    if (one == code) {
      return s;
    }
    known += (known.empty() ? "" : ", ") + one;
  }
  throw data_error{"no station '" + code + "'; there are: " + known};
}

time_split split_at(series const& data, time_stamp begin, time_stamp validation, time_stamp test, time_stamp end) {
  time_split const result{{data.index_from(begin), data.index_from(validation)},
                          {data.index_from(validation), data.index_from(test)},
                          {data.index_from(test), data.index_from(end)}};
  auto const require = [&](time_range range, char const* name) {
    if (range.size() < 1) {
      throw data_error{std::string{"the "} + name + " part is empty: the data run from " + time_text(data.time(0)) +
                       " to " + time_text(data.time(std::max<index_t>(data.times, 1) - 1)) +
                       ", validation was asked to start at " + time_text(validation) + " and the test at " +
                       time_text(test)};
    }
  };
  require(result.train, "training");
  require(result.validation, "validation");
  require(result.test, "test");
  return result;
}

time_split standard_split(series const& data) {
  auto const year = [](int y) { return midnight({y, 1, 1}); };
  if (data.origin.name == "wind") {
    return split_at(data, year(1961), year(1973), year(1975), year(1979));
  }
  if (data.origin.name == "pm10") {
    return split_at(data, year(2001), year(2007), year(2008), year(2010));
  }
  return split_at(data, data.time(0), data.time(data.times * 70 / 100), data.time(data.times * 85 / 100));
}

std::vector<index_t> window_starts(time_range range, index_t length, index_t stride) {
  if (length < 1 || stride < 1) {
    throw data_error{"windows: length and stride must be at least 1, found " + std::to_string(length) + " and " +
                     std::to_string(stride)};
  }
  std::vector<index_t> starts;
  for (auto t = range.begin; t + length <= range.end; t += stride) {
    starts.push_back(t);
  }
  return starts;
}

}  // namespace sensors
