// The command render: what the model sees and predicts, and the curves of its test.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "commands.hpp"
#include "common/array_file.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace clip {
namespace {

constexpr index_t drawn = 60, seen_before = 40;  ///< frames of the animation, and of them before the blind roll-out

/// Of one frame: its truth, what the views showed of the frame before (NaN: nothing), and what was predicted of it.
struct moment {
  std::vector<float> truth, seen, predicted, blind;  ///< grey (H, W)
};

/// A stretch of the test part as the model lives through it, once with views and once blind from its frame 40 on.
std::vector<moment> tell(watcher& live, scene const& from, index_t first) {
  auto const begin = from.test.begin + first, count = std::min(drawn, from.test.end - from.test.begin - 1 - first);
  if (count < 1) {
    throw std::runtime_error{"--show: expected below " + std::to_string(from.test.size() - 1) +
                             ", the frames of the test part, found " + std::to_string(first)};
  }
  std::vector<moment> made(static_cast<std::size_t>(count));
  live_through(live, from, 0, usual_views, [&](index_t t, std::vector<float> const& z) {
    auto const i = t - 1 - begin;
    if (i < 0 || i >= count) return;
    auto& now = made[static_cast<std::size_t>(i)];
    now.truth = from.grey(from.at(t));
    now.predicted = now.blind = from.grey(z);
    auto const before = from.grey(from.at(t - 1));
    now.seen.assign(before.size(), std::numeric_limits<float>::quiet_NaN());
    for (auto const& c : views_of(from.frame, 0, t - 1, usual_views)) {
      for_pixels(from.frame, c, [&](std::size_t, std::size_t offset) { now.seen[offset] = before[offset]; });
    }
  });
  live.reset();
  for (auto t = from.test.begin; t < begin + count; ++t) {
    if (t - begin < seen_before) {
      live.observe(from.at(t), views_of(from.frame, 0, t, usual_views));
    } else {
      live.observe({}, {});
      made[static_cast<std::size_t>(t - begin)].blind = from.grey(live.next());
    }
  }
  return made;
}

}  // namespace

int render(options const& o) {
  auto const run = trained::open(o);
  auto const& from = run.work.from();
  watcher live{*run.learner, from.frame};
  auto const told = tell(live, from, o.show);
  std::vector<float> frames;
  for (auto const& one : told) {
    for (auto const* panel : {&one.truth, &one.seen, &one.predicted, &one.blind}) {
      frames.insert(frames.end(), panel->begin(), panel->end());
    }
  }
  examples::save_array(o.out / "predictions" / "film.npy", frames,
                       std::array{told.size(), std::size_t{4}, static_cast<std::size_t>(from.frame.height),
                                  static_cast<std::size_t>(from.frame.width)});
  examples::manifest film;
  film.set("film", "predictions/film.npy").set("colours", "grey").set("seconds", 0.15);
  film.set("panels", std::vector<std::string>{"truth", "seen", "predicted", "blind"});
  film.set("differences", std::vector<std::string>{"predicted", "blind"}).set("blind_from", seen_before);
  std::vector<std::int64_t> shown;
  std::vector<std::string> titles;
  for (index_t const i : {0, 20, 39, 44, 49}) {
    if (i >= static_cast<index_t>(told.size())) continue;
    shown.push_back(i);
    titles.push_back(i < seen_before ? "frame " + std::to_string(i + 1)
                                     : "blind " + std::to_string(i - seen_before + 1));
  }
  film.set("shown", shown).set("titles", titles);

  examples::report::page page{"Clip: a real video from small crops",
                              run.work.video().name + ", seed " + std::to_string(o.seed) + ", " +
                                  std::to_string(run.record.best_step) + " training steps"};
  page.add_heading("What it sees and what it predicts");
  page.add_figure({"film_animation", "film.gif",
                   "The true frame; what ten views showed of the frame before (dark blue: nothing); the whole frame as "
                   "the model predicts it, and as it predicts it without any view from the 41st frame on; below, what "
                   "both are off by (red: too bright, blue: too dark, full colour from 0.4).",
                   film});
  page.add_figure({"film_strip", "film.png", "The same at some frames.", film});
  page.add_heading("Training").add_chart(training_chart({run.record})).add_table(run_table({run.record}));
  if (run.record.test.empty()) {
    page.add_notice("Not tested yet: run 'clip eval', then 'clip render' again, for curves and tables.");
  } else {
    page.add_heading("Test").add_table(summary_table({run.record}));
    for (auto const& chart : score_charts({run.record})) page.add_chart(chart);
    for (auto const& table : score_tables({run.record})) page.add_table(table);
    page.add_details("Manifest of the test", run.record.manifest);
  }
  page.add_manifest(run.work.manifest_of(run.record, *run.learner, o));
  if (!page.write(o.out / "report.html")) return 1;
  std::fprintf(stderr, "wrote %s, film.png and film.gif\n", (o.out / "report.html").c_str());
  return 0;
}

}  // namespace clip
