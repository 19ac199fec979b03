// The commands scenarios and data.
#include <cstdio>

#include "commands.hpp"
#include "common/interrupt.hpp"
#include "common/manifest.hpp"
#include "common/progress.hpp"
#include "common/report.hpp"
#include "generate.hpp"
#include "s2rm/core/errors.hpp"

namespace skirmish {

int list_scenarios() {
  examples::report::table table{"", {"scenario", "allies", "enemies", "limit", "actions", "whose"}, {}};
  for (auto const& s : scenarios()) {
    auto const enemies = static_cast<int>(units_of(s.enemies).size());
    table.rows.push_back({std::string(s.name), text_of(s.allies), text_of(s.enemies), std::to_string(s.limit),
                          std::to_string(action_count(enemies)), s.smac ? "SMAC's" : "ours"});
  }
  std::printf("%s", examples::report::plain_text(table).c_str());
  return 0;
}

int make_data(command_options const& options) {
  auto const& what = scenario_named(options.scenario);
  auto const folder = options.folder.empty() ? std::filesystem::path("data/skirmish") / what.name : options.folder;
  // Before the work, not after it; save_recording looks again.
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder)) {
    throw s2rm::file_error(folder.string() + ": is there and not empty; give another --out, or remove it");
  }
  generate_options const with{options.episodes, options.battle_seed, options.random_in_1000(), options.thread_count()};
  examples::interrupt const watch;
  examples::progress bar(std::string(what.name), options.episodes, "episodes");
  auto const made = generate(what, with, [&bar](index_t done) {
    bar.update(done);
    return !examples::interrupt::requested();
  });
  if (made) bar.update(options.episodes);
  bar.finish();
  if (!made) {
    std::fprintf(stderr, "interrupted, nothing was written\n");
    return examples::interrupt::exit_status;
  }
  save_recording(*made, folder);
  std::int64_t won = 0;
  for (auto const w : made->won) won += w;
  auto manifest = examples::manifest::begin("skirmish");
  manifest.set("command", options.command)
      .set("scenario", what.name)
      .set("episodes", made->episodes())
      .set("seed", static_cast<std::int64_t>(options.battle_seed))
      .set("random", with.random_in_1000 / 1000.0)
      .set("states", made->states())
      .set("won", won)
      .set("data.sha256", checksum(*made));
  manifest.write(folder / "manifest.json");
  auto const count = static_cast<double>(made->episodes());
  std::printf("%s: %lld episodes, %lld states (%.1f steps an episode), allies won %.1f %%\n  sha256 %s\n  in %s\n",
              options.scenario.c_str(), static_cast<long long>(made->episodes()),
              static_cast<long long>(made->states()), static_cast<double>(made->states()) / count - 1,
              100.0 * static_cast<double>(won) / count, checksum(*made).c_str(), folder.c_str());
  return 0;
}

}  // namespace skirmish
