#include "script.hpp"

#include <algorithm>
#include <limits>

namespace skirmish {
namespace {

/// The slot of the nearest unit for which `fits` holds; of equally near ones the lowest.
template <class Fits>
int nearest(world const& w, point from, int begin, int end, Fits const& fits) {
  auto best = std::numeric_limits<std::int64_t>::max();
  int found = nobody;
  for (int i = begin; i < end; ++i) {
    if (!w[i].alive) continue;
    auto const distance = square_length(w[i].at - from);
    if (distance < best && fits(i)) {
      best = distance;
      found = i;
    }
  }
  return found;
}

/// Where to go with nobody in sight: to the allies' start, and from there after whoever is left.
order march(world& w, unit& u) {
  u.arrived = u.arrived || within(u.at, ally_start, one);
  if (!u.arrived) return {order::what::move, nobody, ally_start};
  auto const prey = nearest(w, u.at, 0, w.allies, [](int) { return true; });
  return prey == nobody ? order{} : order{order::what::move, nobody, w[prey].at};
}

order fighter(world& w, int slot, std::span<order const> orders) {
  auto& u = w[slot];
  auto const keeps = u.target != nobody && w[u.target].alive && in_range(u, w[u.target]);
  if (!keeps) {
    auto const scan = std::max(scan_range, u.data().range) + u.data().radius;
    u.target = nearest(w, u.at, 0, w.allies, [&](int i) {
      auto const& given = orders[static_cast<std::size_t>(i)];
      bool const attacks_me = given.does == order::what::attack && given.target == slot;
      return can_hit(u.data(), w[i].data()) && (attacks_me || within(u.at, w[i].at, scan + w[i].data().radius));
    });
  }
  return u.target != nobody ? order{order::what::attack, u.target} : march(w, u);
}

/// Heals the weakest of the hurt within scan range; otherwise stays with the nearest of those it could heal.
order healer(world& w, int slot) {
  auto& u = w[slot];
  auto const curable = [&](int i) { return can_heal(u.data(), w[i].data()); };
  u.target = nobody;
  for (int i = w.allies; i < w.size(); ++i) {
    auto const& other = w[i];
    bool const hurt = other.alive && curable(i) && other.health < other.data().health;
    if (!hurt || !within(u.at, other.at, scan_range + u.data().radius + other.data().radius)) continue;
    if (u.target == nobody || other.health < w[u.target].health) u.target = i;
  }
  if (u.target != nobody) return {order::what::heal, u.target};
  auto const comrade = nearest(w, u.at, w.allies, w.size(), curable);
  return comrade == nobody ? march(w, u) : order{order::what::move, nobody, w[comrade].at};
}

}  // namespace

void command_enemies(world& w, std::span<order> orders) {
  for (int i = w.allies; i < w.size(); ++i) {
    auto& mine = orders[static_cast<std::size_t>(i)];
    mine = !w[i].alive ? order{} : w[i].data().heals ? healer(w, i) : fighter(w, i, orders);
  }
}

}  // namespace skirmish
