#pragma once

#include "series.hpp"

namespace sensors {

/// What the synthetic field looks like. Lengths in kilometres, times in days.
struct synthetic_options {
  std::uint64_t seed = 1;
  index_t stations = 12;
  index_t days = 3650;
  double size = 500;   ///< side of the square the stations lie in
  double speed = 180;  ///< mean drift of the weather to the east per day
  double memory = 3;   ///< days after which a wave has forgotten its amplitude
  double missing = 0;  ///< share of readings that are missing, in runs of about ten days
};

/// A made-up network for use without a network connection; NOT a measurement and labelled so (origin.synthetic).
/// Forty plane waves of 400 to 2000 km drift with a wind that turns slowly, each with a complex amplitude that follows
/// an AR(1); a station reads (mean + season + 0.7 field + 0.15 noise)^2, rounded to 0.01. A station downstream sees
/// today what one upstream saw yesterday, so a forecast can win over the station's own past. Same options, same bytes.
[[nodiscard]] series synthetic_network(synthetic_options const& options);

}  // namespace sensors
