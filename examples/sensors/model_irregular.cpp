// One step ahead where steps are missing: a model that knows of elapsed time, and one that does not.

#include "model_irregular.hpp"

#include "irregular_nets.hpp"
#include "model_fit.hpp"

namespace sensors {
namespace {

// A stream of random numbers beside those of model_fit.hpp.
constexpr std::uint32_t stream_of_removals = 6;

index_t first_of(experiment const& with) { return std::max<index_t>(0, with.split.test.begin - 1 - lead_in); }

template <class Net>
std::vector<irregular_forecast> forecasts_of(experiment const& with, fit_settings const& settings,
                                             irregular_arm const& arm, std::int64_t seed, compute where,
                                             std::vector<irregular_test> const& tests) {
  auto const& data = with.data;
  auto const range = with.split.fit();
  auto const standard = scaler::fit(data, range, {with.kind, level_kind::station, {}});
  windows from{data, standardise(data, standard), 1};
  auto learner = make_learner<Net>(settings, seed, where, data);
  auto const steps = std::min(settings.window, range.size() - 1);
  auto const key = static_cast<std::uint64_t>(seed);
  s2rm::random const starts{key, stream_of_starts}, removals{key, stream_of_removals};
  s2rm::owned_batch<float> kept_batch;
  auto const cut = [&](std::vector<index_t> const& first, kept_steps const& kept, asked_step asked) {
    return keep<typename Net::shape>(from.cut(first, kept.span() - 1), kept, asked, arm.timed, kept_batch);
  };
  auto const next = [&](index_t step) {
    auto const kept = draw_kept(steps, settings.batch, arm.removed, range.size(), removals, step);
    return cut(draw_starts(range, kept.span(), settings.batch, starts, step), kept, arm.asked);
  };
  auto const label = std::string{arm.timed ? "with" : "without"} + " time" +
                     (arm.removed == 0                     ? ", all steps"
                      : arm.asked == asked_step::following ? ", next step"
                                                           : ", next kept step") +
                     ", seed " + std::to_string(seed);
  auto const history =
      fit_on(*learner, next, settings, seed, settings.steps, false, label, {}, [](auto&) { return 0.0; });
  std::vector<irregular_forecast> all;
  if (history.interrupted) return all;
  auto const first = first_of(with);
  for (auto const& test : tests) {
    auto const z = run_over(*learner, cut({first}, test.kept, test.asked), 0);
    auto& one = all.emplace_back(irregular_forecast{{label, with.split.test, data.station_count()}, {}});
    for (index_t t = 0; t < test.kept.steps; ++t) {
      auto const day = first + test.kept.then(t, 0, test.asked);
      if (!with.split.test.holds(day)) continue;
      one.days.push_back(day);
      for (index_t s = 0; s < data.station_count(); ++s) {
        auto const i = static_cast<std::size_t>(t * data.station_count() + s);
        one.made.set(with.kind, day, s, standard.transformed_mean(data.time(day), s, z.mean[i]),
                     standard.transformed_variance(z.deviation[i] * z.deviation[i]));
      }
    }
  }
  return all;
}

}  // namespace

index_t irregular_span(experiment const& with) { return with.split.test.end - first_of(with); }

std::vector<irregular_forecast> irregular_forecasts(experiment const& with, fit_settings const& settings,
                                                    irregular_arm const& arm, std::int64_t seed, compute where,
                                                    std::vector<irregular_test> const& tests) {
  return arm.timed ? forecasts_of<timed_forecast_net>(with, settings, arm, seed, where, tests)
                   : forecasts_of<plain_forecast_net>(with, settings, arm, seed, where, tests);
}

}  // namespace sensors
