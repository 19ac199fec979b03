// clip: predicting a real video from small crops at random places.
#include "commands.hpp"
#include "experiment/command_line.hpp"
#include "experiment/program.hpp"

namespace {

constexpr char const* about =
    "Prediction of a real video from cropped frames: at each step a model sees ten 11 x 11 crops of a grey clip, from\n"
    "anywhere, and is asked what the next frame will show.\n"
    "Start with: clip train, then clip eval and clip render. The standard clip is fetched from Debian's archive\n"
    "(95 MB, nothing is installed); --video takes any file that ffmpeg reads.";

constexpr char const* footer =
    "Needs the program ffmpeg (Debian: scripts/install-deps --clip). Ctrl-C leaves a valid checkpoint that --resume\n"
    "goes on from. See README.md next to this program's source.";

void add_video(CLI::App& app, clip::options& o) {
  app.add_option(
      "--video", o.shown.video,
      "a video of your own, best of a fixed camera: anything that ffmpeg reads (a file, pictures as %04d.png "
      "or '*.png', a URL), or .npy with bytes (T, H, W) (default: the standard clip)");
  app.add_option("--region", o.shown.region,
                 "W:H:X:Y, the part of its pixels that is used (default: all of it; of the standard clip " +
                     std::string{clip::standard_clip::region} + ")");
  app.add_option("--width", o.shown.width, "pixels across that this becomes (default: 96; a .npy file is not scaled)")
      ->check(CLI::Range(11, 1024));
  app.add_option("--height", o.shown.height, "pixels down, likewise (default: 48); what moves should be some 10 high")
      ->check(CLI::Range(11, 1024));
  app.add_flag("--allow-damage", o.shown.allow_damage, "go on with what could be read of a damaged video");
}

void add_own_fit(CLI::App& app, clip::options& o) {
  auto const count = [&](char const* name, clip::index_t& to, char const* what) {
    app.add_option(name, to, what)->check(CLI::PositiveNumber)->capture_default_str();
  };
  auto const share = [&](char const* name, double& to, char const* what) {
    app.add_option(name, to, what)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  };
  count("--window", o.fit.window, "time steps of a sequence");
  count("--queries", o.queries, "crops of the next frame that are asked for at each of them");
  count("--validate-every", o.fit.validate_every, "steps from one validation to the next");
  count("--patience", o.fit.patience, "validations without a better one after which training ends");
  share("--average", o.fit.average, "decay of the running average of the weights");
  share("--mirrored", o.varied.mirrored, "probability that a sequence is shown with left and right exchanged");
  share("--inverted", o.varied.inverted, "probability that dark and bright are exchanged");
  share("--reversed", o.varied.reversed, "probability that it runs backward");
  share("--contrast", o.varied.contrast, "its contrast is multiplied by e^u, u up to this either way");
  share("--shift", o.varied.shift, "all of its places are moved by up to this either way (a frame is 2 wide)");
  app.add_option("--weight-decay", o.fit.weight_decay, "of AdamW")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

}  // namespace

int main(int argc, char* argv[]) {
  examples::program program{"clip", about, footer};
  clip::options options;
  options.command = program.command(argc, argv);
  auto const add = [&](char const* name, char const* what, int (*command)(clip::options const&)) -> CLI::App& {
    auto& sub = program.add(name, what, [&options, command] { return command(options); }, command == clip::train);
    examples::add_output_options(sub, options);
    sub.add_option("--folder", options.folder, "folder in which the standard clip is kept")->capture_default_str();
    sub.add_option("--ffmpeg", options.ffmpeg, "the program that decodes videos")->capture_default_str();
    return sub;
  };
  add_video(add("data", "fetch the standard clip, say what a video holds", clip::data), options);
  auto& train = add("train", "train; Ctrl-C leaves a valid checkpoint", clip::train);
  add_video(train, options);
  examples::add_seed_options(train, options);
  examples::add_fit_options(train, options);
  add_own_fit(train, options);
  train.add_flag("--resume", options.resume, "go on from the checkpoint");
  auto& eval = add("eval", "test what was trained beside the peers, write the page of results", clip::evaluate);
  eval.add_option("--seed", options.tested, "seeds of the runs (default: 1)");
  eval.add_option("--draws", options.draws, "with how many draws of the views; published figures are for 3")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  eval.add_option("--page", options.page, "Markdown page to write (default: results.md in --out)");
  auto& render = add("render", "draw film strip, animation and curves, write report.html", clip::render);
  examples::add_seed_options(render, options);
  render.add_option("--show", options.show, "first frame of the test part that is drawn")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return program.run(argc, argv);
}
