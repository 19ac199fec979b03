#pragma once

#include <string>
#include <vector>

#include "common/report.hpp"
#include "peers.hpp"

namespace sensors {

/// One row a method: RMSE and MAE in the unit of the data, RMSE, NLL and 90 % coverage of f(y), number of readings;
/// on the wind data also the figure an independent computation found. `models` come last and are stressed.
/// `task` is "forecast" or "unseen".
[[nodiscard]] examples::report::table score_table(series const& data, transform_kind kind, std::string const& task,
                                                  std::vector<peer> const& peers,
                                                  std::vector<prediction> const& models = {});

/// RMSE of every method at every station (rows: stations), in the unit of the data.
[[nodiscard]] examples::report::table station_table(series const& data, transform_kind kind, std::string const& task,
                                                    std::vector<peer> const& peers,
                                                    std::vector<prediction> const& models = {});

/// Sizes, dates, share of missing readings of each part of the split, checksum.
[[nodiscard]] examples::report::table data_table(series const& data, time_split const& split, transform_kind kind);

}  // namespace sensors
