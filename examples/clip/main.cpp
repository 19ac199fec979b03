// clip: predicting a real video from small crops at random places.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "common/ranks.hpp"

namespace {

constexpr char const* about =
    "Prediction of a real video from cropped frames: at each step a model sees ten 11 x 11 crops of a grey clip, from\n"
    "anywhere, and is asked what the next frame will show.\n"
    "Start with: clip train, then clip eval and clip render. The standard clip is fetched from Debian's archive\n"
    "(95 MB, nothing is installed); --video takes any file that ffmpeg reads.";

constexpr char const* footer =
    "Needs the program ffmpeg (Debian: scripts/install-deps --clip). Ctrl-C leaves a valid checkpoint that --resume\n"
    "goes on from. See README.md next to this program's source.";

void add_common(CLI::App& app, clip::options& o) {
  app.add_option("--out", o.out, "folder for checkpoints, records, pictures and report")->capture_default_str();
  app.add_option("--folder", o.folder, "folder in which the standard clip is kept")->capture_default_str();
  app.add_option("--ffmpeg", o.ffmpeg, "the program that decodes videos")->capture_default_str();
  app.add_option("--threads", o.threads, "threads, 0: all cores")->check(CLI::NonNegativeNumber)->capture_default_str();
}

void add_video(CLI::App& app, clip::options& o) {
  app.add_option("--video", o.shown.video,
                 "a video of your own, best of a fixed camera: any file that ffmpeg reads, or .npy with bytes "
                 "(T, H, W) (default: the standard clip)");
  app.add_option("--region", o.shown.region,
                 "W:H:X:Y, the part of its pixels that is used (default: all of it; of the standard clip " +
                     std::string{clip::standard_clip::region} + ")");
  app.add_option("--width", o.shown.width, "pixels across that this becomes")
      ->check(CLI::Range(11, 1024))
      ->capture_default_str();
  app.add_option("--height", o.shown.height, "pixels down that this becomes; what moves should be some 10 high")
      ->check(CLI::Range(11, 1024))
      ->capture_default_str();
}

void add_run(CLI::App& app, clip::options& o) {
  app.add_option("--seed", o.seed, "seed of the start and of everything drawn in training")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--checkpoint", o.checkpoint, "safetensors file (default: seed<seed>.safetensors in --out)");
}

void add_fit(CLI::App& app, clip::options& o) {
  auto& fit = o.fit;
  auto const count = [&](char const* name, clip::index_t& to, char const* what) {
    app.add_option(name, to, what)->check(CLI::PositiveNumber)->capture_default_str();
  };
  auto const share = [&](char const* name, double& to, char const* what) {
    app.add_option(name, to, what)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  };
  count("--steps", fit.steps, "most training steps, also the length of the schedule");
  count("--batch", fit.batch, "pieces of the clip a step");
  count("--window", fit.window, "time steps of each");
  count("--queries", fit.queries, "crops of the next frame that are asked for at each of them");
  count("--validate-every", fit.validate_every, "steps from one validation to the next");
  count("--patience", fit.patience, "validations without a better one after which training ends");
  app.add_option("--parts", fit.parts, examples::ranks::about_parts)
      ->check(CLI::Range(clip::index_t{0}, clip::index_t{1024}))
      ->capture_default_str();
  share("--rate", fit.rate, "base learning rate");
  share("--average", fit.average, "decay of the running average of the weights");
  share("--few-views", fit.few_views, "probability that a piece keeps but 1 to 10 views");
  share("--blind-spans", fit.blind_spans, "probability that it has a span of 1 to 10 steps without views");
  share("--mirrored", fit.varied.mirrored, "probability that it is shown with left and right exchanged");
  share("--inverted", fit.varied.inverted, "probability that dark and bright are exchanged");
  share("--reversed", fit.varied.reversed, "probability that it runs backward");
  share("--contrast", fit.varied.contrast, "its contrast is multiplied by e^u, u up to this either way");
  share("--shift", fit.varied.shift, "all of its places are moved by up to this either way (a frame is 2 wide)");
  app.add_option("--weight-decay", fit.weight_decay, "of AdamW")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--curriculum", fit.curriculum, "steps that see all views, before views are taken away")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

}  // namespace

int main(int argc, char* argv[]) {
  examples::ranks::begin();
  clip::options options;
  options.command.assign(argv, argv + argc);
  options.command.front() = "clip";
  CLI::App app{about, "clip"};
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");

  int (*command)(clip::options const&) = nullptr;
  auto const add = [&](char const* name, char const* what, int (*does)(clip::options const&)) -> CLI::App& {
    auto& sub = *app.add_subcommand(name, what);
    add_common(sub, options);
    sub.callback([&command, does] { command = does; });
    return sub;
  };
  add_video(add("data", "fetch the standard clip, say what a video holds", clip::data), options);
  auto& train = add("train", "train; Ctrl-C leaves a valid checkpoint", clip::train);
  add_video(train, options);
  add_run(train, options);
  add_fit(train, options);
  train.add_flag("--resume", options.resume, "go on from the checkpoint");
  auto& eval = add("eval", "test what was trained beside the peers, write the page of results", clip::evaluate);
  eval.add_option("--seed", options.seeds, "seeds of the runs (default: 1)");
  eval.add_option("--draws", options.draws, "with how many draws of the views; published figures are for 3")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  eval.add_option("--page", options.page, "Markdown page to write (default: results.md in --out)");
  auto& render = add("render", "draw film strip, animation and curves, write report.html", clip::render);
  add_run(render, options);
  render.add_option("--show", options.show, "first frame of the test part that is drawn")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();

  CLI11_PARSE(app, argc, argv);
  try {
    if (command != clip::train) examples::ranks::require_one("clip " + app.get_subcommands().front()->get_name());
    return command(options);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "clip: %s\n", error.what());
    examples::ranks::fail(error.what());
    return 1;
  }
}
