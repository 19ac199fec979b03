// balls: predicting a video of bouncing balls from small crops at random places.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>

#include "commands.hpp"
#include "common/ranks.hpp"
#include "model.hpp"

namespace {

constexpr char const* about =
    "Video prediction from cropped frames: at each step a model sees ten 11 x 11 crops of a 48 x 48 video of bouncing\n"
    "balls, from anywhere, and is asked what other crops of the next frame will show.\n"
    "Start with: balls train, then balls eval and balls render.";

constexpr char const* footer =
    "A complete run takes about ten minutes; --steps 1500 gives a first impression in one. Ctrl-C leaves a valid\n"
    "checkpoint that --resume goes on from. See README.md next to this program's source.";

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (auto const& one : balls::known_models()) names.emplace_back(one.name);
  return names;
}

void add_model(CLI::App& app, balls::options& o) {
  auto const names = model_names();
  app.add_option("--model", o.model, "which model: " + CLI::detail::join(names, ", "))
      ->check(CLI::IsMember(names).description(""))
      ->capture_default_str();
  app.add_option_function<std::string>(
      "--cell",
      [&o](std::string const& cell) {
        o.model = "s2" + cell;
        static_cast<void>(balls::model_named(o.model));
      },
      "the same for the modules' cell: --cell gru is --model s2gru");
}

void add_common(CLI::App& app, balls::options& o) {
  app.add_option("--out", o.out, "folder for checkpoints, records, pictures and report")->capture_default_str();
  app.add_option("--threads", o.threads, "threads, 0: all cores")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--data-seed", o.data_seed, "seed of all sequences; published figures are for 1")
      ->capture_default_str();
}

void add_run(CLI::App& app, balls::options& o) {
  add_model(app, o);
  app.add_option("--seed", o.seed, "seed of the start, of the training sequences and of dropped views")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--checkpoint", o.checkpoint, "safetensors file (default: <model>-seed<seed>.safetensors in --out)");
}

void add_fit(CLI::App& app, balls::options& o) {
  auto& fit = o.fit;
  auto const positive = CLI::PositiveNumber;
  app.add_option("--steps", fit.steps, "training steps, also the length of the schedule")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--batch", fit.batch, "sequences a step")->check(positive)->capture_default_str();
  app.add_option("--rate", fit.rate, "base learning rate (default: the one the model was tuned to)")->check(positive);
  app.add_option("--curriculum", fit.curriculum, "steps that see all views, before views are taken away")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--few-views", fit.few_views, "probability that a training sequence keeps but 1 to 10 views")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--blind-spans", fit.blind_spans, "probability that it has a span of 1 to 10 steps without views")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--parts", fit.parts,
                 "sum the gradient over so many parts of a batch (1, 2, 4, ...): the same bits on 1 to so many ranks; "
                 "0: all at once")
      ->check(CLI::Range(balls::index_t{0}, balls::index_t{1024}))
      ->capture_default_str();
}

void add_test(CLI::App& app, balls::options& o) {
  app.add_option("--sequences", o.test_sequences, "test sequences of 60 frames; published figures are for 200")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_campaign(CLI::App& app, balls::options& o) {
  std::map<std::string, double> const units{{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
  app.add_option("--models", o.models, "which models, with commas between (default: all)")->delimiter(',');
  app.add_option("--seeds", o.seeds, "seeds 1 to this")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--budget", o.budget_seconds, "stop after this long (600s, 90min, 2h); a later call goes on")
      ->transform(CLI::AsNumberWithUnit(units));
  app.add_option("--page", o.page, "Markdown page to write, with its curves beside it")->capture_default_str();
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
    add_common(*sub, options);
    sub->callback([&options, &status, command, name] {
      if (command != balls::train) examples::ranks::require_one(std::string{"balls "} + name);
      status = command(options);
    });
    return sub;
  };
  auto* const train = add("train", "train; Ctrl-C leaves a valid checkpoint", balls::train);
  add_run(*train, options);
  add_fit(*train, options);
  train->add_flag("--resume", options.resume, "go on from the checkpoint");
  auto* const eval = add("eval", "test a checkpoint and its peers: views, balls, curtain, roll-outs", balls::evaluate);
  add_run(*eval, options);
  add_test(*eval, options);
  auto* const render =
      add("render", "draw film strip, animation, modules and curves, write report.html", balls::render);
  add_run(*render, options);
  render->add_option("--show", options.show, "number of the test sequence to draw")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  auto* const campaign =
      add("campaign", "train and test several seeds, skip what is done, write the page of results", balls::campaign);
  add_fit(*campaign, options);
  add_test(*campaign, options);
  add_campaign(*campaign, options);

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
