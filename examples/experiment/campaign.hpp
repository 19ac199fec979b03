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

/// A page of results: `head`, then tables, charts (SVG files beside it, their numbers in curves/), tables, and a link to
/// `<page>.json` beside it, which holds every run's manifest.
struct results_page {
  std::string head;  ///< Markdown, ending in a line end
  std::vector<report::table> first;
  std::vector<named_chart> charts;
  std::vector<report::table> tables;
};
void write_page(std::filesystem::path const& path, results_page const& page, std::vector<run_record> const& runs);

/// The command campaign: all runs, then the page that `page_of` makes of them. Returns the exit status; the caller holds an
/// `interrupt`.
int compare(task& of, run_options const& o, std::function<results_page(std::vector<run_record> const&)> const& page_of);

/// The command eval of `program`: all tests of one checkpoint, beside the peers, into its record; the tables to stdout, and
/// under `title` as a page of their own beside the record, which holds the manifest. Returns the exit status.
int evaluate(task& of, run_options const& o, std::string const& program, std::string const& title,
             std::function<std::vector<report::table>(std::vector<run_record> const&)> const& tables_of);

}  // namespace examples
