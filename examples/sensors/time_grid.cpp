#include "time_grid.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <iterator>
#include <numbers>
#include <numeric>

namespace sensors {
namespace {

/// Fewer gaps than this do not tell what is usual.
constexpr std::ptrdiff_t fewest_gaps = 8, fewest_alike = 3;

/// Times keep a phase where the resultant of their phases on the circle of one step is longer than this: it is 1 for
/// exact multiples, .97 within a tenth of a step either way, 0 for times at random or several a step.
constexpr double shortest_resultant = 0.7;

std::vector<time_step> const& units() {
  static auto const all = [] {
    std::vector<time_step> made;
    for (auto const months : {1, 2, 3, 4, 6, 12, 24, 60, 120}) made.push_back(time_step::of_months(months));
    for (auto const count : {1, 2, 5, 10, 15, 20, 30}) {
      made.push_back(time_step::of_seconds(count));
      made.push_back(time_step::of_seconds(60 * count));
    }
    for (auto const hours : {1, 2, 3, 4, 6, 8, 12, 24, 168}) made.push_back(time_step::of_seconds(3600 * hours));
    return made;
  }();
  return all;
}

struct gap_count {
  time_stamp gap = 0;
  std::ptrdiff_t count = 0;
};

/// The most frequent of ascending gaps; the smallest of these.
gap_count most_frequent(std::vector<time_stamp> const& gaps) {
  gap_count most;
  for (auto from = gaps.begin(); from != gaps.end();) {
    auto const to = std::upper_bound(from, gaps.end(), *from);
    if (to - from > most.count) most = {*from, to - from};
    from = to;
  }
  return most;
}

double fraction(double position) { return position - std::floor(position); }

/// Mean of e^(2 pi i phase) over all stamps.
std::complex<double> resultant(std::vector<time_stamp> const& stamps, time_step step) {
  std::complex<double> sum = 0;
  for (auto const time : stamps) sum += std::polar(1.0, 2 * std::numbers::pi * fraction(step.position(time)));
  return sum / static_cast<double>(stamps.size());
}

/// The phase of the grid within a step: that of most stamps if they agree, else the mean one; 0 when that is as near.
double phase_of(std::vector<time_stamp> const& stamps, time_step step, double mean) {
  std::vector<time_stamp> seconds;  // equal phases are equal whole seconds
  auto const length = static_cast<double>(step.seconds);
  for (auto const time : stamps) seconds.push_back(std::llround(fraction(step.position(time)) * length));
  std::sort(seconds.begin(), seconds.end());
  auto const most = most_frequent(seconds);
  auto const agreed = 2 * most.count >= std::ssize(seconds);
  auto const phase = agreed ? static_cast<double>(most.gap) / length : fraction(mean);
  // Days that begin at another hour keep it. A month that ends a minute early is this one, hours early is a time zone.
  auto const early = (1 - phase) * length;
  if (step.months > 0 && early > 0 && early <= 90) return phase;
  auto const near_zero = step.months > 0 ? 43200 / length : agreed ? 0 : 0.125;
  return std::min(phase, 1 - phase) <= near_zero ? 0 : phase;
}

}  // namespace

index_t time_grid::index(time_stamp time) const {
  return static_cast<index_t>(std::floor(step.position(time) - origin_));
}

time_grid fit_grid(std::vector<std::vector<time_stamp>> const& of_stations, std::optional<time_step> asked) {
  std::vector<time_stamp> stamps, gaps;
  for (auto const& own : of_stations) {
    stamps.insert(stamps.end(), own.begin(), own.end());
    for (std::size_t i = 1; i < own.size(); ++i) gaps.push_back(own[i] - own[i - 1]);
  }
  std::sort(stamps.begin(), stamps.end());
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());

  time_grid grid;
  auto const settle = [&] {
    grid.times = grid.index(stamps.back()) + 1;
    return grid;
  };
  auto const together = [&] {
    index_t count = 0;
    for (auto const& own : of_stations) {
      for (std::size_t i = 1; i < own.size(); ++i) count += grid.index(own[i]) == grid.index(own[i - 1]) ? 1 : 0;
    }
    return count;
  };
  time_stamp common = 0;
  for (auto const time : stamps) common = std::gcd(common, time - stamps.front());
  std::sort(gaps.begin(), gaps.end());
  auto const usual = most_frequent(gaps);
  auto const half_full = 2 * std::ssize(stamps) > (stamps.back() - stamps.front()) / std::max<time_stamp>(common, 1);
  auto const few = std::ssize(gaps) < fewest_gaps;
  auto const frequent = few || (usual.count >= fewest_alike && 10 * usual.count >= std::ssize(gaps));
  auto const too_few = few && (usual.count < fewest_alike || half_full);
  if (!asked && (too_few || (frequent && usual.gap == common))) {
    grid.first = stamps.front();
    if (common > 0) grid.step = time_step::of_seconds(common);
    grid.origin_ = grid.step.position(grid.first) - 0.5;
    return settle();
  }

  auto mean = 0.0, best = -1.0;
  auto const attempt = [&](time_step step) {
    auto const sum = resultant(stamps, step);
    if (std::abs(sum) > best + 1e-3) {
      grid.step = step;
      best = std::abs(sum);
      mean = std::arg(sum) / (2 * std::numbers::pi);
    }
  };
  if (asked) {
    attempt(*asked);
  } else {
    auto const median = gaps[gaps.size() / 2];
    auto const distance = [&](time_step step) {
      return std::abs(std::log(static_cast<double>(step.seconds) / static_cast<double>(median)));
    };
    auto const near = std::log(1.25);
    for (auto const& unit : units()) {
      if (distance(unit) < near) attempt(unit);
    }
    attempt(time_step::of_seconds(usual.gap));
    attempt(time_step::of_seconds(median));
    if (best < shortest_resultant) {
      auto const unit = *std::min_element(units().begin(), units().end(),
                                          [&](auto const& a, auto const& b) { return distance(a) < distance(b); });
      auto const most = 2 * usual.count >= std::ssize(gaps);
      grid.step = most                    ? time_step::of_seconds(usual.gap)
                  : distance(unit) < near ? unit
                                          : time_step::of_seconds(median);
    }
  }
  grid.nearest = best >= shortest_resultant;
  auto const calendar = grid.step.months > 0;
  // A day begins at midnight, a week with the first day.
  auto const begin = calendar ? 0.0 : fraction(grid.step.position(midnight(date_of(stamps.front()))));
  auto phase = begin;
  grid.origin_ = begin;
  if (grid.nearest) {
    auto const by_falling_in = together();
    phase = phase_of(stamps, grid.step, mean);
    grid.origin_ = phase - 0.5;
    grid.nearest = together() <= by_falling_in;
    if (!grid.nearest) grid.origin_ = begin;
  }
  grid.origin_ += static_cast<double>(grid.index(stamps.front()));
  auto const position = grid.origin_ + (grid.nearest ? 0.5 : 0.0);
  auto const whole = static_cast<index_t>(std::floor(position + 1e-9));
  auto const within = std::max(0.0, position - static_cast<double>(whole));
  auto const from = grid.step.after(0, whole), to = grid.step.after(0, whole + 1);
  grid.first = from + std::llround(within * static_cast<double>(to - from));
  // The month that it lies in; phases of months and years of unequal length would be a day off.
  if (calendar && grid.nearest) grid.first = stamps.front() + (phase == 0 ? seconds_per_day / 2 : 0);
  if (calendar) grid.first = time_step::of_months(1).after(grid.first, 0);
  return settle();
}

std::vector<std::size_t> long_pauses(std::vector<time_stamp> const& stamps, time_step step) {
  std::vector<std::size_t> found;
  auto const few = std::max<std::size_t>(3, stamps.size() / 100);
  for (std::size_t i = 1; i < stamps.size(); ++i) {
    auto const pause = stamps[i] - stamps[i - 1];
    auto const at_an_end = std::min(i, stamps.size() - i) <= few && stamps.size() > 2 * few;
    if (pause > 30 * step.seconds && (at_an_end || 2 * pause > stamps.back() - stamps.front())) found.push_back(i);
  }
  return found;
}

}  // namespace sensors
