#pragma once

#include <optional>
#include <string>
#include <vector>

#include "series.hpp"

namespace sensors {

/// Regular steps that the times of a file are put on.
struct time_grid {
  time_stamp first = 0;
  time_step step;
  index_t times = 1;
  /// Times belong to the step that they are nearest to; otherwise to the one that they fall in.
  bool nearest = true;

  [[nodiscard]] index_t index(time_stamp time) const;

 private:
  double origin_ = -0.5;  ///< position of the border before step 0
  friend time_grid fit_grid(std::vector<std::vector<time_stamp>> const&, std::optional<time_step>);
};

/// The grid of the times of each station, ascending; at least one station has a time.
///
/// Where the most frequent gap divides all times, or there are too few gaps to tell, the step is the largest one that all
/// times are multiples of. Otherwise one stamp is odd, or months are of unequal length: of the usual gap and the units of
/// clock and calendar near it, the step is the one whose multiples the times are nearest to. Times that keep no such
/// phase (irregular, or several a step) belong to the step they fall in, as do all when that keeps more of them apart: a logger
/// that stamped the end of the hour for a day.
[[nodiscard]] time_grid fit_grid(std::vector<std::vector<time_stamp>> const& of_stations,
                                 std::optional<time_step> asked = std::nullopt);

/// Pauses that look like a wrong time stamp: longer than 30 steps with hardly a time before or behind them, or half of the
/// whole span. Each as the index of the stamp behind it.
[[nodiscard]] std::vector<std::size_t> long_pauses(std::vector<time_stamp> const& stamps, time_step step);

}  // namespace sensors
