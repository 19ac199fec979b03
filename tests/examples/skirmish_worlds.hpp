#pragma once
// Small battlefields for the tests of the skirmish example.
#include <initializer_list>
#include <vector>

#include "skirmish/simulator/battle.hpp"
#include "skirmish/simulator/fixed.hpp"

namespace skirmish::test {

/// A unit of a small battlefield; places in cells.
struct stands {
  kind type;
  double x, y;
};

inline point at(double x, double y) { return {static_cast<std::int32_t>(x * one), static_cast<std::int32_t>(y * one)}; }

inline world field(std::initializer_list<stands> allies, std::initializer_list<stands> enemies) {
  world w;
  for (auto const& s : allies) w.units.push_back(make_unit(s.type, false, at(s.x, s.y)));
  w.allies = w.size();
  for (auto const& s : enemies) w.units.push_back(make_unit(s.type, true, at(s.x, s.y)));
  return w;
}

using orders = std::vector<order>;
inline orders idle(world const& w) { return orders(w.units.size()); }
inline order attack_order(int slot) { return {order::what::attack, slot}; }
inline order heal_order(int slot) { return {order::what::heal, slot}; }
inline order move_order(double x, double y) { return {order::what::move, nobody, at(x, y)}; }

/// Cells, hit points or energy as a number; exact.
inline double value(std::int32_t fixed_point) { return static_cast<double>(fixed_point) / one; }

/// Everything of the state that rules can change, for comparing whole states.
inline std::vector<std::int32_t> bits(world const& w) {
  std::vector<std::int32_t> all;
  for (auto const& u : w.units) {
    all.insert(all.end(), {u.at.x, u.at.y, u.health, u.shield, u.energy, u.cooldown, u.alive ? 1 : 0});
  }
  return all;
}

}  // namespace skirmish::test
