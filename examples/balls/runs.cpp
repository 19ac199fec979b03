// The commands train, eval and campaign.
#include "commands.hpp"
#include "common/interrupt.hpp"
#include "experiment/campaign.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace balls {

int train(options const& o) {
  examples::interrupt const watch;
  task work;
  return examples::train(work, o);
}

int evaluate(options const& o) {
  task work;
  return examples::evaluate(work, o, "balls", "Balls",
                            [](std::vector<run_record> const& runs) { return score_tables(methods_of(runs)); });
}

int campaign(options const& o) {
  examples::interrupt const watch;
  task work;
  return examples::compare(work, o, [](std::vector<run_record> const& runs) {
    auto const all = methods_of(runs);
    examples::results_page page;
    page.head =
        "# Balls: video prediction from cropped frames\n\nWritten by `balls campaign`; what the words mean: "
        "[examples/balls](../../examples/balls/README.md).\n";
    page.first = {run_table(runs)};
    for (auto const& table : {summary_table(all), claim_table(all), aim_table(all)}) {
      if (!table.rows.empty()) page.first.push_back(table);
    }
    constexpr char const* names[] = {"views", "balls", "blind", "closed"};
    for (auto const& chart : score_charts(all)) page.charts.push_back({names[page.charts.size()], chart});
    page.charts.push_back({"training", training_chart(runs)});
    page.tables = score_tables(all);
    return page;
  });
}

}  // namespace balls
