#include <cmath>
#include <map>
#include <numbers>

#include "folds.hpp"
#include "scenes.hpp"
#include "station_statistics.hpp"

namespace sensors {
namespace {

constexpr index_t before_test = 6;  // steps that only set the state
constexpr double held_out = 0.12;   // share of the stations that a training window asks for

class of_stations final : public scenes {
 public:
  of_stations(experiment const& with, time_range fit, std::vector<index_t> const& hidden, bool sides)
      : with_{with}, fit_{fit}, sides_{sides && !with.data.sides.empty()} {
    auto const& data = with.data;
    auto const n = data.station_count();
    hidden_.assign(static_cast<std::size_t>(n), 0);
    for (auto const s : hidden) hidden_[static_cast<std::size_t>(s)] = 1;
    for (index_t s = 0; s < n; ++s) {
      if (hidden_[static_cast<std::size_t>(s)] == 0) seen_.push_back(s);
    }
    readings_ = readings(hidden, {});
    double squares = 0, count = 0;
    for (auto t = fit.begin; t < fit.end; ++t) {
      auto const level = level_of(readings_, t);
      for (index_t s = 0; s < n; ++s) {
        auto const y = readings_[data.cell(t, s)];
        if (std::isnan(y)) continue;
        squares += (y - level) * (y - level), count += 1;
      }
    }
    if (count < 100) throw data_error{data.origin.name + ": fewer than 100 readings to fit"};
    scale_ = std::sqrt(squares / count);
    covariance_ = choose_covariance(data, readings_, sides_, fit);
    if (data.step.seconds > 86400) covariance_.oldest = 0;  // last month's reading says little
    auto const far = data.distances_km();
    for (index_t s = 0; s < n; ++s) {
      height_.push_back(sides_ ? data.side(s, data.side_index("height")) / 1000 : 0.0);
    }
    for (index_t s = 0; s < n; ++s) {
      double sum = 0, weight = 0;
      for (index_t k = 0; k < n; ++k) {
        auto const d = far[static_cast<std::size_t>(s * n + k)] / 100;
        auto const w = std::exp(-0.5 * d * d);
        sum += w * height_[static_cast<std::size_t>(k)], weight += w;
      }
      above_.push_back(height_[static_cast<std::size_t>(s)] - sum / weight);
    }
    statistics_ = std::make_unique<station_statistics>(data, readings_, sides_, covariance_);
    for (auto t = fit.begin; t < fit.end; ++t) steps_.push_back(statistics_->prepare(t, {}));
  }

  [[nodiscard]] scene draw(s2rm::random numbers, std::uint32_t number) const override {
    std::vector<index_t> asked;
    for (auto const s : seen_) {
      if (numbers.uniform(number, static_cast<std::uint64_t>(s)) < held_out) asked.push_back(s);
    }
    auto const length = std::min<index_t>(before_test, fit_.size());
    auto const first = numbers.below(number, hidden_.size(), fit_.size() - length + 1);
    std::vector<station_statistics::step const*> steps;
    for (index_t t = 0; t < length; ++t) steps.push_back(&steps_[static_cast<std::size_t>(first + t)]);
    asked.resize(std::min(asked.size(), queries()), 0);
    return fill(steps, asked, static_cast<index_t>(queries()), readings_);
  }

  [[nodiscard]] scene over(time_range range, fold const& one, std::vector<index_t> const& asked,
                           bool half) const override {
    auto const y = readings(one.test, half ? one.lost : std::vector<std::array<index_t, 2>>{});
    auto at = y;  // those that are asked for now leave no trace either
    for (index_t t = 0; t < with_.data.times; ++t) {
      for (auto const s : asked) at[with_.data.cell(t, s)] = missing;
    }
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (hidden_[i % hidden_.size()] != 0) at[i] = missing;
    }
    station_statistics const statistics{with_.data, at, sides_, covariance_};
    auto const first = std::max<index_t>(0, range.begin - before_test);
    std::vector<station_statistics::step> steps;
    std::vector<station_statistics::step const*> pointers;
    for (auto t = first; t < range.end; ++t) steps.push_back(statistics.prepare(t, asked));
    for (auto const& one_step : steps) pointers.push_back(&one_step);
    auto made = fill(pointers, asked, static_cast<index_t>(asked.size()), at);
    made.skip = range.begin - first;
    return made;
  }

  [[nodiscard]] std::pair<double, double> back(scene const& of, index_t t, index_t /*s*/, double mean,
                                               double deviation) const override {
    return {of.levels[static_cast<std::size_t>(t - of.first)] + scale_ * mean, scale_ * deviation};
  }

  [[nodiscard]] std::string about() const override {
    auto const& c = covariance_;
    auto const text = [](double x) { return examples::report::number(x, 2); };
    return "universal kriging, near sill " + text(c.near_sill) + ", length " + text(c.near_length) +
           " km, height length " + text(c.height_length) + " km, nugget " + text(c.nugget);
  }

 private:
  [[nodiscard]] std::size_t queries() const {
    return static_cast<std::size_t>(1.3 * held_out * static_cast<double>(seen_.size()));
  }

  /// f(y) of (times, stations) without those that must not be seen.
  [[nodiscard]] std::vector<double> readings(std::vector<index_t> const& hidden,
                                             std::vector<std::array<index_t, 2>> const& lost) const {
    auto const& data = with_.data;
    std::vector<double> y(data.values.size(), missing);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = transform(with_.kind, data.values[i]);
    for (auto const s : hidden) {
      for (index_t t = 0; t < data.times; ++t) y[data.cell(t, s)] = missing;
    }
    for (auto const& [t, s] : lost) y[data.cell(t, s)] = missing;
    return y;
  }

  [[nodiscard]] scene fill(std::vector<station_statistics::step const*> const& steps, std::vector<index_t> const& asked,
                           index_t query_slots, std::vector<double> const& y) const {
    auto const& data = with_.data;
    auto const slots = static_cast<index_t>(seen_.size()), count = static_cast<index_t>(steps.size());
    std::vector<char> is_asked(data.stations.size(), 0);
    for (auto const s : asked) is_asked[static_cast<std::size_t>(s)] = 1;
    scene made;
    made.first = steps.front()->time;
    auto& b = made.batch;
    b.resize<ground_shape>(count, 1, slots, query_slots);
    b.view_mask.assign(static_cast<std::size_t>(count * slots), 0);
    b.target_mask.assign(static_cast<std::size_t>(count * query_slots), 0);
    b.reset.assign(static_cast<std::size_t>(count), 0);
    for (auto* x : {&b.view, &b.place, &b.view_context, &b.query_place, &b.query_context, &b.target}) {
      std::fill(x->begin(), x->end(), 0.0f);
    }
    auto const place = [&](index_t s, float* to) {
      to[0] = static_cast<float>(data.places[2 * static_cast<std::size_t>(s)]);
      to[1] = static_cast<float>(data.places[2 * static_cast<std::size_t>(s) + 1]);
    };
    for (index_t k = 0; k < count; ++k) {
      auto const& step = *steps[static_cast<std::size_t>(k)];
      auto const t = step.time;
      if (k == 0) b.reset[0] = 1;
      std::vector<index_t> here;
      for (auto const s : asked) {
        if (step.row[static_cast<std::size_t>(s)] >= 0) here.push_back(s);
      }
      auto const says = statistics_->at(step, here);
      // The time of the day; of months that of the year.
      auto const period = data.step.seconds > 86400 ? 365.25 * 86400.0 : 86400.0;
      auto const whole = static_cast<double>(data.time(fit_.end - 1) - data.time(fit_.begin)) > 0.9 * period;
      auto const phase = 2 * std::numbers::pi * std::fmod(static_cast<double>(data.time(t)), period) / period;
      auto const level = level_of(y, t);
      made.levels.push_back(level);
      auto const z = [&](double f) { return (f - level) / scale_; };
      auto const context = [&](float* to, index_t s, double mean, double deviation) {
        to[0] = static_cast<float>(z(mean));
        to[1] = static_cast<float>(std::log(deviation / scale_));
        to[2] = static_cast<float>(height_[static_cast<std::size_t>(s)]);
        to[3] = static_cast<float>(2 * above_[static_cast<std::size_t>(s)]);
        // Of a part of a day nothing is learned for the rest of it.
        to[4] = whole ? static_cast<float>(std::sin(phase)) : 0.0f;
        to[5] = whole ? static_cast<float>(std::cos(phase)) : 0.0f;
      };
      for (index_t slot = 0; slot < slots; ++slot) {
        auto const s = seen_[static_cast<std::size_t>(slot)];
        auto const reading = y[data.cell(t, s)];
        auto const row = step.row[static_cast<std::size_t>(s)];
        if (std::isnan(reading) || row < 0 || is_asked[static_cast<std::size_t>(s)] != 0) continue;
        auto const i = static_cast<std::size_t>(k * slots + slot);
        auto const beyond = reading - says.left_out[row];
        float* const view = &b.view[i * scene_view];
        view[0] = static_cast<float>(z(reading));
        view[1] = static_cast<float>(other(t, s, reading));
        view[2] = static_cast<float>(beyond / scale_);
        view[3] = static_cast<float>(std::clamp(beyond / says.left_out_deviation[row], -6.0, 6.0));
        place(s, &b.place[2 * i]);
        context(&b.view_context[i * scene_context], s, says.left_out[row], says.left_out_deviation[row]);
        b.view_mask[i] = 1;
      }
      for (std::size_t q = 0; q < here.size(); ++q) {
        auto const s = here[q];
        auto const slot = std::find(asked.begin(), asked.end(), s) - asked.begin();
        auto const i = static_cast<std::size_t>(k * query_slots + slot);
        place(s, &b.query_place[2 * i]);
        context(&b.query_context[i * scene_context], s, says.asked[static_cast<Eigen::Index>(q)],
                says.asked_deviation[static_cast<Eigen::Index>(q)]);
        // Where the statistics are made without the asked stations there is nothing to learn from.
        auto const truth = readings_[data.cell(t, s)];
        b.target_mask[i] = 1;
        if (std::isnan(truth)) {
          b.target_mask[i] = y.data() == readings_.data() ? 0 : 1;
        } else {
          b.target[i] = static_cast<float>(z(truth));
        }
      }
    }
    return made;
  }

  /// The mean of the readings of a time.
  [[nodiscard]] double level_of(std::vector<double> const& y, index_t t) const {
    double sum = 0, count = 0;
    for (index_t s = 0; s < with_.data.station_count(); ++s) {
      auto const f = y[with_.data.cell(t, s)];
      if (!std::isnan(f)) sum += f, count += 1;
    }
    return count > 0 ? sum / count : 0;
  }

  /// The difference of the next channel from the reading (of temperatures: the depression of the dew point), 0 without one.
  [[nodiscard]] double other(index_t t, index_t s, double reading) const {
    auto const& whole = with_.whole;
    if (whole.channel_count() < 2) return 0;
    auto const c = with_.channel == 0 ? index_t{1} : index_t{0};
    auto const x = whole.at(t, s, c);
    return std::isnan(x) ? 0.0 : (reading - x) / (2 * scale_);
  }

  experiment const& with_;
  time_range fit_;
  bool sides_;
  double scale_ = 1;  ///< standard deviation of f(y) from the mean of its time, over the fit
  std::vector<char> hidden_;
  std::vector<index_t> seen_;
  std::vector<double> readings_, height_, above_;
  station_statistics::covariance covariance_;
  std::unique_ptr<station_statistics> statistics_;
  std::vector<station_statistics::step> steps_;
};

}  // namespace

std::unique_ptr<scenes> station_scenes(experiment const& with, time_range fit, std::vector<index_t> const& hidden,
                                       bool sides) {
  return std::make_unique<of_stations>(with, fit, hidden, sides);
}

}  // namespace sensors
