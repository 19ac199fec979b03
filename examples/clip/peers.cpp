#include "peers.hpp"

namespace clip {

std::vector<centre> views_of(extent frame, index_t draw, index_t t, index_t count) {
  constexpr std::uint32_t stream_of_views = 63;
  constexpr std::uint64_t most = 64;  // elements of a (draw, frame)
  s2rm::random const numbers{1, stream_of_views};
  std::vector<centre> made;
  for (index_t a = 0; a < count; ++a) {
    made.push_back(draw_centre(frame, numbers, static_cast<std::uint32_t>(t),
                               static_cast<std::uint64_t>(draw) * most + static_cast<std::uint64_t>(a)));
  }
  return made;
}

void canvas::see(std::span<float const> z, std::span<centre const> crops) {
  for (auto const& c : crops) {
    for_pixels(of_, c, [&](std::size_t, std::size_t offset) { z_[offset] = z[offset]; });
  }
}

}  // namespace clip
