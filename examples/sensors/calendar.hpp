#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sensors {

/// Seconds since 1970-01-01T00:00:00 UTC. Civil time without leap seconds and without time zones.
using time_stamp = std::int64_t;

inline constexpr time_stamp seconds_per_day = 86400;

struct civil_date {
  int year = 1970;
  int month = 1;  ///< 1 to 12
  int day = 1;    ///< 1 to 31
};

/// Midnight at the start of a day of the proleptic Gregorian calendar.
[[nodiscard]] time_stamp midnight(civil_date date);

[[nodiscard]] civil_date date_of(time_stamp time);

/// 1 on the first of January.
[[nodiscard]] int day_of_year(time_stamp time);

/// A time as it stands in a file.
struct written_time {
  time_stamp utc = 0;
  bool zoned = false;  ///< Z, UTC, GMT or an offset was there; without one the time is taken as UTC
};

/// Reads YYYY, YYYY-MM, YYYY-MM-DD (or with two slashes) and after a day, behind a T or a space, HH, HH:MM (H:MM), HH:MM:SS or HH:MM:SS.fff,
/// each perhaps with Z, UTC, GMT, +HH, +HHMM or +HH:MM. 24:00 is the next midnight, a fraction is rounded to the second.
/// Empty when the text is none of these or no such day exists.
[[nodiscard]] std::optional<written_time> read_time(std::string_view text);

/// The time of read_time.
[[nodiscard]] std::optional<time_stamp> parse_time(std::string_view text);

/// YYYY-MM-DD at midnight, else YYYY-MM-DDTHH:MM:SS.
[[nodiscard]] std::string time_text(time_stamp time);

/// The distance between two times of a series: seconds, or calendar months (12: a year), which are of unequal length.
struct time_step {
  time_stamp seconds = seconds_per_day;
  int months = 0;  ///< not 0: a calendar step, `seconds` is its mean length

  [[nodiscard]] static time_step of_seconds(time_stamp count) { return {count, 0}; }
  [[nodiscard]] static time_step of_months(int count) { return {count * seconds_per_month, count}; }
  static constexpr time_stamp seconds_per_month = 2'629'746;  ///< 400 years have 4800 months and 146 097 days

  /// `count` steps after `first`.
  [[nodiscard]] time_stamp after(time_stamp first, std::int64_t count) const;
  /// `time` in steps since 1970 began; of a calendar step, the fraction is that of the month or year it is in.
  [[nodiscard]] double position(time_stamp time) const;
};

/// "10min", "1h", "1d", "1month", "1year", "90s": what `--step` takes. Empty when the text is none of these.
[[nodiscard]] std::optional<time_step> parse_step(std::string_view text);

/// "10 min", "1 h", "1 d", "1 month", "1 year".
[[nodiscard]] std::string step_text(time_step step);

}  // namespace sensors
