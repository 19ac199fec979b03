#pragma once
/// \file
/// What ranks sum besides the gradient: functors over backend memory that put it side by side and take it apart again.

#include "s2rm/model/activations.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

/// What ranks sum besides the gradient, side by side: `joint_sums`, then for each module whether it is alive. Call it
/// for index 0 and every module: i = 0 ... modules.
struct join_sums {
  pass_sums const* sums;
  std::uint8_t const* alive;  ///< (parts, modules)
  index_t modules, parts;
  double* joint;  ///< (joint_sums::numbers + modules)
  S2RM_HD void operator()(index_t i) const {
    if (i == 0) return sums->store(joint);
    bool any = false;
    for (index_t part = 0; part < parts; ++part) any = any || alive[part * modules + i - 1] != 0;
    joint[joint_sums::numbers + i - 1] = any ? 1.0 : 0.0;
  }
};

/// Back from the sums over ranks.
struct separate_sums {
  double const* joint;
  pass_sums* sums;
  S2RM_HD void operator()(index_t) const { static_cast<joint_sums&>(*sums) = joint_sums::load(joint); }
};

/// 1 for a module that is alive on no rank.
struct alive_nowhere {
  double const* alive;
  S2RM_HD double operator()(index_t m) const { return alive[m] > 0 ? 0.0 : 1.0; }
};

}  // namespace detail
S2RM_NAMESPACE_END
