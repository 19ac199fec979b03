#pragma once

#include "common/report.hpp"
#include "measure.hpp"

namespace clip {

/// The main result: a row for each method, ten views, one frame ahead; mean and standard deviation over the runs.
[[nodiscard]] examples::report::table summary_table(std::vector<run_record> const& runs);

/// PSNR and SSIM over the number of views, and over the frames of a roll-out: a column for each method.
[[nodiscard]] std::vector<examples::report::table> score_tables(std::vector<run_record> const& runs);

/// PSNR over the number of views, and over the frames of a roll-out; a band over the runs where there are several.
[[nodiscard]] std::vector<examples::report::chart> score_charts(std::vector<run_record> const& runs);

/// How the runs went: steps, time, validation.
[[nodiscard]] examples::report::table run_table(std::vector<run_record> const& runs);

/// Validation PSNR over training, a line a run.
[[nodiscard]] examples::report::chart training_chart(std::vector<run_record> const& runs);

}  // namespace clip
