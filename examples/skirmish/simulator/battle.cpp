#include "battle.hpp"

#include <algorithm>
#include <utility>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/random.hpp"
#include "script.hpp"

namespace skirmish {
namespace {

/// Random numbers of one episode, drawn in a fixed order.
class dice {
 public:
  dice(std::uint64_t seed, purpose of, std::uint32_t episode)
      : numbers_{seed, static_cast<std::uint32_t>(of)}, episode_{episode} {}
  std::int32_t below(std::int32_t n) { return static_cast<std::int32_t>(numbers_.below(episode_, count_++, n)); }
  /// Within [-reach, reach] along both axes.
  point offset(std::int32_t reach) {
    auto const x = below(2 * reach + 1) - reach;
    return {x, below(2 * reach + 1) - reach};
  }

 private:
  s2rm::random numbers_;
  std::uint32_t episode_;
  std::uint64_t count_ = 0;
};

/// Rows of as many as there are rows, far enough apart for the broadest, around `start`.
void place(world& w, army const& groups, bool enemy, point start, dice& shuffle, dice& jitter) {
  auto const units = units_of(groups);
  auto const count = static_cast<int>(units.size());
  std::int32_t radius = 0;
  for (auto const k : units) radius = std::max(radius, type_of(k).radius);
  auto const pitch = 2 * radius + fixed(0.05);
  int side = 1;
  while (side * side < count) ++side;
  auto const rows = (count + side - 1) / side;

  std::vector<int> seats(units.size());
  for (int i = 0; i < count; ++i) seats[static_cast<std::size_t>(i)] = i;
  for (int i = count - 1; i > 0; --i) {
    std::swap(seats[static_cast<std::size_t>(i)], seats[static_cast<std::size_t>(shuffle.below(i + 1))]);
  }
  auto const centre = start + shuffle.offset(2 * one);
  for (int i = 0; i < count; ++i) {
    auto const seat = seats[static_cast<std::size_t>(i)];
    point const in_block{(2 * (seat % side) - (side - 1)) * pitch / 2, (2 * (seat / side) - (rows - 1)) * pitch / 2};
    auto const at = centre + in_block + jitter.offset(one / 4);
    w.units.push_back(make_unit(units[static_cast<std::size_t>(i)], enemy, walkable.nearest(at)));
  }
}

}  // namespace

battle::battle(scenario const& of, std::uint64_t seed, std::uint32_t episode) : limit_{of.limit} {
  dice shuffle{seed, purpose::placement, episode};
  dice jitter{seed, purpose::jitter, episode};
  place(w_, of.allies, false, ally_start, shuffle, jitter);
  w_.allies = w_.size();
  place(w_, of.enemies, true, enemy_start, shuffle, jitter);
}

battle::battle(world start, int limit) : w_{std::move(start)}, limit_{limit} {
  if (w_.size() > max_units) throw s2rm::value_error("skirmish: more than " + std::to_string(max_units) + " units");
}

void battle::step(std::span<action const> actions) {
  if (static_cast<int>(actions.size()) != w_.allies) {
    throw s2rm::value_error("skirmish: expected " + std::to_string(w_.allies) + " actions, found " +
                            std::to_string(actions.size()));
  }
  for (int i = 0; i < w_.allies; ++i) {
    if (auto const chosen = actions[static_cast<std::size_t>(i)]; !legal(w_, i, chosen)) {
      throw s2rm::value_error("skirmish: step " + std::to_string(steps_) + ": action " + std::to_string(chosen) +
                              " of ally " + std::to_string(i) + " is not legal");
    }
  }
  for (int i = 0; i < w_.allies; ++i) {
    orders_[static_cast<std::size_t>(i)] = order_of(w_, i, actions[static_cast<std::size_t>(i)]);
  }
  std::span const orders(orders_.data(), w_.units.size());
  for (int loop = 0; loop < loops_per_step; ++loop) {
    command_enemies(w_, orders);
    run_loop(w_, orders);
  }
  ++steps_;
}

bool battle::fights_on(bool enemy) const {
  return std::any_of(w_.units.begin(), w_.units.end(),
                     [enemy](unit const& u) { return u.enemy == enemy && u.alive && !u.data().heals; });
}

}  // namespace skirmish
