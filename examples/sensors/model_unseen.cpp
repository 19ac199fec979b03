// The same day at a station that the model never saw.

#include "model_fit.hpp"

namespace sensors {
namespace {

bool dense(series const& data) { return data.station_count() > 30; }

/// f<net>() with the net of these settings.
template <class F>
auto with_net(fit_settings const& settings, F const& f) {
  return settings.guess == guess_kind::neighbourhood ? f.template operator()<dense_net>()
                                                     : f.template operator()<sparse_net>();
}

/// What the model of a checkpoint says of a batch; see `run_over`.
standardised believed(series const& data, fit_settings const& settings, std::filesystem::path const& checkpoint,
                      compute where, s2rm::batch_view<float> const& batch, index_t skip) {
  return with_net(settings, [&]<class Net>() {
    auto learner = make_learner<Net>(settings, 0, where, data);
    learner->load(checkpoint);
    return run_over(*learner, batch, skip);
  });
}

scaler scaler_for(experiment const& with, std::vector<index_t> const& hidden, time_range range) {
  return scaler::fit(with.data, range, {with.kind, level_kind::network, hidden});
}

}  // namespace

fit_settings unseen_settings(series const& data) {
  fit_settings settings;
  settings.steps = 150;
  settings.window = 16;
  settings.batch = dense(data) ? 16 : 32;
  settings.weight_decay = 1.0;
  settings.drop_views = 0.15;
  settings.drop_stations = 0.25;
  settings.rotate = true;
  settings.shift = 0.4;
  settings.guess = dense(data) ? guess_kind::neighbourhood : guess_kind::inverse_distance;
  return settings;
}

fit_history fit_unseen(experiment const& with, fit_settings const& settings, std::vector<index_t> const& hidden,
                       time_range range, std::int64_t seed, compute where, std::filesystem::path const& checkpoint,
                       bool resume) {
  windows from{with.data, standardise(with.data, scaler_for(with, hidden, range)), 0};
  from.hide(hidden);
  std::string label = "unseen";
  for (std::size_t i = 0; i < std::min<std::size_t>(hidden.size(), 3); ++i) {
    label += " " + with.data.stations[static_cast<std::size_t>(hidden[i])].code;
  }
  if (hidden.size() > 3) label += " ...";
  label += ", seed " + std::to_string(seed);
  return with_net(settings, [&]<class Net>() {
    auto learner = make_learner<Net>(settings, seed, where, with.data);
    if (examples::ranks::first_says(resume && std::filesystem::exists(checkpoint))) learner->resume(checkpoint);
    return fit(*learner, from, range, settings, seed, settings.steps, false, label, checkpoint,
               [](auto&) { return 0.0; });
  });
}

void predict_unseen(experiment const& with, fit_settings const& settings, std::vector<index_t> const& hidden,
                    time_range fitted, std::filesystem::path const& checkpoint, compute where, prediction& into,
                    std::vector<std::array<index_t, 2>> const& lost) {
  auto const standard = scaler_for(with, hidden, fitted);
  auto readings = standardise(with.data, standard);
  for (auto const& [t, s] : lost) readings[with.data.cell(t, s)] = missing;
  windows from{with.data, std::move(readings), 0};
  from.hide(hidden);
  auto const range = into.range;
  auto const first = std::max<index_t>(0, range.begin - lead_in);
  auto const z =
      believed(with.data, settings, checkpoint, where, from.cut({first}, range.end - first), range.begin - first);
  for (auto t = range.begin; t < range.end; ++t) {
    for (auto const s : hidden) {
      auto const i = into.cell(t, s);
      into.set(with.kind, t, s, standard.transformed_mean(with.data.time(t), s, z.mean[i]),
               standard.transformed_variance(z.deviation[i] * z.deviation[i]));
    }
  }
}

field believed_field(experiment const& with, fit_settings const& settings, std::vector<index_t> const& hidden,
                     std::filesystem::path const& checkpoint, compute where, time_range range,
                     std::vector<double> const& places) {
  auto const standard = scaler_for(with, hidden, with.split.fit());
  windows from{with.data, standardise(with.data, standard), 0};
  from.hide(hidden);
  auto const first = std::max<index_t>(0, range.begin - lead_in);
  auto batch = from.cut({first}, range.end - first);
  batch.queries = static_cast<index_t>(places.size()) / 2;
  std::vector<float> asked;
  for (index_t t = 0; t < batch.time; ++t) asked.insert(asked.end(), places.begin(), places.end());
  batch.query_place = asked.data();
  batch.target = nullptr;
  batch.target_mask = nullptr;
  auto const z = believed(with.data, settings, checkpoint, where, batch, range.begin - first);
  field result;
  for (std::size_t i = 0; i < z.mean.size(); ++i) {
    auto const time = with.data.time(range.begin + static_cast<index_t>(i) / batch.queries);
    result.mean.push_back(standard.reading(time, -1, z.mean[i], z.deviation[i] * z.deviation[i]));
    result.deviation.push_back(std::sqrt(standard.transformed_variance(z.deviation[i] * z.deviation[i])));
  }
  return result;
}

namespace {

template <class Net>
module_map modules_of(std::filesystem::path const& checkpoint, compute where, std::vector<double> const& places) {
  s2rm::trainer<Net, cpu> learner{
      cpu{.threads = where.threads}, {}, {}, s2rm::training{.average = fit_settings{}.average}};
  learner.load(checkpoint);
  using encoder = typename Net::places;
  constexpr auto m = Net::M, s = Net::S;
  auto const p = learner.averaged().view();
  auto const n = static_cast<index_t>(places.size()) / 2;
  std::vector<float> const x(places.begin(), places.end());
  std::vector<float> code(static_cast<std::size_t>(n * s)), saved(static_cast<std::size_t>(n * encoder::saved));
  std::vector<float> unit(static_cast<std::size_t>(m * s));
  auto& be = learner.backend();
  encoder::forward(be, p.template inner<typename encoder::params>(Net::at_place), n, x.data(),
                   s2rm::rows<float>{code.data(), s}, saved.data());
  be.for_each(m, s2rm::layer::project_row<s, float>{{p.values + Net::at_embedding, s}, {unit.data(), s}});
  module_map map;
  map.modules = m;
  for (index_t i = 0; i < n; ++i) {
    index_t nearest = 0;
    float best = -2;
    double reached = 0;
    for (index_t k = 0; k < m; ++k) {
      auto const cosine = s2rm::math::dot<s>(code.data() + i * s, unit.data() + k * s);
      reached += Net::kernel::reaches(cosine) ? 1 : 0;
      if (cosine > best) {
        best = cosine;
        nearest = k;
      }
    }
    map.nearest.push_back(nearest);
    map.strength.push_back(std::exp(Net::kernel::log_weight(best, p.values + Net::at_kernel)));
    map.reached.push_back(reached);
  }
  return map;
}

}  // namespace

module_map modules_over(fit_settings const& settings, std::filesystem::path const& checkpoint, compute where,
                        std::vector<double> const& places) {
  return with_net(settings, [&]<class Net>() { return modules_of<Net>(checkpoint, where, places); });
}

}  // namespace sensors
