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

/// Reads YYYY-MM-DD, YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS (a space may stand for the T, a Z may follow).
/// Empty when the text is none of these or no such day exists.
[[nodiscard]] std::optional<time_stamp> parse_time(std::string_view text);

/// YYYY-MM-DD at midnight, else YYYY-MM-DDTHH:MM:SS.
[[nodiscard]] std::string time_text(time_stamp time);

}  // namespace sensors
