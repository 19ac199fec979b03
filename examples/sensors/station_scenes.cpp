#include <cmath>
#include <map>
#include <numbers>

#include "folds.hpp"
#include "scenes.hpp"
#include "site_statistics.hpp"
#include "station_statistics.hpp"

namespace sensors {
namespace {

/// Estimates of one time, and what else goes into a window beside them.
struct told {
  estimates says;    ///< of f(y)
  double level = 0;  ///< what f(y) is relative to
  Eigen::MatrixXd asked_facts,
      facts;               ///< (asked, F), (rows of the step, F): numbers of context behind estimate and deviation
  Eigen::VectorXd second;  ///< (rows of the step), second number of a view
};

/// Linear statistics of one choice of readings.
class station_guess {
 public:
  virtual ~station_guess() = default;
  [[nodiscard]] virtual kriging_step prepare(index_t t, std::vector<index_t> const& asked) const = 0;
  /// Of every step, from what is read there but for `asked`; `asked` of a step: those of them that are in it.
  [[nodiscard]] virtual std::vector<told> tell(std::vector<kriging_step const*> const& steps,
                                               std::vector<index_t> const& asked) const = 0;
  /// Unit of f(y) in windows.
  [[nodiscard]] virtual double scale() const = 0;
  [[nodiscard]] virtual std::string about() const = 0;
  /// The same statistics, as they were chosen, of other readings of f(y).
  [[nodiscard]] virtual std::unique_ptr<station_guess> of(std::vector<double> readings) const = 0;
};

/// Those of `asked` that are in the step.
std::vector<index_t> within(kriging_step const& step, std::vector<index_t> const& asked) {
  std::vector<index_t> here;
  for (auto const s : asked) {
    if (step.row[static_cast<std::size_t>(s)] >= 0) here.push_back(s);
  }
  return here;
}

/// Sine and cosine of the time of the day; of days and months that of the year; 0 where the fit saw a part of it alone: of that nothing is
/// learned for the rest.
std::array<double, 2> phase_of(series const& data, time_range fit, index_t t) {
  auto const period = data.step.seconds >= 86400 ? 365.25 * 86400.0 : 86400.0;
  auto const whole = static_cast<double>(data.time(fit.end - 1) - data.time(fit.begin)) > 0.9 * period;
  auto const phase = 2 * std::numbers::pi * std::fmod(static_cast<double>(data.time(t)), period) / period;
  if (!whole) return {0, 0};
  return {std::sin(phase), std::cos(phase)};
}

/// Kriging of each time by itself: of a short record, with heights.
class time_guess final : public station_guess {
 public:
  time_guess(experiment const& with, time_range fit, bool sides, std::vector<double> readings,
             std::optional<station_covariance> chosen, double scale)
      : with_{with}, fit_{fit}, sides_{sides}, readings_{std::move(readings)}, scale_{scale} {
    auto const& data = with.data;
    auto const n = data.station_count();
    if (!chosen) {
      double squares = 0, count = 0;
      for (auto t = fit.begin; t < fit.end; ++t) {
        auto const level = level_of(t);
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
    } else {
      covariance_ = *chosen;
    }
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
  }

  [[nodiscard]] kriging_step prepare(index_t t, std::vector<index_t> const& asked) const override {
    return statistics_->prepare(t, asked);
  }

  [[nodiscard]] std::vector<told> tell(std::vector<kriging_step const*> const& steps,
                                       std::vector<index_t> const& asked) const override {
    std::vector<told> all;
    for (auto const* const step : steps) {
      auto const here = within(*step, asked);
      told one;
      one.says = krige(*step, here);
      one.level = level_of(step->time);
      auto const phase = phase_of(with_.data, fit_, step->time);
      auto const facts = [&](std::vector<index_t> const& stations) {
        Eigen::MatrixXd made(static_cast<Eigen::Index>(stations.size()), 4);
        for (std::size_t i = 0; i < stations.size(); ++i) {
          auto const s = static_cast<std::size_t>(stations[i]);
          made.row(static_cast<Eigen::Index>(i)) << height_[s], 2 * above_[s], phase[0], phase[1];
        }
        return made;
      };
      one.asked_facts = facts(here);
      one.facts = facts(step->stations);
      one.second.setZero(one.facts.rows());
      for (std::size_t i = 0; i < step->stations.size(); ++i) {
        auto const s = step->stations[i];
        one.second[static_cast<Eigen::Index>(i)] = other(step->time, s, readings_[with_.data.cell(step->time, s)]);
      }
      all.push_back(std::move(one));
    }
    return all;
  }

  [[nodiscard]] double scale() const override { return scale_; }

  [[nodiscard]] std::unique_ptr<station_guess> of(std::vector<double> readings) const override {
    return std::make_unique<time_guess>(with_, fit_, sides_, std::move(readings), covariance_, scale_);
  }

  [[nodiscard]] std::string about() const override {
    auto const& c = covariance_;
    auto const text = [](double x) { return examples::report::number(x, 2); };
    return "universal kriging, near sill " + text(c.near_sill) + ", length " + text(c.near_length) +
           " km, height length " + text(c.height_length) + " km, nugget " + text(c.nugget);
  }

 private:
  /// The mean of the readings of a time.
  [[nodiscard]] double level_of(index_t t) const {
    double sum = 0, count = 0;
    for (index_t s = 0; s < with_.data.station_count(); ++s) {
      auto const f = readings_[with_.data.cell(t, s)];
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
  std::vector<double> readings_, height_, above_;
  double scale_;  ///< standard deviation of f(y) from the mean of its time, over the fit
  station_covariance covariance_;
  std::unique_ptr<station_statistics> statistics_;
};

/// Climates of sites and anomalies of each time: of a long record.
class site_guess final : public station_guess {
 public:
  site_guess(experiment const& with, time_range fit, bool sides, scaler const& standard, std::vector<double> readings,
             std::optional<site_statistics::choice> chosen)
      : with_{with},
        fit_{fit},
        sides_{sides},
        standard_{standard},
        statistics_{with.data, standardised(std::move(readings)), fit, sides, chosen} {}

  [[nodiscard]] kriging_step prepare(index_t t, std::vector<index_t> const& asked) const override {
    return statistics_.prepare(t, asked);
  }

  [[nodiscard]] std::vector<told> tell(std::vector<kriging_step const*> const& steps,
                                       std::vector<index_t> const& asked) const override {
    auto const climates = statistics_.without(asked);
    std::vector<told> all;
    for (auto const* const step : steps) {
      auto const t = step->time;
      auto const here = within(*step, asked);
      told one;
      one.says = statistics_.at(*step, climates, here);
      one.level = standard_.climate(with_.data.time(t), -1);
      auto const phase = phase_of(with_.data, fit_, t);
      auto const& sides = statistics_.side_inputs();
      auto const facts = [&](std::vector<index_t> const& stations) {
        Eigen::MatrixXd made(static_cast<Eigen::Index>(stations.size()), 6);
        for (std::size_t i = 0; i < stations.size(); ++i) {
          auto const s = static_cast<std::size_t>(stations[i]);
          auto const side = [&](Eigen::Index k) { return k < sides.cols() ? sides(stations[i], k) : 0.0; };
          made.row(static_cast<Eigen::Index>(i)) << statistics_.climate(climates.curve[s], t),
              std::log(climates.deviation[s]), phase[0], phase[1], side(0), side(1);
        }
        return made;
      };
      one.asked_facts = facts(here);
      one.facts = facts(step->stations);
      one.second = step->readings;
      for (auto* const x : {&one.says.asked, &one.says.left_out}) *x = (x->array() * scale() + one.level).matrix();
      for (auto* const x : {&one.says.asked_deviation, &one.says.left_out_deviation}) *x *= scale();
      all.push_back(std::move(one));
    }
    return all;
  }

  [[nodiscard]] double scale() const override { return standard_.scale(); }

  [[nodiscard]] std::unique_ptr<station_guess> of(std::vector<double> readings) const override {
    return std::make_unique<site_guess>(with_, fit_, sides_, standard_, std::move(readings), statistics_.chosen());
  }

  [[nodiscard]] std::string about() const override { return statistics_.about(); }

 private:
  [[nodiscard]] std::vector<double> standardised(std::vector<double> y) const {
    auto const& data = with_.data;
    for (index_t t = 0; t < data.times; ++t) {
      auto const level = standard_.climate(data.time(t), -1);
      for (index_t s = 0; s < data.station_count(); ++s) {
        y[data.cell(t, s)] = (y[data.cell(t, s)] - level) / standard_.scale();
      }
    }
    return y;
  }

  experiment const& with_;
  time_range fit_;
  bool sides_;
  scaler standard_;
  site_statistics statistics_;
};

/// How windows are cut and filled.
struct window_shape {
  index_t length = 6, before = 6;  ///< steps of a training window; steps before a range that only set the state
  double held_out = 0.12;          ///< share of the stations that a training window asks for
  bool fixed = false;              ///< always as many of them
};

class of_stations final : public scenes {
 public:
  of_stations(experiment const& with, time_range fit, std::vector<index_t> const& hidden, fit_settings const& settings)
      : with_{with}, fit_{fit} {
    auto const& data = with.data;
    auto const n = data.station_count();
    auto const sides = settings.heights && !data.sides.empty();
    hidden_.assign(static_cast<std::size_t>(n), 0);
    for (auto const s : hidden) hidden_[static_cast<std::size_t>(s)] = 1;
    for (index_t s = 0; s < n; ++s) {
      if (hidden_[static_cast<std::size_t>(s)] == 0) seen_.push_back(s);
    }
    readings_ = readings(hidden, {});
    if (by_sites(data)) {
      windows_ = {settings.window, 30, settings.drop_stations, true};
      auto const standard = scaler::fit(data, fit, {with.kind, level_kind::network, hidden});
      guess_ = std::make_unique<site_guess>(with, fit, sides, standard, readings_, std::nullopt);
    } else {
      guess_ = std::make_unique<time_guess>(with, fit, sides, readings_, std::nullopt, 0);
    }
    for (auto t = fit.begin; t < fit.end; ++t) steps_.push_back(guess_->prepare(t, {}));
  }

  [[nodiscard]] scene draw(s2rm::random numbers, std::uint32_t number) const override {
    std::vector<index_t> asked;
    if (windows_.fixed) {
      std::vector<std::pair<double, index_t>> order;
      for (auto const s : seen_) order.emplace_back(numbers.uniform(number, static_cast<std::uint64_t>(s)), s);
      std::sort(order.begin(), order.end());
      for (std::size_t k = 0; k < queries(); ++k) asked.push_back(order[k].second);
    } else {
      for (auto const s : seen_) {
        if (numbers.uniform(number, static_cast<std::uint64_t>(s)) < windows_.held_out) asked.push_back(s);
      }
      asked.resize(std::min(asked.size(), queries()), 0);
    }
    auto const length = std::min<index_t>(windows_.length, fit_.size());
    auto const first = numbers.below(number, hidden_.size(), fit_.size() - length + 1);
    std::vector<kriging_step const*> steps;
    for (index_t t = 0; t < length; ++t) steps.push_back(&steps_[static_cast<std::size_t>(first + t)]);
    return fill(*guess_, steps, asked, static_cast<index_t>(queries()), readings_);
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
    auto const guess = guess_->of(at);
    auto const first = std::max<index_t>(0, range.begin - windows_.before);
    std::vector<kriging_step> steps;
    std::vector<kriging_step const*> pointers;
    for (auto t = first; t < range.end; ++t) steps.push_back(guess->prepare(t, asked));
    for (auto const& one_step : steps) pointers.push_back(&one_step);
    auto made = fill(*guess, pointers, asked, static_cast<index_t>(asked.size()), at);
    made.skip = range.begin - first;
    return made;
  }

  [[nodiscard]] std::pair<double, double> back(scene const& of, index_t t, index_t /*s*/, double mean,
                                               double deviation) const override {
    auto const scale = guess_->scale();
    return {of.levels[static_cast<std::size_t>(t - of.first)] + scale * mean, scale * deviation};
  }

  [[nodiscard]] std::string about() const override { return guess_->about(); }

 private:
  [[nodiscard]] std::size_t queries() const {
    auto const share = windows_.held_out * static_cast<double>(seen_.size());
    if (windows_.fixed) return static_cast<std::size_t>(std::max(1.0, std::round(share)));
    return static_cast<std::size_t>(1.3 * share);
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

  [[nodiscard]] scene fill(station_guess const& guess, std::vector<kriging_step const*> const& steps,
                           std::vector<index_t> const& asked, index_t query_slots, std::vector<double> const& y) const {
    auto const& data = with_.data;
    auto const slots = static_cast<index_t>(seen_.size()), count = static_cast<index_t>(steps.size());
    auto const scale = guess.scale();
    auto const all = guess.tell(steps, asked);
    std::vector<char> is_asked(data.stations.size(), 0);
    for (auto const s : asked) is_asked[static_cast<std::size_t>(s)] = 1;
    scene made;
    made.first = steps.front()->time;
    auto& b = made.batch;
    if (by_sites(data)) {
      b.resize<network_shape>(count, 1, slots, query_slots);
    } else {
      b.resize<ground_shape>(count, 1, slots, query_slots);
    }
    b.view_mask.assign(static_cast<std::size_t>(count * slots), 0);
    b.target_mask.assign(static_cast<std::size_t>(count * query_slots), 0);
    b.reset.assign(static_cast<std::size_t>(count), 0);
    b.reset[0] = 1;
    for (auto* x : {&b.view, &b.place, &b.view_context, &b.query_place, &b.query_context, &b.target}) {
      std::fill(x->begin(), x->end(), 0.0f);
    }
    auto const place = [&](index_t s, float* to) {
      to[0] = static_cast<float>(data.places[2 * static_cast<std::size_t>(s)]);
      to[1] = static_cast<float>(data.places[2 * static_cast<std::size_t>(s) + 1]);
    };
    for (index_t k = 0; k < count; ++k) {
      auto const& step = *steps[static_cast<std::size_t>(k)];
      auto const& one = all[static_cast<std::size_t>(k)];
      auto const& says = one.says;
      auto const t = step.time;
      made.levels.push_back(one.level);
      auto const z = [&](double f) { return (f - one.level) / scale; };
      auto const width = static_cast<std::size_t>(2 + one.facts.cols());
      auto const context = [&](float* to, double mean, double deviation, Eigen::MatrixXd const& facts,
                               Eigen::Index row) {
        to[0] = static_cast<float>(z(mean));
        to[1] = static_cast<float>(std::log(deviation / scale));
        for (Eigen::Index f = 0; f < facts.cols(); ++f) to[2 + f] = static_cast<float>(facts(row, f));
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
        view[1] = static_cast<float>(one.second[row]);
        view[2] = static_cast<float>(beyond / scale);
        view[3] = static_cast<float>(std::clamp(beyond / says.left_out_deviation[row], -6.0, 6.0));
        place(s, &b.place[2 * i]);
        context(&b.view_context[i * width], says.left_out[row], says.left_out_deviation[row], one.facts, row);
        b.view_mask[i] = 1;
      }
      auto const here = within(step, asked);
      for (std::size_t q = 0; q < here.size(); ++q) {
        auto const s = here[q];
        auto const slot = std::find(asked.begin(), asked.end(), s) - asked.begin();
        auto const i = static_cast<std::size_t>(k * query_slots + slot);
        auto const row = static_cast<Eigen::Index>(q);
        place(s, &b.query_place[2 * i]);
        context(&b.query_context[i * width], says.asked[row], says.asked_deviation[row], one.asked_facts, row);
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

  experiment const& with_;
  time_range fit_;
  window_shape windows_;
  std::vector<char> hidden_;
  std::vector<index_t> seen_;
  std::vector<double> readings_;
  std::unique_ptr<station_guess> guess_;
  std::vector<kriging_step> steps_;
};

}  // namespace

bool by_sites(series const& data) { return data.folds.empty(); }

std::unique_ptr<scenes> station_scenes(experiment const& with, time_range fit, std::vector<index_t> const& hidden,
                                       fit_settings const& settings) {
  return std::make_unique<of_stations>(with, fit, hidden, settings);
}

}  // namespace sensors
