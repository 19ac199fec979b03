#include "live_network.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bands.hpp"
#include "s2rm/train/conformal.hpp"

namespace sensors {
namespace {

constexpr std::size_t terms = 5;

/// As of `scaler`, but going on within the day.
std::array<double, terms> harmonics(time_stamp time) {
  auto const day =
      static_cast<double>(day_of_year(time)) +
      static_cast<double>(((time % seconds_per_day) + seconds_per_day) % seconds_per_day) / seconds_per_day;
  auto const angle = 2 * std::numbers::pi * day / 365.25;
  return {1.0, std::cos(angle), std::sin(angle), std::cos(2 * angle), std::sin(2 * angle)};
}

std::string shown(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

void live_options::check() const {
  auto const demand = [](bool met, char const* text) {
    if (!met) throw data_error{text};
  };
  demand(!leads.empty() && leads.size() <= 16, "--leads: expected 1 to 16 of them");
  for (auto const lead : leads)
    demand(lead > 0 && lead <= 1000, "--leads: expected numbers of steps above 0, up to 1000");
  demand(band > 0 && band < 1, "--band: expected a share between 0 and 1");
  demand(gather >= 0, "--gather: expected a time of 0 or more");
  demand(window >= 2 && window <= 1024, "--window: expected 2 to 1024 steps");
  demand(batch >= 1 && batch <= 1024, "--batch: expected 1 to 1024 windows");
  demand(ring >= 2 * window && ring <= 1'000'000, "--ring: expected at least two windows of steps, at most a million");
  demand(warm_up >= 10 && warm_up <= ring, "--warm-up: expected at least 10 steps, at most --ring");
  demand(updates >= 0 && updates <= 1000 && first_updates >= 0,
         "--updates, --first-updates: expected 0 or more (and at most 1000 a step)");
  demand(rate >= 0 && rate < 1, "--rate: expected 0 or more, below 1");
  demand(hide >= 0 && hide < 1, "--hide: expected a share of 0 or more, below 1");
  demand(stations >= 1 && stations <= 4096, "--max-stations: expected 1 to 4096");
  demand(places >= 0 && places <= 100'000, "--max-places: expected at most 100000");
  demand(keep >= 1, "--keep: expected at least 1 step");
  demand(longest_gap >= 1, "--longest-gap: expected at least 1 step");
  demand(every >= 1, "--every: expected at least 1 step");
  demand(!again || !checkpoint.empty(), "--again: expected --checkpoint with it");
}

running_scale::running_scale(index_t stations, time_step step)
    : theta(terms, 0.0),
      covariance(terms * terms, 0.0),
      count(static_cast<std::size_t>(stations), 0.0),
      mean(static_cast<std::size_t>(stations), 0.0),
      sums(2, 0.0) {
  auto const prior =
      prior_days * std::max(1.0 / 30, static_cast<double>(seconds_per_day) / static_cast<double>(step.seconds));
  for (std::size_t k = 0; k < terms; ++k) covariance[k * terms + k] = k == 0 ? 1e6 : 1 / prior;
}

double running_scale::curve(time_stamp time) const {
  auto const h = harmonics(time);
  double sum = 0;
  for (std::size_t k = 0; k < terms; ++k) sum += theta[k] * h[k];
  return sum;
}

double running_scale::offset(index_t station) const {
  auto const s = static_cast<std::size_t>(station);
  return mean[s] * count[s] / (count[s] + prior_readings);
}

double running_scale::scale() const {
  auto const variance = sums[0] > 1 ? sums[1] / sums[0] : 1.0;
  return variance > 0 ? std::sqrt(variance) : 1.0;
}

void running_scale::forget_station(index_t s) {
  count[static_cast<std::size_t>(s)] = mean[static_cast<std::size_t>(s)] = 0;
}

void running_scale::update_curve(time_stamp time, double target) {
  auto const h = harmonics(time);
  std::array<double, terms> gain{};
  double denominator = 1, predicted = 0;
  for (std::size_t i = 0; i < terms; ++i) {
    for (std::size_t k = 0; k < terms; ++k) gain[i] += covariance[i * terms + k] * h[k];
    denominator += gain[i] * h[i];
    predicted += theta[i] * h[i];
  }
  for (std::size_t i = 0; i < terms; ++i) {
    theta[i] += gain[i] / denominator * (target - predicted);
    for (std::size_t k = 0; k < terms; ++k) covariance[i * terms + k] -= gain[i] * gain[k] / denominator;
  }
}

void running_scale::add(time_stamp time, double const* values) {
  // Until there is a scale to be far by, every reading counts as it is.
  bool const robust = sums[0] >= 100;
  auto const limit = farthest * scale();
  auto const within = [&](double anomaly) { return robust ? std::clamp(anomaly, -limit, limit) : anomaly; };
  double sum = 0, seen = 0;
  auto const before = curve(time);
  for (std::size_t s = 0; s < mean.size(); ++s) {
    if (std::isnan(values[s])) continue;
    auto const level = before + offset(static_cast<index_t>(s));
    sum += before + within(values[s] - level);
    seen += 1;
  }
  if (seen == 0) return;
  update_curve(time, sum / seen);
  auto const now = curve(time);
  for (std::size_t s = 0; s < mean.size(); ++s) {
    if (std::isnan(values[s])) continue;
    auto const anomaly = within(values[s] - now - offset(static_cast<index_t>(s)));
    auto const own = anomaly + offset(static_cast<index_t>(s));
    count[s] = std::min(count[s] + 1, memory);
    mean[s] += (own - mean[s]) / count[s];
    // The first readings say little of a scale: of the mean itself they are no way off.
    if (count[s] < 2) continue;
    auto const left = within(values[s] - now - offset(static_cast<index_t>(s)));
    auto const most = memory * static_cast<double>(mean.size());
    if (sums[0] >= most) sums[1] *= (most - 1) / sums[0], sums[0] = most - 1;
    sums[0] += 1;
    sums[1] += left * left;
  }
}

void running_scale::begin_from(scaler const& fitted, std::vector<double> const& counts, series const& data,
                               time_range range) {
  for (auto t = range.begin; t < range.end; ++t) update_curve(data.time(t), 0.0);  // their weight alone
  auto const& curve = fitted.harmonics();
  std::copy(curve.begin(), curve.end(), theta.begin());
  theta[0] += fitted.level(-1);
  double all = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    count[s] = std::min(counts[s], memory);
    mean[s] = (fitted.level(static_cast<index_t>(s)) - fitted.level(-1)) * (count[s] + prior_readings) /
              std::max(1.0, count[s]);
    all += counts[s];
  }
  sums[0] = std::min(all, memory * static_cast<double>(mean.size()));
  sums[1] = sums[0] * fitted.scale() * fitted.scale();
}

live_network::live_network(live_options const& options)
    : scale(options.stations, options.step), options_(options), capacity(options.ring) {
  auto const s = static_cast<std::size_t>(options.stations), r = static_cast<std::size_t>(options.ring),
             l = options.leads.size();
  names.resize(s);
  x.assign(s, 0.0), y.assign(s, 0.0), heard.assign(s, -1);
  open_value.assign(s, missing), open_time.assign(s, none);
  ring_time.assign(r, 0);
  ring_value.assign(r * s, missing), ring_x.assign(r * s, 0.0), ring_y.assign(r * s, 0.0);
  auto const nothing = std::numeric_limits<float>::quiet_NaN();
  forecast_mean.assign(r * l * s, nothing), forecast_deviation.assign(r * l * s, nothing);
  scores.assign(l * static_cast<std::size_t>(scores_kept), 0.0F), score_count.assign(l, 0);
  map.kind = options.coordinates;
}

bool live_network::closes(time_stamp time) const {
  auto const last = open() ? open_from : closed_to;
  if (last != none && time > last && (time - last) / options_.step.seconds > options_.longest_gap) {
    throw data_error{"'time': expected at most " + std::to_string(options_.longest_gap) + " steps after " +
                     time_text(last) + " (--longest-gap), found " + time_text(time)};
  }
  if (open() && time < open_from) {
    throw data_error{"'time': expected " + time_text(open_from) + ", the step that is open, or later, found " +
                     time_text(time)};
  }
  if (!open() && closed_to != none && time <= closed_to) {
    throw data_error{"'time': expected later than " + time_text(closed_to) + ", the step that was closed, found " +
                     time_text(time)};
  }
  return open() && time > open_from + options_.gather;
}

index_t live_network::slot_of(live_line const& line) {
  auto const known = std::find(names.begin(), names.end(), line.name);
  if (known != names.end()) return known - names.begin();
  if (!line.x) throw data_error{"expected x and y of the new station '" + line.name + "', found none"};
  auto free = std::find(names.begin(), names.end(), std::string{});
  if (free == names.end()) {
    // Of those that have no reading in the open step, the one that has been silent for longest makes room.
    index_t best = -1;
    for (index_t s = 0; s < std::ssize(names); ++s) {
      auto const i = static_cast<std::size_t>(s);
      if (open_time[i] != none) continue;
      if (best < 0 || heard[i] < heard[static_cast<std::size_t>(best)]) best = s;
    }
    if (best < 0) {
      throw data_error{"expected at most " + std::to_string(names.size()) +
                       " stations in a step (--max-stations), found '" + line.name + "' besides"};
    }
    for (std::size_t r = 0; r < ring_time.size(); ++r) {
      ring_value[r * names.size() + static_cast<std::size_t>(best)] = missing;
      for (std::size_t l = 0; l < options_.leads.size(); ++l) {
        forecast_mean[(r * options_.leads.size() + l) * names.size() + static_cast<std::size_t>(best)] =
            std::numeric_limits<float>::quiet_NaN();
      }
    }
    scale.forget_station(best);
    free = names.begin() + best;
  }
  auto const s = free - names.begin();
  *free = line.name;
  heard[static_cast<std::size_t>(s)] = -1;
  return s;
}

void live_network::take(live_line const& line) {
  if (line.x && placed) {
    auto const at = map.place(*line.x, *line.y);
    if (std::max(std::abs(at[0]), std::abs(at[1])) > 2) {
      throw data_error{"expected x and y within " + shown(2 * map.kilometres_per_unit) +
                       " km of the middle of the stations that the model was begun with, found " + shown(*line.x) +
                       ", " + shown(*line.y)};
    }
  }
  if (line.is == live_line::kind::place) {
    auto known = std::find(asked.begin(), asked.end(), line.name);
    if (known == asked.end()) {
      if (std::ssize(asked) >= options_.places) {
        throw data_error{"expected at most " + std::to_string(options_.places) + " places (--max-places), found '" +
                         line.name + "' besides"};
      }
      asked.push_back(line.name), asked_x.push_back(0), asked_y.push_back(0);
      known = asked.end() - 1;
    }
    asked_x[static_cast<std::size_t>(known - asked.begin())] = *line.x;
    asked_y[static_cast<std::size_t>(known - asked.begin())] = *line.y;
    return;
  }
  if (line.is == live_line::kind::clock) {
    if (!open()) open_from = line.time;
    return;
  }
  auto const value = std::isnan(line.value) ? missing : transform(options_.kind, line.value);
  // The model counts in single precision.
  if (!std::isnan(line.value) && !(std::abs(value) <= 1e30)) {
    throw data_error{std::string{"'value': expected what the transform "} + name(options_.kind) +
                     " takes, at most 1e30 (--transform), found " + shown(line.value)};
  }
  auto const s = static_cast<std::size_t>(slot_of(line));
  if (open_time[s] != none && line.time <= open_time[s]) {
    throw data_error{"expected one reading of station '" + line.name + "' at " + time_text(line.time) +
                     ", found another (the first counts)"};
  }
  if (!open()) open_from = line.time;
  if (line.x) x[s] = *line.x, y[s] = *line.y;
  open_value[s] = value;
  open_time[s] = line.time;
}

std::vector<std::string> live_network::close() {
  std::vector<std::string> remarks;
  ++steps;
  ring_time[row(0)] = open_from;
  for (index_t s = 0; s < std::ssize(names); ++s) {
    auto const i = static_cast<std::size_t>(s);
    ring_value[cell(0, s)] = open_value[i];
    ring_x[cell(0, s)] = x[i], ring_y[cell(0, s)] = y[i];
    if (!std::isnan(open_value[i])) heard[i] = steps;
    for (std::size_t l = 0; l < options_.leads.size(); ++l) {
      auto const at = (row(0) * options_.leads.size() + l) * names.size() + i;
      forecast_mean[at] = forecast_deviation[at] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  scale.add(open_from, open_value.data());
  for (index_t s = 0; s < std::ssize(names); ++s) {
    auto const i = static_cast<std::size_t>(s);
    if (std::isnan(open_value[i]) || !std::isnan(z(0, s))) continue;
    remarks.push_back("station '" + names[i] + "' at " + time_text(open_from) + ": " +
                      shown(inverse(options_.kind, open_value[i])) + " is more than " + shown(gate) +
                      " standard deviations from what it shows: not shown to the model");
  }
  score_forecasts();
  closed_to = open_from + options_.gather;
  open_from = none;
  std::fill(open_value.begin(), open_value.end(), missing);
  std::fill(open_time.begin(), open_time.end(), none);
  return remarks;
}

double live_network::z(index_t back, index_t s) const {
  auto const value = ring_value[cell(back, s)];
  if (std::isnan(value)) return missing;
  auto const made = scale.standardise(time(back), s, value);
  return scale.readings() >= 100 && !(std::abs(made) <= gate) ? missing : made;
}

std::array<double, 2> live_network::place(index_t back, index_t s) const {
  return map.place(ring_x[cell(back, s)], ring_y[cell(back, s)]);
}

double live_network::offset_at(double place_x, double place_y) const {
  auto const at = map.place(place_x, place_y);
  double sum = 0, weight = 0;
  for (std::size_t s = 0; s < names.size(); ++s) {
    if (names[s].empty()) continue;
    auto const one = map.place(x[s], y[s]);
    auto const w = 1 / (std::pow(at[0] - one[0], 2) + std::pow(at[1] - one[1], 2) + 1e-6);
    sum += w * scale.offset(static_cast<index_t>(s));
    weight += w;
  }
  return weight > 0 ? sum / weight : 0;
}

index_t live_network::used() const {
  auto n = std::ssize(names);
  while (n > 0 && names[static_cast<std::size_t>(n - 1)].empty()) --n;
  return n;
}

void live_network::note_forecast(index_t lead, index_t s, double mean, double deviation) {
  auto const at =
      (row(0) * options_.leads.size() + static_cast<std::size_t>(lead)) * names.size() + static_cast<std::size_t>(s);
  forecast_mean[at] = static_cast<float>(mean);
  forecast_deviation[at] = static_cast<float>(deviation);
}

void live_network::score_forecasts() {
  auto const step = static_cast<double>(options_.step.seconds);
  for (std::size_t l = 0; l < options_.leads.size(); ++l) {
    // The step whose forecast was for now, up to a quarter of a step.
    index_t best = -1;
    double distance = 0.25 * step;
    for (index_t back = 1; back < held(); ++back) {
      auto const late = static_cast<double>(time(0) - time(back)) - options_.leads[l] * step;
      if (std::abs(late) <= distance) best = back, distance = std::abs(late);
      if (late > distance) break;
    }
    if (best < 0) continue;
    for (index_t s = 0; s < std::ssize(names); ++s) {
      auto const at = (row(best) * options_.leads.size() + l) * names.size() + static_cast<std::size_t>(s);
      auto const mean = forecast_mean[at], deviation = forecast_deviation[at];
      auto const value = ring_value[cell(0, s)];
      if (std::isnan(value) || std::isnan(mean) || !(deviation > 0)) continue;
      auto const place =
          l * static_cast<std::size_t>(scores_kept) + static_cast<std::size_t>(score_count[l]++ % scores_kept);
      scores[place] = static_cast<float>(std::abs(value - static_cast<double>(mean)) / static_cast<double>(deviation));
    }
  }
}

double live_network::half_width(index_t lead) const {
  auto const l = static_cast<std::size_t>(lead);
  auto const count = std::min<std::int64_t>(score_count[l], scores_kept);
  if (count < fewest_scores) return gaussian_half(options_.band);
  auto const* const first = scores.data() + l * static_cast<std::size_t>(scores_kept);
  auto const q = s2rm::conformal::quantile_of(std::vector<double>(first, first + count), options_.band);
  return std::isfinite(q) ? q : gaussian_half(options_.band);
}

}  // namespace sensors
