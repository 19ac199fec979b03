#include "belief.hpp"

#include <algorithm>
#include <cmath>

namespace skirmish {
namespace {

constexpr std::int32_t square_side = one / belief::per_cell;

/// Squares first .. last - 1 whose middles lie in [low, high).
struct run_of_squares {
  int first, last;
  run_of_squares(std::int32_t low, std::int32_t high, int count)
      : first{std::max(0, index_above(low))}, last{std::min(count, index_above(high))} {}
  /// The first square whose middle is not below a place.
  static int index_above(std::int32_t along) {
    auto const shifted = along - square_side / 2;
    return shifted <= 0 ? 0 : (shifted + square_side - 1) / square_side;
  }
};

}  // namespace

belief believe(examples::watcher& of, recording const& r) {
  auto const in_fixed = [](float cells) { return static_cast<std::int32_t>(cells * static_cast<float>(one)); };
  point const low{in_fixed(r.walkable(0, 0)), in_fixed(r.walkable(0, 1))};
  point const high{in_fixed(r.walkable(1, 0)), in_fixed(r.walkable(1, 1))};
  belief made;
  made.width = (high.x - low.x) / square_side;
  made.height = (high.y - low.y) / square_side;
  made.squares.resize(static_cast<std::size_t>(made.width) * static_cast<std::size_t>(made.height));
  std::vector<float> count(made.squares.size(), 0.0F);

  // Less than half a raster cell apart and no divisor of one, so that borders of cells of different rasters are spread.
  constexpr std::int32_t gap = sight_range / 12;
  std::vector<point> asked;
  std::vector<float> places;
  auto const answer = [&] {
    float const* predicted = of.predict(places);
    for (auto const& at : asked) {
      for (int cell = 0; cell < raster_cells; ++cell) {
        auto const row = cell / raster_side, column = cell % raster_side;
        if (!in_disc(row, column)) continue;
        std::array<float, model_channels> here{};
        for (int c = 0; c < model_channels; ++c) {
          auto const o = predicted[c * raster_cells + cell];
          here[static_cast<std::size_t>(c)] = c < model_markers ? 1 / (1 + std::exp(-o)) : o;
        }
        auto const begin = [](std::int32_t from, int bin) {
          return from - sight_range + bin * (2 * sight_range / raster_side);
        };
        run_of_squares const across(begin(at.x, column) - low.x, begin(at.x, column + 1) - low.x, made.width);
        run_of_squares const along(begin(at.y, row) - low.y, begin(at.y, row + 1) - low.y, made.height);
        for (int y = along.first; y < along.last; ++y) {
          for (int x = across.first; x < across.last; ++x) {
            auto const i = made.offset(x, y);
            for (std::size_t c = 0; c < here.size(); ++c) made.squares[i][c] += here[c];
            count[i] += 1;
          }
        }
      }
      predicted += batch::raster;
    }
    asked.clear();
    places.clear();
  };
  for (auto y = low.y; y <= high.y; y += gap) {
    for (auto x = low.x; x <= high.x; x += gap) {
      asked.push_back({x, y});
      auto const at = place_of(r, asked.back());
      places.insert(places.end(), at.begin(), at.end());
      if (asked.size() == examples::watcher::most_queries) answer();
    }
  }
  if (!asked.empty()) answer();
  for (std::size_t i = 0; i < count.size(); ++i) {
    for (auto& v : made.squares[i]) v /= std::max(count[i], 1.0F);
  }
  return made;
}

story tell(examples::model const& learner, source const& from, index_t number) {
  batch b;
  b.take(from, number, 1, 0, {});
  story made;
  made.battle = b.battles.front();
  auto const live = learner.watch();
  std::vector<float> views, places;
  for (index_t t = 0; t < made.battle.steps(); ++t) {
    views.clear();
    places.clear();
    for (index_t a = 0; a < b.views; ++a) {
      auto const i = b.row(t, 0) * static_cast<std::size_t>(b.views) + static_cast<std::size_t>(a);
      if (b.present[i] == 0) continue;
      auto const* const view = b.view.data() + i * batch::view_size;
      views.insert(views.end(), view, view + batch::view_size);
      places.insert(places.end(), b.place.data() + i * 2, b.place.data() + i * 2 + 2);
    }
    live->observe(views, places);
    made.believed.push_back(believe(*live, *made.battle.of));
  }
  return made;
}

}  // namespace skirmish
