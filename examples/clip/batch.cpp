#include "batch.hpp"

namespace clip {
namespace {

/// A crop of z into a batch, with its place.
void take(scene const& from, index_t t, centre c, bool mirrored, float* pixels, float* place) {
  auto const z = from.at(t);
  for_pixels(from.frame, c, [&](std::size_t i, std::size_t offset) {
    auto const column = i % crop::side;
    pixels[mirrored ? i - column + (crop::side - 1 - column) : i] = z[offset];
  });
  place_of(from.frame, c, place);
  if (mirrored) place[0] = -place[0];
}

}  // namespace

void batch::cut(scene const& from, part within, index_t count, index_t steps, sampling const& how, bool random_start) {
  make_room(steps, count, how.views, how.questions, crop::pixels, crop::pixels);
  // Elements of random numbers: 0 and 1 of each piece are its own, then those of its crops.
  auto const each = 2 + steps * (views + questions);
  for (index_t b = 0; b < size; ++b) {
    auto const own = static_cast<std::uint64_t>(b * each);
    auto const start = within.begin + (random_start ? how.numbers.below(how.step, own, within.size() - steps) : 0);
    bool const mirrored = how.numbers.uniform(how.step, own + 1) < how.mirrored;
    auto element = own + 2;
    for (index_t t = 0; t < time; ++t) {
      auto const crops = [&](index_t n, index_t frame, std::vector<float>& pixels, std::vector<float>& places) {
        for (auto i = row(t, b) * static_cast<std::size_t>(n), end = i + static_cast<std::size_t>(n); i < end; ++i) {
          auto const c = draw_centre(from.frame, how.numbers, how.step, element++);
          take(from, frame, c, mirrored, pixels.data() + i * crop::pixels, places.data() + i * 2);
        }
      };
      crops(views, start + t, view, place);
      crops(questions, start + t + 1, target, query_place);
    }
  }
}

}  // namespace clip
