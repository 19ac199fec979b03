// skirmish: battles of a SMAC-like simulator, seen through its units' eyes.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "commands.hpp"

namespace {

constexpr char const* about =
    "Small battles between two armies, of which each ally sees 9 cells around itself: data for a world model.\n"
    "The simulator is SMAC-like: the game's unit table and SMAC's rules, but not StarCraft II.\n"
    "Start with: skirmish data";

constexpr char const* footer =
    "Recordings of the real game or of another simulator: see README.md next to this program's source.";

}  // namespace

int main(int argc, char* argv[]) {
  skirmish::command_options options;
  options.command.emplace_back("skirmish");
  options.command.insert(options.command.end(), argv + 1, argv + argc);
  int status = 0;

  CLI::App app{about, "skirmish"};
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");

  auto const add_battle = [&options](CLI::App& to) {
    to.add_option("--scenario", options.scenario, "who fights whom; 'skirmish scenarios' lists them")
        ->capture_default_str();
    to.add_option("--seed", options.seed, "of placement and random actions")->capture_default_str();
    to.add_option("--random", options.random, "share of random legal actions; the others are the heuristic's")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
  };

  auto* const list = app.add_subcommand("scenarios", "list the scenarios");
  list->callback([&] { status = skirmish::list_scenarios(); });

  auto* const data = app.add_subcommand("data", "play battles and write them as a folder of .npy files");
  add_battle(*data);
  data->add_option("--episodes", options.episodes, "how many battles")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{0xffffffff}))
      ->capture_default_str();
  data->add_option("--threads", options.threads, "threads, 0: all cores; the data do not depend on it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  data->add_option("--out", options.out, "new folder (default: data/skirmish/<scenario>)");
  data->callback([&] { status = skirmish::make_data(options); });

  auto* const render = app.add_subcommand("render", "draw one battle: what was, and what was seen");
  add_battle(*render);
  render->add_option("--data", options.data, "recorded battles to draw from, instead of playing one");
  render->add_option("--episode", options.episode, "which battle")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  render->add_option("--ally", options.ally, "whose raster is drawn")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  render->add_option("--out", options.out, "folder for pictures and report.html (default: results/skirmish)");
  render->callback([&] { status = skirmish::render(options); });

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "skirmish: %s\n", error.what());
    return 1;
  }
  return status;
}
