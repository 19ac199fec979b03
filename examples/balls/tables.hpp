#pragma once

#include "experiment/score_tables.hpp"
#include "measure.hpp"

namespace balls {

using examples::method;
using examples::run_table;

/// The model's runs, titled, then the peers: these are the same in every run.
[[nodiscard]] std::vector<method> methods_of(std::vector<run_record> const& runs);

/// For each axis and measure one table: a row for each test, a column for each method, mean ± deviation over seeds.
[[nodiscard]] std::vector<examples::report::table> score_tables(std::vector<method> const& all);

/// F1 over views, over balls, and over the steps of both roll-outs; with several seeds a band from lowest to highest.
[[nodiscard]] std::vector<examples::report::chart> score_charts(std::vector<method> const& all);

/// Validation BCE over training, a line a run.
[[nodiscard]] examples::report::chart training_chart(std::vector<run_record> const& runs);

/// F1 of the most telling tests: a row for each method.
[[nodiscard]] examples::report::table summary_table(std::vector<method> const& all);

/// The best model with a spatial structure beside the best without; no rows where there is but one kind.
[[nodiscard]] examples::report::table claim_table(std::vector<method> const& all);

/// What was aimed at for S2GRU and what the mean over its seeds is; no rows without such a run.
[[nodiscard]] examples::report::table aim_table(std::vector<method> const& all);

}  // namespace balls
