#include "video.hpp"

#include <algorithm>
#include <cmath>

#include "common/sha256.hpp"

namespace balls {
namespace {

/// Of the sequences' start; other draws have other numbers (batch.cpp).
constexpr std::uint32_t stream_of_worlds = 32;

/// exp(-q^4) >= 1/2, q = d^2 / r^2.
bool on(double distance2) {
  constexpr double log_of_two = 0.693147180559945309417;
  double const q = distance2 / (world::radius * world::radius);
  return (q * q) * (q * q) <= log_of_two;
}

double centre_of(int pixel) { return (pixel + 0.5) * world::side / frame::side; }

/// The pixels between x - r and x + r.
std::pair<int, int> reach(double x) {
  constexpr double scale = frame::side / world::side;
  return {std::max(0, static_cast<int>(std::floor((x - world::radius) * scale))),
          std::min(frame::side - 1, static_cast<int>(std::ceil((x + world::radius) * scale)))};
}

}  // namespace

frame draw(world const& now) {
  frame made;
  for (auto const& b : now.balls) {
    auto const [left, right] = reach(b.x);
    auto const [top, bottom] = reach(b.y);
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        double const dx = centre_of(x) - b.x, dy = centre_of(y) - b.y;
        if (on(dx * dx + dy * dy)) made.pixels[frame::offset(x, y)] = 1;
      }
    }
  }
  return made;
}

frame behind_curtain(frame shown) {
  for (int y = 0; y < frame::side; ++y) {
    for (int x = curtain::first; x <= curtain::last; ++x) shown.pixels[frame::offset(x, y)] = 0;
  }
  return shown;
}

film record(std::uint64_t seed, split part, index_t number, int balls, index_t first, index_t count) {
  s2rm::random const numbers{seed, stream_of_worlds + static_cast<std::uint32_t>(part)};
  auto now = world::draw(numbers, number, balls);
  for (index_t t = 0; t < first; ++t) now.advance();
  film made;
  made.first = first;
  for (index_t t = 0; t < count; ++t) {
    if (t > 0) now.advance();
    made.frames.push_back(draw(now));
    made.worlds.push_back(now);
  }
  return made;
}

std::string checksum(std::uint64_t seed, split part, int balls, index_t sequences) {
  std::string bytes;
  for (index_t s = 0; s < sequences; ++s) {
    for (auto const& shown : record(seed, part, s, balls).frames) {
      bytes.append(shown.pixels.begin(), shown.pixels.end());
    }
  }
  return examples::sha256(bytes);
}

}  // namespace balls
