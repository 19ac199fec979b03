#pragma once

#include "video.hpp"

namespace balls {

/// The pixel in the middle of a crop.
struct centre {
  int x = 0, y = 0;
  friend bool operator==(centre const&, centre const&) = default;
};

/// A local look at a frame: 11 x 11 pixels, zero beyond its edges.
struct crop {
  static constexpr int side = 11, reach = side / 2;
  static constexpr index_t pixels = side * side;
  static constexpr index_t view = 2 * pixels;  ///< the pixels, and for each whether it lies inside the frame
};

/// f(i, x, y) for the pixels of a crop, row by row; (x, y) may lie outside the frame.
template <class F>
void for_pixels(centre c, F const& f) {
  index_t i = 0;
  for (int y = c.y - crop::reach; y <= c.y + crop::reach; ++y) {
    for (int x = c.x - crop::reach; x <= c.x + crop::reach; ++x) f(i++, x, y);
  }
}

/// The ball pixels alone: what a query asks for.
inline void cut_target(frame const& from, centre c, float* to) {
  for_pixels(c,
             [&](index_t i, int x, int y) { to[i] = frame::inside(x, y) ? static_cast<float>(from.at(x, y)) : 0.0F; });
}

/// Both channels: what a view shows.
inline void cut_view(frame const& from, centre c, float* to) {
  cut_target(from, c, to);
  for_pixels(c, [&](index_t i, int x, int y) { to[crop::pixels + i] = frame::inside(x, y) ? 1.0F : 0.0F; });
}

/// The centre's place in [-1, 1]^2: x to the right, y down.
inline void place_of(centre c, float* to) {
  to[0] = static_cast<float>((2 * c.x + 1.0) / frame::side - 1);
  to[1] = static_cast<float>((2 * c.y + 1.0) / frame::side - 1);
}

}  // namespace balls
