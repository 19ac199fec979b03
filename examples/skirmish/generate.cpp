#include "generate.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

#include "s2rm/core/errors.hpp"
#include "simulator/policy.hpp"

namespace skirmish {
namespace {

/// Writes a state where the recording has its n-th.
void write(recording& r, std::size_t n, world const& w) {
  for (std::size_t u = 0; u < w.units.size(); ++u) {
    auto const& from = w.units[u];
    if (!from.alive) continue;  // the dead stay 0
    auto const vital = vitals_of(from);
    r.alive(n, u) = 1;
    r.position(n, u, 0) = static_cast<float>(from.at.x) / one;
    r.position(n, u, 1) = static_cast<float>(from.at.y) / one;
    r.health(n, u) = vital[0];
    r.energy(n, u) = vital[1];
    r.cooldown(n, u) = vital[2];
    r.shield(n, u) = vital[3];
  }
}

/// The parts that all episodes of a scenario share.
void write_units(recording& r, world const& w) {
  for (std::size_t u = 0; u < w.units.size(); ++u) {
    r.unit_type(u) = w.units[u].data().id;
    r.enemy(u) = w.units[u].enemy ? 1 : 0;
  }
  for (std::size_t axis = 0; axis < 2; ++axis) r.map_size(axis) = static_cast<float>(map_size) / one;
  r.walkable(0, 0) = static_cast<float>(walkable.low.x) / one;
  r.walkable(0, 1) = static_cast<float>(walkable.low.y) / one;
  r.walkable(1, 0) = static_cast<float>(walkable.high.x) / one;
  r.walkable(1, 1) = static_cast<float>(walkable.high.y) / one;
}

/// Copies the used states of one episode to where they belong. Arrays over states are blocks of whole states.
void append(recording& to, recording const& from, index_t episode, std::size_t begin) {
  auto const states = static_cast<std::size_t>(from.episode_length(0));
  auto const copy = [=](auto const& source, auto& target) {
    auto const width = source.size() / source.shape(0);
    std::copy_n(source.data(), states * width, target.data() + begin * width);
  };
  copy(from.alive, to.alive);
  copy(from.position, to.position);
  copy(from.health, to.health);
  copy(from.energy, to.energy);
  copy(from.cooldown, to.cooldown);
  copy(from.shield, to.shield);
  copy(from.action, to.action);
  to.episode_length(static_cast<std::size_t>(episode)) = from.episode_length(0);
  to.won(static_cast<std::size_t>(episode)) = from.won(0);
}

/// The used states of all of them, one behind the other.
recording joined(std::span<recording const> played) {
  index_t states = 0;
  for (auto const& one_of_them : played) states += one_of_them.episode_length(0);
  auto const& first = played.front();
  auto all = make_recording(static_cast<index_t>(played.size()), states, first.units(), first.allies());
  all.unit_type = first.unit_type;
  all.enemy = first.enemy;
  all.map_size = first.map_size;
  all.walkable = first.walkable;
  std::size_t begin = 0;
  for (std::size_t e = 0; e < played.size(); ++e) {
    append(all, played[e], static_cast<index_t>(e), begin);
    begin += static_cast<std::size_t>(played[e].episode_length(0));
  }
  return all;
}

/// One episode in memory for the longest.
recording play_whole(scenario const& of, generate_options const& options, index_t episode) {
  auto const number = static_cast<std::uint32_t>(episode);
  battle b(of, options.seed, number);
  policy allies(options.seed, number, options.random_in_1000);
  auto r = make_recording(1, of.limit + 1, b.state().size(), b.state().allies);
  write_units(r, b.state());
  std::size_t n = 0;
  write(r, n, b.state());
  while (!b.over()) {
    std::span const actions(r.action.data() + n * r.action.shape(1), r.action.shape(1));
    allies.choose(b, actions);
    b.step(actions);
    write(r, ++n, b.state());
  }
  r.episode_length(0) = static_cast<std::int32_t>(n + 1);
  r.won(0) = b.won() ? 1 : 0;
  return r;
}

}  // namespace

recording play(scenario const& of, generate_options const& options, index_t episode) {
  auto const whole = play_whole(of, options, episode);
  return joined(std::span(&whole, 1));
}

std::optional<recording> generate(scenario const& of, generate_options const& options,
                                  std::function<bool(index_t)> const& go_on) {
  s2rm::require_value(options.episodes >= 1 && options.episodes <= std::numeric_limits<std::uint32_t>::max(),
                      "episodes: expected 1 to 2^32 - 1, found " + std::to_string(options.episodes));
  s2rm::require_value(options.random_in_1000 >= 0 && options.random_in_1000 <= 1000,
                      "random actions: expected a share in [0, 1]");
  std::vector<recording> played(static_cast<std::size_t>(options.episodes));
  std::atomic<index_t> next{0}, done{0};
  std::atomic<bool> stop{false};
  std::exception_ptr fault;
  std::mutex fault_lock;
  auto const work = [&] {
    try {
      for (auto e = next++; e < options.episodes && !stop; e = next++) {
        played[static_cast<std::size_t>(e)] = play(of, options, e);
        ++done;
      }
    } catch (...) {
      std::scoped_lock const hold(fault_lock);
      fault = std::current_exception();
      stop = true;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < std::max(1, options.threads); ++i) workers.emplace_back(work);
    while (done < options.episodes && !stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (go_on && !go_on(done)) stop = true;
    }
  }
  if (fault) std::rethrow_exception(fault);
  if (done < options.episodes) return std::nullopt;
  return joined(played);
}

}  // namespace skirmish
