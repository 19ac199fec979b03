#pragma once
/// \file
/// The simulator's numbers: integers alone, so that a battle is equal to the bit with any compiler, flags and machine.
///
/// Lengths (map cells), hit points and energy count 1/4096, as the game's own fixed point does; time counts 1/1000 of a
/// game loop. A division rounds towards zero, so mirroring or turning the battlefield by half a turn changes nothing.

#include <cmath>
#include <cstdint>

namespace skirmish {

inline constexpr std::int32_t one = 4096;             ///< a map cell, a hit point, a unit of energy
inline constexpr std::int32_t loop_time = 1000;       ///< a game loop
inline constexpr std::int32_t loops_per_second = 16;  ///< at the game's normal speed
inline constexpr std::int32_t loops_per_step = 8;     ///< SMAC's step_mul

/// The nearest integer, halves away from 0.
consteval std::int32_t rounded(double value) {
  auto const whole = static_cast<std::int32_t>(value);
  auto const rest = value - whole;
  return whole + (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0);
}

/// A constant of a table, to the nearest 1/4096.
consteval std::int32_t fixed(double value) { return rounded(value * one); }

/// What changes at this rate per second, per loop.
consteval std::int32_t per_loop(double per_second) { return fixed(per_second / loops_per_second); }

/// Seconds in thousandths of a loop.
consteval std::int32_t loop_times(double seconds) { return rounded(seconds * loops_per_second * loop_time); }

/// A place or an offset: x grows to the east, y to the north.
struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend constexpr bool operator==(point, point) = default;
  friend constexpr point operator+(point a, point b) { return {a.x + b.x, a.y + b.y}; }
  friend constexpr point operator-(point a, point b) { return {a.x - b.x, a.y - b.y}; }
};

constexpr std::int64_t square(std::int32_t a) { return std::int64_t{a} * a; }
constexpr std::int64_t square_length(point a) { return square(a.x) + square(a.y); }

/// |a - b| <= reach.
constexpr bool within(point a, point b, std::int32_t reach) { return square_length(a - b) <= square(reach); }

/// floor(|a|). Exact: a square below 2^52 is a double, and IEEE 754 rounds its root correctly.
inline std::int32_t length(point a) {
  return static_cast<std::int32_t>(std::sqrt(static_cast<double>(square_length(a))));
}

/// a * times / over, rounded towards zero.
constexpr point scaled(point a, std::int64_t times, std::int64_t over) {
  return {static_cast<std::int32_t>(a.x * times / over), static_cast<std::int32_t>(a.y * times / over)};
}

/// An axis-aligned rectangle, borders included.
struct rectangle {
  point low, high;
  [[nodiscard]] constexpr bool contains(point p) const {
    return p.x >= low.x && p.y >= low.y && p.x <= high.x && p.y <= high.y;
  }
  [[nodiscard]] constexpr point nearest(point p) const {
    return {p.x < low.x ? low.x : p.x > high.x ? high.x : p.x, p.y < low.y ? low.y : p.y > high.y ? high.y : p.y};
  }
};

}  // namespace skirmish
