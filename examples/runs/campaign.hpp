#pragma once

#include "common/report.hpp"
#include "fit.hpp"

namespace examples {

/// Trains and tests every model of `o.models` (empty: all) with the seeds 1 .. `o.seeds`, each from wherever an earlier
/// call stopped; what is done is not done again, a run that throws is kept with the reason. Ends early after Ctrl-C or
/// `o.budget_seconds`. Throws std::runtime_error where a record is of a run with other settings.
[[nodiscard]] std::vector<run_record> run_campaign(task& of, run_options const& o);

/// A chart of a page and the name of its file, which stands beside the page.
struct named_chart {
  std::string name;
  report::chart chart;
};

/// A page of results: `head`, then tables, charts (SVG files beside it, their numbers in curves/), tables, and every run's
/// manifest.
struct results_page {
  std::string head;  ///< Markdown, ending in a line end
  std::vector<report::table> first;
  std::vector<named_chart> charts;
  std::vector<report::table> tables;
};
void write_page(std::filesystem::path const& path, results_page const& page, std::vector<run_record> const& runs);

/// The tables of one run: for the terminal to stdout, and as a page of their own beside the record, with the manifest.
void print_results(run_options const& o, run_record const& of, std::string const& title,
                   std::vector<report::table> const& tables);

}  // namespace examples
