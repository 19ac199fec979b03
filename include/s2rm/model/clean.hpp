#pragma once
/// \file
/// What enters the model: absent slots become zeros, masks and flags become one array each. After this no later code ever
/// sees what a masked slot holds.

#include <cmath>
#include <cstdint>

#include "s2rm/math/row.hpp"

namespace s2rm::clean {

/// One view slot: its numbers, its place and whether it is there.
template <index_t V, index_t P, class T>
struct view_rows {
  T const* view;
  T const* place;
  std::uint8_t const* mask;
  std::uint8_t const* blind;
  index_t views;
  T* clean_view;
  T* clean_place;
  std::uint8_t* present;
  S2RM_HD void operator()(index_t i) const {
    bool const here = (mask == nullptr || mask[i] != 0) && (blind == nullptr || blind[i / views] == 0);
    if (here) {
      math::copy<V>(view + i * V, clean_view + i * V);
      math::copy<P>(place + i * P, clean_place + i * P);
    } else {
      math::fill<V>(clean_view + i * V, T(0));
      math::fill<P>(clean_place + i * P, T(0));
    }
    present[i] = here ? 1 : 0;
  }
};

/// One query: the place as given; a place that is not finite becomes 0 where the target is masked.
template <index_t P, class T>
struct query_rows {
  T const* place;
  std::uint8_t const* mask;
  T* clean_place;
  S2RM_HD void operator()(index_t i) const {
    bool const masked = mask != nullptr && mask[i] == 0;
    bool finite = true;
    for (index_t j = 0; j < P; ++j) finite = finite && std::isfinite(place[i * P + j]);
    for (index_t j = 0; j < P; ++j) clean_place[i * P + j] = masked && !finite ? T(0) : place[i * P + j];
  }
};

/// Whether element b starts anew before step t: a reset, or the first step of a sequence without a carried state.
struct start_flags {
  std::uint8_t const* reset;
  index_t batch;
  bool first_starts;
  std::uint8_t* start;
  S2RM_HD void operator()(index_t i) const {
    start[i] = (reset != nullptr && reset[i] != 0) || (i < batch && first_starts) ? 1 : 0;
  }
};

/// `weight` for every row whose mask is set.
struct count_present {
  std::uint8_t const* mask;
  index_t weight;
  S2RM_HD double operator()(index_t i) const {
    return mask == nullptr || mask[i] != 0 ? static_cast<double>(weight) : 0.0;
  }
};

}  // namespace s2rm::clean
