#include "batch.hpp"

#include <cmath>

namespace clip {
namespace {

/// What is done to one piece.
struct change {
  bool mirrored, reversed;
  float gain, right, down;

  /// Reads random numbers `element` up to `element + count`.
  static constexpr index_t count = 6;
  static change draw(variation const& how, s2rm::random const& numbers, std::uint32_t step, std::uint64_t element) {
    auto const happens = [&](std::uint64_t i, double share) { return numbers.uniform(step, element + i) < share; };
    auto const within = [&](std::uint64_t i, double most) { return numbers.uniform(step, element + i, -most, most); };
    auto const gain = std::exp(within(3, how.contrast)) * (happens(2, how.inverted) ? -1 : 1);
    return {happens(0, how.mirrored), happens(1, how.reversed), static_cast<float>(gain),
            static_cast<float>(within(4, how.shift)), static_cast<float>(within(5, how.shift))};
  }
};

/// A crop of z into a batch, with its place.
void take(scene const& from, index_t t, centre c, change const& with, float* pixels, float* place) {
  auto const z = from.at(t);
  for_pixels(from.frame, c, [&](std::size_t i, std::size_t offset) {
    auto const column = i % crop::side;
    pixels[with.mirrored ? i - column + (crop::side - 1 - column) : i] = with.gain * z[offset];
  });
  place_of(from.frame, c, place);
  if (with.mirrored) place[0] = -place[0];
  place[0] += with.right;
  place[1] += with.down;
}

}  // namespace

void batch::cut(scene const& from, part within, index_t count, index_t steps, sampling const& how, bool random_start) {
  make_room(steps, count, how.views, how.questions, crop::pixels, crop::pixels);
  // Elements of random numbers: of each piece its start, its change, its crops.
  auto const each = 1 + change::count + steps * (views + questions);
  for (index_t b = 0; b < size; ++b) {
    auto const own = static_cast<std::uint64_t>((how.first + b) * each);
    auto const start = within.begin + (random_start ? how.numbers.below(how.step, own, within.size() - steps) : 0);
    auto const with = change::draw(how.varied, how.numbers, how.step, own + 1);
    auto element = own + 1 + change::count;
    for (index_t t = 0; t < time; ++t) {
      auto const crops = [&](index_t n, index_t frame, std::vector<float>& pixels, std::vector<float>& places) {
        for (auto i = row(t, b) * static_cast<std::size_t>(n), end = i + static_cast<std::size_t>(n); i < end; ++i) {
          auto const c = draw_centre(from.frame, how.numbers, how.step, element++);
          take(from, with.reversed ? 2 * start + steps - frame : frame, c, with, pixels.data() + i * crop::pixels,
               places.data() + i * 2);
        }
      };
      crops(views, start + t, view, place);
      crops(questions, start + t + 1, target, query_place);
    }
  }
}

}  // namespace clip
