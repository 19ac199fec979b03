// Calendar, places, split, windows, transform and scaler of the sensors example.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sensors/csv.hpp"
#include "sensors/scaling.hpp"
#include "sensors/synthetic.hpp"
#include "support/catch.hpp"

using s2rm::test::contains;
using sensors::index_t;
using sensors::midnight;
using sensors::missing;
using sensors::series;
using sensors::time_range;
using sensors::transform_kind;

namespace {

series daily(index_t times, index_t stations, double value = 0) {
  series data;
  data.first = midnight({2001, 1, 1});
  data.times = times;
  for (index_t s = 0; s < stations; ++s) {
    data.stations.push_back({"S" + std::to_string(s), static_cast<double>(s), 0});
  }
  data.map = sensors::fit_projection(data.stations, sensors::coordinate_kind::kilometres);
  data.values.assign(static_cast<std::size_t>(times * stations), value);
  return data;
}

double& cell(series& data, index_t t, index_t s) {
  return data.values[static_cast<std::size_t>(t * data.station_count() + s)];
}

}  // namespace

TEST_CASE("calendar") {
  CHECK(midnight({1970, 1, 1}) == 0);
  CHECK(midnight({1961, 1, 1}) == -3287 * sensors::seconds_per_day);
  CHECK(sensors::day_of_year(midnight({1961, 1, 1})) == 1);
  CHECK(sensors::day_of_year(midnight({1964, 12, 31}) + 86399) == 366);
  CHECK(sensors::date_of(midnight({1968, 2, 29}) - 1).day == 28);
  CHECK(sensors::time_text(midnight({1968, 2, 29})) == "1968-02-29");
  CHECK(sensors::time_text(midnight({1968, 2, 29}) + 3661) == "1968-02-29T01:01:01");
  CHECK(sensors::parse_time("1968-02-29") == midnight({1968, 2, 29}));
  for (auto const* bad : {"1969-02-29", "1968-2-29", "1968-02-29 25:00", "1968-02-29x", "", "68-02-29"}) {
    CHECK_FALSE(sensors::parse_time(bad).has_value());
  }
}

TEST_CASE("places keep proportions and fill the square") {
  std::vector<sensors::station> const stations{{"w", -10, 52}, {"e", -6, 52}, {"n", -8, 55}};
  auto const map = sensors::fit_projection(stations, sensors::coordinate_kind::degrees);
  auto const west = map.place(-10, 52);
  auto const east = map.place(-6, 52);
  auto const north = map.place(-8, 55);
  // 3 degrees of latitude (333.6 km) are more than 4 of longitude at 53.5 north (264.6 km).
  CHECK(north[1] == Approx(1.0));
  CHECK(west[1] == Approx(-1.0));
  CHECK(east[0] == Approx(-west[0]));
  CHECK(east[0] == Approx(4.0 * std::cos(53.5 * 3.14159265358979 / 180) / 3.0));
  CHECK(map.kilometres_per_unit == Approx(6371.0 * 3.14159265358979 / 180 * 1.5));
  auto const back = map.coordinates(east[0], east[1]);
  CHECK(back[0] == Approx(-6.0));
  CHECK(back[1] == Approx(52.0));
  // A quarter of the great circle from the equator to the pole.
  CHECK(map.distance_km(0, 0, 0, 90) == Approx(6371.0 * 3.14159265358979 / 2));
  CHECK(map.distance_km(-10, 0, 80, 0) == Approx(6371.0 * 3.14159265358979 / 2));
}

TEST_CASE("no time stamp is shared between the parts of the split, nor between their windows") {
  auto data = daily(6574, 2);
  data.first = midnight({1961, 1, 1});
  data.origin.name = "wind";
  auto const split = sensors::standard_split(data);
  CHECK(sensors::time_text(data.time(split.train.end)) == "1973-01-01");
  CHECK(sensors::time_text(data.time(split.test.begin)) == "1975-01-01");
  CHECK(split.fit().size() == 5113);
  CHECK(split.test.size() == 1461);

  std::vector<time_range> const parts{split.train, split.validation, split.test};
  std::set<index_t> seen;
  index_t total = 0;
  for (auto const& part : parts) {
    std::set<index_t> inside;
    for (auto const start : sensors::window_starts(part, 32, 5)) {
      for (index_t k = 0; k < 32; ++k) {
        REQUIRE(part.holds(start + k));
        inside.insert(start + k);
      }
    }
    CHECK_FALSE(inside.empty());
    total += static_cast<index_t>(inside.size());
    seen.insert(inside.begin(), inside.end());
  }
  CHECK(static_cast<index_t>(seen.size()) == total);

  CHECK(sensors::window_starts({10, 20}, 10, 1) == std::vector<index_t>{10});
  CHECK(sensors::window_starts({10, 20}, 11, 1).empty());
  CHECK(sensors::window_starts({0, 7}, 3, 2) == std::vector<index_t>{0, 2, 4});
  CHECK_THROWS_AS(sensors::window_starts({0, 7}, 3, 0), sensors::data_error);
}

TEST_CASE("the split of a user's data, and its refusals") {
  auto const data = daily(100, 1);
  auto const split = sensors::standard_split(data);
  CHECK(split.train.end == 70);
  CHECK(split.validation.end == 85);
  CHECK(split.test.end == 100);
  CHECK_THROWS_WITH(sensors::split_at(data, data.first, midnight({2001, 2, 1}), midnight({2002, 1, 1})),
                    contains("the test part is empty"));
}

TEST_CASE("transforms and the correction of their back-transform") {
  CHECK(sensors::transform(transform_kind::square_root, 9) == 3);
  CHECK(sensors::transform(transform_kind::log1p, 0) == 0);
  CHECK(std::isnan(sensors::transform(transform_kind::square_root, missing)));
  CHECK(sensors::inverse(transform_kind::square_root, -1) == 0);
  CHECK(std::isnan(sensors::inverse(transform_kind::square_root, missing)));
  CHECK(sensors::expected_reading(transform_kind::square_root, 3, 0.5) == 9.5);
  CHECK(sensors::expected_reading(transform_kind::log1p, 1, 2) == Approx(std::exp(2.0) - 1));
  CHECK(sensors::expected_reading(transform_kind::identity, 3, 0.5) == 3);
  // Against a sum over the two equally likely values mean +- sd, exact for the square.
  CHECK((2.0 * 2.0 + 4.0 * 4.0) / 2 == sensors::expected_reading(transform_kind::square_root, 3, 1));
}

TEST_CASE("the scaler sees observed training readings only") {
  auto data = daily(60, 3);
  for (index_t t = 0; t < 60; ++t) {
    cell(data, t, 0) = t % 2 == 0 ? 4 : 16;   // roots 2 and 4: mean 3
    cell(data, t, 1) = t % 2 == 0 ? 16 : 36;  // roots 4 and 6: mean 5
    cell(data, t, 2) = t % 2 == 0 ? 36 : 64;  // roots 6 and 8: mean 7
  }
  auto const fit = [&](sensors::scaler_options const& options) { return sensors::scaler::fit(data, {0, 40}, options); };
  auto const one = fit({transform_kind::square_root, sensors::level_kind::station, {}});
  CHECK(one.climate(data.time(0), 0) == Approx(3.0));
  CHECK(one.climate(data.time(0), 1) == Approx(5.0));
  CHECK(one.level(-1) == Approx(5.0));
  CHECK(one.scale() == Approx(1.0));
  CHECK(one.standardise(data.time(0), 0, 16) == Approx(1.0));
  CHECK(one.reading(data.time(0), 0, 1.0, 0.25) == Approx(16.25));

  // Values after the range, and a missing one inside, change nothing.
  auto const before = one.climate(data.time(50), 1);
  for (index_t t = 40; t < 60; ++t) {
    cell(data, t, 1) = 1e6;
  }
  cell(data, 0, 1) = cell(data, 1, 1) = missing;
  auto const two = fit({transform_kind::square_root, sensors::level_kind::station, {}});
  CHECK(two.climate(data.time(50), 1) == Approx(before));
  CHECK(std::isnan(two.standardise(data.time(0), 1, missing)));

  // A hidden station leaves no trace, also not in the season; it gets the level of the others.
  auto const hidden = fit({transform_kind::square_root, sensors::level_kind::station, {0}});
  for (index_t t = 0; t < 40; ++t) {
    cell(data, t, 0) = 1e6;
  }
  auto const hidden_changed = fit({transform_kind::square_root, sensors::level_kind::station, {0}});
  CHECK(hidden.climate(data.time(3), 0) == hidden_changed.climate(data.time(3), 0));
  CHECK(hidden.scale() == hidden_changed.scale());
  CHECK(hidden.level(0) == Approx(6.0));

  auto const network = fit({transform_kind::square_root, sensors::level_kind::network, {0}});
  CHECK(network.level(1) == Approx(6.0));
  CHECK(network.level(2) == Approx(6.0));

  cell(data, 5, 2) = -1;
  CHECK_THROWS_WITH(fit({transform_kind::square_root, sensors::level_kind::station, {}}), contains("2001-01-06"));
  CHECK_THROWS_AS(sensors::scaler::fit(data, {0, 10}, {}), sensors::data_error);
}

TEST_CASE("the season is found below gaps") {
  auto data = daily(4 * 365, 2);
  auto const season = [&](index_t t) {
    auto const angle = 2 * 3.14159265358979 * sensors::day_of_year(data.time(t)) / 365.25;
    return 0.5 * std::cos(angle) - 0.25 * std::sin(2 * angle);
  };
  for (index_t t = 0; t < data.times; ++t) {
    cell(data, t, 0) = t % 3 == 0 ? missing : 10 + season(t);
    cell(data, t, 1) = t % 5 == 0 ? missing : 20 + season(t);
  }
  auto const fitted = sensors::scaler::fit(data, {0, data.times}, {transform_kind::identity, {}, {}});
  // The mean day of the year of the readings is not exactly zero, so levels and constant share a little.
  for (index_t t = 0; t < data.times; t += 100) {
    CHECK(fitted.climate(data.time(t), 0) == Approx(10 + season(t)).margin(0.01));
    CHECK(fitted.climate(data.time(t), 1) == Approx(20 + season(t)).margin(0.01));
  }
}

TEST_CASE("the synthetic network is labelled, repeatable and advected") {
  sensors::synthetic_options options;
  options.days = 1500;
  auto const data = sensors::synthetic_network(options);
  CHECK(data.origin.synthetic);
  CHECK_THAT(data.origin.label(), contains("SYNTHETIC DATA, not a measurement"));
  CHECK(data.values == sensors::synthetic_network(options).values);
  CHECK(data.present_count() == data.times * 12);
  for (auto const place : data.places) {
    CHECK(std::abs(place) <= 1.0 + 1e-12);
  }
  options.seed = 2;
  CHECK(data.values != sensors::synthetic_network(options).values);
  options.missing = 0.5;
  auto const gappy = sensors::synthetic_network(options);
  CHECK(static_cast<double>(gappy.present_count()) / (12.0 * 1500) == Approx(0.5).margin(0.05));

  // Weather moves east: yesterday's west says more about today's east than the other way round.
  auto const z =
      sensors::standardise(data, sensors::scaler::fit(data, {0, data.times}, {transform_kind::square_root, {}, {}}));
  double forward = 0;
  double backward = 0;
  for (index_t a = 0; a < 12; ++a) {
    for (index_t b = 0; b < 12; ++b) {
      auto const east = data.stations[static_cast<std::size_t>(b)].x - data.stations[static_cast<std::size_t>(a)].x;
      if (east > 100 && east < 260) {
        for (index_t t = 1; t < data.times; ++t) {
          forward += z[static_cast<std::size_t>((t - 1) * 12 + a)] * z[static_cast<std::size_t>(t * 12 + b)];
          backward += z[static_cast<std::size_t>((t - 1) * 12 + b)] * z[static_cast<std::size_t>(t * 12 + a)];
        }
      }
    }
  }
  CHECK(forward > 1.5 * backward);
}

TEST_CASE("a network survives being written and read") {
  sensors::synthetic_options options;
  options.days = 40;
  options.missing = 0.3;
  auto const data = sensors::synthetic_network(options);
  auto const folder = std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "-sensors_series_test");
  sensors::write_network(data, folder);
  auto const back =
      sensors::read_network(folder / "readings.csv", folder / "stations.csv", sensors::coordinate_kind::kilometres, {});
  std::filesystem::remove_all(folder);
  REQUIRE(back.times == data.times);
  CHECK(back.present_count() == data.present_count());
  auto const same = std::equal(back.values.begin(), back.values.end(), data.values.begin(),
                               [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); });
  CHECK(same);
  CHECK(back.places == data.places);
  CHECK(back.origin.checksum.size() == 64);
}
