#pragma once

#include <string>
#include <vector>

#include "metrics.hpp"

namespace sensors {

/// What the model is measured against. A method that the data do not allow, or whose package is missing, has no
/// prediction but a reason.
struct peer {
  prediction made;
  std::string absent;  ///< "is not applicable: ..." or "is not computed: ..."; empty when `made` counts
};

[[nodiscard]] inline peer absent_peer(std::string name, std::string why) {
  peer result;
  result.made.name = std::move(name);
  result.absent = std::move(why);
  return result;
}

/// One day (one time step) ahead at every station: fitted on the readings of `fit`, predicting every time of `predict`
/// from the readings before it (also those before predict.begin).
///
/// climatology: season and station mean. persistence: the last reading, at most 7 steps old. AR(1) per station: the
/// last anomaly times phi^age. VAR(1), VAR(3): least squares on the anomalies of all stations; not applicable when a
/// reading is missing. inverse distance, ordinary kriging of the step before: the anomalies of the other stations
/// (kriging: of all). space-time kriging: simple kriging from the step before with exponential lag-0 and lag-1
/// covariances. Where nothing was read, each falls back to climatology. Variances of f(y): mean squared error of the
/// same method over `fit`, station by station. VAR and kriging are computed by R (peers.R: lm, gstat).
[[nodiscard]] std::vector<peer> forecast_peers(series const& data, time_range fit, time_range predict,
                                               transform_kind kind);

/// Sets of stations that are hidden together; every station in exactly one.
using station_groups = std::vector<std::vector<index_t>>;
[[nodiscard]] station_groups leave_one_out(index_t stations);
/// `count` sets of nearly equal size, drawn with `seed`.
[[nodiscard]] station_groups station_folds(index_t stations, index_t count, std::uint64_t seed);

/// The same time at stations that were never seen: for each group, everything is fitted on the readings of the other
/// stations in `fit`, and the group is predicted from the others' readings at that time.
///
/// climatology, nearest station, inverse distance squared, ordinary kriging (exponential covariance with a nugget
/// fitted to the correlations of the training anomalies; by R's gstat), simple kriging around the network
/// mean, and simple kriging with the site's own mean GIVEN (another task: it has seen the site). Variances of f(y):
/// mean squared error of the same method when each remaining station is left out in turn, over about 256 training
/// times. The back-transform is corrected by that variance, for kriging by the kriging variance; the reading of the
/// nearest station, and ordinary kriging as gstat gives it, are not corrected.
[[nodiscard]] std::vector<peer> unseen_peers(series const& data, time_range fit, time_range predict,
                                             transform_kind kind, station_groups const& groups);

/// A figure that an independent computation found for this peer on this set (knots), NaN where none is known.
[[nodiscard]] double independent_figure(series const& data, std::string const& task, std::string const& peer_name);

}  // namespace sensors
