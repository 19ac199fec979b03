#include "fit.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "common/interrupt.hpp"
#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "common/report.hpp"

namespace examples {

using report::number;

run_record fit(model& learner, task& of, run_options const& o, std::function<bool()> const& stop) {
  auto log = run_record::begin(o);
  log.title = of.model_named(o.model).title;
  log.parameters = learner.parameters();
  auto const checkpoint = o.checkpoint_path();
  if (ranks::first()) std::filesystem::create_directories(std::filesystem::absolute(checkpoint).parent_path());
  if (ranks::first_says(o.resume && std::filesystem::exists(checkpoint))) {
    if (auto earlier = run_record::read(o.record_path())) {
      if (!(earlier->fit == log.fit) || earlier->data_seed != log.data_seed || earlier->data != log.data ||
          earlier->model != log.model || earlier->seed != log.seed) {
        throw std::runtime_error{checkpoint.string() +
                                 ": trained with other settings (see the .json beside it); give the same, or leave "
                                 "--resume away to begin anew"};
      }
      log = *earlier;
    }
    learner.resume(checkpoint);
    log.rewind(learner.steps());
    if (learner.steps() < o.fit.steps) log.test.clear();
  } else if (auto const bias = of.output_bias(o); !bias.empty()) {
    learner.output_bias(bias);
  }
  auto const before = log.seconds;
  auto const begin = std::chrono::steady_clock::now();
  auto const passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  auto const save = [&] {
    log.steps = learner.steps();
    log.seconds = before + passed();
    learner.save(checkpoint);
    if (ranks::first()) log.write(o.record_path());
  };
  if (learner.steps() < o.fit.steps && ranks::first()) of.announce(o);
  progress bar{o.model + ", seed " + std::to_string(o.seed), o.fit.steps, "steps", learner.steps()};
  auto last_saved = passed();
  double smooth = log.loss.empty() ? 0 : log.loss.back();
  std::string validated;
  while (learner.steps() < o.fit.steps && !ranks::any(stop())) {
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
    if (learner.steps() % o.fit.validate_every == 0) {
      auto const score = of.validate(learner, o);
      log.validation_step.push_back(static_cast<double>(learner.steps()));
      log.validation_bce.push_back(score.bce);
      log.validation_f1.push_back(score.f1);
      validated = ", validation BCE " + number(score.bce, 3) + " F1 " + number(score.f1, 3);
    }
    if (ranks::first_says(passed() - last_saved > 30)) {
      save();
      last_saved = passed();
    }
    bar.update(learner.steps(), "loss " + number(smooth, 3) + validated + ", reach " + number(report.reach, 2));
  }
  bar.finish();
  save();
  return log;
}

int train(task& of, run_options const& given) {
  auto const o = with_rate(given, of.models());
  interrupt const watch;
  auto const learner = of.model_named(o.model).make(o.fit, o.seed, o.thread_count());
  if (ranks::first()) std::fprintf(stderr, "%s\n", learner->description().c_str());
  bool stopped = false;
  auto const log = fit(*learner, of, o, [&stopped] { return stopped = stopped || interrupt::requested(); });
  return ranks::end(ranks::any(stopped),
                    std::to_string(log.steps) + " of " + std::to_string(o.fit.steps) + " steps in " +
                        duration_text(log.seconds) + ", loss " + number(log.loss.empty() ? 0 : log.loss.back(), 3) +
                        ", reach " + number(log.reach) + ", " + std::to_string(log.dead_modules) + " dead modules, " +
                        std::to_string(log.skipped) + " skipped; wrote " + o.checkpoint_path().string());
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

trained load_trained(task const& of, run_options const& o, std::string const& program) {
  auto const checkpoint = o.checkpoint_path();
  auto record = run_record::read(o.record_path());
  if (!std::filesystem::exists(checkpoint) || !record) {
    auto const& missing = record ? checkpoint : o.record_path();
    throw std::runtime_error{missing.string() + ": missing; run '" + program +
                             " train' with the same --model, --seed and --out"};
  }
  auto learner = of.model_named(o.model).make(record->fit, o.seed, o.thread_count());
  learner->load(checkpoint);
  return {std::move(*record), std::move(learner)};
}

}  // namespace examples
