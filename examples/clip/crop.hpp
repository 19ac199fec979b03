#pragma once

#include <vector>

#include "s2rm/core/random.hpp"

namespace clip {

using s2rm::index_t;

/// The pixel in the middle of a crop.
struct centre {
  int x = 0, y = 0;
  friend bool operator==(centre const&, centre const&) = default;
};

/// Width and height of a frame, and the crops in it: all of them lie wholly inside.
struct extent {
  int width = 0, height = 0;

  [[nodiscard]] index_t pixels() const { return index_t{width} * height; }
  [[nodiscard]] std::size_t offset(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};

/// A local look at a frame: 11 x 11 pixels.
struct crop {
  static constexpr int side = 11, reach = side / 2;
  static constexpr index_t pixels = side * side;
};

/// f(i, offset) for the pixels of a crop, row by row; `offset` is into the frame.
template <class F>
void for_pixels(extent of, centre c, F const& f) {
  std::size_t i = 0;
  for (int y = c.y - crop::reach; y <= c.y + crop::reach; ++y) {
    auto const row = of.offset(c.x - crop::reach, y);
    for (std::size_t x = 0; x < crop::side; ++x) f(i++, row + x);
  }
}

/// Any crop of a frame, each as probable.
[[nodiscard]] inline centre draw_centre(extent of, s2rm::random const& numbers, std::uint32_t step,
                                        std::uint64_t element) {
  index_t const across = of.width - crop::side + 1, down = of.height - crop::side + 1;
  auto const i = numbers.below(step, element, across * down);
  return {crop::reach + static_cast<int>(i % across), crop::reach + static_cast<int>(i / across)};
}

/// The centre's place in [-1, 1]^2: x to the right, y down.
inline void place_of(extent of, centre c, float* to) {
  to[0] = static_cast<float>((2 * c.x + 1.0) / of.width - 1);
  to[1] = static_cast<float>((2 * c.y + 1.0) / of.height - 1);
}

/// Centres of crops that cover a frame, at most 5 pixels apart.
[[nodiscard]] inline std::vector<centre> grid(extent of) {
  auto const line = [](int length) {
    std::vector<int> at;
    int const last = length - 1 - crop::reach;
    for (int i = crop::reach; i < last; i += crop::reach) at.push_back(i);
    at.push_back(last);
    return at;
  };
  std::vector<centre> made;
  for (auto const y : line(of.height)) {
    for (auto const x : line(of.width)) made.push_back({x, y});
  }
  return made;
}

}  // namespace clip
