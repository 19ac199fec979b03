// Walking, pushing apart, recovering, and the loop that they are parts of.
#include <algorithm>
#include <array>

#include "world.hpp"

namespace skirmish {
namespace {

/// Where the order leads; the unit's own place where it stays.
point goal_of(world const& w, unit const& u, order const& given) {
  if (given.does == order::what::move) return given.to;
  if (!has_object(w, u, given) || in_range(u, w[given.target])) return u.at;
  return w[given.target].at;
}

point step_towards(point from, point to, std::int32_t speed) {
  auto const way = to - from;
  if (square_length(way) <= square(speed)) return to;
  return from + scaled(way, speed, length(way));
}

/// Half of what two units overlap by, along the line between them, to be added to the first and taken from the other.
point push(unit const& a, unit const& b) {
  auto const reach = a.data().radius + b.data().radius;
  auto const apart = a.at - b.at;
  // Most pairs are far apart: one test of each axis first.
  if (apart.x >= reach || apart.x <= -reach || apart.y >= reach || apart.y <= -reach) return {};
  if (square_length(apart) >= square(reach)) return {};
  auto const distance = length(apart);
  if (distance == 0) return {reach / 2, 0};
  return scaled(apart, reach - distance, 2 * std::int64_t{distance});
}

}  // namespace

void walk(world& w, std::span<order const> orders) {
  std::array<point, max_units> next{};
  for (int i = 0; i < w.size(); ++i) {
    auto const& u = w[i];
    next[static_cast<std::size_t>(i)] =
        u.alive ? step_towards(u.at, goal_of(w, u, orders[static_cast<std::size_t>(i)]), u.data().speed) : u.at;
  }
  for (int i = 0; i < w.size(); ++i) w[i].at = next[static_cast<std::size_t>(i)];

  for (int i = 0; i < w.size(); ++i) {
    if (!w[i].alive) continue;
    for (int j = i + 1; j < w.size(); ++j) {
      if (!w[j].alive || w[i].data().flies != w[j].data().flies) continue;
      auto const shift = push(w[i], w[j]);
      next[static_cast<std::size_t>(i)] = next[static_cast<std::size_t>(i)] + shift;
      next[static_cast<std::size_t>(j)] = next[static_cast<std::size_t>(j)] - shift;
    }
  }
  for (int i = 0; i < w.size(); ++i) {
    auto& u = w[i];
    if (u.alive && u.data().speed > 0) u.at = walkable.nearest(next[static_cast<std::size_t>(i)]);
  }
}

void recover(world& w) {
  for (auto& u : w.units) {
    if (!u.alive) continue;
    auto const& data = u.data();
    if (u.cooldown > 0) u.cooldown -= loop_time;
    u.since_hit += 1;
    if (u.since_hit > shield_delay) u.shield = std::min(data.shield, u.shield + shield_regeneration);
    u.health = std::min(data.health, u.health + data.regeneration);
    u.energy = std::min(data.max_energy, u.energy + energy_regeneration);
  }
}

void run_loop(world& w, std::span<order const> orders) {
  fight(w, orders);
  walk(w, orders);
  recover(w);
}

unit make_unit(kind type, bool enemy, point at) {
  auto const& data = type_of(type);
  unit u;
  u.type = type;
  u.enemy = enemy;
  u.at = at;
  u.health = data.health;
  u.shield = data.shield;
  u.energy = data.energy;
  return u;
}

}  // namespace skirmish
