// The command render: what the model sees and believes, its modules, and the curves of its test.
#include <algorithm>
#include <cstdio>

#include "commands.hpp"
#include "common/array_file.hpp"
#include "pictures.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace balls {

int render(options const& o) {
  auto const [record, learner] = examples::load_trained(task{}, o, "balls");

  examples::report::page page{
      "Balls: a video from small crops",
      record.title + ", seed " + std::to_string(o.seed) + ", " + std::to_string(learner->steps()) + " training steps"};
  auto const told = tell(*learner, o.data_seed, o.show);
  auto const file = [&](std::string const& name) { return o.out / "predictions" / (name + ".npy"); };
  constexpr std::size_t side = frame::side;
  examples::save_array(file("film"), film_of(told), std::array{told.truth.size(), std::size_t{4}, side, side});
  examples::manifest film;
  film.set("film", "predictions/film.npy").set("colours", "ink").set("seconds", 0.12);
  film.set("panels", std::vector<std::string>{"truth", "seen", "predicted", "blind"}).set("blind_from", context);
  std::vector<std::int64_t> shown;
  std::vector<std::string> titles;
  for (index_t const t : {index_t{0}, index_t{2}, index_t{5}, index_t{15}, context - 1, context, context + 2,
                          context + 4, context + 9, context + 14, context + 24}) {
    shown.push_back(t);
    titles.push_back(t < context ? "frame " + std::to_string(t + 1) : "blind " + std::to_string(t + 1 - context));
  }
  film.set("shown", shown).set("titles", titles);
  page.add_heading("What it sees and what it predicts");
  page.add_figure({"film_animation", "film.gif",
                   "The true frame, what ten views showed of the frame before (grey: nothing), the frame as the model "
                   "predicts it, and as it predicts it without any view from frame 34 on.",
                   film});
  page.add_figure({"film_strip", "film.png", "The same at some steps.", film});
  if (auto const map = learner->modules(pixel_places()); map.modules > 0) {
    auto const m = static_cast<std::size_t>(map.modules);
    examples::save_array(file("modules"), map.nearest, std::array{side, side});
    examples::save_array(file("strength"), map.strength, std::array{side, side});
    examples::save_array(file("ties"), map.ties, std::array{m, m});
    examples::manifest modules;
    modules.set("nearest", "predictions/modules.npy").set("strength", "predictions/strength.npy");
    modules.set("strongest", *std::max_element(map.strength.begin(), map.strength.end()));
    modules.set("ties", "predictions/ties.npy").set("modules", map.modules);
    page.add_heading("Its modules");
    page.add_figure({"module_map", "modules.png",
                     "For each place the module that is nearest on the sphere; the paler, the weaker the kernel. "
                     "Lines: modules within each other's reach, the thicker the stronger the kernel between them.",
                     modules});
  }
  page.add_heading("Training");
  page.add_chart(training_chart({record})).add_table(run_table({record}));
  if (record.test.empty()) {
    page.add_notice("Not tested yet: run 'balls eval', then 'balls render' again, for curves and tables.");
  } else {
    auto const all = methods_of({record});
    page.add_heading("Test");
    for (auto const& chart : score_charts(all)) page.add_chart(chart);
    for (auto const& table : score_tables(all)) page.add_table(table);
    page.add_details("Manifest of the test", record.manifest);
  }
  auto with = o;
  with.fit = record.fit;
  page.add_manifest(manifest_of(with, *learner));
  if (!page.write(o.out / "report.html")) return 1;
  std::fprintf(stderr, "wrote %s, film.png, film.gif%s\n", (o.out / "report.html").c_str(),
               std::filesystem::exists(o.out / "modules.png") ? " and modules.png" : "");
  return 0;
}

}  // namespace balls
