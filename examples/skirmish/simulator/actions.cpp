#include "actions.hpp"

namespace skirmish {

point direction_of(action walk) {
  switch (walk) {
    case act::north: return {0, one};
    case act::south: return {0, -one};
    case act::east: return {one, 0};
    case act::west: return {-one, 0};
    default: return {};
  }
}

bool legal(world const& w, int agent, action chosen) {
  auto const& me = w[agent];
  if (!me.alive) return chosen == act::no_op;
  switch (chosen) {
    case act::no_op: return false;
    case act::stop: return true;
    case act::north:
    case act::south:
    case act::east:
    case act::west: return walkable.contains(me.at + direction_of(chosen));
    default: break;
  }
  auto const slot = target_slot(chosen, me.data().heals, w.allies);
  if (slot >= (me.data().heals ? w.allies : w.size())) return false;
  auto const& target = w[slot];
  return target.alive && !(me.data().heals && target.data().heals) && within(me.at, target.at, shoot_range);
}

order order_of(world const& w, int agent, action chosen) {
  auto const& me = w[agent];
  if (chosen <= act::stop) return {};
  if (chosen >= act::first_target) {
    return {me.data().heals ? order::what::heal : order::what::attack, target_slot(chosen, me.data().heals, w.allies)};
  }
  auto const ahead = direction_of(chosen);
  return {order::what::move, nobody, me.at + point{ahead.x * (move_length / one), ahead.y * (move_length / one)}};
}

}  // namespace skirmish
