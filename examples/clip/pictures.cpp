#include "pictures.hpp"

#include <algorithm>
#include <cmath>

namespace clip {
namespace {

using examples::colour;
using examples::image;

constexpr colour unseen{0x2c, 0x3e, 0x63}, brighter{0xb2, 0x18, 0x2b}, darker{0x21, 0x66, 0xac}, same{0xff, 0xff, 0xff};

template <class F>
image painted(extent of, F const& colour_at) {
  image made{of.width, of.height};
  for (std::size_t i = 0; i < made.pixels.size(); ++i) made.pixels[i] = colour_at(i);
  return made;
}

colour grey(float g) {
  return examples::mix({0, 0, 0}, {255, 255, 255}, static_cast<double>(std::clamp(g, 0.0F, 1.0F)));
}

image picture(extent of, std::vector<float> const& g) {
  return painted(of, [&](std::size_t i) { return grey(g[i]); });
}

image seen(extent of, moment const& now) {
  image made{of.width, of.height, unseen};
  for (auto const& c : now.views) {
    for_pixels(of, c, [&](std::size_t, std::size_t offset) { made.pixels[offset] = grey(now.shown[offset]); });
  }
  return made;
}

/// Red where the guess is too bright, blue where it is too dark; full colour from 0.4 off.
image difference(extent of, std::vector<float> const& guess, std::vector<float> const& truth) {
  return painted(of, [&](std::size_t i) {
    double const off = static_cast<double>(guess[i] - truth[i]);
    return examples::mix(same, off > 0 ? brighter : darker, std::min(1.0, std::abs(off) / 0.4));
  });
}

}  // namespace

image panels(extent of, moment const& now, int factor) {
  auto const panel = [&](image const& source, std::string const& words) {
    return examples::headed(examples::framed(source, factor), words);
  };
  auto const dark = now.dark == 0 ? std::string{"not blind yet"} : "blind for " + std::to_string(now.dark);
  std::vector<image> const left{panel(picture(of, now.truth), "truth"),
                                panel(seen(of, now), "seen of the frame before")};
  std::vector<image> const middle{panel(picture(of, now.believed), "predicted"), panel(picture(of, now.blind), dark)};
  std::vector<image> const right{panel(difference(of, now.believed, now.truth), "predicted - truth"),
                                 panel(difference(of, now.blind, now.truth), dark + ": - truth")};
  std::vector<image> const columns{examples::below(left, 2), examples::below(middle, 2), examples::below(right, 2)};
  return examples::beside(columns, 6);
}

image film_strip(extent of, std::vector<moment> const& all) {
  std::vector<image> rows;
  for (auto const& one : all) rows.push_back(panels(of, one, 2));
  return examples::below(rows, 10);
}

}  // namespace clip
