// balls: predicting a video of bouncing balls from small crops at random places.
#include "commands.hpp"
#include "experiment/command_line.hpp"
#include "experiment/program.hpp"
#include "model.hpp"

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
  examples::program program{"balls", about, footer};
  balls::options options;
  options.command = program.command(argc, argv);
  auto const add = [&](char const* name, char const* what, int (*command)(balls::options const&)) -> CLI::App& {
    auto& sub = program.add(name, what, [&options, command] { return command(options); }, command == balls::train);
    examples::add_common_options(sub, options);
    return sub;
  };
  auto& train = add("train", "train; Ctrl-C leaves a valid checkpoint", balls::train);
  examples::add_run_options(train, options, balls::known_models());
  examples::add_fit_options(train, options);
  train.add_flag("--resume", options.resume, "go on from the checkpoint");
  auto& eval = add("eval", "test a checkpoint and its peers: views, balls, curtain, roll-outs", balls::evaluate);
  examples::add_run_options(eval, options, balls::known_models());
  add_test(eval, options);
  auto& render = add("render", "draw film strip, animation, modules and curves, write report.html", balls::render);
  examples::add_run_options(render, options, balls::known_models());
  render.add_option("--show", options.show, "number of the test sequence to draw")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  auto& campaign =
      add("campaign", "train and test several seeds, skip what is done, write the page of results", balls::campaign);
  examples::add_fit_options(campaign, options);
  add_test(campaign, options);
  examples::add_campaign_options(campaign, options);
  return program.run(argc, argv);
}
