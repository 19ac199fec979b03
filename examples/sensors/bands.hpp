#pragma once

#include <vector>

#include "common/report.hpp"
#include "experiment.hpp"

/// Calibrated bands (docs/train.md, Bands) of the model's forecasts: of f(y), scaled by the deviation that the model says.
namespace sensors {

/// A band of a test: half of its width at every station, in deviations that the model says.
struct band {
  double coverage = 0.9;
  std::vector<double> half;  ///< (stations); NaN where there is none
};

/// Of these stations, the half width that a checkpoint has for this coverage; NaN where it has no bands.
void read_band(std::filesystem::path const& checkpoint, std::vector<index_t> const& stations, band& into);

/// What the central interval of a Gaussian of f(y) covers, the CRPS of that Gaussian and the interval's score (all of f(y), in its unit);
/// then the same with the calibrated band, whose Gaussian has the deviation that gives it. One row a prediction; absent bands are "-".
[[nodiscard]] examples::report::table band_table(series const& data, transform_kind kind, std::string const& task,
                                                 std::vector<prediction> const& made, std::vector<band> const& bands);

/// Half widths that are not calibrated: the Gaussian's own.
[[nodiscard]] double gaussian_half(double coverage);

/// Shares covered of a prediction's present readings, in percent: by the Gaussian, and calibrated (NaN without).
struct covered_shares {
  double gaussian = 0, calibrated = 0;
};
[[nodiscard]] covered_shares covered(series const& data, transform_kind kind, prediction const& made, band const& of);

}  // namespace sensors
