// The command render: what a model sees and believes of one test battle, and the curves of its test.
#include <cstdio>

#include "commands.hpp"
#include "picture.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace skirmish {

int render(command_options const& options) {
  task const work(options);
  auto const [record, learner] = examples::load_trained(work, options, "skirmish");
  auto o = options;
  o.fit = record.fit;
  auto const told = tell(*learner, work.battles(o, split::test), options.episode);
  s2rm::require_value(!told.believed.empty(), "--episode: this battle has one state, nothing to predict");
  auto const count = static_cast<index_t>(told.believed.size());
  auto battle = save_battle(*told.battle.of, told.battle.begin, count + 1, o.out);
  save_belief(battle, told, o.out);
  battle.set("shown", moments(count, 5));

  examples::report::page page{"Skirmish: a battle that nobody sees whole",
                              record.title + ", seed " + std::to_string(o.seed) + ", " +
                                  std::to_string(learner->steps()) +
                                  " training steps; a SMAC-like simulator, not "
                                  "StarCraft II"};
  page.add_heading("What it sees and what it believes");
  page.add_text("Blue are the allies, orange the enemies; " + legend(*told.battle.of) +
                ". The bar below a unit is its health, the ring around it or the upper bar its shield. Grey is out of "
                "everybody's sight. The prediction comes from queries all over the map, of which each answers for 9 "
                "cells around.");
  page.add_figure({"battle_animation", "belief.gif",
                   "The battlefield, what the allies saw of it half a second before, and what the model predicted from "
                   "that and everything earlier.",
                   battle});
  page.add_figure({"battle_strip", "belief.png", "Some moments of it.", battle});
  page.add_heading("Training");
  page.add_chart(training_chart({record})).add_table(examples::run_table({record}));
  if (record.test.empty()) {
    page.add_notice("Not tested yet: run 'skirmish eval', then 'skirmish render' again, for curves and tables.");
  } else {
    auto const all = examples::methods_of({record}, peer_names);
    page.add_heading("Test");
    for (auto const& chart : score_charts(work.tests(), all)) page.add_chart(chart.chart);
    for (auto const& table : score_tables(work.tests(), all)) page.add_table(table);
    page.add_details("Manifest of the test", record.manifest);
  }
  page.add_manifest(work.manifest_of(o, *learner));
  if (!page.write(o.out / "report.html")) return 1;
  std::fprintf(stderr, "wrote %s, belief.gif and belief.png\n", (o.out / "report.html").c_str());
  return 0;
}

}  // namespace skirmish
