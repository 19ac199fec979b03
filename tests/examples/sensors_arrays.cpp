// Sets that are kept as arrays: what is read of them, what is refused; folds of stations; errors with weights.
#include <algorithm>
#include <cmath>
#include <set>

#include "common/array_file.hpp"
#include "common/sha256.hpp"
#include "sensors/arrays.hpp"
#include "sensors/dataset.hpp"
#include "sensors/folds.hpp"
#include "sensors/metrics.hpp"
#include "sensors/rivals.hpp"
#include "support/catch.hpp"
#include "support/program.hpp"

using namespace sensors;
using s2rm::test::contains;
using s2rm::test::output_folder;

namespace {

/// Three stations, two months, two channels.
struct small_set {
  output_folder folder{"s2rm_sensors_arrays"};
  published about;
  std::vector<float> values{1, 10, 2, 20, NAN, 30, 4, 40, 5, NAN, 6, 60};
  std::vector<std::int32_t> draws{0, 1, 2, 0, 1, 0, 0, 3, 1, 100, 1, 1}, lost{0, 1, 2};
  std::string stations{"station,x,y,height\nA,0,0,5\nB,90,0,7.5\nC,-180,90,1\n"};

  small_set() {
    about.set = "small";
    about.channels = {{"u", "m/s"}, {"v", "m/s"}};
    about.first = "1982-01-01";
    about.step = "1month";
    about.globe = about.areas = true;
  }
  series read() const {
    examples::write_file(folder.path / "stations.csv", stations);
    examples::save_array(folder.path / "values.npy", values, std::array<std::size_t, 3>{2, values.size() / 4, 2});
    examples::save_array(folder.path / "draws.npy", draws, std::array{draws.size() / 3, std::size_t{3}});
    examples::save_array(folder.path / "lost.npy", lost, std::array{lost.size() / 3, std::size_t{3}});
    return read_arrays(folder.path, about, {});
  }
  std::string refusal() const {
    try {
      static_cast<void>(read());
    } catch (std::exception const& error) {
      return error.what();
    }
    return "nothing";
  }
};

}  // namespace

TEST_CASE("sensors: arrays become times by stations by channels, with sides, places and draws") {
  small_set const set;
  auto const data = set.read();
  CHECK(data.station_count() == 3);
  CHECK(data.times == 2);
  CHECK(data.channel_count() == 2);
  CHECK(time_text(data.time(1)) == "1982-02-01");
  CHECK(data.at(0, 1, 1) == 20);
  CHECK_FALSE(data.present(0, 2));
  CHECK(data.present(0, 2, 1));
  CHECK(data.present_count() == 10);
  CHECK(data.side(1, data.side_index("height")) == 7.5);
  CHECK_THROWS_WITH(data.side_index("coast"), contains("there are: height"));
  auto const v = data.only(data.channel_index("v"));
  CHECK(v.origin.quantity == "v");
  CHECK(v.at(1, 0) == 40);
  CHECK_FALSE(v.present(1, 1));
  // Unit vectors; the pole is one place whatever its longitude.
  REQUIRE(data.places.size() == 9);
  CHECK(data.places[4] == 1);
  CHECK((data.places[6] == 0 && data.places[7] == 0 && data.places[8] == 1));
  CHECK(data.weight(0) == 1);
  CHECK(data.weight(2) == 0);
  REQUIRE(data.folds.size() == 2);
  CHECK(data.folds[0].sensors == std::vector<index_t>{2, 0});
  CHECK(data.folds[0].test == std::vector<index_t>{1});
  CHECK(data.folds[0].lost.front() == std::array<index_t, 2>{1, 2});
  CHECK(data.folds[1].for_settings);
  CHECK(test_folds(data, 0).size() == 1);
  CHECK(seen_stations(data, data.folds[0]) == data.folds[0].sensors);
}

TEST_CASE("sensors: the checksum of arrays is over all four files") {
  small_set set;
  auto const sum = set.read().origin.checksum;
  set.lost[1] = 0;
  CHECK(set.read().origin.checksum != sum);
  set.lost[1] = 1;
  CHECK(set.read().origin.checksum == sum);
  set.stations[set.stations.size() - 2] = '2';
  CHECK(set.read().origin.checksum != sum);
}

TEST_CASE("sensors: arrays that do not fit each other are refused by name") {
  small_set far, late, few, text, header;
  far.draws[2] = 3;
  CHECK_THAT(far.refusal(), contains("draws.npy: expected a station below 3, found 3"));
  late.lost[1] = 2;
  CHECK_THAT(late.refusal(), contains("expected a time below 2, found 2"));
  few.values.resize(8);
  CHECK_THAT(few.refusal(), contains("values.npy"));
  text.stations = "station,x,y\nA,0,0\nB,x,0\nC,1,1\n";
  CHECK_THAT(text.refusal(), contains("stations.csv, line 3: expected a code and 2 numbers, found 'B,x,0'"));
  header.stations = "code,x,y\n";
  CHECK_THAT(header.refusal(), contains("line 1: expected 'station,x,y,...'"));
}

TEST_CASE("sensors: every station is a test station once, and others than the test's choose the settings") {
  series data;
  for (index_t const count : {12, 70}) {
    data.stations.assign(static_cast<std::size_t>(count), {});
    for (index_t s = 0; s < count; ++s) data.stations[static_cast<std::size_t>(s)].code = std::to_string(s);
    auto const folds = test_folds(data, 0);
    CHECK(folds.size() == (count == 12 ? 12U : 10U));
    std::multiset<index_t> tested, validated;
    for (auto const& one : folds) {
      tested.insert(one.test.begin(), one.test.end());
      REQUIRE_FALSE(one.validation.empty());
      auto const seen = seen_stations(data, one);
      CHECK(seen.size() + one.test.size() == static_cast<std::size_t>(count));
      for (auto const& group : one.validation) {
        for (auto const s : group) {
          validated.insert(s);
          CHECK(std::count(one.test.begin(), one.test.end(), s) == 0);
          CHECK(std::count(seen.begin(), seen.end(), s) == 1);
        }
      }
    }
    CHECK(tested.size() == static_cast<std::size_t>(count));
    CHECK(std::set<index_t>(tested.begin(), tested.end()).size() == tested.size());
    CHECK(validated.size() == static_cast<std::size_t>(count == 12 ? 12 * 4 : 70));
  }
}

TEST_CASE("sensors: errors by weight, and cut") {
  score s{8};
  s.point(0, 1, 3);
  s.point(0, 20, 1);
  s.point(0, 1000, 0);  // a cell without area
  CHECK(s.rmse() == Approx(std::sqrt((3 * 1 + 400) / 4.0)));
  CHECK(s.cut_rmse() == Approx(std::sqrt((3 * 1 + 64) / 4.0)));
  CHECK(s.mae() == Approx((3 + 20) / 4.0));
  CHECK(s.count() == 2);
  s.gaussian(0, 1, 1, 3);
  s.gaussian(0, 2, 1, 1);
  CHECK(s.coverage() == Approx(0.75));
}

TEST_CASE("sensors: every published set says where it is, its licence, its parts and its checksum") {
  for (auto const& one : published_sets()) {
    INFO(one.set);
    CHECK_FALSE(one.package.empty());
    CHECK_FALSE(one.files.empty());
    CHECK_FALSE(one.licence.empty());
    CHECK(one.licences() == one.licence + "; gmt-gshhg-low: LGPL-3+");
    CHECK(one.checksum.size() == 64);
    CHECK_FALSE(one.channels.empty());
    for (std::size_t i = 1; i < one.parts.size(); ++i) {
      CHECK(parse_time(one.parts[i - 1]).value() < parse_time(one.parts[i]).value());
    }
    CHECK(known_checksum(one.set) == one.checksum);
  }
}

TEST_CASE("sensors: skill is paired by draw, against the rival that is best with as many readings") {
  experiment with;
  with.data.times = 1;
  with.data.stations = {{"A", 0, 0}};
  with.data.values = {0};
  with.data.folds = {{"draw 0", {0, 1, 2}, {}, {}, {{0, 0}}}};
  /// RMSE of draws 0 and 1 with all readings, and with half of them.
  auto const method = [&](std::string const& name, std::vector<double> const& errors) {
    rival_results made{name, {}};
    for (std::size_t i = 0; i < errors.size(); ++i) {
      rival_run run;
      run.run = "draw " + std::to_string(i % 2);
      run.half = i >= 2;
      run.made = prediction{name, {0, 1}, 1};
      run.made.set(transform_kind::identity, 0, 0, errors[i], 1);
      made.runs.push_back(std::move(run));
    }
    return made;
  };
  auto const ours = method("ours", {0.9, 1.8, 2, 3.6});
  std::vector<rival_results> const rivals{method("good with all", {1, 2, 5, 5}),
                                          method("good with half", {1.1, 2.2, 4, 4}), method("far", {9, 9, 9, 9})};
  auto const chart = skill_chart(with, rivals, {ours});
  CHECK(chart.x_ticks[0].second == "3 sensors");
  CHECK(chart.x_ticks[1].second == "2 of them");
  REQUIRE(chart.lines.size() == 3);
  CHECK(chart.lines[0].label == "ours");
  CHECK(chart.lines[0].y[0] == Approx(10));
  CHECK(chart.lines[0].y[1] == Approx((50 + 10) / 2.0));
  CHECK(chart.lines[0].low[1] == Approx(10));
  CHECK(chart.lines[0].high[1] == Approx(50));
  CHECK(chart.lines[1].y == std::vector<double>{0, -25});
  CHECK(chart.lines[2].y[0] == Approx(-10));
  CHECK(chart.lines[2].y[1] == 0);
  CHECK(skill_chart(with, {}, {ours}).lines.empty());
  CHECK(skill_chart(with, rivals, {}).lines.empty());
  CHECK(skill_chart(with, {method("all alone", {1, 2})}, {ours}).lines.empty());
}
