#pragma once

#include <algorithm>
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
  std::string licence;             ///< of a published set
  std::string checksum;            ///< SHA-256 over the files (see data_checksum)
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

/// One of several things that a station measures.
struct channel {
  std::string name;
  std::string unit;
};

/// Which stations are read, and which are asked for without having been read: one of several such choices.
struct fold {
  std::string name;                              ///< "MAL", "draw 0"
  std::vector<index_t> sensors;                  ///< the only stations that are read; empty: all that are not hidden
  std::vector<std::vector<index_t>> validation;  ///< groups, one hidden at a time while settings are chosen
  std::vector<index_t> test;                     ///< hidden from everything; empty: all stations are asked for
  std::vector<std::array<index_t, 2>>
      lost;                   ///< (time, station) of what the test with half of the readings does without
  bool for_settings = false;  ///< serves to choose settings and is not tested
};

/// A regular grid of times by stations by channels. Time t is t steps after the first; a missing reading is NaN. The cells of a
/// field that is known everywhere are stations too: which of them are read is said by a fold.
struct series {
  provenance origin;
  projection map;
  std::vector<station> stations;
  time_stamp first = 0;
  time_step step;
  index_t times = 0;
  std::vector<channel> channels;    ///< empty: one, the quantity and unit of `origin`
  std::vector<double> values;       ///< (times, stations, channels)
  bool globe = false;               ///< places are unit vectors; else on the plane of `map`
  std::vector<double> places;       ///< (stations, place_width()), in [-1, 1]
  std::vector<std::string> sides;   ///< what else is known of a station: "height"
  std::vector<double> side_values;  ///< (stations, sides)
  std::vector<double> weights;      ///< (stations), of a station in a mean over all: its cell's area; empty: all alike
  std::vector<fold> folds;          ///< those that a published set comes with

  [[nodiscard]] index_t station_count() const { return static_cast<index_t>(stations.size()); }
  [[nodiscard]] index_t channel_count() const { return std::max<index_t>(1, static_cast<index_t>(channels.size())); }
  [[nodiscard]] index_t place_width() const { return globe ? 3 : 2; }
  [[nodiscard]] std::size_t cell(index_t t, index_t s, index_t c = 0) const {
    return static_cast<std::size_t>((t * station_count() + s) * channel_count() + c);
  }
  [[nodiscard]] double at(index_t t, index_t s, index_t c = 0) const { return values[cell(t, s, c)]; }
  [[nodiscard]] bool present(index_t t, index_t s, index_t c = 0) const { return at(t, s, c) == at(t, s, c); }
  [[nodiscard]] double weight(index_t s) const { return weights.empty() ? 1.0 : weights[static_cast<std::size_t>(s)]; }
  [[nodiscard]] double side(index_t s, index_t k) const {
    return side_values[static_cast<std::size_t>(s) * sides.size() + static_cast<std::size_t>(k)];
  }
  /// Number of the channel, or of what else is known, with this name; throws data_error that lists the names there are.
  [[nodiscard]] index_t channel_index(std::string const& name) const;
  [[nodiscard]] index_t side_index(std::string const& name) const;
  /// The same stations with one channel alone.
  [[nodiscard]] series only(index_t c) const;
  /// Fills `places` from the stations; on the globe the unit vectors, the same one for all longitudes of a pole.
  void settle_places();
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

/// That of a published set (published.cpp), else 70 % / 15 % / 15 % of the times that have a reading.
[[nodiscard]] time_split standard_split(series const& data);

/// First times of windows of `length` steps that lie wholly inside `range`, `stride` apart.
[[nodiscard]] std::vector<index_t> window_starts(time_range range, index_t length, index_t stride);

}  // namespace sensors
