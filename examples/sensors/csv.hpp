#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "series.hpp"

namespace sensors {

/// What the files of a network do not say themselves.
struct csv_choice {
  std::string encoding;                 ///< any name that iconv knows; empty: as_utf8 finds it
  std::vector<std::string> missing;     ///< further texts and numbers that mean "no reading"
  std::optional<time_step> step = {};   ///< of the series; empty: fit_grid finds it
  std::string value = "value";          ///< column of the readings that is asked for
  std::vector<std::string> sides = {};  ///< columns of numbers that are side inputs of the stations
};

/// Parses the two files of a network (see README.md of this folder).
///
/// readings: header with the columns time, station, value; one row per reading. stations: header with station, x, y.
/// Column order and case are free, further columns are ignored and named in `notes`, as is whatever else was not taken as
/// it stands. The columns `sides` are numbers that every station has. Without a file of stations (both arguments empty) readings also have the columns x and y: a station is what has one
/// code and one place, so that one that moves is several, "A", "A#2", ...; its side inputs are the same in all of its rows. Nothing is dropped in silence: every bad row throws data_error with file, line, column, what was expected
/// and what was found (up to ten problems at once).
[[nodiscard]] series parse_network(std::string_view readings, std::string const& readings_name,
                                   std::string_view stations, std::string const& stations_name, coordinate_kind kind,
                                   provenance origin, std::vector<std::string>* notes = nullptr,
                                   csv_choice const& how = {});

/// parse_network of two files, compressed or not (read_bytes); fills the checksum of `origin`, and its source with the file
/// names if it is empty.
[[nodiscard]] series read_network(std::filesystem::path const& readings, std::filesystem::path const& stations,
                                  coordinate_kind kind, provenance origin, std::vector<std::string>* notes = nullptr,
                                  csv_choice const& how = {});

/// A cell as it must be written so that it reads back the same.
[[nodiscard]] std::string quoted(std::string const& cell);

/// Writes the two files of `data` into `folder` (readings.csv, stations.csv).
void write_network(series const& data, std::filesystem::path const& folder);

/// One checksum for the files of a set (of a network: readings, stations): SHA-256 of "<sha256 of the first> <sha256 of the
/// second> ...".
[[nodiscard]] std::string data_checksum(std::vector<std::string_view> const& files);

}  // namespace sensors
