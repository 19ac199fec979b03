#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "physics.hpp"

namespace balls {

/// A binary picture, row 0 on top.
struct frame {
  static constexpr int side = 48;
  std::array<std::uint8_t, static_cast<std::size_t>(side) * side> pixels{};

  [[nodiscard]] static std::size_t offset(int x, int y) {
    return static_cast<std::size_t>(y) * side + static_cast<std::size_t>(x);
  }
  [[nodiscard]] static bool inside(int x, int y) { return x >= 0 && y >= 0 && x < side && y < side; }
  [[nodiscard]] std::uint8_t at(int x, int y) const { return pixels[offset(x, y)]; }
  friend bool operator==(frame const&, frame const&) = default;
};

/// A pixel is on where a ball's soft disc exp(-(d^2 / r^2)^4) at its centre is at least a half.
[[nodiscard]] frame draw(world const& now);

/// The curtain: a vertical strip in the middle that shows nothing.
struct curtain {
  static constexpr int first = 19, last = 28;  ///< columns
};
[[nodiscard]] frame behind_curtain(frame shown);

/// Independent sequences for training, validation and test.
enum class split : std::uint32_t { train = 1, validation = 2, test = 3 };

/// A piece of one sequence: its frames, and the world at each of them.
struct film {
  static constexpr index_t length = 60;  ///< frames of a whole sequence
  index_t first = 0;                     ///< frame of the sequence that the piece begins with
  std::vector<frame> frames;
  std::vector<world> worlds;
};

/// `count` frames from `first` on of sequence `number`. The same (seed, part, number, balls) is the same sequence.
[[nodiscard]] film record(std::uint64_t seed, split part, index_t number, int balls, index_t first = 0,
                          index_t count = film::length);

/// SHA-256 over the pixels of the first `sequences` films of a part, one byte a pixel.
[[nodiscard]] std::string checksum(std::uint64_t seed, split part, int balls, index_t sequences);

}  // namespace balls
