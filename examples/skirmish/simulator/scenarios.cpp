#include "scenarios.hpp"

#include "s2rm/core/errors.hpp"

namespace skirmish {
namespace {

using enum kind;

// clang-format off
constexpr std::array<scenario, 26> table{{
    {"3m", {{{marine, 3}}}, {{{marine, 3}}}, 60},
    {"8m", {{{marine, 8}}}, {{{marine, 8}}}, 120},
    {"25m", {{{marine, 25}}}, {{{marine, 25}}}, 150},
    {"5m_vs_6m", {{{marine, 5}}}, {{{marine, 6}}}, 70},
    {"8m_vs_9m", {{{marine, 8}}}, {{{marine, 9}}}, 120},
    {"10m_vs_11m", {{{marine, 10}}}, {{{marine, 11}}}, 150},
    {"27m_vs_30m", {{{marine, 27}}}, {{{marine, 30}}}, 180},
    {"MMM", {{{medivac, 1}, {marauder, 2}, {marine, 7}}}, {{{medivac, 1}, {marauder, 2}, {marine, 7}}}, 150},
    {"MMM2", {{{medivac, 1}, {marauder, 2}, {marine, 7}}}, {{{medivac, 1}, {marauder, 3}, {marine, 8}}}, 180},
    {"2s3z", {{{stalker, 2}, {zealot, 3}}}, {{{stalker, 2}, {zealot, 3}}}, 120},
    {"3s5z", {{{stalker, 3}, {zealot, 5}}}, {{{stalker, 3}, {zealot, 5}}}, 150},
    {"3s5z_vs_3s6z", {{{stalker, 3}, {zealot, 5}}}, {{{stalker, 3}, {zealot, 6}}}, 170},
    {"1c3s5z", {{{colossus, 1}, {stalker, 3}, {zealot, 5}}}, {{{colossus, 1}, {stalker, 3}, {zealot, 5}}}, 180},
    {"3s_vs_3z", {{{stalker, 3}}}, {{{zealot, 3}}}, 150},
    {"3s_vs_4z", {{{stalker, 3}}}, {{{zealot, 4}}}, 200},
    {"3s_vs_5z", {{{stalker, 3}}}, {{{zealot, 5}}}, 250},
    {"2m_vs_1z", {{{marine, 2}}}, {{{zealot, 1}}}, 150},
    {"6h_vs_8z", {{{hydralisk, 6}}}, {{{zealot, 8}}}, 150},
    {"2s_vs_1sc", {{{stalker, 2}}}, {{{spine_crawler, 1}}}, 300},
    {"corridor", {{{zealot, 6}}}, {{{zergling, 24}}}, 400},
    {"so_many_baneling", {{{zealot, 7}}}, {{{baneling, 32}}}, 100},
    {"bane_vs_bane", {{{zergling, 20}, {baneling, 4}}}, {{{zergling, 20}, {baneling, 4}}}, 200},
    {"2c_vs_64zg", {{{colossus, 2}}}, {{{zergling, 64}}}, 400},
    {"1s2z", {{{stalker, 1}, {zealot, 2}}}, {{{stalker, 1}, {zealot, 2}}}, 120, false},
    {"5s3z", {{{stalker, 5}, {zealot, 3}}}, {{{stalker, 5}, {zealot, 3}}}, 150, false},
    {"2c4s6z", {{{colossus, 2}, {stalker, 4}, {zealot, 6}}}, {{{colossus, 2}, {stalker, 4}, {zealot, 6}}}, 180, false},
}};
// clang-format on

constexpr bool all_fit() {
  for (auto const& s : table) {
    int units = 0;
    for (auto const& g : s.allies) units += g.count;
    for (auto const& g : s.enemies) units += g.count;
    if (units > max_units) return false;
  }
  return true;
}
static_assert(all_fit());

}  // namespace

std::span<scenario const> scenarios() { return table; }

scenario const& scenario_named(std::string_view name) {
  std::string known;
  for (auto const& one_of_them : table) {
    if (one_of_them.name == name) return one_of_them;
    known += known.empty() ? "" : ", ";
    known += one_of_them.name;
  }
  throw s2rm::value_error("scenario: expected one of " + known + ", found '" + std::string(name) + "'");
}

std::vector<kind> units_of(army const& groups) {
  std::vector<kind> units;
  for (auto const& g : groups) units.insert(units.end(), static_cast<std::size_t>(g.count), g.type);
  return units;
}

std::string text_of(army const& groups) {
  std::string text;
  for (auto const& g : groups) {
    if (g.count == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(g.count) + " " + std::string(type_of(g.type).name);
  }
  return text;
}

}  // namespace skirmish
