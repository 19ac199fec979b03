#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "common/array_file.hpp"

namespace skirmish {
namespace {

struct look {
  char letter = '?';
  double radius = 0.5;
};

/// What a unit type is drawn with; types that the table does not know are drawn too.
look look_of(std::int32_t id) {
  constexpr std::array<char, unit_table.size()> letters{'m', 'M', '+', 's', 'z', 'C', 'g', 'b', 'h', 'S'};
  auto const k = kind_of(id);
  if (!k) return {};
  return {letters[static_cast<std::size_t>(*k)], static_cast<double>(type_of(*k).radius) / one};
}

std::vector<std::string> letters_of(std::span<std::int32_t const> types) {
  std::vector<std::string> letters;
  for (auto const id : types) letters.emplace_back(1, look_of(id).letter);
  return letters;
}

/// Writes out/predictions/<name>.npy and tells the pictures where it is.
template <class T, std::size_t Rank>
void save(examples::manifest& battle, std::string const& name, std::vector<T> const& values,
          std::array<std::size_t, Rank> const& shape, std::filesystem::path const& out) {
  auto const file = "predictions/" + name + ".npy";
  examples::save_array(out / file, values, shape);
  battle.set(name, file);
}

}  // namespace

examples::manifest save_battle(recording const& r, index_t begin, index_t count, std::filesystem::path const& out) {
  examples::manifest battle;
  auto const states = static_cast<std::size_t>(count), units = static_cast<std::size_t>(r.units());
  // The same states of each field: a row of it for each state.
  auto const rows = [&]<class Field>(Field const& field) {
    auto const row = static_cast<std::ptrdiff_t>(field.size()) / r.states();
    return std::vector<typename Field::value_type>(field.begin() + begin * row, field.begin() + (begin + count) * row);
  };
  save(battle, "alive", rows(r.alive), std::array{states, units}, out);
  save(battle, "position", rows(r.position), std::array{states, units, std::size_t{2}}, out);
  save(battle, "health", rows(r.health), std::array{states, units}, out);
  save(battle, "shield", rows(r.shield), std::array{states, units}, out);
  std::vector<std::int64_t> enemy(r.enemy.begin(), r.enemy.end());
  std::vector<double> radius, walkable(r.walkable.begin(), r.walkable.end());
  for (auto const id : r.unit_type) radius.push_back(look_of(id).radius);
  battle.set("enemy", enemy).set("radius", radius).set("walkable", walkable);
  battle.set("letters", letters_of({r.unit_type.data(), r.unit_type.size()}));
  battle.set("sight", static_cast<double>(sight_range) / one);
  battle.set("legend", legend(r)).set("seconds", 0.25);
  return battle;
}

void save_rasters(examples::manifest& battle, recording const& r, index_t begin, index_t count, int ally,
                  std::filesystem::path const& out) {
  scenes at(r, layout_of(r.unit_type));
  auto const size = static_cast<std::size_t>(at.layout().raster_size());
  std::vector<float> rasters, view(static_cast<std::size_t>(view_size(at.layout())));
  for (index_t t = 0; t < count; ++t) {
    at.go_to(begin + t);
    auto const* me = at.mark_of(ally);
    if (me == nullptr) {
      rasters.resize(rasters.size() + 2 * size, std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    at.draw_view(ally, t == 0, view);
    rasters.insert(rasters.end(), view.begin(), view.begin() + static_cast<std::ptrdiff_t>(size));
    at.draw_target(me->at, std::span(view).first(size));
    rasters.insert(rasters.end(), view.begin(), view.begin() + static_cast<std::ptrdiff_t>(size));
  }
  constexpr auto side = static_cast<std::size_t>(raster_side);
  save(battle, "rasters", rasters,
       std::array{static_cast<std::size_t>(count), std::size_t{2}, static_cast<std::size_t>(at.layout().channels()),
                  side, side},
       out);
  battle.set("types", letters_of(at.layout().types)).set("ally", ally);
}

void save_belief(examples::manifest& battle, story const& of, std::filesystem::path const& out) {
  std::vector<std::uint8_t> shares;
  for (auto const& one_state : of.believed) {
    for (auto const& square : one_state.squares) {
      for (auto const v : square)
        shares.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(v, 0.0F, 1.0F))));
    }
  }
  auto const& first = of.believed.front();
  save(battle, "belief", shares,
       std::array{of.believed.size(), static_cast<std::size_t>(first.height), static_cast<std::size_t>(first.width),
                  static_cast<std::size_t>(model_channels)},
       out);
  battle.set("types", letters_of(model_types)).set("per_cell", belief::per_cell);
}

std::vector<std::int64_t> moments(index_t count, index_t most) {
  std::vector<std::int64_t> made;
  for (index_t i = 0; i < std::min(most, count); ++i) made.push_back(count <= most ? i : i * (count - 1) / (most - 1));
  return made;
}

std::string legend(recording const& r) {
  std::set<std::int32_t> const types(r.unit_type.begin(), r.unit_type.end());
  std::string text;
  for (auto const id : types) {
    auto const k = kind_of(id);
    text += (text.empty() ? "" : ", ") + std::string(1, look_of(id).letter) + " " +
            (k ? std::string(type_of(*k).name) : "type " + std::to_string(id));
  }
  return text;
}

}  // namespace skirmish
