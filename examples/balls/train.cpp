#include "train.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "commands.hpp"
#include "common/interrupt.hpp"
#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "common/report.hpp"
#include "peers.hpp"

namespace balls {
namespace {

using examples::report::number;
namespace ranks = examples::ranks;

constexpr index_t validation_sequences = 64;

/// Every seed trains on sequences of its own, none twice.
index_t first_sequence(options const& o, index_t step) { return o.seed * 1'000'000'000 + step * o.fit.batch; }

/// What can be reached without looking at the sequence: the first few hundred training steps stay there.
void print_levels(options const& o) {
  auto const known = background::learn(o.data_seed, condition{}.balls, 100);
  batch b;
  b.shoot({o.data_seed, split::validation}, 0, validation_sequences, o.fit.window, {});
  auto scores = score_peers(b, {}, known);
  auto const total = [&](char const* name) {
    pixel_score sum;
    for (auto const& s : scores[name]) sum += s;
    return sum;
  };
  std::fprintf(
      stderr,
      "validation: a constant has BCE %.3f, the place alone %.3f; the model stays near that for some 300 to 500 "
      "steps, then leaves it. Last seen has F1 %.3f.\n",
      total("all background").bce(), total("place alone").bce(), total("last seen").f1());
}

}  // namespace

pixel_score validate(model& learner, options const& o) {
  auto const mine = s2rm::share_evenly(validation_sequences, ranks::rank(), ranks::size());
  batch b;
  b.shoot({o.data_seed, split::validation}, mine.first, mine.count, o.fit.window, {});
  auto const* const logits = learner.predict(b.view_of());
  pixel_score score;
  for (std::size_t i = 0; i < b.target.size(); ++i) score.add_logit(logits[i], b.target[i]);
  score.sum_over(ranks::communicator());
  return score;
}

run_record fit(model& learner, options const& o, std::function<bool()> const& stop) {
  auto log = run_record::begin(o);
  log.title = model_named(o.model).title;
  log.parameters = learner.parameters();
  auto const checkpoint = o.checkpoint_path();
  if (ranks::first()) std::filesystem::create_directories(std::filesystem::absolute(checkpoint).parent_path());
  if (ranks::first_says(o.resume && std::filesystem::exists(checkpoint))) {
    if (auto earlier = run_record::read(o.record_path())) {
      if (!(earlier->fit == log.fit) || earlier->data_seed != log.data_seed || earlier->model != log.model ||
          earlier->seed != log.seed) {
        throw std::runtime_error{checkpoint.string() +
                                 ": trained with other settings (see the .json beside it); give the same, or leave "
                                 "--resume away to begin anew"};
      }
      log = *earlier;
    }
    learner.load(checkpoint);
    log.rewind(learner.steps());
    if (learner.steps() < o.fit.steps) log.test.clear();
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
  if (learner.steps() < o.fit.steps && ranks::first()) print_levels(o);
  // Every rank shoots its share of the sequences.
  auto const mine = s2rm::share_of(o.fit.batch, ranks::rank(), ranks::size(), o.fit.parts);
  examples::progress bar{o.model + ", seed " + std::to_string(o.seed), o.fit.steps};
  auto last_saved = passed();
  double smooth = log.loss.empty() ? 0 : log.loss.back();
  std::string validated;
  batch b;
  while (learner.steps() < o.fit.steps && !ranks::any(stop())) {
    auto const step = learner.steps();
    b.shoot({o.data_seed, split::train}, first_sequence(o, step) + mine.first, mine.count, o.fit.window, {}, true);
    if (step >= o.fit.curriculum) {
      b.thin_out(static_cast<std::uint64_t>(o.seed), step, o.fit.few_views, o.fit.blind_spans, mine.first);
    }
    auto const report = learner.step(b.view_of());
    smooth = step == 0 ? report.loss : 0.98 * smooth + 0.02 * report.loss;
    log.reach = report.reach;
    log.dead_modules = report.dead_modules;
    log.skipped = report.skipped_total;
    if (learner.steps() % 20 == 0) {
      log.step.push_back(static_cast<double>(learner.steps()));
      log.loss.push_back(smooth);
    }
    if (learner.steps() % o.fit.validate_every == 0) {
      auto const score = validate(learner, o);
      log.validation_step.push_back(static_cast<double>(learner.steps()));
      log.validation_bce.push_back(score.bce());
      log.validation_f1.push_back(score.f1());
      validated = ", validation BCE " + number(score.bce(), 3) + " F1 " + number(score.f1(), 3);
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

int train(options const& o) {
  examples::interrupt const watch;
  auto const learner = model_named(o.model).make(o.fit, o.seed, o.thread_count());
  if (ranks::first()) std::fprintf(stderr, "%s\n", learner->description().c_str());
  bool stopped = false;
  auto const log = fit(*learner, o, [&stopped] { return stopped = stopped || examples::interrupt::requested(); });
  stopped = ranks::any(stopped);
  auto const status = stopped ? examples::interrupt::exit_status : 0;
  if (stopped && !ranks::first()) ranks::leave(status);
  if (!ranks::first()) return status;
  std::fprintf(stderr, "%lld of %lld steps in %s, loss %.3f, reach %.2f, %lld dead modules, %lld skipped; wrote %s\n",
               static_cast<long long>(log.steps), static_cast<long long>(o.fit.steps),
               examples::duration_text(log.seconds).c_str(), log.loss.empty() ? 0.0 : log.loss.back(), log.reach,
               static_cast<long long>(log.dead_modules), static_cast<long long>(log.skipped),
               o.checkpoint_path().c_str());
  if (stopped) ranks::leave(status);
  return status;
}

}  // namespace balls
