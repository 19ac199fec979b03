#pragma once
/// \file
/// The state of a battle, what units are told to do, and the rules that carry both through one game loop.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scenarios.hpp"

namespace skirmish {

inline constexpr int nobody = -1;

struct unit {
  kind type = kind::marine;
  bool enemy = false;
  bool alive = true;
  bool arrived = false;  ///< the script's: has been where the allies started
  point at;
  std::int32_t health = 0;
  std::int32_t shield = 0;
  std::int32_t energy = 0;
  std::int32_t cooldown = 0;          ///< thousandths of a loop until the next attack; <= 0: ready
  std::int32_t since_hit = 1 << 20U;  ///< loops since the last hit
  int target = nobody;                ///< the script's: whom it attacks or heals
  int patient = nobody;               ///< whom it healed in the last loop

  [[nodiscard]] unit_type const& data() const { return type_of(type); }
};

/// A unit at full strength.
[[nodiscard]] unit make_unit(kind type, bool enemy, point at);

struct order {
  enum class what : std::uint8_t { stop, move, attack, heal };
  what does = what::stop;
  int target = nobody;  ///< slot, of attack and heal
  point to = {};        ///< of move
};

/// Units have slots: allies first, enemies after them. The dead keep theirs.
struct world {
  std::vector<unit> units;
  int allies = 0;

  [[nodiscard]] int size() const { return static_cast<int>(units.size()); }
  [[nodiscard]] int enemies() const { return size() - allies; }
  unit& operator[](int slot) { return units[static_cast<std::size_t>(slot)]; }
  unit const& operator[](int slot) const { return units[static_cast<std::size_t>(slot)]; }
};

/// Whether `target` is within weapon or healing range of `from`, rim to rim.
[[nodiscard]] inline bool in_range(unit const& from, unit const& target) {
  return within(from.at, target.at, from.data().range + from.data().radius + target.data().radius);
}

/// Whether the order has an object that it can be carried out on: a live unit that can be hit or healed.
[[nodiscard]] bool has_object(world const& w, unit const& from, order const& given);

/// One hit: the shield takes it first and knows no armour, the rest less the armour (not below 0) goes to the health.
void hit(unit& target, std::int32_t damage);

/// The three parts of a loop. In each, all units act at once on what the part before has left.
void fight(world& w, std::span<order const> orders);  ///< attacks, splash, deaths, then healing
void walk(world& w, std::span<order const> orders);   ///< walking, then pushing apart what overlaps
void recover(world& w);                               ///< cooldown, shields, health, energy

/// One game loop: fight, walk, recover.
void run_loop(world& w, std::span<order const> orders);

}  // namespace skirmish
