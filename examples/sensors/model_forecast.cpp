// One day ahead at every station: what the model is, how it is fitted, what it says.

#include "lagged_statistics.hpp"
#include "model_fit.hpp"

namespace sensors {
namespace {

/// Steps that the statistics look back.
constexpr index_t lags = 3;

scaler scaler_for(experiment const& with, time_range range) {
  return scaler::fit(with.data, range, {with.kind, level_kind::station, {}});
}

/// f<net>() with the net of these settings.
template <class F>
auto with_net(fit_settings const& settings, F const& f) {
  return settings.statistics ? f.template operator()<forecast_net>() : f.template operator()<plain_forecast_net>();
}

lagged_statistics statistics_over(series const& data, std::vector<double> const& z, time_range fitted) {
  auto const kilometres = data.distances_km();
  return {z, kilometres, fitted, lags, choose_lags(z, kilometres, fitted, lags)};
}

/// Anomalies in windows, with what the model is told besides; both from statistics over `fitted` alone.
struct told {
  windows from;
  double level = 0;  ///< mean log variance of the statistics' forecasts

  told(experiment const& with, fit_settings const& settings, scaler const& standard, time_range fitted)
      : told{with.data, settings, standardise(with.data, standard), fitted} {}

  told(series const& data, fit_settings const& settings, std::vector<double> const& z, time_range fitted)
      : from{data, z, 1} {
    if (!settings.statistics) return;
    auto const known = statistics_over(data, z, fitted);
    std::vector<float> context;
    context.reserve(static_cast<std::size_t>((data.times + 1) * data.station_count() * forecast_context));
    for (index_t t = 0; t <= data.times; ++t) {
      double sum = 0, squares = 0, count = 0;
      for (index_t s = 0; t > 0 && s < data.station_count(); ++s) {
        if (!data.present(t - 1, s)) continue;
        auto const one = z[data.cell(t - 1, s)];
        sum += one, squares += one * one, count += 1;
      }
      for (index_t s = 0; s < data.station_count(); ++s) {
        auto const before = t > 0 && data.present(t - 1, s) ? z[data.cell(t - 1, s)] : 0.0;
        auto const spread = std::log(known.deviation(t, s));
        level += 2 * spread / static_cast<double>((data.times + 1) * data.station_count());
        for (auto const x :
             {known.mean(t, s), spread, before, count > 0 ? sum / count : 0.0, count > 0 ? squares / count : 1.0}) {
          context.push_back(static_cast<float>(x));
        }
      }
    }
    from.set_context(std::move(context), forecast_context);
  }
};

template <class Net>
std::unique_ptr<s2rm::any_trainer<Net>> learner_for(fit_settings const& settings, std::int64_t seed, compute where,
                                                    experiment const& with, told const& by) {
  auto learner = make_learner<Net>(settings, seed, where, with.data);
  if (settings.statistics) start_as_guess(*learner, by.level);
  return learner;
}

/// Negative log-likelihood of the range, in one stream.
template <class Net>
double likelihood_over(s2rm::any_trainer<Net>& learner, windows& from, time_range range) {
  auto const first = std::max<index_t>(0, range.begin - 1 - lead_in);
  auto batch = from.cut({first}, range.end - 1 - first);
  std::vector<std::uint8_t> mask(batch.target_mask, batch.target_mask + batch.time * batch.queries);
  for (index_t t = 0; t < range.begin - 1 - first; ++t) {
    std::fill_n(mask.begin() + t * batch.queries, batch.queries, std::uint8_t{0});
  }
  batch.target_mask = mask.data();
  return learner.evaluate(batch);
}

/// A table over `range` of what say(t, s) gives as mean and deviation of z.
template <class F>
prediction table_of(std::string name, experiment const& with, scaler const& standard, time_range range, F const& say) {
  prediction made{std::move(name), range, with.data.station_count()};
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      auto const [mean, deviation] = say(t, s);
      made.set(with.kind, t, s, standard.transformed_mean(with.data.time(t), s, mean),
               standard.transformed_variance(deviation * deviation));
    }
  }
  return made;
}

}  // namespace

fit_settings forecast_settings(series const& data, bool statistics) {
  fit_settings settings;
  settings.statistics = statistics;
  settings.steps = 160;
  settings.batch = data.station_count() > 30 ? 8 : 64;
  // Which station feeds which module is a symmetry that small starts break late, after overfitting has begun. Chosen on
  // the validation years of the wind data among 1, 3, 5 and 8.
  settings.source_gain = 8.0;
  if (statistics) {
    // What is left to learn is little, and soon learned by heart. Chosen on two years each before 1971, 1973 and 1975 of the
    // wind data among rates of 0.001 to 0.004, decays of 0 to 10 and 30 to 160 steps.
    settings.steps = 80;
    settings.rate = 2e-3;
    settings.weight_decay = 3.0;
  }
  return settings;
}

fit_history fit_forecast(experiment const& with, fit_settings const& settings, std::int64_t seed, compute where,
                         std::filesystem::path const& checkpoint, bool resume) {
  auto const label = "forecast, seed " + std::to_string(seed);
  return with_net(settings, [&]<class Net>() {
    fit_history chosen;
    {
      told by{with, settings, scaler_for(with, with.split.train), with.split.train};
      auto learner = learner_for<Net>(settings, seed, where, with, by);
      // Windows end inside the training part, their targets too.
      time_range const range{with.split.train.begin, with.split.train.end - 1};
      chosen = fit(*learner, by.from, range, settings, seed, settings.steps, true, label + ", length", {},
                   [&](auto& l) { return likelihood_over(l, by.from, with.split.validation); });
      if (chosen.interrupted) return chosen;
    }
    told by{with, settings, scaler_for(with, with.split.fit()), with.split.fit()};
    auto learner = learner_for<Net>(settings, seed, where, with, by);
    if (examples::ranks::first_says(resume && std::filesystem::exists(checkpoint))) learner->resume(checkpoint);
    time_range const range{with.split.fit().begin, with.split.fit().end - 1};
    auto history = fit(*learner, by.from, range, settings, seed, chosen.steps, false, label, checkpoint,
                       [](auto&) { return 0.0; });
    history.validation_step = chosen.validation_step;
    history.validation = chosen.validation;
    history.seconds += chosen.seconds;
    return history;
  });
}

fit_history fit_forecast_for(experiment const& with, fit_settings const& settings, index_t steps, std::int64_t seed,
                             compute where, std::filesystem::path const& checkpoint) {
  return with_net(settings, [&]<class Net>() {
    told by{with, settings, scaler_for(with, with.split.train), with.split.train};
    auto learner = learner_for<Net>(settings, seed, where, with, by);
    time_range const range{with.split.train.begin, with.split.train.end - 1};
    return fit(*learner, by.from, range, settings, seed, steps, false, "bands, seed " + std::to_string(seed),
               checkpoint, [](auto&) { return 0.0; });
  });
}

prediction predict_forecast(experiment const& with, fit_settings const& settings,
                            std::filesystem::path const& checkpoint, compute where, time_range range,
                            time_range fitted) {
  auto const standard = scaler_for(with, fitted);
  told by{with, settings, standard, fitted};
  auto const first = std::max<index_t>(0, range.begin - 1 - lead_in);
  auto const z = with_net(settings, [&]<class Net>() {
    auto learner = make_learner<Net>(settings, 0, where, with.data);
    try {
      learner->load(checkpoint);
    } catch (s2rm::file_error const& e) {
      throw data_error{std::string{e.what()} + (settings.statistics
                                                    ? "; a model trained --without-statistics is used so, too"
                                                    : "; it may not be trained --without-statistics")};
    }
    return run_over(*learner, by.from.cut({first}, range.end - 1 - first), range.begin - 1 - first);
  });
  return table_of("S2GRU", with, standard, range, [&](index_t t, index_t s) {
    auto const i = static_cast<std::size_t>((t - range.begin) * with.data.station_count() + s);
    return std::pair{z.mean[i], z.deviation[i]};
  });
}

prediction predict_by_statistics(experiment const& with, time_range range, time_range fitted) {
  auto const standard = scaler_for(with, fitted);
  auto const known = statistics_over(with.data, standardise(with.data, standard), fitted);
  auto made = table_of("lagged statistics alone", with, standard, range,
                       [&](index_t t, index_t s) { return std::pair{known.mean(t, s), known.deviation(t, s)}; });
  made.note = about(known.with());
  return made;
}

}  // namespace sensors
