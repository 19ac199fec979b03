// The folder of .npy files: reading, checking, writing.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "recording.hpp"
#include "s2rm/adapters/npy.hpp"
#include "s2rm/core/errors.hpp"

namespace skirmish {
namespace {

namespace fs = std::filesystem;

std::string list_of(std::initializer_list<std::size_t> numbers, char const* open, char const* close) {
  std::string text = open;
  for (auto const n : numbers) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + close;
}

/// Where faults are reported: "skirmish: <folder>/<field>.npy[3, 1]: expected ..., found ...".
class judge {
 public:
  explicit judge(fs::path const& folder) : folder_{folder} {}

  [[noreturn]] void refuse(char const* field, std::string const& where, std::string const& expected,
                           std::string const& found) const {
    throw s2rm::file_error("skirmish: " + (folder_ / field).string() + ".npy" + where + ": expected " + expected +
                           ", found " + found);
  }

  template <class Field>
  void extents(char const* name, Field const& field, std::initializer_list<std::size_t> expected,
               char const* why) const {
    if (std::equal(field.shape().begin(), field.shape().end(), expected.begin(), expected.end())) return;
    std::string found = "(";
    for (auto const n : field.shape()) found += (found.size() > 1 ? ", " : "") + std::to_string(n);
    refuse(name, "", list_of(expected, "(", ")") + ", " + why, found + ")");
  }

 private:
  fs::path folder_;
};

std::string text_of(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));  // every float differs from its neighbours
  return text;
}

void check_extents(recording const& r, judge const& j) {
  auto const episodes = r.episode_length.size();
  auto const units = r.unit_type.size();
  auto const states = r.alive.shape(0);
  auto const allies = static_cast<std::size_t>(std::count(r.enemy.begin(), r.enemy.end(), std::uint8_t{0}));
  j.extents("won", r.won, {episodes}, "one for each of episode_length");
  j.extents("enemy", r.enemy, {units}, "one for each of unit_type");
  j.extents("map_size", r.map_size, {2}, "width and height");
  j.extents("walkable", r.walkable, {2, 2}, "two corners");
  j.extents("alive", r.alive, {states, units}, "one for each of unit_type in each state");
  constexpr char const* like_alive = "as many states and units as in alive.npy";
  j.extents("position", r.position, {states, units, 2}, like_alive);
  j.extents("health", r.health, {states, units}, like_alive);
  j.extents("energy", r.energy, {states, units}, like_alive);
  j.extents("cooldown", r.cooldown, {states, units}, like_alive);
  j.extents("shield", r.shield, {states, units}, like_alive);
  j.extents("action", r.action, {states, allies}, "one for each ally of enemy.npy in each state");
}

void check_units(recording const& r, judge const& j) {
  auto const units = r.unit_type.size();
  if (units == 0 || units > 1000) j.refuse("unit_type", "", "1 to 1000 units", std::to_string(units));
  for (std::size_t u = 0; u < units; ++u) {
    if (r.unit_type(u) <= 0) {
      j.refuse("unit_type", list_of({u}, "[", "]"), "a number above 0", std::to_string(r.unit_type(u)));
    }
    bool const in_order = r.enemy(u) <= 1 && (u == 0 ? r.enemy(u) == 0 : r.enemy(u) >= r.enemy(u - 1));
    if (!in_order) {
      j.refuse("enemy", list_of({u}, "[", "]"), "0 for each ally, then 1 for each enemy", std::to_string(r.enemy(u)));
    }
  }
  if (r.enemy(units - 1) == 0) j.refuse("enemy", "", "an enemy", "allies alone");
}

void check_map(recording const& r, judge const& j) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    auto const size = r.map_size(axis);
    // 1024 cells and more do not fit the fixed-point positions.
    if (!(size > 0 && size <= 1024)) {
      j.refuse("map_size", list_of({axis}, "[", "]"), "a size in (0, 1024]", text_of(size));
    }
    auto const low = r.walkable(0, axis);
    auto const high = r.walkable(1, axis);
    if (!(low >= 0 && low < high && high <= size)) {
      j.refuse("walkable", list_of({1, axis}, "[", "]"), "corners within the map, the lower one first",
               text_of(low) + " and " + text_of(high));
    }
  }
}

void check_episodes(recording const& r, judge const& j) {
  std::uint64_t sum = 0;
  for (std::size_t e = 0; e < r.episode_length.size(); ++e) {
    if (r.episode_length(e) < 1) {
      j.refuse("episode_length", list_of({e}, "[", "]"), "at least 1 state", std::to_string(r.episode_length(e)));
    }
    if (r.won(e) > 1) j.refuse("won", list_of({e}, "[", "]"), "0 or 1", std::to_string(r.won(e)));
    sum += static_cast<std::uint64_t>(r.episode_length(e));
  }
  if (r.episode_length.size() == 0) j.refuse("episode_length", "", "an episode", "none");
  if (sum != r.alive.shape(0)) {
    j.refuse("episode_length", "",
             "lengths that add up to the " + std::to_string(r.alive.shape(0)) + " states of alive.npy",
             std::to_string(sum));
  }
}

void check_unit(recording const& r, std::size_t n, std::size_t u, bool first, judge const& j) {
  auto const where = [=] { return list_of({n, u}, "[", "]"); };
  if (r.alive(n, u) > 1) j.refuse("alive", where(), "0 or 1", std::to_string(r.alive(n, u)));
  if (r.alive(n, u) == 0) return;
  if (!first && r.alive(n - 1, u) == 0) j.refuse("alive", where(), "0, as in the state before", "1");
  for (std::size_t axis = 0; axis < 2; ++axis) {
    auto const x = r.position(n, u, axis);
    if (!(x >= 0 && x <= r.map_size(axis))) {
      j.refuse("position", list_of({n, u, axis}, "[", "]"), "a place within [0, " + text_of(r.map_size(axis)) + "]",
               text_of(x));
    }
  }
  auto const fraction = [&](char const* name, tensor<float, 2> const& field) {
    if (!(field(n, u) >= 0 && field(n, u) <= 1)) {
      j.refuse(name, where(), "a fraction in [0, 1]", text_of(field(n, u)));
    }
  };
  fraction("health", r.health);
  fraction("energy", r.energy);
  fraction("cooldown", r.cooldown);
  fraction("shield", r.shield);
}

void check_action(recording const& r, std::size_t n, std::size_t a, bool last, judge const& j) {
  auto const allies = static_cast<std::size_t>(r.allies());
  auto const chosen = r.action(n, a);
  auto const where = list_of({n, a}, "[", "]");
  if (last || r.alive(n, a) == 0) {
    if (chosen != act::no_op) {
      j.refuse("action", where, last ? "0 in the last state of an episode" : "0 of a dead ally",
               std::to_string(chosen));
    }
    return;
  }
  auto const targets = is_healer(r.unit_type(a)) ? allies : r.unit_type.size() - allies;
  if (chosen < act::stop || chosen >= act::first_target + targets) {
    j.refuse("action", where, "1 to " + std::to_string(act::first_target + targets - 1) + " of a live ally",
             std::to_string(chosen));
  }
}

}  // namespace

void check(recording const& r, fs::path const& folder) {
  judge const j{folder};
  check_extents(r, j);
  check_units(r, j);
  check_map(r, j);
  check_episodes(r, j);
  std::size_t n = 0;
  for (auto const length : r.episode_length) {
    auto const end = n + static_cast<std::size_t>(length);
    for (auto const begin = n; n < end; ++n) {
      for (std::size_t u = 0; u < r.unit_type.size(); ++u) check_unit(r, n, u, n == begin, j);
      for (std::size_t a = 0; a < r.action.shape(1); ++a) check_action(r, n, a, n + 1 == end, j);
    }
  }
}

namespace {

/// A recording's fields bound each other: what comes first says how large what follows may be.
class loader {
 public:
  explicit loader(fs::path const& folder) : folder_{folder} {}

  template <class T, std::size_t Rank>
  void read(char const* name, tensor<T, Rank>& field, s2rm::io::npy_limits<Rank> const& limits) const {
    field = s2rm::io::load_npy<T, Rank>((folder_ / name).string() + ".npy", limits);
  }

  /// Files that are no field's: what they were meant to say would be lost.
  void refuse_others(recording const& r) const {
    std::set<std::string> known;
    for_each_field(r, [&known](char const* name, auto const&) { known.insert(std::string{name} + ".npy"); });
    for (auto const& entry : fs::directory_iterator{folder_}) {
      auto const name = entry.path().filename().string();
      if (name.starts_with("._")) continue;  // what macOS leaves beside a file on other file systems
      if (entry.path().extension() == ".npy" && known.count(name) == 0) {
        throw s2rm::file_error("skirmish: " + entry.path().string() + ": unknown: a recording has no such field");
      }
    }
  }

 private:
  fs::path folder_;
};

/// Fractions and places that other programs computed may be off their range by a rounding: they are put back into it. What
/// is further off stays and is refused.
void undo_rounding(recording& r) {
  constexpr float slack = 1e-6F;
  auto const clamp = [](float x, float most) {
    if (x > most && x <= most * (1 + slack)) return most;
    return x < 0 && x >= -slack * most ? 0.0F : x;
  };
  for (auto* field : {&r.health, &r.energy, &r.cooldown, &r.shield}) {
    for (auto& x : *field) x = clamp(x, 1);
  }
  for (std::size_t i = 0; i < r.position.size(); ++i) {
    auto& x = r.position.data()[i];
    x = clamp(x, r.map_size(i % 2));
  }
}

}  // namespace

recording load_recording(fs::path const& folder) {
  using s2rm::io::any_extent;
  constexpr std::uint64_t most_episodes = 1'000'000, most_units = 1000, most_states = 100'000'000;
  loader const from{folder};
  recording r;
  // An episode has a length of 4 bytes and an outcome of 1; a unit a type and a side.
  from.read<std::int32_t, 1>("episode_length", r.episode_length, {{any_extent}, 4 * most_episodes});
  auto const episodes = static_cast<index_t>(r.episode_length.size());
  from.read<std::uint8_t, 1>("won", r.won, {{episodes}});
  from.read<std::int32_t, 1>("unit_type", r.unit_type, {{any_extent}, 4 * most_units});
  auto const units = static_cast<index_t>(r.unit_type.size());
  from.read<std::uint8_t, 1>("enemy", r.enemy, {{units}});
  from.read<float, 1>("map_size", r.map_size, {{2}});
  from.read<float, 2>("walkable", r.walkable, {{2, 2}});
  index_t states = 0;
  for (auto const length : r.episode_length) states += std::max<index_t>(length, 0);
  if (states > static_cast<index_t>(most_states)) {
    judge{folder}.refuse("episode_length", "", "at most " + std::to_string(most_states) + " states",
                         std::to_string(states));
  }
  auto const allies = static_cast<index_t>(std::count(r.enemy.begin(), r.enemy.end(), std::uint8_t{0}));
  constexpr auto any = std::numeric_limits<std::uint64_t>::max();  // the extents bound them
  from.read<std::uint8_t, 2>("alive", r.alive, {{states, units}, any});
  from.read<float, 3>("position", r.position, {{states, units, 2}, any});
  for (auto const& [name, field] :
       {std::pair{"health", &r.health}, {"energy", &r.energy}, {"cooldown", &r.cooldown}, {"shield", &r.shield}}) {
    from.read<float, 2>(name, *field, {{states, units}, any});
  }
  from.read<std::uint8_t, 2>("action", r.action, {{states, allies}, any});
  from.refuse_others(r);
  undo_rounding(r);
  check(r, folder);
  return r;
}

void save_recording(recording const& r, fs::path const& folder) {
  auto const refuse = [](fs::path const& path, std::string const& what) {
    throw s2rm::file_error("skirmish: " + path.string() + ": " + what);
  };
  // A name that ends in a slash has no last part to put another name beside.
  auto const target = (folder.has_filename() ? folder : folder.parent_path()).lexically_normal();
  std::error_code code;
  if (fs::exists(target) && !(fs::is_directory(target) && fs::is_empty(target))) {
    refuse(target, "is there and is not an empty folder; give another one, or remove it");
  }
  auto fresh = target;
  fresh += ".tmp." + std::to_string(::getpid());
  fs::create_directories(fresh, code);
  if (code) refuse(fresh, "cannot create the folder: " + code.message());
  try {
    for_each_field(r, [&fresh](char const* name, auto const& field) {
      s2rm::io::save_npy((fresh / name).string() + ".npy", field);
    });
    fs::rename(fresh, target, code);
    if (code) refuse(target, "cannot take its name: " + code.message());
  } catch (...) {
    fs::remove_all(fresh, code);
    throw;
  }
}

}  // namespace skirmish
