// The commands train and campaign.
#include "experiment/campaign.hpp"

#include "commands.hpp"
#include "common/interrupt.hpp"
#include "tables.hpp"
#include "task.hpp"

namespace balls {

int train(options const& o) {
  task work;
  return examples::train(work, o);
}

int campaign(options const& o) {
  examples::interrupt const watch;
  task work;
  auto const runs = examples::run_campaign(work, o);
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
  examples::write_page(o.page, page, runs);
  return examples::interrupt::requested() ? examples::interrupt::exit_status : 0;
}

}  // namespace balls
