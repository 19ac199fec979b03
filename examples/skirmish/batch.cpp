#include "batch.hpp"

#include <algorithm>
#include <numeric>

#include "experiment/thinning.hpp"

namespace skirmish {
namespace {

// Streams of random numbers beside those of the simulator (1 to 3) and of the library (0, and 16 and up).
constexpr std::uint32_t stream_of_queries = 60, stream_of_starts = 61, stream_of_drops = 62, stream_of_thinning = 63;

/// A number in [low, high] from one of 2^32.
std::int32_t spread(std::uint32_t word, std::int32_t low, std::int32_t high) {
  auto const count = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int32_t>((word * count) >> 32U);
}

std::int32_t in_fixed(float cells) { return static_cast<std::int32_t>(cells * static_cast<float>(one)); }

/// All of 0 .. count - 1, in an order that only depends on the numbers' counter.
std::vector<index_t> shuffled(s2rm::random numbers, std::uint32_t counter, std::uint64_t element, index_t count) {
  std::vector<index_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), index_t{0});
  for (auto i = count; i > 1; --i) {
    auto const j = numbers.below(counter, element * max_units + static_cast<std::uint64_t>(i - 1), i);
    std::swap(order[static_cast<std::size_t>(i - 1)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

}  // namespace

bool fits_model(scenario const& of) {
  auto const known = [](group const& g) {
    return g.count == 0 || std::find(model_types.begin(), model_types.end(), type_of(g.type).id) != model_types.end();
  };
  return std::all_of(of.allies.begin(), of.allies.end(), known) &&
         std::all_of(of.enemies.begin(), of.enemies.end(), known);
}

std::vector<index_t> drop_order(std::uint64_t seed, index_t battle, index_t allies) {
  return shuffled({seed, stream_of_drops}, 0, static_cast<std::uint64_t>(battle), allies);
}

void batch::take(source const& from, index_t first, index_t count, index_t steps, condition const& how,
                 bool random_start) {
  battles.clear();
  start.assign(static_cast<std::size_t>(count), 0);
  index_t longest = 1;
  index_t allies = 0;
  for (index_t b = 0; b < count; ++b) {
    battles.push_back(from.get(first + b));
    longest = std::max(longest, battles.back().steps());
    allies = std::max(allies, static_cast<index_t>(battles.back().of->allies()));
  }
  make_room(steps > 0 ? steps : longest, count, allies, queries, view_size, raster);
  for (auto* const numbers : {&view, &place, &target, &query_place}) std::fill(numbers->begin(), numbers->end(), 0.0F);
  present.assign(present.size(), 0);
  answered.assign(blind.size() * static_cast<std::size_t>(queries), 0);
  asked.resize(answered.size());
  s2rm::random const starts{from.seed(), stream_of_starts};
  for (index_t b = 0; b < size; ++b) {
    auto const room = battles[static_cast<std::size_t>(b)].steps() - time;
    if (random_start && room > 0) {
      start[static_cast<std::size_t>(b)] = starts.below(0, static_cast<std::uint64_t>(first + b), room + 1);
    }
    fill(b, from.seed(), how);
  }
}

void batch::fill(index_t b, std::uint64_t seed, condition const& how) {
  auto const& battle = battles[static_cast<std::size_t>(b)];
  auto const& r = *battle.of;
  auto const begin = start[static_cast<std::size_t>(b)];
  auto const order = drop_order(seed, battle.number, r.allies());
  std::vector<std::uint8_t> dropped(order.size(), 0);
  for (index_t i = 0; i < std::min(how.dropped, static_cast<index_t>(order.size())); ++i) {
    dropped[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = 1;
  }
  point const low{in_fixed(r.walkable(0, 0)), in_fixed(r.walkable(0, 1))};
  point const high{in_fixed(r.walkable(1, 0)), in_fixed(r.walkable(1, 1))};
  s2rm::random const looks{seed, stream_of_queries};
  scenes at(r, model_layout());
  for (index_t t = 0; t < std::min(time, battle.steps() - begin); ++t) {
    at.go_to(battle.begin + begin + t);
    for (int a = 0; a < r.allies(); ++a) {
      if (!at.alive(a) || dropped[static_cast<std::size_t>(a)] != 0) continue;
      auto const i = row(t, b) * static_cast<std::size_t>(views) + static_cast<std::size_t>(a);
      present[i] = 1;
      at.draw_view(a, begin + t == 0, std::span(view).subspan(i * view_size, view_size));
      std::copy_n(place_of(r, at.mark_of(a)->at).begin(), 2, place.data() + i * 2);
    }
    at.go_to(battle.begin + begin + t + 1);
    for (index_t q = 0; q < queries; ++q) {
      auto const i = row(t, b) * static_cast<std::size_t>(queries) + static_cast<std::size_t>(q);
      auto const words =
          looks.words(static_cast<std::uint32_t>(begin + t), static_cast<std::uint64_t>(battle.number * queries + q));
      asked[i] = {spread(words[0], low.x, high.x), spread(words[1], low.y, high.y)};
      answered[i] = 1;
      at.draw_target(asked[i], std::span(target).subspan(i * raster, raster));
      std::copy_n(place_of(r, asked[i]).begin(), 2, query_place.data() + i * 2);
    }
  }
}

void batch::thin_out(std::uint64_t seed, index_t step, double few, double spans, index_t first_element) {
  s2rm::random const numbers{seed, stream_of_thinning};
  auto const a = static_cast<std::size_t>(views);
  for (index_t b = 0; b < size; ++b) {
    auto const less = examples::thinning::draw(numbers, step, first_element + b, views, time, few, spans);
    auto const order = shuffled({seed, stream_of_thinning + 1}, static_cast<std::uint32_t>(step),
                                static_cast<std::uint64_t>(first_element + b), views);
    for (index_t t = 0; t < time; ++t) {
      if (less.dark(t)) blind[row(t, b)] = 1;
      for (auto k = static_cast<std::size_t>(less.kept); k < a; ++k) {
        present[row(t, b) * a + static_cast<std::size_t>(order[k])] = 0;
      }
    }
  }
}

}  // namespace skirmish
