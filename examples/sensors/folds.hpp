#pragma once

#include "series.hpp"

namespace sensors {

/// The folds that the unseen stations of these data are tested by: the draws that a published set comes with; else every
/// station is a test station once, by itself up to 20 stations, in ten groups of a denser network, or in `count` groups
/// where that is not 0. In each fold other stations serve to choose settings: where stations are hidden one by one the two
/// before and behind it in the list, one at a time; of groups the next one.
[[nodiscard]] std::vector<fold> test_folds(series const& data, index_t count);

/// The stations that are read in a fold's test.
[[nodiscard]] std::vector<index_t> seen_stations(series const& data, fold const& one);

}  // namespace sensors
