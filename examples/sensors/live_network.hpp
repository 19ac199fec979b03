#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "live.hpp"
#include "live_lines.hpp"

namespace sensors {

/// Readings to standardised anomalies, from statistics that go on being collected:
///
///   z = (f(y) - curve(time) - offset(station)) / scale
///
/// curve: constant and two harmonics of the year, by recursive least squares over steps of the mean of f(y) - offset; the
/// harmonics are held at 0 by a prior that weighs as much as 100 days, so that some weeks are not taken for a year.
/// offset: mean of f(y) - curve of a station, drawn towards 0 as by five readings of it. scale: standard deviation of the
/// anomalies. Offsets and scale are means over all readings up to `memory` of them, and forget exponentially from then
/// on. They are not frozen after a warm-up, for one that ends in winter would take winter for the year; the statistics come to
/// rest by themselves, and the ring holds f(y), so that what is learned from always has today's.
/// A reading more than 4 scales from its mean counts as one that is 4 scales from it.
class running_scale {
 public:
  static constexpr double memory = 2000, prior_days = 100, prior_readings = 5, farthest = 4;

  running_scale(index_t stations, time_step step);

  /// Takes in one step: f(y) of the stations (NaN: none).
  void add(time_stamp time, double const* values);
  void forget_station(index_t s);

  [[nodiscard]] double curve(time_stamp time) const;
  [[nodiscard]] double level(time_stamp time, index_t station) const { return curve(time) + offset(station); }
  [[nodiscard]] double offset(index_t station) const;
  [[nodiscard]] double scale() const;
  [[nodiscard]] double standardise(time_stamp time, index_t station, double value) const {
    return (value - level(time, station)) / scale();
  }
  [[nodiscard]] double readings() const { return sums[0]; }
  /// Takes over what was fitted to a history, and goes on as after these many steps, at these times.
  void begin_from(scaler const& fitted, std::vector<double> const& counts, series const& data, time_range range);

  std::vector<double> theta, covariance;  ///< (5), (5, 5)
  std::vector<double> count, mean;        ///< (stations)
  std::vector<double> sums;               ///< weight and weighted squares of anomalies

 private:
  void update_curve(time_stamp time, double target);
};

/// The stations, places and latest steps of `sensors live`: all that it knows but the weights and the model's state. Takes a
/// fixed amount of memory.
class live_network {
 public:
  explicit live_network(live_options const& options);

  /// Whether the open step ends before this time. \throws data_error where the time is too late or too early to be taken.
  [[nodiscard]] bool closes(time_stamp time) const;
  /// A reading becomes part of the open step, a place is noted. \throws data_error where it cannot be.
  void take(live_line const& line);
  [[nodiscard]] bool open() const { return open_from != none; }
  /// The open step becomes the latest of the ring. Returns what is worth saying: readings that are too far from all others to
  /// be shown to the model.
  std::vector<std::string> close();

  // The ring: step 0 is the latest, step held() - 1 the first that is still there.
  [[nodiscard]] index_t held() const { return std::min(steps, capacity); }
  [[nodiscard]] std::size_t row(index_t back) const { return static_cast<std::size_t>((steps - 1 - back) % capacity); }
  [[nodiscard]] time_stamp time(index_t back) const { return ring_time[row(back)]; }
  [[nodiscard]] std::size_t cell(index_t back, index_t s) const {
    return row(back) * names.size() + static_cast<std::size_t>(s);
  }
  /// z of a reading, NaN where there is none or it is farther than `gate` from all others.
  [[nodiscard]] double z(index_t back, index_t s) const;
  [[nodiscard]] std::array<double, 2> place(index_t back, index_t s) const;
  /// What stands for the offset of a place without a station: the mean of the stations', weighted by 1 / squared distance.
  [[nodiscard]] double offset_at(double place_x, double place_y) const;
  /// Slots 0 ... used() - 1 may be stations; the others never were.
  [[nodiscard]] index_t used() const;

  /// Notes a forecast of f(y) made at the latest step, to be compared with what comes.
  void note_forecast(index_t lead, index_t s, double mean, double deviation);
  /// Half the width of the band in standard deviations: the conformal quantile of the latest scores of this lead, or that of a
  /// Gaussian where they are few.
  [[nodiscard]] double half_width(index_t lead) const;

  static constexpr time_stamp none = std::numeric_limits<time_stamp>::min();
  static constexpr double gate = 8;  ///< scales
  static constexpr index_t scores_kept = 1000, fewest_scores = 200;

  projection map;
  bool placed = false;  ///< whether `map` is settled
  running_scale scale;
  index_t steps = 0;  ///< closed so far
  time_stamp open_from = none, closed_to = none;
  std::vector<std::string> names;       ///< (stations), empty: a free slot
  std::vector<double> x, y;             ///< where the stations are now
  std::vector<std::int64_t> heard;      ///< step of the last reading
  std::vector<double> open_value;       ///< (stations) f(y) of the open step
  std::vector<std::int64_t> open_time;  ///< of each of its readings
  std::vector<std::string> asked;       ///< places
  std::vector<double> asked_x, asked_y;
  std::vector<std::int64_t> ring_time;                   ///< (ring)
  std::vector<double> ring_value, ring_x, ring_y;        ///< (ring, stations)
  std::vector<float> forecast_mean, forecast_deviation;  ///< (ring, leads, stations) of f(y)
  std::vector<float> scores;                             ///< (leads, scores_kept)
  std::vector<std::int64_t> score_count;                 ///< (leads)

 private:
  void score_forecasts();
  [[nodiscard]] index_t slot_of(live_line const& line);

  live_options const& options_;
  index_t capacity;
};

}  // namespace sensors
