// Attacks, splash, deaths and healing.
#include <algorithm>
#include <cstdlib>

#include "world.hpp"

namespace skirmish {
namespace {

void attack(unit const& from, unit& target) {
  auto const damage = damage_of(from.data(), target.data());
  for (int i = 0; i < from.data().hits; ++i) hit(target, damage);
}

bool can_be_hit(unit const& from, unit const& other) {
  return other.alive && other.enemy != from.enemy && can_hit(from.data(), other.data());
}

/// Whether `other` lies in the bar across the line of fire from `from` at `target`, widened by its radius.
bool in_line(unit const& from, unit const& target, unit const& other) {
  auto fire = target.at - from.at;
  if (fire == point{}) fire = {one, 0};
  std::int64_t const distance = length(fire);
  auto const away = other.at - target.at;
  auto const along = std::int64_t{away.x} * fire.x + std::int64_t{away.y} * fire.y;
  auto const across = std::int64_t{away.x} * fire.y - std::int64_t{away.y} * fire.x;
  auto const radius = other.data().radius;
  return std::abs(along) <= (line_half_width + radius) * distance &&
         std::abs(across) <= (line_half_length + radius) * distance;
}

void shoot(world& w, unit& from, unit& target) {
  switch (from.data().area) {
    case splash::none: attack(from, target); break;
    case splash::line:
      for (auto& other : w.units) {
        if (can_be_hit(from, other) && in_line(from, target, other)) attack(from, other);
      }
      break;
    case splash::burst: from.health = 0; break;  // bury() does the rest
  }
}

/// Takes the dead off the field. A death may burst, and the burst may kill.
void bury(world& w) {
  bool more = true;
  while (more) {
    more = false;
    for (auto& dead : w.units) {
      if (!dead.alive || dead.health > 0) continue;
      dead.alive = false;
      dead.shield = dead.energy = dead.cooldown = 0;
      if (dead.data().area != splash::burst) continue;
      for (auto& other : w.units) {
        if (can_be_hit(dead, other) && within(dead.at, other.at, burst_radius + other.data().radius)) {
          attack(dead, other);
        }
      }
      more = true;
    }
  }
}

void heal(unit& healer, int slot, unit& patient) {
  auto const missing = patient.data().health - patient.health;
  auto const needed = healer.patient == slot ? healing / health_per_energy : energy_to_begin;
  if (missing <= 0 || healer.energy < needed) {
    healer.patient = nobody;
    return;
  }
  auto const given = std::min(healing, missing);
  patient.health += given;
  healer.energy -= given / health_per_energy;
  healer.patient = slot;
}

}  // namespace

bool has_object(world const& w, unit const& from, order const& given) {
  if (given.target == nobody) return false;
  auto const& target = w[given.target];
  if (!target.alive) return false;
  return given.does == order::what::attack ? can_hit(from.data(), target.data())
                                           : given.does == order::what::heal && can_heal(from.data(), target.data());
}

void hit(unit& target, std::int32_t damage) {
  auto const absorbed = std::min(target.shield, damage);
  target.shield -= absorbed;
  auto const through = std::max(0, damage - absorbed - target.data().armour);
  target.health = std::max(0, target.health - through);
  target.since_hit = 0;
}

void fight(world& w, std::span<order const> orders) {
  // Whoever is alive and ready when the loop begins shoots, even if it dies in this loop.
  for (int i = 0; i < w.size(); ++i) {
    auto& from = w[i];
    if (!from.alive) continue;
    auto const& given = orders[static_cast<std::size_t>(i)];
    bool const shoots = from.cooldown <= 0 && given.does == order::what::attack && has_object(w, from, given) &&
                        in_range(from, w[given.target]);
    if (shoots) {
      from.cooldown += from.data().cooldown;  // the fraction of a loop that was waited too long is not lost
      shoot(w, from, w[given.target]);
    } else {
      from.cooldown = std::max(0, from.cooldown);
    }
  }
  bury(w);
  for (int i = 0; i < w.size(); ++i) {
    auto& from = w[i];
    if (!from.alive || !from.data().heals) continue;
    auto const& given = orders[static_cast<std::size_t>(i)];
    if (given.does == order::what::heal && has_object(w, from, given) && in_range(from, w[given.target])) {
      heal(from, given.target, w[given.target]);
    } else {
      from.patient = nobody;
    }
  }
}

}  // namespace skirmish
