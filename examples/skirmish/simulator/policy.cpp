#include "policy.hpp"

#include <array>
#include <cstdlib>
#include <limits>

#include "s2rm/core/random.hpp"

namespace skirmish {
namespace {

bool wanted(world const& w, unit const& me, int slot) {
  auto const& other = w[slot];
  if (!other.alive) return false;
  if (me.data().heals) return can_heal(me.data(), other.data()) && other.health < other.data().health;
  return can_hit(me.data(), other.data());
}

int nearest_wanted(world const& w, unit const& me) {
  auto best = std::numeric_limits<std::int64_t>::max();
  int found = nobody;
  auto const begin = me.data().heals ? 0 : w.allies;
  auto const end = me.data().heals ? w.allies : w.size();
  for (int i = begin; i < end; ++i) {
    auto const distance = square_length(w[i].at - me.at);
    if (distance < best && wanted(w, me, i)) {
      best = distance;
      found = i;
    }
  }
  return found;
}

action walk_along_larger_axis(point way) {
  if (std::abs(way.x) > std::abs(way.y)) return way.x > 0 ? act::east : act::west;
  return way.y > 0 ? act::north : act::south;
}

/// A legal action, all equally likely; `number` is any number.
action random_legal(world const& w, int agent, std::uint32_t number) {
  std::array<action, act::first_target + max_units> found{};
  std::uint32_t count = 0;
  for (int a = 0; a < action_count(w.enemies()); ++a) {
    if (legal(w, agent, static_cast<action>(a))) found[count++] = static_cast<action>(a);
  }
  return found[number % count];
}

}  // namespace

policy::policy(std::uint64_t seed, std::uint32_t episode, int random_in_1000)
    : seed_{seed}, episode_{episode}, random_in_1000_{random_in_1000} {}

void policy::choose(battle const& b, std::span<action> actions) {
  auto const& w = b.state();
  target_.resize(static_cast<std::size_t>(w.allies), nobody);
  s2rm::random const numbers{seed_, static_cast<std::uint32_t>(purpose::policy)};
  for (int i = 0; i < w.allies; ++i) {
    // The heuristic goes on watching its target while chance acts for it.
    auto const own_choice = heuristic(w, i);
    auto const element = static_cast<std::uint64_t>(b.steps()) * max_units + static_cast<std::uint64_t>(i);
    auto const drawn = numbers.words(episode_, element);
    bool const at_random = drawn[0] % 1000 < static_cast<std::uint32_t>(random_in_1000_);
    actions[static_cast<std::size_t>(i)] = at_random ? random_legal(w, i, drawn[1]) : own_choice;
  }
}

action policy::heuristic(world const& w, int agent) {
  auto const& me = w[agent];
  if (!me.alive) return act::no_op;
  auto& target = target_[static_cast<std::size_t>(agent)];
  // A healer looks anew each step, as in SMAC.
  if (me.data().heals || target == nobody || !w[target].alive) target = nearest_wanted(w, me);
  if (target == nobody) return act::stop;
  auto const first = me.data().heals ? 0 : w.allies;
  auto const use = static_cast<action>(act::first_target + target - first);
  if (legal(w, agent, use)) return use;
  auto const walk = walk_along_larger_axis(w[target].at - me.at);
  return legal(w, agent, walk) ? walk : act::stop;
}

}  // namespace skirmish
