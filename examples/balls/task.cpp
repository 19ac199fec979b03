#include "task.hpp"

#include <cstdio>

#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "measure.hpp"

namespace balls {
namespace {

namespace ranks = examples::ranks;

constexpr index_t validation_sequences = 64;

/// Every seed trains on sequences of its own, none twice.
index_t first_sequence(examples::run_options const& o, index_t step) {
  return o.seed * 1'000'000'000 + step * o.fit.batch;
}

}  // namespace

s2rm::batch_view<float> task::batch(examples::run_options const& o, index_t step) {
  auto const mine = s2rm::share_of(o.fit.batch, ranks::rank(), ranks::size(), o.fit.parts);
  batch_.shoot({o.data_seed, split::train}, first_sequence(o, step) + mine.first, mine.count, o.fit.window, {}, true);
  if (step >= o.fit.curriculum) {
    batch_.thin_out(static_cast<std::uint64_t>(o.seed), step, o.fit.few_views, o.fit.blind_spans, mine.first);
  }
  return batch_.view_of();
}

examples::validation task::validate(model& learner, examples::run_options const& o) {
  auto const mine = s2rm::share_evenly(validation_sequences, ranks::rank(), ranks::size());
  balls::batch b;
  b.shoot({o.data_seed, split::validation}, mine.first, mine.count, o.fit.window, {});
  auto const* const logits = learner.predict(b.view_of());
  pixel_score score;
  for (std::size_t i = 0; i < b.target.size(); ++i) score.add_logit(logits[i], b.target[i]);
  score.sum_over(ranks::communicator());
  return {{"bce", score.bce()}, {"f1", score.f1()}};
}

/// What can be reached without looking at the sequence: the first few hundred training steps stay there.
void task::announce(examples::run_options const& o) {
  auto const known = background::learn(o.data_seed, condition{}.balls, 100);
  balls::batch b;
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

examples::manifest manifest_of(examples::run_options const& o, model const& learner) {
  auto settings = examples::begin_manifest("balls", o, learner);
  settings.set("data.test_sequences", o.test_sequences);
  settings.set("data.frames", film::length);
  settings.set("data.test_sha256", checksum(o.data_seed, split::test, condition{}.balls, o.test_sequences));
  settings.set("roll_out.context", context);
  settings.set("roll_out.steps", horizon);
  return settings;
}

void task::test(run_record& of, model& learner, examples::run_options const& o) {
  examples::progress bar{"test of " + o.model + ", seed " + std::to_string(o.seed), 0, "tests"};
  of.test = measure(learner, o.data_seed, o.test_sequences, [&](index_t done, index_t) { bar.update(done); });
  of.manifest = manifest_of(o, learner).json();
}

}  // namespace balls
