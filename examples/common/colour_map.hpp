#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

struct colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  friend bool operator==(colour const&, colour const&) = default;
};

/// Straight line between two colours, share in [0, 1].
[[nodiscard]] inline colour mix(colour a, colour b, double share) {
  auto const one = [share](std::uint8_t from, std::uint8_t to) {
    return static_cast<std::uint8_t>(std::lround(from + share * (to - from)));
  };
  return {one(a.red, b.red), one(a.green, b.green), one(a.blue, b.blue)};
}

/// The viridis colour map (van der Walt and Smith, 2015; CC0): perceptually uniform, readable in grey and by people
/// with colour blindness. `share` is clamped to [0, 1]; NaN gives a neutral grey that the map itself never takes.
[[nodiscard]] inline colour viridis(double share) {
  constexpr std::array<colour, 10> stops{{{0x44, 0x01, 0x54},
                                          {0x48, 0x28, 0x78},
                                          {0x3e, 0x4a, 0x89},
                                          {0x31, 0x68, 0x8e},
                                          {0x26, 0x82, 0x8e},
                                          {0x1f, 0x9e, 0x89},
                                          {0x35, 0xb7, 0x79},
                                          {0x6d, 0xcd, 0x59},
                                          {0xb4, 0xde, 0x2c},
                                          {0xfd, 0xe7, 0x25}}};
  if (std::isnan(share)) {
    return {0xd8, 0xd8, 0xd8};
  }
  auto const place = std::clamp(share, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  auto const left = std::min(static_cast<std::size_t>(place), stops.size() - 2);
  return mix(stops[left], stops[left + 1], place - static_cast<double>(left));
}

/// Eight line colours that stay apart for colour-blind readers (Okabe and Ito), in a fixed order.
[[nodiscard]] inline colour line_colour(std::size_t index) {
  constexpr std::array<colour, 8> colours{{{0x00, 0x72, 0xb2},
                                           {0xd5, 0x5e, 0x00},
                                           {0x00, 0x9e, 0x73},
                                           {0xcc, 0x79, 0xa7},
                                           {0xe6, 0x9f, 0x00},
                                           {0x56, 0xb4, 0xe9},
                                           {0x4d, 0x4d, 0x4d},
                                           {0x8c, 0x6b, 0x1f}}};
  return colours[index % colours.size()];
}

/// One of twelve colours that neighbouring tiles can be told apart by; strength in [0, 1], weak is pale.
[[nodiscard]] inline colour tile_colour(std::size_t index, double strength) {
  constexpr std::array<colour, 12> palette{{{31, 119, 180},
                                            {255, 127, 14},
                                            {44, 160, 44},
                                            {214, 39, 40},
                                            {148, 103, 189},
                                            {140, 86, 75},
                                            {227, 119, 194},
                                            {127, 127, 127},
                                            {188, 189, 34},
                                            {23, 190, 207},
                                            {57, 59, 121},
                                            {173, 73, 74}}};
  return mix({255, 255, 255}, palette[index % palette.size()], 0.25 + 0.75 * std::clamp(strength, 0.0, 1.0));
}

/// "#rrggbb" for SVG and CSS.
[[nodiscard]] inline std::string hex(colour c) {
  constexpr char const* digits = "0123456789abcdef";
  std::string text{"#"};
  for (auto const part : {c.red, c.green, c.blue}) {
    text += digits[part >> 4];
    text += digits[part & 15];
  }
  return text;
}

}  // namespace examples
