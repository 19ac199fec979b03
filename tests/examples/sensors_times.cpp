// Steps of time, longitudes, and the look at all parts of a series before anything is fitted.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <random>

#include "sensors/model_windows.hpp"
#include "sensors/scaling.hpp"
#include "sensors/tables.hpp"
#include "sensors/time_grid.hpp"
#include "support/catch.hpp"

using s2rm::test::contains;
using sensors::fit_grid;
using sensors::index_t;
using sensors::midnight;
using sensors::time_grid;
using sensors::time_stamp;
using sensors::time_step;

namespace {

constexpr time_stamp minute = 60, hour = 3600, day = 86400;
time_stamp const begin = midnight({2023, 3, 1});

template <class F>
std::vector<time_stamp> stamps(int count, F const& f) {
  std::vector<time_stamp> all;
  for (int i = 0; i < count; ++i) all.push_back(f(i));
  return all;
}

/// The index of every stamp is its number: nothing is merged and nothing is skipped.
void check_in_order(std::vector<time_stamp> const& all, time_grid const& grid) {
  CHECK(grid.times == std::ssize(all));
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(grid.index(all[i]) == static_cast<index_t>(i));
}

sensors::series network(index_t times, index_t stations) {
  sensors::series data;
  data.first = begin;
  data.times = times;
  for (index_t s = 0; s < stations; ++s) data.stations.push_back({"P" + std::to_string(s), static_cast<double>(s), 50});
  data.map = sensors::fit_projection(data.stations, sensors::coordinate_kind::degrees);
  for (index_t i = 0; i < times * stations; ++i) data.values.push_back(5 + std::sin(static_cast<double>(i)));
  return data;
}

double& cell(sensors::series& data, index_t t, index_t s) {
  return data.values[static_cast<std::size_t>(t * data.station_count() + s)];
}

}  // namespace

TEST_CASE("a few odd stamps do not change the step") {
  auto const hourly = [](int i) { return begin + i * hour; };
  auto const regular = stamps(96, hourly);
  check_in_order(regular, fit_grid({regular, regular}));
  // A day stamped with the end of the hour, with its middle, a minute early, late; one stamp a minute late.
  for (auto const odd : {59 * minute, 30 * minute, -minute, minute, 10 * minute}) {
    INFO(odd);
    auto const all = stamps(96, [&](int i) { return hourly(i) + (i / 24 == 1 ? odd : 0); });
    auto const grid = fit_grid({all, all});
    CHECK(grid.step.seconds == hour);
    CHECK(grid.first == begin);
    check_in_order(all, grid);
  }
  auto const one = stamps(96, [&](int i) { return hourly(i) + (i == 40 ? minute : 0); });
  check_in_order(one, fit_grid({regular, one}));
  // Every second stamp half a step late: the largest common step would leave every other one of its steps empty.
  auto const halves = stamps(96, [&](int i) { return begin + 2 * i * minute + (i > 50 ? minute : 0); });
  CHECK(fit_grid({halves}).step.seconds == 2 * minute);
  check_in_order(halves, fit_grid({halves}));
}

TEST_CASE("loggers that drift, tremble, or are read at their own minute") {
  // A second an hour, set right at midnight.
  auto const drift = stamps(24 * 90, [](int i) { return begin + i * hour + i % 24; });
  auto const set_right = fit_grid({drift});
  CHECK(set_right.step.seconds == hour);
  check_in_order(drift, set_right);
  // Never set right: its own step is exact.
  auto const own = stamps(24 * 90, [](int i) { return begin + i * (hour + 1); });
  CHECK(fit_grid({own}).step.seconds == hour + 1);
  check_in_order(own, fit_grid({own}));
  std::mt19937 draw{1};
  auto const trembling =
      stamps(500, [&](int i) { return begin + i * 10 * minute + static_cast<int>(draw() % 120) - 60; });
  CHECK(fit_grid({trembling}).step.seconds == 10 * minute);
  check_in_order(trembling, fit_grid({trembling}));
  auto const at_five = stamps(100, [](int i) { return begin + i * hour + 5 * minute; });
  auto const at_forty = stamps(100, [](int i) { return begin + i * hour + 40 * minute; });
  auto const grid = fit_grid({at_five, at_forty});
  CHECK(grid.step.seconds == hour);
  CHECK(grid.first == begin);
  check_in_order(at_five, grid);
  check_in_order(at_forty, grid);
}

TEST_CASE("months, quarters and years are calendar steps") {
  auto const dates = [](int count, int months, int at_day) {
    return stamps(count, [=](int i) {
      auto const month = i * months;
      sensors::civil_date date{2015 + month / 12, 1 + month % 12, at_day};
      while (!(std::chrono::year{date.year} / date.month / date.day).ok()) --date.day;  // the end of a shorter month
      return midnight(date);
    });
  };
  for (auto const months : {1, 3, 12}) {
    for (auto const at_day : {1, 15, 31}) {
      INFO(months << " months, day " << at_day);
      auto const all = dates(24, months, at_day);
      auto const grid = fit_grid({all, all});
      CHECK(grid.step.months == months);
      CHECK(grid.first == midnight({2015, 1, 1}));
      check_in_order(all, grid);
      CHECK(grid.step.after(grid.first, 5) == midnight({2015 + 5 * months / 12, 1 + 5 * months % 12, 1}));
    }
  }
  // A year that begins in April; months stamped with their last second.
  auto const fiscal = stamps(40, [](int i) { return midnight({1980 + i, 4, 1}); });
  CHECK(fit_grid({fiscal}).first == midnight({1980, 4, 1}));
  check_in_order(fiscal, fit_grid({fiscal}));
  auto last_second = dates(36, 1, 31);
  for (auto& time : last_second) time += day - 1;
  CHECK(fit_grid({last_second}).first == midnight({2015, 1, 1}));
  check_in_order(last_second, fit_grid({last_second}));
  // One month a few days late; midnight in a time zone with summer time; a file of one pause.
  auto late = dates(36, 1, 1);
  late[7] += 4 * day;
  check_in_order(late, fit_grid({late}));
  auto local = dates(36, 1, 1);
  for (auto& time : local) time -= (time / day / 91 % 4 == 1 || time / day / 91 % 4 == 2) ? 2 * hour : hour;
  CHECK(fit_grid({local}).first == midnight({2015, 1, 1}));
  check_in_order(local, fit_grid({local}));
  auto paused = dates(36, 1, 1);
  paused.erase(paused.begin() + 10, paused.begin() + 20);
  CHECK(fit_grid({paused}).times == 36);
  // Five years of one station are hardly a gap to go by; four weeks are no month.
  check_in_order(dates(5, 12, 1), fit_grid({dates(5, 12, 1)}));
  auto const four_weeks = stamps(40, [](int i) { return begin + i * 28 * day; });
  CHECK(fit_grid({four_weeks}).step.months == 0);
  check_in_order(four_weeks, fit_grid({four_weeks}));
}

TEST_CASE("days in summer time, irregular readings, several a step, and a step that is asked for") {
  auto const local = stamps(365, [](int i) { return begin + i * day - (i > 25 && i < 240 ? 2 : 1) * hour; });
  CHECK(fit_grid({local}).step.seconds == day);
  check_in_order(local, fit_grid({local}));
  auto const hourly = stamps(240, [](int i) { return begin + 6 * hour + i * hour; });
  auto const by_day = fit_grid({hourly}, time_step::of_seconds(day));
  CHECK(by_day.first == begin);  // from midnight to midnight
  CHECK(by_day.times == 11);
  CHECK(by_day.index(begin + 24 * hour - 1) == 0);
  CHECK(fit_grid({hourly}, time_step::of_months(1)).times == 1);
  CHECK(fit_grid({stamps(365, [](int i) { return begin + i * day; })}, time_step::of_months(1)).times == 12);
  std::mt19937 draw{2};
  time_stamp now = begin;
  auto const irregular = stamps(300, [&](int) { return now += 1 + static_cast<int>(draw() % (2 * day)); });
  auto const grid = fit_grid({irregular});
  CHECK_FALSE(grid.nearest);
  CHECK(grid.step.seconds == day);
  CHECK(grid.first == midnight(sensors::date_of(irregular.front())));
  // Ten days and the rest of a month; eight days and the rest of a year, as pictures from satellites are.
  auto const thirds = stamps(72, [](int i) { return midnight({2020 + i / 36, 1 + i / 3 % 12, 1 + i % 3 * 10}); });
  CHECK(fit_grid({thirds}).step.seconds == 10 * day);
  auto const eights = stamps(46 * 6, [](int i) { return midnight({2010 + i / 46, 1, 1}) + i % 46 * 8 * day; });
  CHECK(fit_grid({eights}).step.seconds == 8 * day);
  // Week days alone, and a station among daily ones that is read once an hour for a while.
  auto const week_days = stamps(50, [](int i) { return begin + (i / 5 * 7 + i % 5) * day; });
  CHECK(fit_grid({week_days}).step.seconds == day);
  CHECK(fit_grid({week_days}).times == 68);
  // A network that grew late is on the grid of its first stations.
  auto const first = stamps(300, [](int i) { return begin + i * day; });
  auto const last = stamps(20, [](int i) { return begin + (280 + i) * day; });
  check_in_order(first, fit_grid({first, last}));
  // One gap of a minute among many does not make it the step.
  CHECK(fit_grid({stamps(40, [](int i) { return begin + i * i * 7 * minute + i * minute; })}).step.seconds > hour);
  // Readings that say nothing about a step.
  CHECK(fit_grid({{begin}}).step.seconds == day);
  CHECK(fit_grid({{begin}, {begin + 3 * hour}}).step.seconds == 3 * hour);
}

TEST_CASE("steps in words") {
  for (auto const* text : {"10min", "1h", "1d", "7d", "1month", "3month", "1year", "90s"}) {
    INFO(text);
    auto const step = sensors::parse_step(text);
    REQUIRE(step);
    auto shown = sensors::step_text(*step);
    shown.erase(shown.find(' '), 1);
    CHECK(shown == text);
  }
  for (auto const* bad : {"", "h", "0h", "-1h", "1 hour", "1m", "1e3s", "99999999999s"}) {
    INFO(bad);
    CHECK_FALSE(sensors::parse_step(bad));
  }
}

TEST_CASE("a pause before a lone stamp is named, parts are cut by what was read") {
  auto all = stamps(96, [](int i) { return begin + i * hour; });
  CHECK(sensors::long_pauses(all, {hour}).empty());
  all.back() += 365 * day;
  CHECK(sensors::long_pauses(all, {hour}) == std::vector<std::size_t>{95});
  all.front() = 0;
  CHECK(sensors::long_pauses(all, {hour}) == std::vector<std::size_t>{1, 95});
  auto data = network(1000, 2);
  for (index_t t = 100; t < 996; ++t) cell(data, t, 0) = cell(data, t, 1) = sensors::missing;
  auto const split = sensors::standard_split(data);  // 104 times with a reading
  CHECK(split.train.end == 72);
  CHECK(split.validation.end == 88);
  CHECK(split.test.end == 1000);
}

TEST_CASE("index of a time on a calendar") {
  auto data = network(30, 1);
  data.step = time_step::of_months(1);
  data.first = midnight({2015, 1, 1});
  for (index_t t = 0; t < 30; ++t) {
    CHECK(data.index_from(data.time(t)) == t);
    CHECK(data.index_from(data.time(t) + 1) == t + 1);
    CHECK(data.index_from(data.time(t) - 1) == t);
  }
}

TEST_CASE("months have a season") {
  auto data = network(120, 2);
  data.step = time_step::of_months(1);
  data.first = midnight({2010, 1, 1});
  auto const truth = [&](index_t t) {
    return std::cos(2 * std::numbers::pi * sensors::day_of_year(data.time(t)) / 365.25);
  };
  for (index_t t = 0; t < 120; ++t) cell(data, t, 0) = cell(data, t, 1) = truth(t);
  auto const fitted = sensors::scaler::fit(data, {0, 120}, {sensors::transform_kind::identity, {}, {}});
  for (index_t t = 0; t < 12; ++t) CHECK(fitted.climate(data.time(t), 0) == Approx(truth(t)).margin(0.02));
}

TEST_CASE("longitudes are a circle") {
  using stations = std::vector<sensors::station>;
  auto const places = [](stations const& all) {
    auto const map = sensors::fit_projection(all, sensors::coordinate_kind::degrees);
    std::vector<double> made{map.kilometres_per_unit};
    for (auto const& one : all) {
      auto const place = map.place(one.x, one.y);
      made.insert(made.end(), place.begin(), place.end());
    }
    return made;
  };
  auto const same = [&](stations const& a, stations const& b) {
    auto const one = places(a), two = places(b);
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == Approx(two[i]).margin(1e-12));
  };
  stations const fiji{{"1", 177.4, -17.6}, {"2", 178.5, -18.1}, {"3", 179.4, -16.8}, {"4", -178.8, -18.2}};
  auto to_360 = fiji, turned = fiji, moved = fiji;
  to_360[3].x = 181.2;
  for (auto& one : turned) one.x -= one.x > 0 ? 360 : 0;
  for (auto& one : moved) one.x = one.x > 0 ? one.x - 180 : one.x + 180;  // the same at Greenwich
  same(fiji, to_360);
  same(fiji, turned);
  same(fiji, moved);
  same({{"w", 359, 50}, {"m", 0, 51}, {"e", 1, 50}}, {{"w", -1, 50}, {"m", 360, 51}, {"e", 1, 50}});
  CHECK(places(fiji)[0] < 250);
  auto const map = sensors::fit_projection(fiji, sensors::coordinate_kind::degrees);
  CHECK(map.centre_x == Approx(179.3));
}

TEST_CASE("all parts are looked at before anything is fitted") {
  auto const check = [](sensors::series const& data,
                        sensors::transform_kind kind = sensors::transform_kind::square_root) {
    std::string text;
    for (auto const& note : sensors::check_parts(data, sensors::standard_split(data), kind)) text += note + "\n";
    return text;
  };
  auto const good = network(100, 3);
  CHECK(check(good).empty());
  for (auto const& [t, part] : {std::pair{10, "training"}, std::pair{75, "validation"}, std::pair{99, "test"}}) {
    auto data = good;
    cell(data, t, 1) = -0.4;
    CHECK_THROWS_WITH(check(data), contains(sensors::time_text(data.time(t))) && contains("station P1") &&
                                       contains(std::string{"in the "} + part + " part"));
    CHECK(check(data, sensors::transform_kind::log1p).empty());
    cell(data, t, 1) = -1;
    CHECK_THROWS_WITH(check(data, sensors::transform_kind::log1p), contains("log1p does not take it"));
  }
  auto still = good;
  for (index_t t = 0; t < 70; ++t) cell(still, t, 1) = 7.3;
  CHECK_THAT(check(still), contains("never change in the training part: station 'P1'"));
  for (index_t t = 0; t < 70; ++t) {
    for (index_t s = 0; s < 3; ++s) cell(still, t, s) = 7.3 + static_cast<double>(s);
  }
  CHECK_THROWS_WITH(check(still), contains("no station's readings ever change") && contains("2023-05-09"));
  auto grown = good;
  for (index_t t = 0; t < 80; ++t) cell(grown, t, 2) = sensors::missing;
  for (index_t t = 0; t < 90; ++t) cell(grown, t, 1) = sensors::missing;
  CHECK_THAT(check(grown), contains("Fewer than 30 readings before the test part") && contains("'P1', 'P2'"));
  CHECK_THAT(check(network(40, 1)), contains("The test part holds 6 readings"));
  auto day = network(24, 3);  // of a few times half will do
  for (index_t t = 0; t < 12; ++t) cell(day, t, 1) = sensors::missing;
  CHECK_THAT(check(day), contains("Fewer than 10 readings before the test part") && contains("station 'P1'."));
}

TEST_CASE("a method that fails is named in its table") {
  auto const data = network(100, 3);
  sensors::time_range const test{85, 100};
  std::vector<sensors::peer> peers(3);
  for (auto& one : peers) {
    one.made = sensors::prediction{"climatology", test, 3};
    for (index_t t = test.begin; t < test.end; ++t) {
      for (index_t s = 0; s < 3; ++s) one.made.set(sensors::transform_kind::identity, t, s, 5, 1);
    }
  }
  auto const note = [&] { return score_table(data, sensors::transform_kind::identity, "forecast", peers).note; };
  CHECK_THAT(note(), !contains("is no forecast here"));
  peers[1].made.name = "VAR(3)";
  peers[1].made.set(sensors::transform_kind::identity, 90, 2, 1e13, 1);
  peers[2].made.name = "VAR(1)";
  peers[2].made.set(sensors::transform_kind::identity, 91, 1, sensors::missing, 1);
  CHECK_THAT(note(), contains("VAR(3) is no forecast here, worst at 2023-05-30, station P2") &&
                         contains("VAR(1) is no forecast here, worst at 2023-05-31, station P1"));
}

TEST_CASE("no window leaves its part, however short that is") {
  for (auto const size : {32, 33, 40}) {
    sensors::time_range const range{5, 5 + size};
    for (index_t step = 0; step < 50; ++step) {
      for (auto const start : sensors::draw_starts(range, 32, 16, {1, 1}, step)) {
        CHECK(start >= range.begin);
        CHECK(start + 32 <= range.end);
      }
    }
  }
}
