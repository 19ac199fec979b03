#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "series.hpp"

/// Forecasts as files for other programs.
namespace sensors {

/// One forecast of a station.
struct forecast_row {
  time_stamp valid = 0, issued = 0;
  index_t station = 0;
  double mean = missing, lower = missing, upper = missing;  ///< in the unit of the data
};

/// What the rows say of themselves.
struct forecast_about {
  series const& data;
  double band = 0.9;
  std::string band_from;  ///< "Gaussian" or "conformal"
  std::string model;      ///< the checkpoint's file name
};

/// The rows as CSV: valid_time, issued_time, lead (seconds), station, lon, lat (or x, y in km), mean, lower, upper.
[[nodiscard]] std::string forecast_csv(std::vector<forecast_row> const& rows, forecast_about const& about);

/// The same as netCDF by the CF conventions (valid time x lead x station), written by Python's xarray from the CSV file.
/// \throws data_error with what is missing.
void write_forecast_netcdf(std::filesystem::path const& csv, std::filesystem::path const& netcdf,
                           forecast_about const& about, std::string const& python);

}  // namespace sensors
