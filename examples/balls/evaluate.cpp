// The command eval: all tests of one checkpoint, beside the peers.
#include "evaluate.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "commands.hpp"
#include "common/progress.hpp"
#include "common/sha256.hpp"
#include "tables.hpp"

namespace balls {

examples::manifest manifest_of(options const& o, model const& learner) {
  auto settings = examples::manifest::begin("balls");
  settings.set("command", o.command);
  settings.set("model.name", o.model);
  settings.set("model.description", learner.description());
  settings.set("model.parameters", learner.parameters());
  settings.set("seed", o.seed);
  settings.set("threads", o.thread_count());
  o.fit.describe(settings);
  settings.set("fit.trained_steps", learner.steps());
  settings.set("data.seed", static_cast<std::int64_t>(o.data_seed));
  settings.set("data.test_sequences", o.test_sequences);
  settings.set("data.frames", film::length);
  settings.set("data.test_sha256", checksum(o.data_seed, split::test, condition{}.balls, o.test_sequences));
  settings.set("roll_out.context", context);
  settings.set("roll_out.steps", horizon);
  return settings;
}

void test_run(run_record& of, model& learner, options const& o) {
  examples::progress bar{"test of " + o.model + ", seed " + std::to_string(o.seed), 0, "tests"};
  of.test = measure(learner, o.data_seed, o.test_sequences, [&](index_t done, index_t) { bar.update(done); });
  of.manifest = manifest_of(o, learner).json();
}

int evaluate(options const& o) {
  auto const checkpoint = o.checkpoint_path();
  if (!std::filesystem::exists(checkpoint)) {
    throw std::runtime_error{checkpoint.string() +
                             ": missing; run 'balls train' with the same --model, --seed and --out"};
  }
  auto record = run_record::read(o.record_path());
  if (!record)
    throw std::runtime_error{o.record_path().string() + ": missing; 'balls train' leaves it beside the checkpoint"};
  auto const& entry = model_named(o.model);
  auto with = o;
  with.fit = record->fit;
  auto const learner = entry.make(with.fit, o.seed, o.thread_count());
  learner->load(checkpoint);
  test_run(*record, *learner, with);
  record->write(o.record_path());
  auto const all = methods_of({*record});
  std::string text = "# Balls: " + record->title + ", seed " + std::to_string(o.seed) + "\n\n";
  for (auto const& table : score_tables(all)) {
    std::printf("%s\n", examples::report::plain_text(table).c_str());
    text += examples::report::markdown(table) + "\n";
  }
  auto const page = o.record_path().replace_extension(".md");
  examples::write_file(page, text + "## Manifest\n\n```json\n" + record->manifest + "```\n");
  std::fprintf(stderr, "wrote %s\n", page.c_str());
  return 0;
}

}  // namespace balls
