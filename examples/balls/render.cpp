// The command render: what the model sees and believes, its modules, and the curves of its test.
#include <cstdio>

#include "commands.hpp"
#include "common/sha256.hpp"
#include "pictures.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace balls {

int render(options const& o) {
  auto const [record, learner] = examples::load_trained(task{}, o, "balls");
  std::filesystem::create_directories(o.out);

  examples::report::page page{
      "Balls: a video from small crops",
      record.title + ", seed " + std::to_string(o.seed) + ", " + std::to_string(learner->steps()) + " training steps"};
  auto const told = tell(*learner, o.data_seed, o.show);
  auto const strip = film_strip(told);
  auto const frames = animation(told);
  auto const moving = examples::gif(frames, 12);
  examples::write_png(o.out / "film.png", strip);
  examples::write_file(o.out / "film.gif", moving);
  page.add_heading("What it sees and what it believes");
  page.add_animation(moving,
                     "The true frame, what ten views showed of the frame before (grey: nothing), what the model "
                     "believes, and what it believes without any view from frame 34 on.");
  page.add_image(strip, "The same, step by step.");
  if (auto const map = learner->modules(pixel_places()); map.modules > 0) {
    auto const picture = module_picture(map);
    examples::write_png(o.out / "modules.png", picture);
    page.add_heading("Its modules");
    page.add_image(picture,
                   "For each place the module that is nearest on the sphere; the paler, the weaker the kernel. "
                   "Lines: modules within each other's reach, the thicker the stronger the kernel between them.");
  }
  page.add_heading("Training");
  page.add_line_chart(training_chart({record})).add_table(run_table({record}));
  if (record.test.empty()) {
    page.add_notice("Not tested yet: run 'balls eval', then 'balls render' again, for curves and tables.");
  } else {
    auto const all = methods_of({record});
    page.add_heading("Test");
    for (auto const& chart : score_charts(all)) page.add_line_chart(chart);
    for (auto const& table : score_tables(all)) page.add_table(table);
    page.add_details("Manifest of the test", record.manifest);
  }
  auto with = o;
  with.fit = record.fit;
  page.add_manifest(manifest_of(with, *learner));
  page.write(o.out / "report.html");
  std::fprintf(stderr, "wrote %s, film.png, film.gif%s\n", (o.out / "report.html").c_str(),
               std::filesystem::exists(o.out / "modules.png") ? " and modules.png" : "");
  return 0;
}

}  // namespace balls
