#include <cmath>
#include <numbers>

#include "field_statistics.hpp"
#include "scenes.hpp"

namespace sensors {
namespace {

constexpr index_t year = 12, fewest = 20, most = 70, queries = 96;

class of_field final : public scenes {
 public:
  of_field(experiment const& with, time_range fit) : with_{with}, fit_{fit} {
    auto const& data = with.whole;
    if (data.step.months != 1 || fit.size() % year != 0 || !data.globe)
      throw data_error{data.origin.name + ": expected months of whole years on the globe"};
    std::vector<index_t> all;
    for (auto t = fit.begin; t < fit.end; ++t) all.push_back(t);
    for (auto first = fit.begin; first < fit.end; first += year) {
      std::vector<index_t> others;
      for (auto const t : all) {
        if (t < first || t >= first + year) others.push_back(t);
      }
      without_.push_back(std::make_unique<field_statistics>(data, with.channel, others));
    }
    every_ = std::make_unique<field_statistics>(data, with.channel, all);
    double squares = 0, mass = 0;
    for (index_t s = 0; s < data.station_count(); ++s) {
      auto const sd = every_->deviation(s, with.channel);
      squares += data.weight(s) * sd * sd;
      mass += data.weight(s);
      area_.push_back(mass);
    }
    scale_ = std::sqrt(squares / mass);
  }

  [[nodiscard]] scene draw(s2rm::random numbers, std::uint32_t number) const override {
    std::uint64_t at = 0;
    auto const cell = [&] {
      auto const u = numbers.uniform(number, at++) * area_.back();
      return static_cast<index_t>(std::upper_bound(area_.begin(), area_.end(), u) - area_.begin());
    };
    auto const which = numbers.below(number, at++, static_cast<index_t>(without_.size()));
    std::vector<index_t> sensors, asked;
    auto const count = fewest + numbers.below(number, at++, most - fewest + 1);
    while (static_cast<index_t>(sensors.size()) < count) {
      auto const s = cell();
      if (std::find(sensors.begin(), sensors.end(), s) == sensors.end()) sensors.push_back(s);
    }
    for (index_t q = 0; q < queries; ++q) asked.push_back(cell());
    // In half of the windows every month does without half of the sensors.
    bool const losing = numbers.uniform(number, at++) < 0.5;
    std::vector<std::vector<index_t>> seen(year);
    for (auto& one : seen) {
      for (index_t i = 0; i < count; ++i) {
        if (!losing || numbers.uniform(number, at++) < 0.5) one.push_back(i);
      }
      if (one.size() < 5) one = {0, 1, 2, 3, 4};
    }
    auto const& statistics = *without_[static_cast<std::size_t>(which)];
    return fill(statistics, statistics.prepare(sensors, asked), fit_.begin + which * year, seen, most);
  }

  [[nodiscard]] scene over(time_range range, fold const& one, std::vector<index_t> const& asked,
                           bool half) const override {
    auto const& sensors = one.sensors;
    if (prepared_.sensors != sensors || prepared_.asked != asked) prepared_ = every_->prepare(sensors, asked);
    std::vector<std::vector<index_t>> seen(static_cast<std::size_t>(range.size()));
    for (std::size_t i = 0; i < seen.size(); ++i) {
      for (std::size_t k = 0; k < sensors.size(); ++k) {
        std::array<index_t, 2> const reading{range.begin + static_cast<index_t>(i), sensors[k]};
        if (half && std::find(one.lost.begin(), one.lost.end(), reading) != one.lost.end()) continue;
        seen[i].push_back(static_cast<index_t>(k));
      }
    }
    return fill(*every_, prepared_, range.begin, seen, static_cast<index_t>(sensors.size()));
  }

  [[nodiscard]] std::pair<double, double> back(scene const& /*of*/, index_t t, index_t s, double mean,
                                               double deviation) const override {
    return {every_->climate(t, s, with_.channel) + scale_ * mean, scale_ * deviation};
  }

  [[nodiscard]] std::string about() const override {
    return "optimal interpolation, correlations smoothed over shifts and tapered; of a training year learned from the "
           "other years";
  }

 private:
  /// Steps from `first`; of each the sensors in `seen`, in `slots` slots.
  [[nodiscard]] scene fill(field_statistics const& from, field_statistics::network const& net, index_t first,
                           std::vector<std::vector<index_t>> const& seen, index_t slots) const {
    auto const& data = with_.whole;
    auto const steps = static_cast<index_t>(seen.size()), q = static_cast<index_t>(net.asked.size());
    auto const c = with_.channel, other = data.channel_count() > 1 ? (c == 0 ? index_t{1} : index_t{0}) : c;
    scene made;
    made.first = first;
    auto& b = made.batch;
    b.resize<globe_shape>(steps, 1, slots, q);
    b.view_mask.assign(static_cast<std::size_t>(steps * slots), 0);
    b.reset.assign(static_cast<std::size_t>(steps), 0);
    std::fill(b.view.begin(), b.view.end(), 0.0f);
    std::fill(b.place.begin(), b.place.end(), 0.0f);
    std::fill(b.view_context.begin(), b.view_context.end(), 0.0f);
    auto const place = [&](index_t s, float* to) {
      for (std::size_t d = 0; d < 3; ++d) to[d] = static_cast<float>(data.places[3 * static_cast<std::size_t>(s) + d]);
    };
    for (index_t t = 0; t < steps; ++t) {
      auto const now = first + t;
      if (t % year == 0) b.reset[static_cast<std::size_t>(t)] = 1;  // windows are years
      auto const made_now = from.at(net, now, seen[static_cast<std::size_t>(t)]);
      auto const phase = 2 * std::numbers::pi * static_cast<double>(data.time(now)) / (365.25 * 86400.0);
      auto const n = static_cast<double>(seen[static_cast<std::size_t>(t)].size());
      auto const context = [&](float* to, index_t s, double mean, double deviation) {
        to[0] = static_cast<float>(mean / scale_);
        to[1] = static_cast<float>(std::log(deviation / scale_));
        to[2] = static_cast<float>(std::log(from.deviation(s, c) / scale_));
        to[3] = static_cast<float>(n / 60 - 0.75);
        to[4] = static_cast<float>(std::sin(phase));
        to[5] = static_cast<float>(std::cos(phase));
      };
      for (auto const k : seen[static_cast<std::size_t>(t)]) {
        auto const s = net.sensors[static_cast<std::size_t>(k)];
        auto const i = static_cast<std::size_t>(t * slots + k);
        auto const reading = from.anomaly(now, s, c);
        auto const beyond = reading - made_now.left_out[k];
        float* const view = &b.view[i * scene_view];
        view[0] = static_cast<float>(reading / scale_);
        view[1] = static_cast<float>(from.anomaly(now, s, other) / scale_);
        view[2] = static_cast<float>(beyond / scale_);
        view[3] = static_cast<float>(beyond / made_now.left_out_deviation[k]);
        place(s, &b.place[3 * i]);
        context(&b.view_context[i * scene_context], s, made_now.left_out[k], made_now.left_out_deviation[k]);
        b.view_mask[i] = 1;
      }
      for (index_t k = 0; k < q; ++k) {
        auto const s = net.asked[static_cast<std::size_t>(k)];
        auto const i = static_cast<std::size_t>(t * q + k);
        place(s, &b.query_place[3 * i]);
        context(&b.query_context[i * scene_context], s, made_now.asked[k], made_now.asked_deviation[k]);
        b.target[i] = static_cast<float>(from.anomaly(now, s, c) / scale_);
      }
    }
    return made;
  }

  experiment const& with_;
  time_range fit_;
  std::vector<std::unique_ptr<field_statistics>> without_;
  std::unique_ptr<field_statistics> every_;
  mutable field_statistics::network prepared_;
  std::vector<double> area_;  ///< running sums
  double scale_ = 1;
};

}  // namespace

std::unique_ptr<scenes> field_scenes(experiment const& with, time_range fit) {
  return std::make_unique<of_field>(with, fit);
}

}  // namespace sensors
