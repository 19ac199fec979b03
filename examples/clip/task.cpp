#include "task.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "measure.hpp"
#include "metrics.hpp"

namespace clip {
namespace {

namespace ranks = examples::ranks;

// Streams of random numbers beside those of the library (0, and 16 and up).
constexpr std::uint32_t stream_of_training = 60, stream_of_thinning = 61, stream_of_validation = 62;

/// The whole validation part, seen four times through other views; the same for every run.
batch validation_batch(scene const& from) {
  batch made;
  made.cut(from, from.validation, 4, from.validation.size() - 1, {{1, stream_of_validation}, 0, 10, 30, {}}, false);
  return made;
}

}  // namespace

task::task(options o)
    : o_(std::move(o)),
      video_(ranks::first_before_others([&] { return load(o_.shown, o_.folder, o_.ffmpeg); })),
      from_(scene::of(video_, o_.fit.window)),
      held_out_(validation_batch(from_)) {}

s2rm::batch_view<float> task::batch(examples::run_options const& o, index_t step) {
  auto const key = static_cast<std::uint64_t>(o.seed);
  auto const mine = s2rm::share_of(o.fit.batch, ranks::rank(), ranks::size(), o.fit.parts);
  pieces_.cut(from_, from_.train, mine.count, o.fit.window,
              {{key, stream_of_training}, static_cast<std::uint32_t>(step), 10, o_.queries, o_.varied, mine.first},
              true);
  if (step >= o.fit.curriculum) {
    pieces_.thin_out({key, stream_of_thinning}, step, o.fit.few_views, o.fit.blind_spans, mine.first);
  }
  return pieces_.view_of();
}

examples::validation task::validate(model& learner, examples::run_options const& /*o*/) {
  auto const* const means = learner.predict(held_out_.view_of());
  double squares = 0;
  for (std::size_t i = 0; i < held_out_.target.size(); ++i) {
    auto const miss = static_cast<double>(means[i] - held_out_.target[i]);
    squares += miss * miss;
  }
  return {{"psnr", psnr(squares * from_.scale * from_.scale / static_cast<double>(held_out_.target.size()))}};
}

/// What can be reached without looking.
void task::announce(examples::run_options const& /*o*/) {
  double squares = 0;
  for (auto const z : held_out_.target) squares += static_cast<double>(z) * static_cast<double>(z);
  std::fprintf(stderr, "validation: the background alone has PSNR %.2f\n",
               psnr(squares * from_.scale * from_.scale / static_cast<double>(held_out_.target.size())));
}

void task::test(run_record& of, model& learner, examples::run_options const& o) {
  watcher live{learner, from_.frame};
  examples::progress bar{"test of seed " + std::to_string(o.seed), o_.draws * (most_views + 1), "tests"};
  of.test = measure(live, from_, o_.draws, [&](index_t done, index_t) { bar.update(done); });
  bar.finish();
  of.manifest = manifest_of(of, learner, o).json();
}

examples::manifest task::manifest_of(run_record const& of, model const& learner, examples::run_options const& o) const {
  auto with = o;
  with.fit = of.fit;
  auto settings = examples::begin_manifest("clip", with, learner);
  auto const bounds = [](part p) { return std::vector<std::int64_t>{p.begin, p.end}; };
  settings.set("fit.threads", of.threads).set("fit.trained_steps", of.steps).set("fit.chosen_step", of.best_step);
  for (auto const& [key, setting] : of.own.entries()) {
    if (key.starts_with("fit.")) std::visit([&](auto const& value) { settings.set(key, value); }, setting);
  }
  if (!video_.notes.empty()) settings.set("data.notes", video_.notes);
  settings.set("data.video", video_.name)
      .set("data.region", o_.shown.region)
      .set("data.size", std::vector<std::int64_t>{video_.width, video_.height})
      .set("data.frames", from_.frames)
      .set("data.frames_sha256", video_.checksum)
      .set("data.train", bounds(from_.train))
      .set("data.validation", bounds(from_.validation))
      .set("data.test", bounds(from_.test))
      .set("data.scale", from_.scale)
      .set("test.draws", o_.draws);
  return settings;
}

trained trained::open(options o) {
  o.own = o.own_settings("");
  auto const noted = examples::trained_record(o, "clip");
  auto const frames_sha256 = o.take_own(noted.own);
  o.fit = noted.fit;
  o.shown.allow_damage = true;  // as in training, if there is any: the frames' checksum is compared
  // Records of version 0.1 note a size of a .npy file that was not used.
  if (std::filesystem::path{o.shown.video}.extension() == ".npy") o.shown.width = o.shown.height = 0;
  task work{o};
  if (work.video().checksum != frames_sha256) {
    throw std::runtime_error{work.video().name + ": not the frames that this run was trained on: expected sha256 " +
                             frames_sha256 + ", found " + work.video().checksum};
  }
  auto [record, learner] = examples::load_trained(work, o, "clip");
  return {std::move(work), std::move(record), std::move(learner)};
}

}  // namespace clip
