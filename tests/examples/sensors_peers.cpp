// Scores and peers of the sensors example, against cases computed by hand. What R computes: sensors_peers.R.
#include <cmath>
#include <cstdlib>

#include "sensors/peers.hpp"
#include "sensors/synthetic.hpp"
#include "sensors/tables.hpp"
#include "support/catch.hpp"

using s2rm::test::contains;
using sensors::index_t;
using sensors::missing;
using sensors::peer;
using sensors::prediction;
using sensors::score;
using sensors::series;
using sensors::transform_kind;

namespace {

peer const& named(std::vector<peer> const& all, std::string const& name) {
  for (auto const& one : all) {
    if (one.made.name == name) {
      return one;
    }
  }
  FAIL("no peer " << name);
  return all.front();
}

/// An exact VAR(1) of two stations on a line, without season: x' = 0.5 x + noise, y' = 0.8 x + 0.1 y.
series vector_series(index_t times) {
  series data;
  data.first = sensors::midnight({2001, 1, 1});
  data.times = times;
  data.stations = {{"X", 0, 0}, {"Y", 10, 0}};
  data.map = sensors::fit_projection(data.stations, sensors::coordinate_kind::kilometres);
  double x = 1;
  double y = 0;
  unsigned state = 1;
  for (index_t t = 0; t < times; ++t) {
    data.values.push_back(x);
    data.values.push_back(y);
    state = state * 1664525u + 1013904223u;
    y = 0.8 * x + 0.1 * y;
    x = 0.5 * x + (static_cast<double>(state) / 4294967296.0 - 0.5);
  }
  return data;
}

}  // namespace

TEST_CASE("score of three readings by hand") {
  score s;
  s.point(1, 2);
  s.point(4, 2);
  s.point(missing, 100);
  CHECK(s.count() == 2);
  CHECK(s.rmse() == Approx(std::sqrt(2.5)));
  CHECK(s.mae() == Approx(1.5));
  CHECK(std::isnan(s.nll()));

  s.gaussian(0, 1, 4);
  s.gaussian(0, 3.2, 4);  // 1.60 standard deviations: inside
  s.gaussian(0, 3.4, 4);  // 1.70: outside
  s.gaussian(missing, 0, 1);
  auto const log_part = 0.5 * std::log(2 * 3.14159265358979 * 4);
  CHECK(s.nll() == Approx(log_part + (1.0 + 3.2 * 3.2 + 3.4 * 3.4) / 8 / 3));
  CHECK(s.coverage() == Approx(2.0 / 3));
  CHECK(s.transformed_rmse() == Approx(std::sqrt((1.0 + 3.2 * 3.2 + 3.4 * 3.4) / 3)));
}

TEST_CASE("a prediction that is not a number is an infinite error") {
  score s;
  s.point(1, 1);
  s.point(1, missing);
  s.gaussian(1, 1, 1);
  s.gaussian(1, missing, 1);
  s.gaussian(1, 1, missing);
  s.gaussian(1, 1, 0);
  CHECK(s.count() == 2);
  CHECK(std::isinf(s.rmse()));
  CHECK(std::isinf(s.mae()));
  CHECK(std::isinf(s.nll()));
  CHECK(std::isinf(s.transformed_rmse()));
  CHECK(s.coverage() == Approx(0.25));
  // A table built from a prediction that nobody filled in shows it.
  auto const data = vector_series(100);
  auto const table =
      sensors::score_table(data, transform_kind::identity, "forecast", {}, {prediction{"empty", {50, 60}, 2}});
  CHECK(table.rows[0][1] == "inf");
  CHECK(table.rows[0][6] == "20");
}

TEST_CASE("streaming sums add up") {
  score all;
  score first;
  score second;
  for (int i = 0; i < 10; ++i) {
    auto const truth = 0.3 * i;
    all.point(truth, 1);
    all.gaussian(truth, 1, 2);
    (i < 4 ? first : second).point(truth, 1);
    (i < 4 ? first : second).gaussian(truth, 1, 2);
  }
  first.add(second);
  CHECK(first.rmse() == Approx(all.rmse()));
  CHECK(first.nll() == Approx(all.nll()));
  CHECK(first.coverage() == all.coverage());
  CHECK(first.count() == 10);
}

TEST_CASE("forecast peers on an exact VAR(1)") {
  auto const data = vector_series(1200);
  auto const all = sensors::forecast_peers(data, {0, 250}, {1000, 1200}, transform_kind::identity);
  auto const rmse = [&](char const* name, index_t s) {
    return sensors::evaluate(data, transform_kind::identity, named(all, name).made, s).rmse();
  };
  CHECK(rmse("VAR(1)", 1) < 0.003);  // y follows without noise; what is left is the error of the fitted mean
  CHECK(rmse("VAR(1)", 0) == Approx(std::sqrt(1.0 / 12)).epsilon(0.1));  // 200 readings: 5 % is one standard error
  CHECK(rmse("VAR(1)", 1) < 0.01 * rmse("AR(1) per station", 1));
  CHECK(rmse("AR(1) per station", 0) < rmse("climatology", 0));

  // Persistence is the reading before, to the last bit; climatology is the training mean.
  auto const& last = named(all, "persistence").made;
  CHECK(last.point[last.cell(1000, 0)] == data.at(999, 0));
  double mean = 0;
  for (index_t t = 0; t < 250; ++t) {
    mean += data.at(t, 0) / 250;
  }
  auto const& climate = named(all, "climatology").made;
  CHECK(climate.point[climate.cell(1100, 0)] == Approx(mean).margin(1e-9));
}

TEST_CASE("forecasts look at the past only, and know gaps") {
  auto data = vector_series(600);
  auto const before = sensors::forecast_peers(data, {0, 400}, {500, 600}, transform_kind::identity);
  for (index_t t = 550; t < 600; ++t) {
    data.values[static_cast<std::size_t>(2 * t)] = 1e3;
    data.values[static_cast<std::size_t>(2 * t + 1)] = -1e3;
  }
  auto const after = sensors::forecast_peers(data, {0, 400}, {500, 600}, transform_kind::identity);
  for (std::size_t m = 0; m < before.size(); ++m) {
    for (index_t t = 500; t <= 550; ++t) {
      REQUIRE(before[m].made.point[before[m].made.cell(t, 1)] == after[m].made.point[after[m].made.cell(t, 1)]);
    }
  }

  data.values[static_cast<std::size_t>(2 * 520)] = missing;  // X at 520
  auto const gappy = sensors::forecast_peers(data, {0, 400}, {500, 600}, transform_kind::identity);
  CHECK_THAT(named(gappy, "VAR(1)").absent, contains("1 of 1200 are missing"));
  auto const& last = named(gappy, "persistence").made;
  CHECK(last.point[last.cell(521, 0)] == data.at(519, 0));
  auto const table = sensors::score_table(data, transform_kind::identity, "forecast", gappy);
  CHECK_THAT(table.note, contains("VAR(3) is not applicable: least squares needs every reading"));
  for (auto const& one : gappy) {
    if (one.absent.empty()) {
      CHECK(std::isfinite(sensors::evaluate(data, transform_kind::identity, one.made).nll()));
    }
  }
}

TEST_CASE("unseen peers never look at the hidden station") {
  sensors::synthetic_options options;
  options.days = 500;
  options.stations = 6;
  options.missing = 0.2;
  auto data = sensors::synthetic_network(options);
  auto const groups = sensors::leave_one_out(6);
  REQUIRE(groups.size() == 6);
  auto const before = sensors::unseen_peers(data, {0, 350}, {400, 450}, transform_kind::square_root, {{2}});
  auto const hidden = data;
  for (index_t t = 0; t < data.times; ++t) {
    if (data.present(t, 2)) {
      data.values[static_cast<std::size_t>(t * 6 + 2)] += 40;
    }
  }
  auto const after = sensors::unseen_peers(data, {0, 350}, {400, 450}, transform_kind::square_root, {{2}});
  for (std::size_t m = 0; m < before.size(); ++m) {
    INFO(before[m].made.name);
    auto const known = before[m].made.name == "simple kriging, site mean known";  // this one is told its mean
    for (index_t t = 400; t < 450; ++t) {
      if (hidden.present(t, 2)) {
        auto const cell = before[m].made.cell(t, 2);
        REQUIRE(std::isfinite(before[m].made.point[cell]));
        REQUIRE((before[m].made.point[cell] == after[m].made.point[cell]) == !known);
      }
    }
  }
  // A group hides all of its stations: the nearest station of one is never another of the group.
  auto const together = sensors::unseen_peers(hidden, {0, 350}, {400, 450}, transform_kind::square_root, {{0, 1, 2}});
  auto const& nearest = named(together, "nearest station").made;
  for (index_t t = 400; t < 450; ++t) {
    if (hidden.present(t, 0) && (hidden.present(t, 3) || hidden.present(t, 4) || hidden.present(t, 5))) {
      auto const value = nearest.point[nearest.cell(t, 0)];
      auto found = false;
      for (index_t s = 3; s < 6; ++s) {
        found = found || std::abs(value - hidden.at(t, s)) < 1e-9;
      }
      REQUIRE(found);
    }
  }
}

namespace {

/// A variable of the environment as it is to be, and as it was again.
class variable {
 public:
  variable(char const* name_, char const* value) : name{name_} {
    if (auto const* const old = std::getenv(name)) before = old;
    setenv(name, value, 1);
  }
  ~variable() { before.empty() ? unsetenv(name) : setenv(name, before.c_str(), 1); }
  variable(variable const&) = delete;
  variable& operator=(variable const&) = delete;

 private:
  char const* name;
  std::string before;
};

/// Every method has figures, or no prediction at all and a reason with `word` in it. Returns the number of the latter.
int absent_for(std::string const& word, series const& data, std::string const& task, std::vector<peer> const& all) {
  auto const table = sensors::score_table(data, transform_kind::square_root, task, all);
  int absent = 0;
  for (std::size_t m = 0; m < all.size(); ++m) {
    INFO(all[m].made.name + " " + all[m].absent);
    if (all[m].absent.empty()) {
      CHECK(std::isfinite(sensors::evaluate(data, transform_kind::square_root, all[m].made).nll()));
      continue;
    }
    ++absent;
    CHECK_THAT(all[m].absent, contains("is not computed: ") && contains(word));
    CHECK(table.rows[m][1] == "n/a");
    CHECK_THAT(table.note, contains(all[m].made.name + " is not computed: "));
  }
  return absent;
}

}  // namespace

TEST_CASE("without R or its package gstat the other methods are there, and a word about the missing ones") {
  sensors::synthetic_options options;
  options.days = 400;
  options.stations = 5;
  auto const data = sensors::synthetic_network(options);
  auto const kind = transform_kind::square_root;
  auto const forecast = [&] { return sensors::forecast_peers(data, {0, 350}, {350, 400}, kind); };
  auto const unseen = [&] {
    return sensors::unseen_peers(data, {0, 350}, {350, 400}, kind, sensors::leave_one_out(5));
  };
  CHECK(absent_for("", data, "forecast", forecast()) == 0);
  CHECK(absent_for("", data, "unseen", unseen()) == 0);
  {
    // Side inputs are for kriging, too: one row more.
    auto known = data;
    known.sides = {"coast"};
    for (index_t s = 0; s < 5; ++s) known.side_values.push_back(static_cast<double>(s * s));
    auto const all = sensors::unseen_peers(known, {0, 350}, {350, 400}, kind, sensors::leave_one_out(5));
    CHECK(absent_for("", known, "unseen", all) == 0);
    CHECK(all[5].made.name == "kriging with external drift, corrected");
    CHECK(all[5].made.mean != all[4].made.mean);
    CHECK(all.size() == unseen().size() + 1);
  }
  {
    variable const no_packages{"R_LIBS_SITE", "/nowhere"};
    CHECK(absent_for("gstat is missing", data, "forecast", forecast()) == 2);  // VAR needs no package
    CHECK(absent_for("gstat is missing", data, "unseen", unseen()) == 4);
  }
  {
    variable const no_programs{"PATH", "/nowhere"};
    CHECK(absent_for("Rscript is missing", data, "forecast", forecast()) == 4);
    CHECK(absent_for("Rscript is missing", data, "unseen", unseen()) == 4);
  }
}

TEST_CASE("folds hold every station once") {
  auto const folds = sensors::station_folds(70, 7, 3);
  REQUIRE(folds.size() == 7);
  std::vector<int> seen(70, 0);
  for (auto const& fold : folds) {
    CHECK(fold.size() == 10);
    for (auto const s : fold) {
      ++seen[static_cast<std::size_t>(s)];
    }
  }
  CHECK(seen == std::vector<int>(70, 1));
  CHECK(folds == sensors::station_folds(70, 7, 3));
  CHECK_THROWS_AS(sensors::station_folds(5, 6, 1), sensors::data_error);
}
