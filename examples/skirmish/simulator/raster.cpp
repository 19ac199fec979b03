#include "raster.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "s2rm/core/errors.hpp"

namespace skirmish {
namespace {

/// 11 times the offset of a place from the middle of its bin.
constexpr std::int32_t from_middle(std::int32_t offset, int bin) {
  return raster_side * (offset + sight_range) - (2 * bin + 1) * sight_range;
}

float fraction(std::int32_t part, std::int32_t whole) {
  return whole > 0 ? static_cast<float>(part) / static_cast<float>(whole) : 0.0F;
}

}  // namespace

int raster_layout::channel_of(std::int32_t type) const {
  auto const at = std::find(types.begin(), types.end(), type);
  if (at == types.end()) {
    std::string known;
    for (auto const t : types) known += (known.empty() ? "" : ", ") + std::to_string(t);
    throw s2rm::value_error("skirmish: the raster has channels for the unit types " + known +
                            ", found a unit of type " + std::to_string(type));
  }
  return static_cast<int>(at - types.begin());
}

raster_layout layout_of(std::span<std::int32_t const> unit_types) {
  raster_layout layout;
  for (auto const t : unit_types) {
    if (std::find(layout.types.begin(), layout.types.end(), t) == layout.types.end()) layout.types.push_back(t);
  }
  return layout;
}

void draw(std::span<mark const> scene, point place, shows what, raster_layout const& layout, std::span<float> raster) {
  std::fill(raster.begin(), raster.end(), 0.0F);
  std::array<std::int64_t, raster_cells> nearest{};
  nearest.fill(std::numeric_limits<std::int64_t>::max());
  auto const plane = [&](int c) { return raster.data() + static_cast<std::ptrdiff_t>(c) * raster_cells; };
  auto* const sides = plane(layout.index(channel::friendly));
  auto* const vitals = plane(layout.index(channel::health));
  constexpr auto cooldown = static_cast<int>(channel::cooldown) - static_cast<int>(channel::health);
  for (auto const& m : scene) {
    auto const offset = m.at - place;
    if (square_length(offset) > square(sight_range)) continue;
    auto const column = bin_of(offset.x);
    auto const row = bin_of(offset.y);
    auto const cell = row * raster_side + column;
    plane(m.type_channel)[cell] = 1.0F;
    sides[(m.enemy ? raster_cells : 0) + cell] = 1.0F;
    auto const distance = square(from_middle(offset.x, column)) + square(from_middle(offset.y, row));
    auto& best = nearest[static_cast<std::size_t>(cell)];
    if (distance >= best) continue;
    best = distance;
    for (int v = 0; v < vital_channels; ++v) {
      bool const hidden = v == cooldown && m.enemy && what == shows::what_agents_see;
      vitals[v * raster_cells + cell] = hidden ? 0.0F : m.vital[static_cast<std::size_t>(v)];
    }
  }
}

bool in_disc(int row, int column) {
  constexpr int middle = raster_side / 2;
  // Cells are 18/11 wide: (18/11)^2 (r^2 + c^2) <= 81.
  auto const r = row - middle;
  auto const c = column - middle;
  return 4 * (r * r + c * c) <= raster_cells;
}

void draw_action(action last, point own_place, mark const* target, std::span<float> numbers) {
  std::fill(numbers.begin(), numbers.end(), 0.0F);
  if (last == act::no_op) return;
  auto const shown = std::min(last, act::first_target);
  numbers[static_cast<std::size_t>(shown - act::stop)] = 1.0F;
  if (target == nullptr || !within(own_place, target->at, sight_range)) return;
  auto const way = target->at - own_place;
  numbers[action_numbers - 2] = fraction(way.x, sight_range);
  numbers[action_numbers - 1] = fraction(way.y, sight_range);
}

std::vector<std::int16_t> channels_of(world const& w, raster_layout const& layout) {
  std::vector<std::int16_t> channels;
  for (auto const& u : w.units) channels.push_back(static_cast<std::int16_t>(layout.channel_of(u.data().id)));
  return channels;
}

void scene_of(world const& w, std::span<std::int16_t const> type_channels, std::vector<mark>& scene,
              std::vector<int>& slots) {
  scene.clear();
  slots.clear();
  for (int i = 0; i < w.size(); ++i) {
    auto const& u = w[i];
    if (!u.alive) continue;
    scene.push_back({u.at, vitals_of(u), type_channels[static_cast<std::size_t>(i)], u.enemy});
    slots.push_back(i);
  }
}

std::array<float, vital_channels> vitals_of(unit const& u) {
  auto const& full = u.data();
  return {fraction(u.health, full.health), fraction(u.energy, full.max_energy),
          fraction(std::clamp(u.cooldown, 0, full.cooldown), full.cooldown), fraction(u.shield, full.shield)};
}

}  // namespace skirmish
