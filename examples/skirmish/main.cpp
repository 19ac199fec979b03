// skirmish: battles of a SMAC-like simulator, seen through its units' eyes.
#include <cstdint>

#include "commands.hpp"
#include "experiment/command_line.hpp"
#include "experiment/program.hpp"
#include "model.hpp"

namespace {

constexpr char const* about =
    "Small battles between two armies, of which each ally sees 9 cells around itself: data for a world model.\n"
    "The simulator is SMAC-like: the game's unit table and SMAC's rules, but not StarCraft II.\n"
    "Start with: skirmish train, then skirmish eval and skirmish render.";

constexpr char const* footer =
    "A complete training run takes a quarter of an hour on two cores. Ctrl-C leaves a valid checkpoint that --resume "
    "goes\n"
    "on from. Recordings of the real game or of another simulator: see README.md next to this program's source.";

void add_battles(CLI::App& app, skirmish::command_options& o) {
  app.add_option("--scenario", o.scenario, "who fights whom; 'skirmish scenarios' lists them")->capture_default_str();
  app.add_option("--random", o.random, "share of random legal actions; the others are the heuristic's")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_battle_seed(CLI::App& app, skirmish::command_options& o) {
  add_battles(app, o);
  app.add_option("--seed", o.battle_seed, "of placement and random actions")->capture_default_str();
}

void add_recording(CLI::App& app, skirmish::command_options& o, char const* what) {
  auto* const data = app.add_option("--data", o.recording, what);
  // What is about battles that are played would be noted and not used.
  for (auto const* name : {"--scenario", "--random", "--data-seed"}) {
    if (auto* const other = app.get_option_no_throw(name)) data->excludes(other);
  }
}

void add_episode(CLI::App& app, skirmish::command_options& o) {
  app.add_option("--episode", o.episode, "which battle")->check(CLI::NonNegativeNumber)->capture_default_str();
}

void add_test(CLI::App& app, skirmish::command_options& o) {
  app.add_option("--battles", o.test_sequences, "battles a test; published figures are for 100")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

}  // namespace

int main(int argc, char* argv[]) {
  examples::program program{"skirmish", about, footer};
  skirmish::command_options options;
  options.command = program.command(argc, argv);
  auto const add = [&](char const* name, char const* what, int (*command)(skirmish::command_options const&)) {
    return &program.add(name, what, [&options, command] { return command(options); }, command == skirmish::train);
  };

  program.add("scenarios", "list the scenarios", skirmish::list_scenarios, true);

  auto* const data = add("data", "play battles and write them as a folder of .npy files", skirmish::make_data);
  add_battle_seed(*data, options);
  data->add_option("--episodes", options.episodes, "how many battles")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{0xffffffff}))
      ->capture_default_str();
  data->add_option("--threads", options.threads, "threads, 0: all cores; the data do not depend on it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  data->add_option("--out", options.folder, "new folder (default: data/skirmish/<scenario>)");

  auto* const battle = add("battle", "draw one battle: what was, and what was seen", skirmish::draw_battle);
  add_battle_seed(*battle, options);
  add_recording(*battle, options, "recorded battles to draw from, instead of playing one");
  add_episode(*battle, options);
  battle->add_option("--ally", options.ally, "whose raster is drawn")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  battle->add_option("--out", options.out, "folder for pictures and battle.html")->capture_default_str();

  constexpr char const* recorded = "recorded battles to train and test with, instead of playing them";
  auto* const train = add("train", "train a model; Ctrl-C leaves a valid checkpoint", skirmish::train);
  auto* const eval = add("eval", "test a checkpoint and its peers: other scenarios, dropped views", skirmish::evaluate);
  auto* const render =
      add("render", "draw truth, what was seen and what is believed, write report.html", skirmish::render);
  auto* const campaign =
      add("campaign", "train and test models for several seeds, skip what is done, write the page", skirmish::campaign);
  for (auto* const one : {train, eval, render, campaign}) {
    examples::add_common_options(*one, options);
    add_battles(*one, options);
    add_recording(*one, options, recorded);
  }
  for (auto* const one : {train, eval, render}) {
    examples::add_run_options(*one, options, skirmish::known_models());
  }
  for (auto* const one : {train, campaign}) examples::add_fit_options(*one, options);
  for (auto* const one : {eval, campaign}) add_test(*one, options);
  train->add_flag("--resume", options.resume, "go on from the checkpoint");
  add_episode(*render, options);
  examples::add_campaign_options(*campaign, options);

  return program.run(argc, argv);
}
