#include "series.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "published.hpp"
#include "s2rm/math/globe.hpp"

namespace sensors {
namespace {

constexpr double earth_radius_km = 6371.0;

double radians(double degrees) { return degrees * std::numbers::pi / 180.0; }

/// Kilometres per degree to the north.
double const km_per_degree = earth_radius_km * std::numbers::pi / 180.0;

/// The same turn within half a circle either way.
double shortest_turn(double degrees) { return std::abs(degrees) > 180 ? std::remainder(degrees, 360.0) : degrees; }

/// West and east end of the shortest arc that holds all longitudes; as they are where that is less than half the globe.
std::array<double, 2> arc_of(std::vector<station> const& stations, coordinate_kind kind) {
  std::vector<double> all;
  for (auto const& one : stations) all.push_back(one.x);
  std::sort(all.begin(), all.end());
  if (kind == coordinate_kind::kilometres || all.back() - all.front() <= 180) return {all.front(), all.back()};
  for (auto& x : all) x -= 360 * std::floor(x / 360);
  std::sort(all.begin(), all.end());
  auto widest = 360 + all.front() - all.back();
  std::array<double, 2> arc{all.front(), all.back()};
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i] - all[i - 1] > widest) {
      widest = all[i] - all[i - 1];
      arc = {all[i] - 360, all[i - 1]};
    }
  }
  return arc;
}

}  // namespace

std::string provenance::label() const {
  return synthetic ? "SYNTHETIC DATA, not a measurement: " + source : name + ": " + source;
}

std::array<double, 2> projection::place(double x, double y) const {
  auto const north = kind == coordinate_kind::degrees ? (y - centre_y) * km_per_degree : y - centre_y;
  auto const east = kind == coordinate_kind::degrees
                        ? shortest_turn(x - centre_x) * km_per_degree * std::cos(radians(centre_y))
                        : x - centre_x;
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
  auto const [west, east] = arc_of(stations, kind);
  auto const by_y = [](auto const& a, auto const& b) { return a.y < b.y; };
  auto const [south, north] = std::minmax_element(stations.begin(), stations.end(), by_y);
  result.centre_x = (west + east) / 2;
  result.centre_y = (south->y + north->y) / 2;
  // Kilometres as long as the scale is 1. The centre is rounded: one side may be a little farther from it than the other.
  double half = 0;
  for (auto const& one : stations) {
    for (auto const side : result.place(one.x, one.y)) half = std::max(half, std::abs(side));
  }
  result.kilometres_per_unit = half > 0 ? half : 1.0;  // a single station
  return result;
}

namespace {

std::string joined(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

index_t position_of(std::string const& name, std::vector<std::string> const& names, char const* what) {
  auto const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw data_error{std::string{"no "} + what + " '" + name + "'; there are: " + joined(names)};
  }
  return found - names.begin();
}

}  // namespace

index_t series::channel_index(std::string const& name) const {
  std::vector<std::string> names;
  for (auto const& one : channels) names.push_back(one.name);
  if (channels.empty()) names.push_back(origin.quantity);
  return position_of(name, names, "channel");
}

index_t series::side_index(std::string const& name) const { return position_of(name, sides, "side column"); }

series series::only(index_t c) const {
  auto result = *this;
  if (channels.empty()) return result;
  auto const& kept = channels.at(static_cast<std::size_t>(c));
  result.channels = {kept};
  result.origin.quantity = kept.name;
  result.origin.unit = kept.unit;
  result.values.clear();
  for (auto i = static_cast<std::size_t>(c); i < values.size(); i += channels.size())
    result.values.push_back(values[i]);
  return result;
}

void series::settle_places() {
  places.clear();
  for (auto const& one : stations) {
    if (!globe) {
      auto const place = map.place(one.x, one.y);
      places.insert(places.end(), place.begin(), place.end());
      continue;
    }
    auto const place = s2rm::globe::place<double>(one.x, one.y);
    places.insert(places.end(), place.begin(), place.end());
  }
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
  if (when >= time(times)) return times;
  auto t = static_cast<index_t>(step.position(when) - step.position(first));  // within one of it
  while (t > 0 && time(t - 1) >= when) --t;
  while (time(t) < when) ++t;
  return t;
}

index_t series::station_index(std::string const& code) const {
  std::vector<std::string> codes;
  for (auto const& one : stations) codes.push_back(one.code);
  return position_of(code, codes, "station");
}

std::vector<std::string> remarks_on_places(series const& data) {
  std::vector<std::string> remarks;
  auto const degrees = data.map.kind == coordinate_kind::degrees;
  // Of many stations some thousand pairs tell it.
  auto const stride = std::max<index_t>(1, data.station_count() / 200);
  double widest = 0, wrong = 0;
  std::vector<std::array<double, 2>> pairs;  // on the ground, on the plane
  for (index_t a = 0; a < data.station_count(); a += stride) {
    for (index_t b = 0; b < a; b += stride) {
      auto const* const p = data.places.data() + 2 * a;
      auto const* const q = data.places.data() + 2 * b;
      pairs.push_back({data.distance_km(a, b), data.map.kilometres_per_unit * std::hypot(p[0] - q[0], p[1] - q[1])});
      widest = std::max(widest, pairs.back()[0]);
    }
  }
  for (auto const& [ground, plane] : pairs) {
    if (ground > widest / 20) wrong = std::max(wrong, std::abs(plane / ground - 1));
  }
  auto const text = [](double x) { return std::to_string(std::llround(x)); };
  if (data.station_count() > 1 && widest == 0) remarks.emplace_back("all stations are at one place");
  if (widest > 10'000) {
    remarks.push_back("the stations are up to " + text(widest) + " km apart" +
                      (degrees ? ": is x the longitude and y the latitude?" : ": are x and y metres?"));
  }
  if (wrong > 0.2) {
    remarks.push_back(
        "the model sees the stations on a plane, where distances are up to " + text(100 * wrong) +
        " % longer or shorter than on the ground: the network is too near a pole, or too wide; the methods "
        "that it is compared with use distances on the ground");
  }
  return remarks;
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
  if (auto const* known = find_published(data.origin.name)) {
    auto const& [begin, validation, test, end] = known->parts;
    return split_at(data, parse_time(begin).value(), parse_time(validation).value(), parse_time(test).value(),
                    parse_time(end).value());
  }
  // Of the times that have a reading: a pause does not leave the test part with a handful.
  std::vector<index_t> read;
  for (index_t t = 0; t < data.times; ++t) {
    auto const row = data.values.begin() + t * data.station_count();
    if (!std::all_of(row, row + data.station_count(), [](double x) { return std::isnan(x); })) read.push_back(t);
  }
  auto const after = [&](std::size_t percent) {
    return read.empty() ? data.time(0) : data.time(read[read.size() * percent / 100]);
  };
  return split_at(data, data.time(0), after(70), after(85));
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
