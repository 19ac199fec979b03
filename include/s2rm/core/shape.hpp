#pragma once
/// \file
/// Sizes of a model: they have names and live in one type.

#include <array>
#include <type_traits>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// An observation that is an image: Channels x Height x Width, row-major.
template <index_t Channels, index_t Height, index_t Width>
struct raster {
  static constexpr index_t channels = Channels, height = Height, width = Width;
  static constexpr index_t size = Channels * Height * Width;
  static constexpr std::size_t rank = 3;
  static constexpr std::array<index_t, 3> extents{Channels, Height, Width};
};

template <class V>
inline constexpr bool is_raster = requires { V::channels, V::height, V::width; };
/// V itself where it is a raster, else one of a single pixel that stands for it after an error was reported.
template <class V>
using as_raster = std::conditional_t<is_raster<V>, V, raster<V::size, 1, 1>>;

/// An observation that is a plain vector of Count numbers.
template <index_t Count>
struct features {
  static constexpr index_t size = Count;
  static constexpr std::size_t rank = 1;
  static constexpr std::array<index_t, 1> extents{Count};
};

/// Defaults of every size. A user's shape derives from it, overrides what differs, and names its `view`
/// (and its `target`, where what is predicted is not shaped like what is seen).
struct shape {
  static constexpr index_t modules = 10;       ///< M, recurrent modules
  static constexpr index_t hidden = 64;        ///< H, state of one module
  static constexpr index_t heads = 4;          ///< N, attention heads
  static constexpr index_t head_width = 16;    ///< C, width of keys and values in a head
  static constexpr index_t sphere = 16;        ///< S, the modules live on the unit sphere of R^S
  static constexpr index_t place = 2;          ///< P, dimension of a place x in [-1, 1]^P
  static constexpr index_t frequencies = 6;    ///< F, octaves of the place features
  static constexpr index_t place_hidden = 64;  ///< hidden width of the place encoder
  static constexpr index_t context = 0;        ///< K, side inputs of a view, and of a query
};

namespace detail {
template <class Shape>
struct target_of {
  using type = typename Shape::view;
};
template <class Shape>
  requires requires { typename Shape::target; }
struct target_of<Shape> {
  using type = typename Shape::target;
};
}  // namespace detail

/// What one query predicts: `Shape::target` where given, else the view's own shape.
template <class Shape>
using target_of = typename detail::target_of<Shape>::type;

S2RM_NAMESPACE_END
