#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "calendar.hpp"

namespace sensors {

using index_t = std::int64_t;

inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// Anything wrong with a user's files or settings. The text says where, what was expected and what was found.
struct data_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How x and y of a station are meant.
enum class coordinate_kind {
  degrees,     ///< x = longitude (east positive), y = latitude (north positive)
  kilometres,  ///< x to the east, y to the north, any origin
};

struct station {
  std::string code;  ///< unique
  double x = 0;
  double y = 0;
};

/// Where the numbers come from; goes into every report and manifest.
struct provenance {
  std::string name = "csv";        ///< "wind", "pm10", "synthetic", "csv"
  std::string quantity = "value";  ///< "wind speed"
  std::string unit = "";           ///< "knots"
  std::string source;              ///< a sentence: publication, package, or file names
  std::string checksum;            ///< SHA-256 over both CSV files (see data_checksum)
  bool synthetic = false;          ///< then every report says so in capitals

  /// "wind: Haslett and Raftery..." or "SYNTHETIC DATA, not a measurement: ...".
  [[nodiscard]] std::string label() const;
};

/// Between users' coordinates and the square [-1, 1]^2 that holds all stations, by a local projection in kilometres
/// (equirectangular about the middle of the stations), scaled by ONE factor so that distances keep their proportions.
struct projection {
  coordinate_kind kind = coordinate_kind::degrees;
  double centre_x = 0;  ///< in the coordinates of the stations
  double centre_y = 0;
  double kilometres_per_unit = 1;  ///< one unit of place in kilometres

  [[nodiscard]] std::array<double, 2> place(double x, double y) const;
  [[nodiscard]] std::array<double, 2> coordinates(double place_x, double place_y) const;

  /// Great circle (degrees, mean Earth radius 6371 km) or straight line (kilometres).
  [[nodiscard]] double distance_km(double x1, double y1, double x2, double y2) const;
};

/// Centred on the middle of the bounding box; the farther of the two half extents becomes 1. Longitudes are a circle: the
/// box leaves out the widest gap between them, so that -179, 181 and 541 are one place, next to 179.
[[nodiscard]] projection fit_projection(std::vector<station> const& stations, coordinate_kind kind);

/// A regular grid of times by stations. Time t is t steps after the first; a missing reading is NaN.
struct series {
  provenance origin;
  projection map;
  std::vector<station> stations;
  time_stamp first = 0;
  time_step step;
  index_t times = 0;
  std::vector<double> values;  ///< (times, stations)
  std::vector<double> places;  ///< (stations, 2), in [-1, 1]

  [[nodiscard]] index_t station_count() const { return static_cast<index_t>(stations.size()); }
  [[nodiscard]] double at(index_t t, index_t s) const {
    return values[static_cast<std::size_t>(t * station_count() + s)];
  }
  [[nodiscard]] bool present(index_t t, index_t s) const { return at(t, s) == at(t, s); }
  [[nodiscard]] time_stamp time(index_t t) const { return step.after(first, t); }
  [[nodiscard]] double distance_km(index_t a, index_t b) const;
  /// distance_km of every pair, (stations, stations): for loops that ask often.
  [[nodiscard]] std::vector<double> distances_km() const;
  /// Number of readings that are there, of `times * stations`.
  [[nodiscard]] index_t present_count() const;
  /// Index of the first time at or after `when`, in 0 .. times.
  [[nodiscard]] index_t index_from(time_stamp when) const;
  /// Index of the station with this code; throws data_error that lists the codes there are.
  [[nodiscard]] index_t station_index(std::string const& code) const;
};

/// Half-open range of times.
struct time_range {
  index_t begin = 0;
  index_t end = 0;
  [[nodiscard]] index_t size() const { return end - begin; }
  [[nodiscard]] bool holds(index_t t) const { return t >= begin && t < end; }
};

/// Split by time FIRST; windows are cut inside one range afterwards, so no time stamp is shared.
struct time_split {
  time_range train;
  time_range validation;
  time_range test;
  /// train and validation together: what a final fit, and every peer, may see.
  [[nodiscard]] time_range fit() const { return {train.begin, validation.end}; }
};

/// The three dates that cut a series: train [begin, validation), validation [validation, test), test [test, end).
/// Throws data_error when a part would be empty.
[[nodiscard]] time_split split_at(series const& data, time_stamp begin, time_stamp validation, time_stamp test,
                                  time_stamp end = std::numeric_limits<time_stamp>::max());

/// What is odd about the places of a network: all in one point, too far apart for what their coordinates are said to be,
/// or where the plane of the projection has other distances than the ground (around a pole, around the globe).
[[nodiscard]] std::vector<std::string> remarks_on_places(series const& data);

/// The protocol of a known set, else 70 % / 15 % / 15 % of the times that have a reading:
/// wind: train 1961-72, validation 1973-74, test 1975-78; pm10: train 2001-06, validation 2007, test 2008-09
/// (1998-2000 are left out: there, 67 to 99 % of the readings are missing).
[[nodiscard]] time_split standard_split(series const& data);

/// First times of windows of `length` steps that lie wholly inside `range`, `stride` apart.
[[nodiscard]] std::vector<index_t> window_starts(time_range range, index_t length, index_t stride);

}  // namespace sensors
