#pragma once
/// \file
/// Non-owning views of memory: `rows` for layers, `array_view` for the data boundary.

#include <array>
#include <cstddef>
#include <type_traits>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// A matrix of any number of rows, optionally split into groups: element (r, g, c) is `data[r * stride + g * group +
/// c]`. Shapes are written (rows, groups, width); the width is known to who uses it. A state (B, M, H) is
/// `{data, M * H, H}`: one row per batch element, one group per module.
template <class T>
struct rows {
  T* data = nullptr;
  index_t stride = 0;
  index_t group = 0;

  S2RM_HD constexpr T* at(index_t row, index_t g = 0) const { return data + row * stride + g * group; }
  /// The same rows, starting `columns` further to the right.
  S2RM_HD constexpr rows shifted(index_t columns) const { return {data + columns, stride, group}; }
  /// To rows<T const>. A template, so that no conversion to the same type is declared.
  template <class Const>
    requires(std::is_same_v<Const, T const> && !std::is_const_v<T>)
  S2RM_HD constexpr operator rows<Const>() const {
    return {data, stride, group};
  }
};

/// A dense row-major array of known rank that someone else owns.
template <class T, std::size_t Rank>
struct array_view {
  T* data = nullptr;
  std::array<index_t, Rank> shape{};

  [[nodiscard]] constexpr index_t size() const {
    index_t n = 1;
    for (auto const extent : shape) n *= extent;
    return n;
  }
  /// To array_view<T const>. A template, so that no conversion to the same type is declared.
  template <class Const>
    requires(std::is_same_v<Const, T const> && !std::is_const_v<T>)
  constexpr operator array_view<Const, Rank>() const {
    return {data, shape};
  }
};

/// How the library looks at arrays of other libraries: a specialisation has a static `view(x)` that returns an
/// `array_view` (adapters/xtensor.hpp has one for xtensor).
template <class X>
struct view_traits;

template <class X> concept viewable = requires(X const& x) { view_traits<X>::view(x); };

S2RM_NAMESPACE_END
