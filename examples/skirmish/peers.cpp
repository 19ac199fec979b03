#include "peers.hpp"

#include <algorithm>
#include <cmath>

namespace skirmish {
namespace {

constexpr std::size_t channels = model_channels;

/// Sums over raster cells, from which shares and means come.
struct tally {
  double cells = 0, occupied = 0;
  std::array<double, channels> sum{};

  void add(float const* raster, int cell) {
    ++cells;
    std::array<float, channels> here{};
    for (std::size_t c = 0; c < channels; ++c) here[c] = raster[static_cast<int>(c) * raster_cells + cell];
    if (here[model_markers - 1] > 0.5F || here[model_markers - 2] > 0.5F) ++occupied;
    for (std::size_t c = 0; c < channels; ++c) sum[c] += static_cast<double>(here[c]);
  }
  [[nodiscard]] float value(std::size_t c) const {
    auto const over = c < model_markers ? cells : occupied;
    return over > 0 ? static_cast<float>(sum[c] / over) : 0.0F;
  }
};

}  // namespace

map_grid::map_grid(recording const& of)
    : width{static_cast<int>(std::ceil(of.map_size(0) * per_cell))},
      height{static_cast<int>(std::ceil(of.map_size(1) * per_cell))} {}

habits habits::learn(source const& from, index_t battles) {
  constexpr index_t at_once = 10;
  batch b;
  b.take(from, 0, 1, 1, {});
  habits made{map_grid{*b.battles.front().of}};
  tally all;
  std::vector<tally> around(made.grid_.size());
  for (index_t first = 0; first < battles; first += at_once) {
    b.take(from, first, std::min(at_once, battles - first), 0, {});
    for (std::size_t i = 0; i < b.asked.size(); ++i) {
      if (b.answered[i] == 0) continue;
      float const* const raster = b.target.data() + i * batch::raster;
      for (int cell = 0; cell < raster_cells; ++cell) all.add(raster, cell);
      made.grid_.for_cells(b.asked[i], [&](int cell, std::size_t at) { around[at].add(raster, cell); });
    }
  }
  for (std::size_t c = 0; c < channels; ++c) made.constant_.insert(made.constant_.end(), raster_cells, all.value(c));
  for (auto const& here : around) {
    for (std::size_t c = 0; c < channels; ++c) {
      // Where nobody ever was, fractions are those of everywhere.
      made.usual_.push_back(c >= model_markers && here.occupied == 0 ? all.value(c) : here.value(c));
    }
  }
  return made;
}

void habits::draw(point place, std::span<float> raster) const {
  std::fill(raster.begin(), raster.end(), 0.0F);
  grid_.for_cells(place, [&](int cell, std::size_t at) {
    for (std::size_t c = 0; c < channels; ++c) {
      raster[c * raster_cells + static_cast<std::size_t>(cell)] = usual_[at * channels + c];
    }
  });
}

memory::memory(recording const& of) : grid_{of}, seen_(grid_.size()) {}

void memory::forget() { std::fill(seen_.begin(), seen_.end(), sight{}); }

void memory::see(batch const& b, index_t t, index_t e) {
  auto const& battle = b.battles[static_cast<std::size_t>(e)];
  auto const row = b.row(t, e);
  if (b.blind[row] != 0) return;
  auto const state = static_cast<std::size_t>(battle.begin + b.start[static_cast<std::size_t>(e)] + t);
  for (index_t a = 0; a < b.views; ++a) {
    auto const i = row * static_cast<std::size_t>(b.views) + static_cast<std::size_t>(a);
    if (b.present[i] == 0) continue;
    auto const at = position_of(*battle.of, state, static_cast<std::size_t>(a));
    auto const first_x = map_grid::index(at.x - sight_range), last_x = map_grid::index(at.x + sight_range);
    auto const first_y = map_grid::index(at.y - sight_range), last_y = map_grid::index(at.y + sight_range);
    for (auto y = first_y; y <= last_y; ++y) {
      for (auto x = first_x; x <= last_x; ++x) {
        point const here{map_grid::middle(x), map_grid::middle(y)};
        if (!grid_.inside(x, y) || !within(at, here, sight_range)) continue;
        auto const row_there = bin_of(here.y - at.y), column = bin_of(here.x - at.x);
        auto const distance = square_length(here - cell_middle(at, row_there, column));
        auto& known = seen_[grid_.offset(x, y)];
        if (known.step == t && known.distance <= distance) continue;
        known = {b.view.data() + i * batch::view_size + row_there * raster_side + column, t, distance};
      }
    }
  }
}

void memory::draw(point place, std::span<float> raster) const {
  std::fill(raster.begin(), raster.end(), 0.0F);
  grid_.for_cells(place, [&](int cell, std::size_t at) {
    if (seen_[at].cell == nullptr) return;
    for (std::size_t c = 0; c < channels; ++c) {
      raster[c * raster_cells + static_cast<std::size_t>(cell)] = seen_[at].cell[c * raster_cells];
    }
  });
}

std::map<std::string, battle_score> score_peers(batch const& b, habits const& known) {
  std::map<std::string, battle_score> scores;
  auto &empty = scores["all empty"], &usual = scores["place alone"], &last = scores["last seen"],
       &still = scores["nothing moves"];
  std::vector<float> raster(batch::raster);
  for (index_t e = 0; e < b.size; ++e) {
    auto const& battle = b.battles[static_cast<std::size_t>(e)];
    auto const begin = b.start[static_cast<std::size_t>(e)];
    scenes at(*battle.of, model_layout());
    memory seen(*battle.of);
    for (index_t t = 0; t < std::min(b.time, battle.steps() - begin); ++t) {
      seen.see(b, t, e);
      at.go_to(battle.begin + begin + t);
      for (index_t q = 0; q < batch::queries; ++q) {
        auto const i = b.row(t, e) * static_cast<std::size_t>(batch::queries) + static_cast<std::size_t>(q);
        if (b.answered[i] == 0) continue;
        float const* const truth = b.target.data() + i * batch::raster;
        empty.add_probabilities(known.constant().data(), truth);
        known.draw(b.asked[i], raster);
        usual.add_probabilities(raster.data(), truth);
        seen.draw(b.asked[i], raster);
        last.add_decisions(raster.data(), truth);
        at.draw_target(b.asked[i], raster);
        still.add_decisions(raster.data(), truth);
      }
    }
  }
  return scores;
}

}  // namespace skirmish
