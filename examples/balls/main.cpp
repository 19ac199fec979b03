// balls: predicting a video of bouncing balls from small crops at random places.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "common/ranks.hpp"
#include "model.hpp"
#include "experiment/command_line.hpp"

namespace {

constexpr char const* about =
    "Video prediction from cropped frames: at each step a model sees ten 11 x 11 crops of a 48 x 48 video of bouncing\n"
    "balls, from anywhere, and is asked what other crops of the next frame will show.\n"
    "Start with: balls train, then balls eval and balls render.";

constexpr char const* footer =
    "A complete run takes about ten minutes; --steps 1500 gives a first impression in one. Ctrl-C leaves a valid\n"
    "checkpoint that --resume goes on from. See README.md next to this program's source.";

void add_test(CLI::App& app, balls::options& o) {
  app.add_option("--sequences", o.test_sequences, "test sequences of 60 frames; published figures are for 200")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

}  // namespace

int main(int argc, char* argv[]) {
  examples::ranks::begin();
  balls::options options;
  options.command.emplace_back("balls");
  options.command.insert(options.command.end(), argv + 1, argv + argc);
  int status = 0;

  CLI::App app{about, "balls"};
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");
  auto const add = [&](char const* name, char const* what, int (*command)(balls::options const&)) {
    auto* const sub = app.add_subcommand(name, what);
    examples::add_common_options(*sub, options);
    sub->callback([&options, &status, command, name] {
      if (command != balls::train) examples::ranks::require_one(std::string{"balls "} + name);
      status = command(options);
    });
    return sub;
  };
  auto* const train = add("train", "train; Ctrl-C leaves a valid checkpoint", balls::train);
  examples::add_run_options(*train, options, balls::known_models());
  examples::add_fit_options(*train, options);
  train->add_flag("--resume", options.resume, "go on from the checkpoint");
  auto* const eval = add("eval", "test a checkpoint and its peers: views, balls, curtain, roll-outs", balls::evaluate);
  examples::add_run_options(*eval, options, balls::known_models());
  add_test(*eval, options);
  auto* const render =
      add("render", "draw film strip, animation, modules and curves, write report.html", balls::render);
  examples::add_run_options(*render, options, balls::known_models());
  render->add_option("--show", options.show, "number of the test sequence to draw")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  auto* const campaign =
      add("campaign", "train and test several seeds, skip what is done, write the page of results", balls::campaign);
  examples::add_fit_options(*campaign, options);
  add_test(*campaign, options);
  examples::add_campaign_options(*campaign, options);

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "balls: %s\n", error.what());
    examples::ranks::fail(error.what());
    return 1;
  }
  return status;
}
