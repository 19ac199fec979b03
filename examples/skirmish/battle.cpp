// The command battle: one episode as an animation, a film strip and a page.
#include <cstdio>
#include <string>

#include "commands.hpp"
#include "common/manifest.hpp"
#include "common/report.hpp"
#include "generate.hpp"
#include "picture.hpp"
#include "s2rm/core/errors.hpp"

namespace skirmish {
namespace {

recording battles_of(command_options const& options) {
  if (!options.recording.empty()) return load_recording(options.recording);
  return *generate(scenario_named(options.scenario),
                   {options.episode + 1, options.battle_seed, options.random_in_1000(), 1});
}

/// How many live, in words of the report's table.
std::string living(recording const& r, index_t state, bool enemies) {
  int count = 0;
  for (int u = 0; u < r.units(); ++u) {
    auto const slot = static_cast<std::size_t>(u);
    count += (r.enemy(slot) != 0) == enemies && r.alive(static_cast<std::size_t>(state), slot) != 0 ? 1 : 0;
  }
  return std::to_string(count);
}

}  // namespace

int draw_battle(command_options const& options) {
  auto const r = battles_of(options);
  auto const asked = [](char const* what, std::int64_t found, std::int64_t count) {
    if (found >= 0 && found < count) return;
    throw s2rm::value_error(std::string(what) + ": expected 0 to " + std::to_string(count - 1) + ", found " +
                            std::to_string(found));
  };
  asked("--episode", options.episode, r.episodes());
  asked("--ally", options.ally, r.allies());
  auto const begin = r.begin_of(options.episode);
  auto const length = static_cast<index_t>(r.episode_length(static_cast<std::size_t>(options.episode)));

  auto const& out = options.out;
  auto battle = save_battle(r, begin, length, out);
  save_rasters(battle, r, begin, length, options.ally, out);
  auto const shown = moments(length, 4);
  battle.set("shown", shown);
  examples::report::table table{"The course of it", {"step", "allies alive", "enemies alive"}, {}};
  for (auto const t : shown) {
    table.rows.push_back({std::to_string(t), living(r, begin + t, false), living(r, begin + t, true)});
  }

  auto settings = examples::manifest::begin("skirmish");
  settings.set("command", options.command).set("episode", options.episode);
  if (options.recording.empty()) {
    settings.set("scenario", options.scenario)
        .set("seed", static_cast<std::int64_t>(options.battle_seed))
        .set("random", options.random);
  } else {
    settings.set("data.folder", options.recording.string());
  }
  settings.set("data.sha256", checksum(r));

  bool const won = r.won(static_cast<std::size_t>(options.episode)) != 0;
  examples::report::page page("Skirmish: one battle, as it was and as it was seen",
                              "A SMAC-like simulator; not StarCraft II.");
  page.add_text(
      "Blue are the allies, orange the enemies; " + legend(r) +
      ". The bar below a unit is its health, the ring around it its shield. In the rasters: shield, health and "
      "cooldown from top to bottom; an enemy's cooldown is in the answer to a query, never in a view. Grey is "
      "out of sight.");
  page.add_figure({"battle_animation", "battle.gif", "Half a second of the game a frame.", battle});
  page.add_figure({"battle_strip", "battle.png", "Some moments of it.", battle});
  page.add_text(won ? "The allies won." : "The allies did not win.").add_table(table).add_manifest(settings);

  settings.write(out / "manifest.json");
  if (!page.write(out / "battle.html")) return 1;
  std::fprintf(stderr, "wrote %s, battle.gif, battle.png and manifest.json\n", (out / "battle.html").c_str());
  return 0;
}

}  // namespace skirmish
