// One day ahead at every station: what the model is, how it is fitted, what it says.

#include "model_fit.hpp"

namespace sensors {
namespace {

scaler scaler_for(experiment const& with, time_range range) {
  return scaler::fit(with.data, range, {with.kind, level_kind::station, {}});
}

/// Negative log-likelihood of the range, in one stream.
double likelihood_over(s2rm::any_trainer<forecast_net>& learner, windows& from, time_range range) {
  auto const first = std::max<index_t>(0, range.begin - 1 - lead_in);
  auto batch = from.cut({first}, range.end - 1 - first);
  std::vector<std::uint8_t> mask(batch.target_mask, batch.target_mask + batch.time * batch.queries);
  for (index_t t = 0; t < range.begin - 1 - first; ++t) {
    std::fill_n(mask.begin() + t * batch.queries, batch.queries, std::uint8_t{0});
  }
  batch.target_mask = mask.data();
  return learner.evaluate(batch);
}

}  // namespace

fit_settings forecast_settings(series const& data) {
  fit_settings settings;
  settings.steps = 160;
  settings.batch = data.station_count() > 30 ? 8 : 64;
  // Which station feeds which module is a symmetry that small starts break late, after overfitting has begun. Chosen on
  // the validation years of the wind data among 1, 3, 5 and 8.
  settings.source_gain = 8.0;
  return settings;
}

fit_history fit_forecast(experiment const& with, fit_settings const& settings, std::int64_t seed, compute where,
                         std::filesystem::path const& checkpoint, bool resume) {
  auto const label = "forecast, seed " + std::to_string(seed);
  fit_history chosen;
  {
    windows from{with.data, standardise(with.data, scaler_for(with, with.split.train)), 1};
    auto learner = make_learner<forecast_net>(settings, seed, where, with.data);
    // Windows end inside the training part, their targets too.
    time_range const range{with.split.train.begin, with.split.train.end - 1};
    chosen = fit(*learner, from, range, settings, seed, settings.steps, true, label + ", length", {},
                 [&](auto& l) { return likelihood_over(l, from, with.split.validation); });
    if (chosen.interrupted) return chosen;
  }
  windows from{with.data, standardise(with.data, scaler_for(with, with.split.fit())), 1};
  auto learner = make_learner<forecast_net>(settings, seed, where, with.data);
  if (examples::ranks::first_says(resume && std::filesystem::exists(checkpoint))) learner->resume(checkpoint);
  time_range const range{with.split.fit().begin, with.split.fit().end - 1};
  auto history =
      fit(*learner, from, range, settings, seed, chosen.steps, false, label, checkpoint, [](auto&) { return 0.0; });
  history.validation_step = chosen.validation_step;
  history.validation = chosen.validation;
  history.seconds += chosen.seconds;
  return history;
}

fit_history fit_forecast_for(experiment const& with, fit_settings const& settings, index_t steps, std::int64_t seed,
                             compute where, std::filesystem::path const& checkpoint) {
  windows from{with.data, standardise(with.data, scaler_for(with, with.split.train)), 1};
  auto learner = make_learner<forecast_net>(settings, seed, where, with.data);
  time_range const range{with.split.train.begin, with.split.train.end - 1};
  return fit(*learner, from, range, settings, seed, steps, false, "bands, seed " + std::to_string(seed), checkpoint,
             [](auto&) { return 0.0; });
}

prediction predict_forecast(experiment const& with, std::filesystem::path const& checkpoint, compute where,
                            time_range range, time_range fitted) {
  auto const standard = scaler_for(with, fitted);
  windows from{with.data, standardise(with.data, standard), 1};
  auto learner = make_learner<forecast_net>({}, 0, where, with.data);
  learner->load(checkpoint);
  auto const first = std::max<index_t>(0, range.begin - 1 - lead_in);
  auto const batch = from.cut({first}, range.end - 1 - first);
  auto const z = run_over(*learner, batch, range.begin - 1 - first);
  prediction made{"S2GRU", range, with.data.station_count()};
  std::size_t i = 0;
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s, ++i) {
      made.set(with.kind, t, s, standard.transformed_mean(with.data.time(t), s, z.mean[i]),
               standard.transformed_variance(z.deviation[i] * z.deviation[i]));
    }
  }
  return made;
}

}  // namespace sensors
