#include "fit.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/interrupt.hpp"
#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "common/report.hpp"
#include "s2rm/train/early_stopping.hpp"

namespace examples {

namespace {

using report::number;

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// The weights that are tested: those that validation chose, where it did.
std::filesystem::path weights_path(run_record const& of, run_options const& o) {
  return of.fit.patience > 0 ? o.best_path() : o.checkpoint_path();
}

/// What a run is called in messages.
std::string label(run_options const& o) {
  return (o.one_model && !o.command.empty() ? o.command.front() : o.model) + ", seed " + std::to_string(o.seed);
}

/// Validation of one run, and where it chooses the weights, what it chose and when training ends.
class validator {
 public:
  validator(task& of, run_options const& o) : of_(of), o_(o), by_(of.chosen_by()) {
    if (o.fit.patience > 0) stopping_.emplace(o.fit.patience);
  }

  /// The figures of a run that goes on are noted again, so that patience is where it was.
  void go_on(run_record& log) {
    auto const figures = log.curve(by_.measure);
    for (std::size_t i = 0; stopping_ && i < figures.size(); ++i) {
      note(log, static_cast<index_t>(log.validation_step[i]), figures[i]);
    }
  }
  void validate(run_record& log, model& learner) {
    auto const step = learner.steps();
    log.validation_step.push_back(static_cast<double>(step));
    shown_ = ", validation";
    for (auto const& [measure, x] : of_.validate(learner, o_)) {
      log.validation[measure].push_back(x);
      shown_ += ' ' + upper_case(measure) + ' ' + number(x, 3);
      if (stopping_ && measure == by_.measure && note(log, step, x)) learner.save(o_.best_path());
    }
    if (stopping_) shown_ += ", best " + number(log.best(by_.measure), 3);
  }
  /// Whoever stops before the first validation has something to look at as well.
  void save_missing(model const& learner) const {
    if (stopping_ && ranks::first_says(!std::filesystem::exists(o_.best_path()))) learner.save(o_.best_path());
  }
  [[nodiscard]] bool due(index_t step) const {
    return step % o_.fit.validate_every == 0 || (stopping_ && step == o_.fit.steps);
  }
  [[nodiscard]] bool ends(index_t step) const {
    return step >= o_.fit.steps || (stopping_ && stopping_->should_stop());
  }
  [[nodiscard]] std::string const& shown() const { return shown_; }

 private:
  bool note(run_record& log, index_t step, double figure) {
    bool const better = stopping_->note(step, by_.higher_is_better ? -figure : figure);
    if (better) log.best_step = step;
    return better;
  }

  task& of_;
  run_options const& o_;
  criterion by_;
  std::optional<s2rm::early_stopping<float>> stopping_;
  std::string shown_;
};

}  // namespace

run_record fit(model& learner, task& of, run_options const& o, std::function<bool()> const& stop) {
  auto log = run_record::begin(o);
  log.title = of.model_named(o.model).title;
  log.parameters = learner.parameters();
  auto const checkpoint = o.checkpoint_path();
  if (ranks::first()) std::filesystem::create_directories(std::filesystem::absolute(checkpoint).parent_path());
  validator held_out{of, o};
  if (ranks::first_says(o.resume && std::filesystem::exists(checkpoint))) {
    if (auto earlier = run_record::read(o.record_path(), log)) {
      if (!earlier->same_run(log)) {
        throw std::runtime_error{checkpoint.string() +
                                 ": trained with other settings (see the .json beside it); give the same, or leave "
                                 "--resume away to begin anew"};
      }
      log = *earlier;
    }
    learner.resume(checkpoint);
    log.rewind(learner.steps());
    held_out.go_on(log);
    log.finished = held_out.ends(learner.steps());
    if (!log.finished) log.test.clear();
  } else {
    if (ranks::first() && o.fit.patience > 0) std::filesystem::remove(o.best_path());
    if (auto const bias = of.output_bias(o); !bias.empty()) learner.output_bias(bias);
  }
  auto const before = log.seconds;
  auto const begin = std::chrono::steady_clock::now();
  auto const passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  auto const save = [&] {
    log.steps = learner.steps();
    log.seconds = before + passed();
    learner.save(checkpoint);
    held_out.save_missing(learner);
    if (ranks::first()) log.write(o.record_path());
  };
  if (!log.finished && ranks::first()) of.announce(o);
  progress bar{label(o), o.fit.steps, "steps", learner.steps()};
  auto last_saved = passed();
  double smooth = log.loss.empty() ? 0 : log.loss.back();
  while (!log.finished && !ranks::any(stop())) {
    auto const step = learner.steps();
    auto const report = learner.step(of.batch(o, step));
    smooth = step == 0 ? report.loss : 0.98 * smooth + 0.02 * report.loss;
    log.reach = report.reach;
    log.dead_modules = report.dead_modules;
    log.skipped = report.skipped_total;
    if (learner.steps() % 20 == 0) {
      log.step.push_back(static_cast<double>(learner.steps()));
      log.loss.push_back(smooth);
    }
    if (held_out.due(learner.steps())) held_out.validate(log, learner);
    log.finished = held_out.ends(learner.steps());
    if (ranks::first_says(passed() - last_saved > 30)) {
      save();
      last_saved = passed();
    }
    bar.update(learner.steps(), "loss " + number(smooth, 3) + held_out.shown() + ", reach " + number(report.reach, 2));
  }
  bar.finish();
  save();
  return log;
}

int train(task& of, run_options const& given) {
  auto const o = with_rate(given, of.models());
  auto const learner = of.model_named(o.model).make(o.fit, o.seed, o.thread_count());
  if (ranks::first()) std::fprintf(stderr, "%s\n", learner->description().c_str());
  bool stopped = false;
  auto const log = fit(*learner, of, o, [&stopped] { return stopped = stopped || interrupt::requested(); });
  auto const measure = of.chosen_by().measure;
  auto const best = o.fit.patience == 0 ? ""
                                        : ", best validation " + upper_case(measure) + ' ' + number(log.best(measure)) +
                                              " after " + std::to_string(log.best_step);
  return ranks::end(ranks::any(stopped), std::to_string(log.steps) + " of " + std::to_string(o.fit.steps) +
                                             " steps in " + duration_text(log.seconds) + ", loss " +
                                             number(log.loss.empty() ? 0 : log.loss.back(), 3) + best + ", reach " +
                                             number(log.reach) + ", " + std::to_string(log.dead_modules) +
                                             " dead modules, " + std::to_string(log.skipped) + " skipped; wrote " +
                                             o.checkpoint_path().string());
}

manifest begin_manifest(std::string const& program, run_options const& o, model const& learner) {
  auto settings = manifest::begin(program);
  settings.set("command", o.command);
  settings.set("model.name", o.model);
  settings.set("model.description", learner.description());
  settings.set("model.parameters", learner.parameters());
  settings.set("seed", o.seed);
  settings.set("threads", o.thread_count());
  o.fit.describe(settings);
  settings.set("fit.trained_steps", learner.steps());
  settings.set("data.seed", static_cast<std::int64_t>(o.data_seed));
  return settings;
}

run_record trained_record(run_options const& o, std::string const& program) {
  auto record = run_record::read(o.record_path(), run_record::begin(o));
  auto const weights = record ? weights_path(*record, o) : o.record_path();
  if (std::filesystem::exists(weights)) return *record;
  throw std::runtime_error{weights.string() + ": missing; run '" + program + " train' with the same " +
                           (o.one_model ? "" : "--model, ") + "--seed and --out"};
}

trained load_trained(task const& of, run_options const& o, std::string const& program) {
  auto record = trained_record(o, program);
  auto const& entry = of.model_named(o.model);
  record.title = entry.title;
  auto learner = entry.make(record.fit, o.seed, o.thread_count());
  learner->load(weights_path(record, o));
  return {std::move(record), std::move(learner)};
}

}  // namespace examples
