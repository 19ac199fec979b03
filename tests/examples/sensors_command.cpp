// The program sensors: Ctrl-C at any time leaves what training goes on from, to the same bytes.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/catch.hpp"
#include "support/program.hpp"

using s2rm::test::bytes_of;
using s2rm::test::call;
using s2rm::test::contains;
using s2rm::test::output_folder;

namespace {

/// Own data, small enough for a run of seconds: four stations, three hundred days.
std::string small_network(output_folder const& at) {
  std::filesystem::create_directories(at.path);
  std::ofstream stations(at.path / "stations.csv"), readings(at.path / "readings.csv");
  stations << "station,x,y\nA,0,0\nB,90,10\nC,20,80\nD,110,70\n";
  readings << "time,station,value\n";
  for (int day = 0; day < 300; ++day) {
    char date[16];
    std::snprintf(date, sizeof date, "2001-%02d-%02d", 1 + day / 28, 1 + day % 28);
    for (int s = 0; s < 4 && day / 28 < 12; ++s) {
      readings << date << ',' << "ABCD"[s] << ',' << 10 + (day * (3 + s)) % 17 << '\n';
    }
  }
  return " --readings " + (at.path / "readings.csv").string() + " --stations " + (at.path / "stations.csv").string() +
         " --coordinates kilometres --validation-from 2001-08-01 --test-from 2001-10-01";
}

}  // namespace

TEST_CASE("sensors: Ctrl-C leaves a state that training goes on from, to the same bytes") {
  output_folder const data{"s2rm_sensors_data"}, stopped{"s2rm_sensors_stopped"}, whole{"s2rm_sensors_whole"};
#ifdef __OPTIMIZE__
  std::string const steps = " --steps 6";
#else
  std::string const steps = " --steps 2";
#endif
  auto const line = SENSORS_PROGRAM " train --task both --folds 2" + steps + small_network(data);
  auto const undisturbed = call(line + whole.out());
  INFO(undisturbed.text);
  REQUIRE(undisturbed.status == 0);
  // Interrupted soon after the data are read, and in each of the trainings that follow another.
  int stops = 0;
  for (std::string const sign : {"files readings.csv", "forecast, seed 1:", "unseen0, seed 1:", "unseen1, seed 1:"}) {
    auto const sitting =
        s2rm::test::interrupted(line + stopped.out() + " --resume", sign, std::chrono::milliseconds{20});
    INFO(sitting.text);
    REQUIRE_THAT(sitting.text, contains(sign));
    REQUIRE((sitting.status == 130 || sitting.status == 0));  // 0: there was nothing left to interrupt
    stops += sitting.status == 130 ? 1 : 0;
  }
  CHECK(stops > 0);
  CHECK(call(line + " --resume" + stopped.out()).status == 0);
  std::size_t compared = 0;
  for (auto const& entry : std::filesystem::directory_iterator(whole.path)) {
    if (entry.path().extension() != ".safetensors") continue;
    INFO(entry.path().filename().string());
    CHECK(bytes_of(entry.path()) == bytes_of(stopped.path / entry.path().filename()));
    ++compared;
  }
  CHECK(compared == 4);  // forecast, two groups of hidden stations, the field
  // Another schedule is another run.
  auto const other =
      call(SENSORS_PROGRAM " train --resume --task both --folds 2 --steps 7" + small_network(data) + stopped.out());
  CHECK(other.status != 0);
  CHECK_THAT(other.text, contains("schedule.total: expected 7, found "));
}

TEST_CASE("sensors data: a set that cannot be had is an error, never data that were made up") {
  output_folder const data{"s2rm_sensors_none"};
  auto const with = [&](std::string const& arguments) {
    return call("env PATH=/nowhere " SENSORS_PROGRAM " " + arguments + " --data " + data.path.string());
  };
  for (auto const* set : {"pm10", "wind", "all"}) {
    auto const run = with("data --set " + std::string(set));
    CHECK(run.status == 1);
    CHECK_THAT(run.text, contains("NOT ALL DATA COULD BE HAD"));
    CHECK_FALSE(std::filesystem::exists(data.path / "synthetic"));
  }
  CHECK(with("data").status == 1);
  CHECK(with("peers --set pm10 --out " + (data.path / "out").string()).status == 1);
  CHECK_FALSE(std::filesystem::exists(data.path / "synthetic"));
  CHECK(with("data --set synthetic").status == 0);
}

TEST_CASE("sensors: a table from a pipe; one station is said before training, and what share of the grid it holds") {
  output_folder const at{"s2rm_sensors_one"};
  std::filesystem::create_directories(at.path);
  std::ofstream stations(at.path / "stations.csv"), readings(at.path / "readings.csv");
  stations << "station,x,y\nA,179.5,-17\n" << std::flush;
  readings << "Time;Station;Value\n";
  for (int month = 0; month < 60; ++month) {
    readings << 2015 + month / 12 << '-' << (month % 12 < 9 ? "0" : "") << 1 + month % 12 << "-01;A;"
             << (month % 5 == 0 ? "-999" : std::to_string(month % 7) + ",25") << '\n';
  }
  readings.close();
  auto const made =
      call("gzip -c " + (at.path / "readings.csv").string() +
           " | " SENSORS_PROGRAM " train --readings /dev/stdin --missing -999,-9999 --step 1month --stations " +
           (at.path / "stations.csv").string() + at.out());
  INFO(made.text);
  CHECK(made.status == 1);
  CHECK_THAT(made.text, contains("60 steps of 1 month from 2015-01-01: 80.0 % of this grid hold a reading"));
  CHECK_THAT(made.text, contains("expected at least 2 stations, found 1"));
  CHECK_THAT(made.text, !contains("loss"));
}

TEST_CASE("sensors: side inputs of one's own stations are columns that are there") {
  output_folder const data{"s2rm_sensors_sides_data"}, out{"s2rm_sensors_sides"};
  auto const line = SENSORS_PROGRAM " train --task unseen --folds 2 --steps 2" + small_network(data) + out.out();
  auto const refused = call(line + " --side coast");
  CHECK(refused.status == 1);
  CHECK_THAT(refused.text, contains("stations.csv, line 1, column coast: expected a column with this name"));
  std::ofstream(data.path / "stations.csv")
      << "station,x,y,coast,height\nA,0,0,1,20\nB,90,10,35,110\nC,20,80,2,5\nD,110,70,40,9\n";
  auto const trained = call(line + " --side coast,height");
  INFO(trained.text);
  CHECK(trained.status == 0);
  CHECK_THAT(trained.text, !contains("'coast' is not used"));
  CHECK(call(SENSORS_PROGRAM " train --set synthetic --side coast").status != 0);  // own data alone
}

TEST_CASE("sensors: bands are fitted for the checkpoints of train, and eval shows both") {
  output_folder const data{"s2rm_sensors_bands_data"}, out{"s2rm_sensors_bands"};
  auto const with = " --task both" + small_network(data) + out.out();
  auto const early = call(SENSORS_PROGRAM " calibrate" + with);
  CHECK(early.status != 0);
  CHECK_THAT(early.text, contains("calibrate: no forecast of seed 1; run: sensors train"));
  auto const trained = call(SENSORS_PROGRAM " train --steps 2 --bands" + with);
  INFO(trained.text);
  REQUIRE(trained.status == 0);
  // Four stations, one of them the test's: the other three are validation stations, over two months.
  CHECK_THAT(trained.text, contains("sensors-forecast-seed1.safetensors: 224 scores"));
  CHECK_THAT(trained.text, contains("sensors-unseen3-seed1.safetensors: 168 scores"));
  auto const bytes = bytes_of(out.path / "sensors-unseen0-seed1.safetensors");
  CHECK_THAT(bytes, contains("\"s2rm.bands\":\"scaled 0.5 0.8 0.9 0.95 0.98; 168 "));
  auto const shown = call(SENSORS_PROGRAM " eval --band 0.8" + with);
  INFO(shown.text);
  CHECK(shown.status == 0);
  CHECK_THAT(shown.text, contains("The 80 % band as the model says it and calibrated, unseen"));
  CHECK_THAT(shown.text, !contains("no bands (sensors calibrate)\n-"));
  auto const page = bytes_of(out.path / "results.md");
  CHECK_THAT(page, contains("calibrated covers, %"));
  CHECK_THAT(page, contains("| lagged statistics alone |"));
  auto const written = call(SENSORS_PROGRAM " forecast --band 0.8" + with);
  INFO(written.text);
  CHECK_THAT(written.text, contains("conformal"));
  auto const other = call(SENSORS_PROGRAM " eval --band 0.7" + with);
  CHECK(other.status != 0);
  // The same again: the same bytes.
  CHECK(call(SENSORS_PROGRAM " calibrate --steps 2" + with).status == 0);
  CHECK(bytes_of(out.path / "sensors-unseen0-seed1.safetensors") == bytes);
}

TEST_CASE("sensors irregular: both models in one table, the same again by the same seeds") {
  output_folder const data{"s2rm_sensors_irregular_data"}, out{"s2rm_sensors_irregular"};
  auto const line = SENSORS_PROGRAM " irregular --steps 2 --seed 1 2 --removals 2" + small_network(data);
  auto const done = call(line + out.out());
  INFO(done.text);
  REQUIRE(done.status == 0);
  auto const page = bytes_of(out.path / "results.md");
  for (auto const* row :
       {"| all steps, next step |", "| all steps, next kept step |", "| 0 to 70 % removed, next step |",
        "| 0 to 70 % removed, next kept step | 2 |", "[results.json](results.json)"}) {
    CHECK_THAT(page, contains(row));
  }
  CHECK(call(line + out.out()).status == 0);
  CHECK(bytes_of(out.path / "results.md") == page);
  CHECK(call(SENSORS_PROGRAM " irregular --removals 0" + small_network(data) + out.out()).status != 0);
}
