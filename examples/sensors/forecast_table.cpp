#include "forecast_table.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "common/json_file.hpp"
#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "csv.hpp"
#include "netcdf_script.hpp"

namespace sensors {
namespace {

std::string number_cell(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.7g", value);
  return std::isfinite(value) ? text.data() : "";
}

}  // namespace

std::string forecast_csv(std::vector<forecast_row> const& rows, forecast_about const& about) {
  auto const& data = about.data;
  bool const degrees = data.map.kind == coordinate_kind::degrees;
  std::string text{"valid_time,issued_time,lead,station,"};
  text += degrees ? "lon,lat,mean,lower,upper\n" : "x,y,mean,lower,upper\n";
  for (auto const& row : rows) {
    auto const& at = data.stations[static_cast<std::size_t>(row.station)];
    text += time_text(row.valid) + ',' + time_text(row.issued) + ',' + std::to_string(row.valid - row.issued) + ',' +
            quoted(at.code) + ',' + number_cell(at.x) + ',' + number_cell(at.y) + ',' + number_cell(row.mean) + ',' +
            number_cell(row.lower) + ',' + number_cell(row.upper) + '\n';
  }
  return text;
}

void write_forecast_netcdf(std::filesystem::path const& csv, std::filesystem::path const& netcdf,
                           forecast_about const& about, std::string const& python) {
  auto const& origin = about.data.origin;
  nlohmann::ordered_json const facts{{"quantity", origin.quantity}, {"unit", origin.unit},
                                     {"source", origin.source},     {"licence", origin.licence},
                                     {"band", about.band},          {"band_from", about.band_from},
                                     {"model", about.model},        {"synthetic", origin.synthetic}};
  examples::temporary_folder const work{"sensors_netcdf"};
  examples::write_file(work.path / "netcdf.py", netcdf_script);
  examples::write_file(work.path / "about.json", examples::json_text(facts));
  std::vector<std::string> interpreters{"/usr/bin/python3", "python3"};
  if (!python.empty()) interpreters = {python};
  std::string reasons;
  for (auto const& one : interpreters) {
    auto const failure = examples::failure_of(
        examples::quote(one) + " -B " + examples::quote(work.path / "netcdf.py") + ' ' + examples::quote(csv) + ' ' +
            examples::quote(work.path / "about.json") + ' ' + examples::quote(netcdf),
        work.path / "netcdf.log");
    if (failure.empty()) return;
    reasons += "\n  " + one + ": " + failure.substr(failure.rfind('\n') + 1);
  }
  throw data_error{netcdf.string() +
                   " was not written; it needs a python3 with xarray and scipy (Debian: apt-get install python3-xarray "
                   "python3-scipy), see --python:" +
                   reasons};
}

}  // namespace sensors
