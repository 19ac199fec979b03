// The commands data, train and eval.
#include <cstdio>

#include "commands.hpp"
#include "common/interrupt.hpp"
#include "common/ranks.hpp"
#include "experiment/campaign.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace clip {
namespace {

void print(footage const& video, scene const& from) {
  std::fprintf(stderr, "%s: %lld frames of %d x %d: %lld to train, %lld to validate, %lld to test\n",
               video.name.c_str(), static_cast<long long>(from.frames), video.width, video.height,
               static_cast<long long>(from.train.size()), static_cast<long long>(from.validation.size()),
               static_cast<long long>(from.test.size()));
  for (auto const& note : video.notes) std::fprintf(stderr, "note: %s: %s\n", video.name.c_str(), note.c_str());
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
  examples::interrupt const watch;
  auto o = given;
  o.shown = settled(o.shown);
  task work{o};
  o.shown.width = work.video().width;  // of a .npy file, its own
  o.shown.height = work.video().height;
  o.own = o.own_settings(work.video().checksum);
  if (examples::ranks::first()) print(work.video(), work.from());
  return examples::train(work, o);
}

int evaluate(options const& given) {
  std::vector<run_record> runs;
  for (auto const seed : given.tested.empty() ? std::vector<std::int64_t>{given.seed} : given.tested) {
    auto o = given;
    o.seed = seed;
    auto run = trained::open(o);
    run.work.test(run.record, *run.learner, o);
    run.record.write(o.record_path());
    runs.push_back(std::move(run.record));
  }
  std::printf("%s\n", examples::report::plain_text(summary_table(runs)).c_str());
  for (auto const& table : score_tables(runs)) std::printf("%s\n", examples::report::plain_text(table).c_str());
  examples::results_page page;
  page.head =
      "# Clip: a real video from cropped frames\n\nWritten by `clip eval`; what the words mean: the README of "
      "examples/clip.\n";
  page.first = {summary_table(runs), run_table(runs)};
  constexpr char const* names[] = {"views", "views_moving", "blind", "blind_moving"};
  for (auto const& chart : score_charts(runs)) page.charts.push_back({names[page.charts.size()], chart});
  page.charts.push_back({"training", training_chart(runs)});
  page.tables = score_tables(runs);
  examples::write_page(given.page.empty() ? given.out / "results.md" : given.page, page, runs);
  return 0;
}

}  // namespace clip
