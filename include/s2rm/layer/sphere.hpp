#pragma once
/// \file
/// Projection to the unit sphere: s = z / max(|z|, 1e-12).
/// Backward: dz = (ds - s (s . ds)) / |z|, and ds / 1e-12 where the norm was clamped.

#include "s2rm/math/normalise.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// One row: s from z.
template <index_t S, class T>
struct project_row {
  rows<T const> z;
  rows<T> s;
  S2RM_HD void operator()(index_t r) const {
    T const* const from = z.at(r);
    T* const to = s.at(r);
    T const scale = math::scale_to_sphere(math::dot<S>(from, from)).scale;
    math::across<T, S>([=](auto l, index_t i) { l.store(to + i, l.load(from + i) * scale); });
  }
};

/// One row: dz from ds, overwritten, or added where `add` is set. dz may be ds.
template <index_t S, class T>
struct project_row_backward {
  rows<T const> z;
  rows<T const> ds;
  rows<T> dz;
  bool add = false;
  S2RM_HD void operator()(index_t r) const {
    T const* const from = z.at(r);
    T const* const d = ds.at(r);
    T* const to = dz.at(r);
    auto const [factor, clamped] = math::scale_to_sphere(math::dot<S>(from, from));
    T const scale = factor;  // clang before 16 cannot capture a binding
    T const along = clamped ? T(0) : math::dot<S>(from, d) * scale * scale;
    bool const onto = add;
    math::across<T, S>([=](auto l, index_t i) {
      auto const value = (l.load(d + i) - l.load(from + i) * along) * scale;
      l.store(to + i, onto ? l.load(to + i) + value : value);
    });
  }
};

}  // namespace layer
S2RM_NAMESPACE_END

S2RM_NAMESPACE_BEGIN
namespace geometry = layer;  ///< deprecated, removed in 0.3
S2RM_NAMESPACE_END
