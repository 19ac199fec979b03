// The command render: what the model sees and predicts, and the curves of its test.
#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "commands.hpp"
#include "common/sha256.hpp"
#include "pictures.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace clip {
namespace {

constexpr index_t drawn = 60, seen_before = 40;  ///< frames of the animation, and of them before the blind roll-out

/// A piece of the test part as the model lives through it, once with views and once blind from its frame 40 on.
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
    now.shown = from.grey(from.at(t - 1));
    now.views = views_of(from.frame, 0, t - 1, usual_views);
    now.believed = now.blind = from.grey(z);
  });
  live.reset();
  for (auto t = from.test.begin; t < begin + count; ++t) {
    auto const dark = t - begin - seen_before + 1;
    if (dark <= 0) {
      live.observe(from.at(t), views_of(from.frame, 0, t, usual_views));
    } else {
      live.observe({}, {});
      auto& now = made[static_cast<std::size_t>(t - begin)];
      now.blind = from.grey(live.next());
      now.dark = dark;
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
  std::vector<examples::image> frames;
  for (auto const& one : told) frames.push_back(panels(from.frame, one, 3));
  auto const moving = examples::gif(frames, 15);
  std::vector<moment> some;
  for (std::size_t const i :
       {std::size_t{0}, std::size_t{3}, std::size_t{20}, std::size_t{39}, std::size_t{41}, std::size_t{49}}) {
    if (i < told.size()) some.push_back(told[i]);
  }
  auto const strip = film_strip(from.frame, some);
  examples::write_file(o.out / "film.gif", moving);
  examples::write_png(o.out / "film.png", strip);

  examples::report::page page{"Clip: a real video from small crops",
                              run.work.video().name + ", seed " + std::to_string(o.seed) + ", " +
                                  std::to_string(run.record.best_step) + " training steps"};
  page.add_heading("What it sees and what it predicts");
  page.add_animation(
      moving,
      "The true frame; what ten views showed of the frame before (dark blue: nothing); the whole frame as "
      "the model predicts it, and what it is off by (red: too bright, blue: too dark, full colour from "
      "0.4); below, what it predicts without any view from the 41st frame on.");
  page.add_image(strip, "The same at some frames.");
  page.add_heading("Training").add_line_chart(training_chart({run.record})).add_table(run_table({run.record}));
  if (run.record.test.empty()) {
    page.add_notice("Not tested yet: run 'clip eval', then 'clip render' again, for curves and tables.");
  } else {
    page.add_heading("Test").add_table(summary_table({run.record}));
    for (auto const& chart : score_charts({run.record})) page.add_line_chart(chart);
    for (auto const& table : score_tables({run.record})) page.add_table(table);
    page.add_details("Manifest of the test", run.record.manifest);
  }
  page.add_manifest(run.work.manifest_of(run.record, *run.learner, o));
  page.write(o.out / "report.html");
  std::fprintf(stderr, "wrote %s, film.png and film.gif\n", (o.out / "report.html").c_str());
  return 0;
}

}  // namespace clip
