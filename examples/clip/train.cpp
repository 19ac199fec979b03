// The commands data and train.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "batch.hpp"
#include "commands.hpp"
#include "common/interrupt.hpp"
#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "common/report.hpp"
#include "metrics.hpp"
#include "net.hpp"
#include "record.hpp"

namespace clip {
namespace {

namespace ranks = examples::ranks;
using examples::report::number;

// Streams of random numbers beside those of the library (0, and 16 and up).
constexpr std::uint32_t stream_of_training = 60, stream_of_thinning = 61, stream_of_validation = 62;

/// The whole validation part, seen four times through other views; the same for every run.
batch validation_batch(scene const& from) {
  batch made;
  made.cut(from, from.validation, 4, from.validation.size() - 1, {{1, stream_of_validation}, 0, 10, 30, {}}, false);
  return made;
}

class fit {
 public:
  fit(scene const& from, options const& o)
      : from_(from),
        o_(o),
        learner_(cpu{.threads = o.thread_count()},
                 s2rm::optim::adam{.rate = o.fit.rate,
                                   .weight_decay = o.fit.weight_decay,
                                   .clip = o.fit.clip,
                                   .schedule = {o.fit.warm_up, o.fit.steps, o.fit.floor}},
                 s2rm::seed{static_cast<std::uint64_t>(o.seed)},
                 s2rm::training{.average = o.fit.average, .microbatches = o.fit.parts}, ranks::communicator()),
        stopping_(o.fit.patience),
        held_out_(validation_batch(from)) {}

  /// Up to the end of the schedule, of patience, or a signal. `log` is of the run as it was so far.
  void run(run_record& log) {
    log.parameters = decltype(learner_)::size;
    if (ranks::first_says(o_.resume && std::filesystem::exists(o_.checkpoint_path()))) go_on(log);
    seconds_before_ = log.seconds;
    begin_ = last_saved_ = clock::now();
    if (ranks::first()) print_levels();
    examples::progress bar{"clip, seed " + std::to_string(o_.seed), o_.fit.steps, "steps", learner_.steps()};
    double smooth = log.loss.empty() ? 0 : log.loss.back();
    while (!log.finished && !ranks::any(examples::interrupt::requested())) {
      auto const report = step();
      auto const done = learner_.steps();
      smooth = done == 1 ? report.loss : 0.98 * smooth + 0.02 * report.loss;
      log.reach = report.reach;
      log.dead_modules = report.dead_modules;
      log.skipped = report.skipped_total;
      if (done % 20 == 0) {
        log.step.push_back(static_cast<double>(done));
        log.loss.push_back(smooth);
      }
      if (done % o_.fit.validate_every == 0 || done == o_.fit.steps) validate(log);
      log.finished = done == o_.fit.steps || stopping_.should_stop();
      if (ranks::first_says(clock::now() - last_saved_ > std::chrono::seconds{30})) save(log);
      bar.update(done, "loss " + number(smooth, 3) + ", validation PSNR " +
                           (log.validation_psnr.empty() ? "-" : number(log.validation_psnr.back(), 2)) + ", best " +
                           number(log.best_psnr, 2));
    }
    bar.finish();
    save(log);
  }

 private:
  using clock = std::chrono::steady_clock;

  /// From the checkpoint. Figures of its validations are noted again, so patience goes on where it was.
  void go_on(run_record& log) {
    learner_.resume(o_.checkpoint_path());
    log.rewind(learner_.steps());
    for (std::size_t i = 0; i < log.validation_step.size(); ++i) {
      note(log, static_cast<index_t>(log.validation_step[i]), log.validation_psnr[i]);
    }
    if (!log.finished) log.test.clear();
  }

  s2rm::step_report step() {
    auto const at = learner_.steps();
    auto const key = static_cast<std::uint64_t>(o_.seed);
    auto const mine = learner_.share(o_.fit.batch);
    pieces_.cut(
        from_, from_.train, mine.count, o_.fit.window,
        {{key, stream_of_training}, static_cast<std::uint32_t>(at), 10, o_.fit.queries, o_.fit.varied, mine.first},
        true);
    if (at >= o_.fit.curriculum) {
      pieces_.thin_out({key, stream_of_thinning}, at, o_.fit.few_views, o_.fit.blind_spans, mine.first);
    }
    return learner_.step(pieces_.view_of());
  }

  /// PSNR of the means over all pixels asked for.
  double validation_psnr() {
    auto asked = held_out_.view_of();
    asked.target = nullptr;
    static_cast<void>(learner_.evaluate(asked));
    auto const* o = learner_.predictions();
    double squares = 0;
    for (std::size_t i = 0; i < held_out_.target.size(); i += crop::pixels, o += net::outputs) {
      for (std::size_t k = 0; k < crop::pixels; ++k) {
        auto const miss = static_cast<double>(o[k] - held_out_.target[i + k]);
        squares += miss * miss;
      }
    }
    return psnr(squares * from_.scale * from_.scale / static_cast<double>(held_out_.target.size()));
  }

  bool note(run_record& log, index_t step, double figure) {
    auto const better = stopping_.note(step, -figure);
    if (better) {
      log.best_step = step;
      log.best_psnr = figure;
    }
    return better;
  }

  void validate(run_record& log) {
    auto const found = validation_psnr();
    log.validation_step.push_back(static_cast<double>(learner_.steps()));
    log.validation_psnr.push_back(found);
    if (note(log, learner_.steps(), found)) learner_.save(o_.best_path());
  }

  void save(run_record& log) {
    log.steps = learner_.steps();
    log.seconds = seconds_before_ + std::chrono::duration<double>(clock::now() - begin_).count();
    learner_.save(o_.checkpoint_path());
    // Whoever stops before the first validation has something to look at as well.
    if (ranks::first_says(!std::filesystem::exists(o_.best_path()))) learner_.save(o_.best_path());
    if (ranks::first()) log.write(o_.record_path());
    last_saved_ = clock::now();
  }

  /// What can be reached without looking.
  void print_levels() const {
    double squares = 0;
    for (auto const z : held_out_.target) squares += static_cast<double>(z) * static_cast<double>(z);
    std::fprintf(stderr, "validation: the background alone has PSNR %.2f\n",
                 psnr(squares * from_.scale * from_.scale / static_cast<double>(held_out_.target.size())));
  }

  scene const& from_;
  options const& o_;
  s2rm::trainer<net, cpu, float, s2rm::optim::adam, examples::team> learner_;
  s2rm::early_stopping<float> stopping_;
  batch held_out_, pieces_;
  double seconds_before_ = 0;
  clock::time_point begin_, last_saved_;
};

void print(footage const& video, scene const& from) {
  std::fprintf(stderr, "%s: %lld frames of %d x %d: %lld to train, %lld to validate, %lld to test\n",
               video.name.c_str(), static_cast<long long>(from.frames), video.width, video.height,
               static_cast<long long>(from.train.size()), static_cast<long long>(from.validation.size()),
               static_cast<long long>(from.test.size()));
}

}  // namespace

int data(options const& o) {
  auto const video = load(settled(o.shown), o.folder, o.ffmpeg);
  auto const from = scene::of(video, o.fit.window);
  print(video, from);
  std::fprintf(stderr, "sha256 of the frames %s\ngrey differs from the mean frame by %.4f (standard deviation)\n",
               video.checksum.c_str(), from.scale);
  return 0;
}

int train(options const& given) {
  auto o = given;
  o.shown = settled(o.shown);
  examples::interrupt const watch;
  auto const video = ranks::first_before_others([&] { return load(o.shown, o.folder, o.ffmpeg); });
  auto const from = scene::of(video, o.fit.window);
  if (ranks::first()) print(video, from);
  run_record log;
  if (o.resume) {
    if (auto const earlier = run_record::read(o.record_path())) {
      if (!(earlier->fit == o.fit) || earlier->frames_sha256 != video.checksum || earlier->seed != o.seed) {
        throw std::runtime_error{o.checkpoint_path().string() +
                                 ": trained with other settings or on other frames (see the .json beside it); give the "
                                 "same, or leave --resume away to begin anew"};
      }
      log = *earlier;
    }
  } else if (ranks::first()) {
    std::filesystem::remove(o.best_path());
  }
  log.seed = o.seed;
  log.shown = o.shown;
  log.frames_sha256 = video.checksum;
  log.fit = o.fit;
  log.threads = o.thread_count();
  std::filesystem::create_directories(std::filesystem::absolute(o.checkpoint_path()).parent_path());
  if (ranks::first()) std::fprintf(stderr, "%s\n", net::description().c_str());
  fit{from, o}.run(log);
  return ranks::end(ranks::any(examples::interrupt::requested()),
                    std::to_string(log.steps) + " of " + std::to_string(o.fit.steps) + " steps in " +
                        examples::duration_text(log.seconds) + "; best validation PSNR " + number(log.best_psnr) +
                        " after " + std::to_string(log.best_step) + "; reach " + number(log.reach) + ", " +
                        std::to_string(log.dead_modules) + " dead modules, " + std::to_string(log.skipped) +
                        " skipped; wrote " + o.checkpoint_path().string());
}

}  // namespace clip
