#include "batch.hpp"

namespace balls {
namespace {

// Streams of random numbers beside those of the library (0, and 16 and up), of the worlds (33 to 35); a part each.
constexpr std::uint32_t stream_of_crops = 40, stream_of_starts = 44, stream_of_drops = 48, stream_of_thinning = 52;

s2rm::random numbers_of(source from, std::uint32_t stream) {
  return {from.seed, stream + static_cast<std::uint32_t>(from.part)};
}

}  // namespace

std::vector<centre> draw_centres(source from, index_t sequence, index_t frame_number, purpose what, index_t count) {
  auto const numbers = numbers_of(from, stream_of_crops);
  auto const base = sequence * 2 * condition::most_views + (what == purpose::queries ? condition::most_views : 0);
  std::vector<centre> made;
  for (index_t a = 0; a < count; ++a) {
    auto const pixel = static_cast<int>(numbers.below(static_cast<std::uint32_t>(frame_number),
                                                      static_cast<std::uint64_t>(base + a), frame::side * frame::side));
    made.push_back({pixel % frame::side, pixel / frame::side});
  }
  return made;
}

void batch::shoot(source from, index_t first, index_t count, index_t steps, condition const& how, bool random_start) {
  make_room(steps, count, how.views, queries, crop::view, crop::pixels);
  films.clear();
  seen.resize(present.size());
  asked.resize(blind.size() * static_cast<std::size_t>(queries));
  auto const starts = numbers_of(from, stream_of_starts), drops = numbers_of(from, stream_of_drops);
  for (index_t b = 0; b < size; ++b) {
    auto const number = first + b;
    auto const room = film::length - steps;
    auto const start = random_start ? starts.below(0, static_cast<std::uint64_t>(number), room) : 0;
    films.push_back(record(from.seed, from.part, number, how.balls, start, steps + 1));
    for (index_t t = 0; t < time; ++t) {
      auto const& now = films.back().frames[static_cast<std::size_t>(t)];
      auto const& next = films.back().frames[static_cast<std::size_t>(t + 1)];
      auto const shown = how.curtain ? behind_curtain(now) : now;
      blind[row(t, b)] = t >= how.blind_from ? 1 : 0;
      auto const looks = draw_centres(from, number, start + t, purpose::views, views);
      auto i = row(t, b) * static_cast<std::size_t>(views);
      for (std::size_t a = 0; a < looks.size(); ++a, ++i) {
        seen[i] = looks[a];
        cut_view(shown, looks[a], view.data() + i * crop::view);
        place_of(looks[a], place.data() + i * 2);
        auto const element = static_cast<std::uint64_t>(number * condition::most_views) + a;
        if (drops.uniform(static_cast<std::uint32_t>(start + t), element) < how.dropped) present[i] = 0;
      }
      auto const questions_here = draw_centres(from, number, start + t, purpose::queries, queries);
      i = row(t, b) * static_cast<std::size_t>(queries);
      for (auto const c : questions_here) {
        asked[i] = c;
        cut_target(next, c, target.data() + i * crop::pixels);
        place_of(c, query_place.data() + i * 2);
        ++i;
      }
    }
  }
}

void batch::thin_out(std::uint64_t seed, index_t step, double few, double spans, index_t first) {
  batch_memory::thin_out({seed, stream_of_thinning}, step, few, spans, first);
}

}  // namespace balls
