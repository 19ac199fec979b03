#pragma once

#include "experiment/campaign.hpp"
#include "experiment/score_tables.hpp"
#include "measure.hpp"

namespace skirmish {

/// Over scenarios and over dropped views: every measure, a row for each test, a column for each method.
[[nodiscard]] std::vector<examples::report::table> score_tables(std::vector<test> const& tests,
                                                                std::vector<examples::method> const& all);

/// F1 over scenarios and over dropped views; with several seeds a band from lowest to highest.
[[nodiscard]] std::vector<examples::named_chart> score_charts(std::vector<test> const& tests,
                                                              std::vector<examples::method> const& all);

[[nodiscard]] examples::report::chart training_chart(std::vector<examples::run_record> const& runs);

/// What the paper claims: on the scenario trained on, elsewhere, with half of the views missing.
[[nodiscard]] examples::report::table claim_table(std::vector<test> const& tests,
                                                  std::vector<examples::method> const& all);

}  // namespace skirmish
