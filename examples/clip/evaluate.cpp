// The command eval: all tests of some checkpoints, beside the peers, and the page of results.
#include "evaluate.hpp"

#include <cstdio>
#include <stdexcept>

#include "commands.hpp"
#include "common/progress.hpp"
#include "common/sha256.hpp"
#include "tables.hpp"

namespace clip {
namespace {

run_record test(options const& o) {
  auto run = trained::open(o);
  watcher live{o.best_path(), run.from.frame, most_views};
  examples::progress bar{"test of seed " + std::to_string(o.seed), o.draws * (most_views + 1), "tests"};
  run.record.test = measure(live, run.from, o.draws, [&](index_t done, index_t) { bar.update(done); });
  bar.finish();
  run.record.manifest = manifest_of(o, run).json();
  run.record.write(o.record_path());
  return run.record;
}

/// The page, and its curves as SVG files beside it.
void write_page(std::filesystem::path const& page, std::vector<run_record> const& runs) {
  std::string text =
      "# Clip: a real video from cropped frames\n\nWritten by `clip eval`; what the words mean: the README of "
      "examples/clip.\n\n";
  for (auto const& table : {summary_table(runs), run_table(runs)}) text += examples::report::markdown(table) + "\n";
  auto charts = score_charts(runs);
  charts.push_back(training_chart(runs));
  constexpr char const* names[] = {"views", "views_moving", "blind", "blind_moving", "training"};
  examples::report::page curves;
  for (std::size_t i = 0; i < charts.size(); ++i) {
    auto const file = page.stem().string() + "_" + names[i] + ".svg";
    curves.add_chart(charts[i], "../" + file);
    text += "![" + charts[i].title + ": " + charts[i].y_label + "](" + file + ")\n\n";
  }
  for (auto const& table : score_tables(runs)) text += examples::report::markdown(table) + "\n";
  text += "## Manifests\n\n";
  for (auto const& r : runs) text += "Seed " + std::to_string(r.seed) + "\n\n```json\n" + r.manifest + "```\n\n";
  examples::write_file(page, text);
  curves.write(page.parent_path() / "curves" / page.filename());
}

}  // namespace

trained trained::open(options const& o) {
  auto record = run_record::read(o.record_path());
  if (!record || !std::filesystem::exists(o.best_path())) {
    throw std::runtime_error{o.best_path().string() +
                             ": missing, or its .json is; run 'clip train' with the same --seed and --out"};
  }
  trained made{*record, load(record->shown, o.folder, o.ffmpeg), {}};
  if (made.video.checksum != record->frames_sha256) {
    throw std::runtime_error{made.video.name + ": not the frames that this run was trained on: expected sha256 " +
                             record->frames_sha256 + ", found " + made.video.checksum};
  }
  made.from = scene::of(made.video, record->fit.window);
  return made;
}

examples::manifest manifest_of(options const& o, trained const& run) {
  auto settings = examples::manifest::begin("clip");
  auto const bounds = [](part p) { return std::vector<std::int64_t>{p.begin, p.end}; };
  settings.set("command", o.command)
      .set("model.description", watcher::description())
      .set("model.parameters", run.record.parameters)
      .set("seed", run.record.seed)
      .set("fit.threads", run.record.threads)
      .set("fit.trained_steps", run.record.steps)
      .set("fit.chosen_step", run.record.best_step);
  run.record.fit.describe(settings);
  settings.set("data.video", run.video.name)
      .set("data.region", run.record.shown.region)
      .set("data.size", std::vector<std::int64_t>{run.video.width, run.video.height})
      .set("data.frames", run.from.frames)
      .set("data.frames_sha256", run.video.checksum)
      .set("data.train", bounds(run.from.train))
      .set("data.validation", bounds(run.from.validation))
      .set("data.test", bounds(run.from.test))
      .set("data.scale", run.from.scale)
      .set("test.draws", o.draws);
  return settings;
}

int evaluate(options const& given) {
  std::vector<run_record> runs;
  for (auto const seed : given.seeds.empty() ? std::vector<std::int64_t>{given.seed} : given.seeds) {
    auto o = given;
    o.seed = seed;
    runs.push_back(test(o));
  }
  std::printf("%s\n", examples::report::plain_text(summary_table(runs)).c_str());
  for (auto const& table : score_tables(runs)) std::printf("%s\n", examples::report::plain_text(table).c_str());
  auto const page = given.page.empty() ? given.out / "results.md" : given.page;
  write_page(page, runs);
  std::fprintf(stderr, "wrote %s\n", page.c_str());
  return 0;
}

}  // namespace clip
