#pragma once
/// \file
/// The units, as the game's data has them at normal speed (1 s = 16 loops). The one place that knows their numbers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fixed.hpp"

namespace skirmish {

/// Attributes that bonus damage and healing ask for.
enum attribute : unsigned { light = 1, armored = 2, biological = 4, mechanical = 8, massive = 16, structure = 32 };

enum class splash : std::uint8_t {
  none,
  line,   ///< all within a bar across the line of fire at the target
  burst,  ///< the attack is the attacker's death, and a death hits all around
};

/// The table's rows.
enum class kind : std::uint8_t {
  marine,
  marauder,
  medivac,
  stalker,
  zealot,
  colossus,
  zergling,
  baneling,
  hydralisk,
  spine_crawler
};

struct unit_type {
  std::string_view name;
  std::int32_t id = 0;  ///< the game's number of the unit
  std::int32_t health = 0;
  std::int32_t shield = 0;
  std::int32_t armour = 0;
  std::int32_t damage = 0;  ///< of one hit; 0: no weapon
  std::int32_t bonus = 0;   ///< more damage against `bonus_against`
  unsigned bonus_against = 0;
  int hits = 1;               ///< of one attack; armour counts against each
  std::int32_t range = 0;     ///< of weapon or healing, between the rims of both
  std::int32_t cooldown = 0;  ///< thousandths of a loop from attack to attack
  std::int32_t speed = 0;     ///< per loop
  std::int32_t radius = 0;
  unsigned attributes = 0;
  splash area = splash::none;
  bool hits_air = false;
  bool flies = false;
  bool heals = false;
  std::int32_t regeneration = 0;  ///< health per loop
  std::int32_t energy = 0;        ///< at the start
  std::int32_t max_energy = 0;
};

/// The Zerg's health per second. Its second decimal is recalled, not read: README.md, "Deviations".
inline constexpr double zerg_regeneration = 0.27;

// clang-format off
inline constexpr std::array<unit_type, 10> unit_table{{
    {.name = "marine", .id = 48, .health = fixed(45), .damage = fixed(6), .range = fixed(5),
     .cooldown = loop_times(0.861), .speed = per_loop(2.25), .radius = fixed(0.375),
     .attributes = light | biological, .hits_air = true},
    {.name = "marauder", .id = 51, .health = fixed(125), .armour = fixed(1), .damage = fixed(10), .bonus = fixed(10),
     .bonus_against = armored, .range = fixed(6), .cooldown = loop_times(1.5), .speed = per_loop(2.25),
     .radius = fixed(0.5625), .attributes = armored | biological},
    {.name = "medivac", .id = 54, .health = fixed(150), .armour = fixed(1), .range = fixed(4), .speed = per_loop(2.5),
     .radius = fixed(0.75), .attributes = armored | mechanical, .flies = true, .heals = true, .energy = fixed(50),
     .max_energy = fixed(200)},
    {.name = "stalker", .id = 74, .health = fixed(80), .shield = fixed(80), .armour = fixed(1), .damage = fixed(13),
     .bonus = fixed(5), .bonus_against = armored, .range = fixed(6), .cooldown = loop_times(1.87),
     .speed = per_loop(2.953), .radius = fixed(0.625), .attributes = armored | mechanical, .hits_air = true},
    {.name = "zealot", .id = 73, .health = fixed(100), .shield = fixed(50), .armour = fixed(1), .damage = fixed(8),
     .hits = 2, .range = fixed(0.1), .cooldown = loop_times(1.2), .speed = per_loop(2.25), .radius = fixed(0.5),
     .attributes = light | biological},
    {.name = "colossus", .id = 4, .health = fixed(200), .shield = fixed(150), .armour = fixed(1), .damage = fixed(10),
     .bonus = fixed(5), .bonus_against = light, .hits = 2, .range = fixed(7), .cooldown = loop_times(1.5),
     .speed = per_loop(2.25), .radius = fixed(1), .attributes = armored | mechanical | massive, .area = splash::line},
    {.name = "zergling", .id = 105, .health = fixed(35), .damage = fixed(5), .range = fixed(0.1),
     .cooldown = loop_times(0.696), .speed = per_loop(2.953), .radius = fixed(0.375), .attributes = light | biological,
     .regeneration = per_loop(zerg_regeneration)},
    {.name = "baneling", .id = 9, .health = fixed(30), .damage = fixed(20), .bonus = fixed(15), .bonus_against = light,
     .range = fixed(0.25), .speed = per_loop(2.5), .radius = fixed(0.375), .attributes = biological,
     .area = splash::burst, .regeneration = per_loop(zerg_regeneration)},
    {.name = "hydralisk", .id = 107, .health = fixed(90), .damage = fixed(12), .range = fixed(5),
     .cooldown = loop_times(0.825), .speed = per_loop(2.25), .radius = fixed(0.625), .attributes = light | biological,
     .hits_air = true, .regeneration = per_loop(zerg_regeneration)},
    {.name = "spine_crawler", .id = 98, .health = fixed(300), .armour = fixed(2), .damage = fixed(25),
     .bonus = fixed(5), .bonus_against = armored, .range = fixed(7), .cooldown = loop_times(1.85),
     .radius = fixed(1.125), .attributes = armored | biological | structure,
     .regeneration = per_loop(zerg_regeneration)},
}};
// clang-format on

constexpr unit_type const& type_of(kind k) { return unit_table[static_cast<std::size_t>(k)]; }
static_assert(type_of(kind::spine_crawler).name == "spine_crawler" && type_of(kind::colossus).id == 4);

/// The unit that has this number in the game, if the table holds it.
constexpr std::optional<kind> kind_of(std::int32_t id) {
  for (std::size_t k = 0; k < unit_table.size(); ++k) {
    if (unit_table[k].id == id) return static_cast<kind>(k);
  }
  return std::nullopt;
}

/// Whether actions upon others are healing: of the medivac.
constexpr bool is_healer(std::int32_t id) {
  auto const k = kind_of(id);
  return k.has_value() && type_of(*k).heals;
}

/// Damage of one hit before armour.
constexpr std::int32_t damage_of(unit_type const& attacker, unit_type const& target) {
  return attacker.damage + ((attacker.bonus_against & target.attributes) != 0 ? attacker.bonus : 0);
}

/// Whether the attacker has a weapon against such a target.
constexpr bool can_hit(unit_type const& attacker, unit_type const& target) {
  return attacker.damage > 0 && (attacker.hits_air || !target.flies);
}

/// Whether such a unit can be healed.
constexpr bool can_heal(unit_type const& healer, unit_type const& target) {
  return healer.heals && (target.attributes & biological) != 0;
}

// Effects that no single unit owns.
inline constexpr std::int32_t shield_regeneration = per_loop(2);
inline constexpr std::int32_t shield_delay = 10 * loops_per_second;  ///< loops without a hit before shields grow
inline constexpr std::int32_t energy_regeneration = per_loop(0.5625);
inline constexpr std::int32_t healing = per_loop(9);
inline constexpr std::int32_t health_per_energy = 3;
inline constexpr std::int32_t energy_to_begin = fixed(5);     ///< healing another unit than before
inline constexpr std::int32_t line_half_length = fixed(1.4);  ///< across the line of fire
inline constexpr std::int32_t line_half_width = fixed(0.15);
inline constexpr std::int32_t burst_radius = fixed(2.2);

}  // namespace skirmish
