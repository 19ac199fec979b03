// The commands train, eval and campaign.
#include "commands.hpp"
#include "common/interrupt.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace skirmish {

int train(command_options const& options) {
  examples::interrupt const watch;
  task work(options);
  auto o = options;
  o.data = work.data();
  return examples::train(work, o);
}

int evaluate(command_options const& o) {
  task work(o);
  return examples::evaluate(work, o, "skirmish", "Skirmish", [&](std::vector<examples::run_record> const& runs) {
    return score_tables(work.tests(), examples::methods_of(runs, peer_names));
  });
}

int campaign(command_options const& options) {
  examples::interrupt const watch;
  task work(options);
  auto o = options;
  o.data = work.data();
  return examples::compare(work, o, [&](std::vector<examples::run_record> const& runs) {
    auto const all = examples::methods_of(runs, peer_names);
    examples::results_page page;
    page.head =
        "# Skirmish: battles seen through many eyes\n\nA SMAC-like simulator, not StarCraft II: no number here says "
        "anything about the game. Written by `skirmish campaign`; what the words mean: "
        "[examples/skirmish](../../examples/skirmish/README.md).\n";
    page.first = {examples::run_table(runs)};
    if (auto const claims = claim_table(work.tests(), all); !claims.rows.empty()) page.first.push_back(claims);
    page.charts = score_charts(work.tests(), all);
    page.charts.push_back({"training", training_chart(runs)});
    page.tables = score_tables(work.tests(), all);
    return page;
  });
}

}  // namespace skirmish
