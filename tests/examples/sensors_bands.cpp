// Calibrated bands of the sensors example: what the table says, against cases computed by hand, and where bands come from.
#include "sensors/bands.hpp"

#include <cmath>

#include "s2rm/train/conformal.hpp"
#include "s2rm/train/measures.hpp"
#include "s2rm/train/training_file.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"
#include "train/batches.hpp"

namespace {

using sensors::index_t;
using sensors::missing;

/// Two stations, four times: readings 1, 2, 3, 4 and 10, none, 12, 20.
sensors::series two_stations() {
  sensors::series data;
  data.first = sensors::midnight({2001, 1, 1});
  data.times = 4;
  data.stations = {{"A", 0, 0}, {"B", 10, 0}};
  data.values = {1, 10, 2, missing, 3, 12, 4, 20};
  return data;
}

/// Everywhere the mean 2 (A) and 12 (B) with a variance of 1.
sensors::prediction flat() {
  sensors::prediction made{"model", {0, 4}, 2};
  for (index_t t = 0; t < 4; ++t) {
    made.set(sensors::transform_kind::identity, t, 0, 2, 1);
    made.set(sensors::transform_kind::identity, t, 1, 12, 1);
  }
  return made;
}

}  // namespace

TEST_CASE("sensors bands: coverage of what a Gaussian says, and of the calibrated band, station by station") {
  auto const data = two_stations();
  auto const made = flat();
  auto const kind = sensors::transform_kind::identity;
  CHECK(sensors::gaussian_half(0.9) == Approx(1.6448536269514722));
  // Distances: 1, 0, 1, 2 and 2, -, 0, 8 deviations.
  CHECK(sensors::covered(data, kind, made, {0.9, {missing, missing}}).gaussian == Approx(100 * 4.0 / 7));
  CHECK(std::isnan(sensors::covered(data, kind, made, {0.9, {missing, missing}}).calibrated));
  CHECK(sensors::covered(data, kind, made, {0.9, {0.5, 9}}).calibrated == Approx(100 * 4.0 / 7));
  CHECK(sensors::covered(data, kind, made, {0.9, {2, 9}}).calibrated == Approx(100));
  CHECK(sensors::covered(data, kind, made, {0.9, {2, missing}}).calibrated == Approx(100));  // of A alone
}

TEST_CASE("sensors bands: the table has CRPS and interval score of both") {
  auto const data = two_stations();
  auto const kind = sensors::transform_kind::identity;
  double const half = 2 * sensors::gaussian_half(0.9);  // as if the deviation were 2
  auto const table =
      sensors::band_table(data, kind, "forecast", {flat(), flat()}, {{0.9, {half, half}}, {0.9, {missing, missing}}});
  double crps = 0, wide = 0, score = 0;
  for (double const distance : {1, 0, 1, 2, 2, 0, 8}) {
    crps += s2rm::measure::crps_gaussian(distance, 0, 1) / 7;
    wide += s2rm::measure::crps_gaussian(distance, 0, 2) / 7;
    score += s2rm::measure::interval_score(distance, -half, half, 0.9) / 7;
  }
  REQUIRE(table.rows.size() == 2);
  using examples::report::number;
  auto const& row = table.rows[0];
  CHECK(row[0] == "model");
  CHECK(row[1] == number(100 * 4.0 / 7, 1));
  CHECK(row[2] == number(crps, 4));
  CHECK(row[4] == number(half, 2));
  CHECK(row[5] == number(100 * 6.0 / 7, 1));
  CHECK(row[6] == number(wide, 4));
  CHECK(row[7] == number(score, 3));
  CHECK(table.rows[1][4] == "-");
  CHECK(table.rows[1][6] == "-");
  CHECK(table.rows[1][2] == number(crps, 4));
}

TEST_CASE("sensors bands: read from a checkpoint, where it has them") {
  s2rm::test::temporary_folder const folder;
  auto const path = folder / "model";
  s2rm::trainer<s2rm::test::small_net, s2rm::backend::eigen> learner{{}, s2rm::optim::adam{}, s2rm::seed{1}};
  learner.save(path);
  sensors::band of{0.9, {7, 7, 7}};
  sensors::read_band(path, {1}, of);
  CHECK(std::isnan(of.half[1]));
  s2rm::conformal::calibration scores(1);
  for (int i = 1; i <= 99; ++i) scores.add(0, i);
  s2rm::conformal::save(path, scores.fit(sensors::band_coverages));
  sensors::read_band(path, {1, 2}, of);
  CHECK(of.half == std::vector<double>{7, 90, 90});
  of.coverage = 0.8;
  sensors::read_band(path, {0}, of);
  CHECK(of.half[0] == 80);
  of.coverage = 0.7;
  CHECK_THROWS_AS(sensors::read_band(path, {0}, of), s2rm::value_error);
}
