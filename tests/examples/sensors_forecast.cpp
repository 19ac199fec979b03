// sensors forecast: a table as CSV, and as netCDF that xarray opens and that says the same.
#include <cmath>
#include <fstream>

#include "common/sha256.hpp"
#include "sensors/forecast_table.hpp"
#include "support/catch.hpp"
#include "support/program.hpp"

using namespace sensors;
using s2rm::test::bytes_of;
using s2rm::test::call;
using s2rm::test::contains;
using s2rm::test::output_folder;

namespace {

/// What Python says of the two files; nothing where it has no xarray.
void check_equal(std::filesystem::path const& csv, std::filesystem::path const& netcdf, std::string const& count) {
  auto const done = call("/usr/bin/python3 -B examples/sensors_netcdf.py " + csv.string() + " " + netcdf.string());
  if (done.status == 77) {
    WARN("no xarray: " << done.text);
    return;
  }
  INFO(done.text);
  CHECK(done.status == 0);
  CHECK_THAT(done.text, contains("equal: " + count));
}

}  // namespace

TEST_CASE("sensors forecast: CSV and netCDF hold the same") {
  if (call("/usr/bin/python3 -c 'import xarray, scipy'").status != 0) {
    WARN("no xarray");
    return;
  }
  output_folder const folder{"s2rm_sensors_forecast"};
  std::filesystem::create_directories(folder.path);
  series data;
  data.origin.quantity = "wind speed";
  data.origin.unit = "knots";
  data.stations = {{"Ä, \"1\"", -8.25, 51.8}, {"NA", 179.5, -10}, {"007", 0, 0}};
  std::vector<forecast_row> const rows{{3600, 0, 0, 1.5, 0.25, 3},
                                       {7200, 3600, 0, 0.1, -2, 1e7},
                                       {7200, 0, 1, 4, 3, 5},
                                       {7200, 3600, 2, missing, missing, missing},
                                       {-3600, -7200, 2, 7, 6, 8}};
  auto const csv = folder.path / "f.csv", netcdf = folder.path / "f.nc";
  for (auto const kind : {coordinate_kind::degrees, coordinate_kind::kilometres}) {
    data.map.kind = kind;
    forecast_about const about{data, 0.9, "Gaussian", "model.safetensors"};
    auto const text = forecast_csv(rows, about);
    CHECK_THAT(text, contains("valid_time,issued_time,lead,station,"));
    CHECK_THAT(text, contains("1970-01-01T01:00:00,1970-01-01,3600,\"Ä, \"\"1\"\"\",-8.25,51.8,1.5,0.25,3\n"));
    CHECK_THAT(text, contains("NA,179.5,-10,4,3,5\n"));
    CHECK_THAT(text, contains("007,0,0,,,\n"));
    examples::write_file(csv, text);
    write_forecast_netcdf(csv, netcdf, about, "");
    check_equal(csv, netcdf, "4");
  }
  forecast_about const about{data, 0.9, "Gaussian", "model.safetensors"};
  CHECK_THROWS_WITH(write_forecast_netcdf(csv, netcdf, about, "/nowhere/python3"), contains("see --python"));
}

TEST_CASE("sensors forecast: the command writes a trained model's forecasts up to the step that nobody has read") {
  output_folder const at{"s2rm_sensors_forecast_command"};
  std::filesystem::create_directories(at.path);
  {
    std::ofstream stations(at.path / "stations.csv"), readings(at.path / "readings.csv");
    stations << "station,x,y\nA,-8,52\nB,-6,53\n";
    readings << "time,station,value\n";
    for (int day = 0; day < 280; ++day) {
      char date[16];
      std::snprintf(date, sizeof date, "2001-%02d-%02d", 1 + day / 28, 1 + day % 28);
      readings << date << ",A," << 10 + day % 17 << '\n' << date << ",B," << 10 + day % 13 << '\n';
    }
  }
  auto const data = " --readings " + (at.path / "readings.csv").string() + " --stations " +
                    (at.path / "stations.csv").string() + " --unit knots --step 1d" + at.out();
  REQUIRE(call(SENSORS_PROGRAM " train --task forecast --steps 1" + data).status == 0);
  auto const made = call(SENSORS_PROGRAM " forecast --from 2001-10-20 --band 0.8" + data);
  INFO(made.text);
  CHECK_THAT(made.text, contains("2001-10-20 to 2001-10-29, Gaussian band"));
  auto const text = bytes_of(at.path / "forecast.csv");
  CHECK_THAT(text, contains("2001-10-29,2001-10-28,86400,B,-6,53,"));
  CHECK_THAT(text, !contains("\n2001-10-19,"));
  if (made.status == 0) check_equal(at.path / "forecast.csv", at.path / "forecast.nc", "20");
  // A model that linear statistics do not help is another one, and the one that `live` begins from.
  auto const without = data + " --without-statistics";
  auto const refused = call(SENSORS_PROGRAM " forecast" + without);
  CHECK(refused.status != 0);
  CHECK_THAT(refused.text, contains("it may not be trained --without-statistics"));
  auto const live = SENSORS_PROGRAM " live --start " + (at.path / "sensors-forecast-seed1.safetensors").string() +
                    " --readings " + (at.path / "readings.csv").string() + " --stations " +
                    (at.path / "stations.csv").string() + " < /dev/null";
  CHECK_THAT(call(live).text, contains("--start takes a model of: sensors train --task forecast --without-statistics"));
  REQUIRE(call(SENSORS_PROGRAM " train --task forecast --steps 1" + without).status == 0);
  CHECK_THAT(call(SENSORS_PROGRAM " forecast" + data).text,
             contains("a model trained --without-statistics is used so, too"));
  CHECK_THAT(call(SENSORS_PROGRAM " forecast" + without).text, contains("2001-10-29, Gaussian band"));
  auto const begun = call(live);
  INFO(begun.text);
  CHECK(begun.status == 0);
}
