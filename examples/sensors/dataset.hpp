#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "csv.hpp"

namespace sensors {

/// Which data a command works on, as given on the command line.
struct data_choice {
  std::filesystem::path folder = "data";  ///< cache of downloaded sets, one folder each
  std::string set = "auto";               ///< published, synthetic, or auto: wind, and synthetic if that fails
  std::filesystem::path readings;         ///< a user's own files; then `set` does not count
  std::filesystem::path stations;
  coordinate_kind coordinates = coordinate_kind::degrees;  ///< of the user's files
  csv_choice csv;                                          ///< how to read the user's files
  std::string quantity = "value";                          ///< of the user's files
  std::string unit;                                        ///< of the user's files
  std::string python;                                      ///< interpreter with rdata; empty: try the usual two
  bool accept_changed_data = false;  ///< go on when a download is not, byte for byte, the one that is known
};

/// Checksum (data_checksum) a downloaded set must have, empty for a set that is not known.
[[nodiscard]] std::string known_checksum(std::string const& set);

/// Downloads and converts a published set into folder/set, or makes "synthetic" there. Says what it does on stderr.
/// Throws data_error with the failed step and what to do; nothing half-done is left in the cache.
void fetch(std::string const& set, data_choice const& choice);

/// True when folder/set holds a complete set.
[[nodiscard]] bool cached(std::string const& set, data_choice const& choice);

/// Files of shores and borders for the maps of a set, those that there are: (points, 2), longitude and latitude in degrees, a NaN
/// behind each line. None for a user's own files, and for sets that an earlier version of this program fetched.
[[nodiscard]] std::vector<std::filesystem::path> outlines_of(std::string const& set, data_choice const& choice);

/// The data of a choice. A set that is not in the cache is fetched first; "auto" falls back to synthetic data, loudly.
/// The cache is checked against the checksum it was stored with. `notes` gets what a report should say about the data.
[[nodiscard]] series open_data(data_choice const& choice, std::vector<std::string>& notes);

}  // namespace sensors
