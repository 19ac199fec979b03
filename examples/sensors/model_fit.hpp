#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/interrupt.hpp"
#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "model.hpp"
#include "model_nets.hpp"
#include "model_windows.hpp"
#include "s2rm/eigen.hpp"

/// What both tasks do with a net: fit it on windows, run it over a range of times.
namespace sensors {

using cpu = s2rm::backend::eigen;

// Streams of random numbers beside those of the library (0: initialisation, 16 and up: augmentation).
inline constexpr std::uint32_t stream_of_starts = 1;

/// Steps before a range that only set the state.
inline constexpr index_t lead_in = 30;

/// A trainer on what computes. \throws data_error where that is a GPU and this program was built without.
template <class Net>
std::unique_ptr<s2rm::any_trainer<Net>> trainer_on(compute where, s2rm::optim::adam const& adam, s2rm::seed start,
                                                   s2rm::training const& options) {
  if (where.gpu && examples::ranks::size() > 1) throw data_error{"--backend gpu: runs on one rank"};
  if (!where.gpu) {
    return s2rm::erased(s2rm::trainer<Net, cpu, float, s2rm::optim::adam, examples::team>{
        cpu{.threads = where.threads}, adam, start, options, examples::ranks::communicator()});
  }
#ifdef SENSORS_WITH_GPU
  return s2rm::gpu_trainer<Net>(adam, start, options);
#else
  throw data_error{"--backend gpu: this program was built without CUDA (configure with -DS2RM_CUDA=ON)"};
#endif
}

template <class Net>
std::unique_ptr<s2rm::any_trainer<Net>> make_learner(fit_settings const& settings, std::int64_t seed, compute where,
                                                     series const& data) {
  s2rm::optim::adam const adam{.rate = settings.rate,
                               .weight_decay = settings.weight_decay,
                               .clip = settings.clip,
                               .schedule = {settings.warm_up, settings.steps, 0.0}};
  auto learner = trainer_on<Net>(where, adam, s2rm::seed{static_cast<std::uint64_t>(seed)},
                                 s2rm::training{.average = settings.average, .microbatches = settings.parts});
  // A shifted and turned network of stations visits more places than the stations' own.
  if (!settings.rotate) learner->whiten(data.places);
  if (settings.source_gain != 1.0) {
    auto values = learner->state().weights;
    for (auto const& field : Net::fields) {
      if (field.name != "views.key.weight" && field.name != "views.value.weight") continue;
      for (index_t i = 0; i < field.size; ++i) {
        values[static_cast<std::size_t>(field.offset + i)] *= static_cast<float>(settings.source_gain);
      }
    }
    learner->assign(values.data());
  }
  return learner;
}

/// A net whose guess is another method's forecast starts as that method, with this mean log variance.
template <class Net>
void start_as_guess(s2rm::any_trainer<Net>& learner, double level) {
  auto values = learner.state().weights;
  for (auto const& field : Net::fields) {
    if (field.name != "decoder.1.weight") continue;
    for (index_t i = 0; i < field.size; ++i) values[static_cast<std::size_t>(field.offset + i)] *= 0.1f;
  }
  learner.assign(values.data());
  learner.output_bias({0.0, level});
}

/// Means and standard deviations of z at queries, (times, queries).
struct standardised {
  std::vector<double> mean, deviation;
};

/// Runs one long window and keeps what comes after its first `skip` steps, which only set the state.
template <class Net>
standardised run_over(s2rm::any_trainer<Net>& learner, s2rm::batch_view<float> const& batch, index_t skip) {
  static_cast<void>(learner.evaluate(batch));
  auto const cells = (batch.time - skip) * batch.queries;
  standardised result{std::vector<double>(static_cast<std::size_t>(cells)),
                      std::vector<double>(static_cast<std::size_t>(cells))};
  std::vector<float> all(static_cast<std::size_t>(batch.time * batch.batch * batch.queries * 2));
  learner.predictions(static_cast<index_t>(all.size()), all.data());
  auto const* o = all.data() + skip * batch.queries * 2;
  for (std::size_t i = 0; i < result.mean.size(); ++i) {
    result.mean[i] = static_cast<double>(o[2 * i]);
    result.deviation[i] = std::exp(0.5 * static_cast<double>(o[2 * i + 1]));
  }
  return result;
}

/// The training loop over the batches `next(step)`. `validate(learner)` gives a figure (lower is better), asked every so often where
/// `stop_early`. Leaves the learner at the end of the schedule, or of `limit` steps, or at Ctrl-C.
template <class Net, class Next, class Validate>
fit_history fit_on(s2rm::any_trainer<Net>& learner, Next const& next, fit_settings const& settings, std::int64_t seed,
                   index_t limit, bool stop_early, std::string const& label, std::filesystem::path const& checkpoint,
                   Validate const& validate) {
  namespace ranks = examples::ranks;
  auto const key = static_cast<std::uint64_t>(seed);
  using shape = typename Net::shape;
  s2rm::augment::pipeline<shape, float, s2rm::augment::drop_views, s2rm::augment::rotate, s2rm::augment::shift> mend{
      s2rm::seed{key}, {settings.drop_views, 0.0}, {settings.rotate ? std::numbers::pi : 0.0}, {settings.shift}};
  s2rm::early_stopping<float> stopping{settings.patience};
  fit_history history;
  history.parameters = Net::parameter_count;
  auto const begin = std::chrono::steady_clock::now();
  auto const passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  auto last_saved = passed();
  examples::progress bar{label, limit, "steps", learner.steps()};
  // Every rank cuts the whole batch and changes it as one rank would, then takes its share: that is a small part of a step.
  auto const mine = s2rm::share_of(settings.batch, ranks::rank(), ranks::size(), settings.parts);
  s2rm::element_cut<Net, float> share;
  while (learner.steps() < limit && !(history.interrupted = ranks::any(examples::interrupt::requested()))) {
    auto const step = learner.steps();
    auto const report = learner.step(share(mend(step, next(step)), mine));
    history.note(step + 1, report, 0.1);
    if (report.updates == 0 && !report.skipped)
      throw data_error{label + ": a batch without a single reading to learn from"};
    if (stop_early && (learner.steps() % settings.validate_every == 0 || learner.steps() == limit)) {
      auto const figure = validate(learner);
      history.validation_step.push_back(static_cast<double>(learner.steps()));
      history.validation.push_back(figure);
      stopping.note(learner.steps(), figure);
      if (stopping.should_stop()) break;
    }
    if (!checkpoint.empty() && ranks::first_says(passed() - last_saved > 10)) {
      learner.save(checkpoint);
      last_saved = passed();
    }
    bar.update(learner.steps(), "loss " + examples::report::number(history.loss.back(), 3) + ", reach " +
                                    examples::report::number(report.reach, 2));
  }
  history.steps = stop_early && stopping.best_step() > 0 ? stopping.best_step() : learner.steps();
  history.seconds = passed();
  if (!checkpoint.empty()) learner.save(checkpoint);
  return history;
}

/// The same over windows of `range`.
template <class Net, class Validate>
fit_history fit(s2rm::any_trainer<Net>& learner, windows& from, time_range range, fit_settings const& settings,
                std::int64_t seed, index_t limit, bool stop_early, std::string const& label,
                std::filesystem::path const& checkpoint, Validate const& validate) {
  // A window ends inside its part, however short that is.
  auto const length = std::min(settings.window, range.size());
  s2rm::random const numbers{static_cast<std::uint64_t>(seed), stream_of_starts};
  auto const next = [&](index_t step) {
    return from.cut(draw_starts(range, length, settings.batch, numbers, step), length);
  };
  return fit_on(learner, next, settings, seed, limit, stop_early, label, checkpoint, validate);
}

}  // namespace sensors
