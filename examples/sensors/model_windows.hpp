#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/model/batch.hpp"
#include "scaling.hpp"

namespace sensors {

/// Windows of a series as batches: a view is (z, sin, cos of the year), the place is the station's, a missing reading an
/// absent view. A query asks for z at every station, `lead` steps after the step of the views.
class windows {
 public:
  windows(series const& data, std::vector<double> z, index_t lead) : data_(data), z_(std::move(z)), lead_(lead) {}

  /// Readings at or after this time are targets of no batch, for fits that must not see them.
  void end_targets(index_t end) { target_end_ = end; }

  /// Side inputs of a reading at a time and a station, (times + 1, stations, width): those of views, and of queries by the time
  /// asked for.
  void set_context(std::vector<float> numbers, index_t width) {
    context_ = std::move(numbers);
    width_ = width;
  }

  /// One window of `length` steps from each start.
  s2rm::batch_view<float> cut(std::vector<index_t> const& starts, index_t length) {
    auto const batch = static_cast<index_t>(starts.size()), a = data_.station_count();
    auto const rows = length * batch * a;
    view_.resize(static_cast<std::size_t>(rows * 3));
    place_.resize(static_cast<std::size_t>(rows * 2));
    target_.resize(static_cast<std::size_t>(rows));
    view_mask_.resize(static_cast<std::size_t>(rows));
    target_mask_.resize(static_cast<std::size_t>(rows));
    view_context_.resize(static_cast<std::size_t>(rows * width_));
    query_context_.resize(view_context_.size());
    std::size_t i = 0;
    for (index_t t = 0; t < length; ++t) {
      for (auto const start : starts) {
        auto const now = start + t, then = now + lead_;
        auto const phase = 2 * std::numbers::pi * year_fraction(data_.time(now));
        for (index_t s = 0; s < a; ++s, ++i) {
          auto const reading = at(now, s), wanted = then < target_end_ ? at(then, s) : missing;
          view_[3 * i] = static_cast<float>(reading);
          view_[3 * i + 1] = static_cast<float>(std::sin(phase));
          view_[3 * i + 2] = static_cast<float>(std::cos(phase));
          place_[2 * i] = static_cast<float>(data_.places[static_cast<std::size_t>(2 * s)]);
          place_[2 * i + 1] = static_cast<float>(data_.places[static_cast<std::size_t>(2 * s + 1)]);
          target_[i] = static_cast<float>(wanted);
          view_mask_[i] = std::isnan(reading) ? 0 : 1;
          target_mask_[i] = std::isnan(wanted) ? 0 : 1;
          copy_context(now, s, view_context_, i);
          copy_context(then, s, query_context_, i);
        }
      }
    }
    return {length,
            batch,
            a,
            a,
            view_.data(),
            place_.data(),
            view_mask_.data(),
            place_.data(),
            target_.data(),
            target_mask_.data(),
            nullptr,
            nullptr,
            width_ > 0 ? view_context_.data() : nullptr,
            width_ > 0 ? query_context_.data() : nullptr};
  }

  [[nodiscard]] series const& data() const { return data_; }

 private:
  [[nodiscard]] double at(index_t t, index_t s) const {
    if (t < 0 || t >= data_.times) return missing;
    return z_[static_cast<std::size_t>(t * data_.station_count() + s)];
  }
  void copy_context(index_t t, index_t s, std::vector<float>& to, std::size_t entry) const {
    std::copy_n(context_.begin() + (t * data_.station_count() + s) * width_, width_,
                to.begin() + static_cast<index_t>(entry) * width_);
  }
  static double year_fraction(time_stamp time) { return static_cast<double>(time) / (365.25 * 86400.0); }

  series const& data_;
  std::vector<double> z_;
  index_t lead_;
  index_t target_end_ = std::numeric_limits<index_t>::max();
  std::vector<float> context_;
  index_t width_ = 0;
  std::vector<float> view_, place_, target_, view_context_, query_context_;
  std::vector<std::uint8_t> view_mask_, target_mask_;
};

/// Draws `count` first steps of windows inside `range`, addressed by the training step. `length` is at most that of the range.
inline std::vector<index_t> draw_starts(time_range range, index_t length, index_t count, s2rm::random numbers,
                                        index_t step) {
  auto const most = range.size() - length + 1;
  std::vector<index_t> starts(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < starts.size(); ++i) {
    starts[i] = range.begin + numbers.below(static_cast<std::uint32_t>(step), i, most);
  }
  return starts;
}

}  // namespace sensors
