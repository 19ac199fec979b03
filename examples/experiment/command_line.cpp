#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <map>

#include "common/ranks.hpp"

namespace examples {

void add_output_options(CLI::App& app, run_options& o) {
  app.add_option("--out", o.out, "folder for checkpoints, records, pictures and report")->capture_default_str();
  app.add_option("--threads", o.threads, "threads, 0: all cores")->check(CLI::NonNegativeNumber)->capture_default_str();
}

void add_common_options(CLI::App& app, run_options& o) {
  add_output_options(app, o);
  app.add_option("--data-seed", o.data_seed, "seed of all sequences; published figures are for 1")
      ->capture_default_str();
}

void add_seed_options(CLI::App& app, run_options& o) {
  app.add_option("--seed", o.seed, "seed of the start, of the training sequences and of dropped views")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--checkpoint", o.checkpoint,
                 std::string{"safetensors file (default: "} + (o.one_model ? "" : "<model>-") +
                     "seed<seed>.safetensors in --out)");
}

void add_run_options(CLI::App& app, run_options& o, std::span<model_entry const> known) {
  std::vector<std::string> names;
  for (auto const& one : known) names.emplace_back(one.name);
  app.add_option("--model", o.model, "which model: " + CLI::detail::join(names, ", "))
      ->check(CLI::IsMember(names).description(""))
      ->capture_default_str();
  app.add_option_function<std::string>(
      "--cell",
      [&o, known](std::string const& cell) {
        o.model = "s2" + cell;
        static_cast<void>(find_model(known, o.model));
      },
      "the same for the modules' cell: --cell gru is --model s2gru");
  add_seed_options(app, o);
}

void add_fit_options(CLI::App& app, run_options& o) {
  auto& fit = o.fit;
  auto const positive = CLI::PositiveNumber;
  app.add_option("--steps", fit.steps, "training steps, also the length of the schedule")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--batch", fit.batch, "sequences a step")->check(positive)->capture_default_str();
  app.add_option("--rate", fit.rate, "base learning rate (default: the one the model was tuned to)")->check(positive);
  app.add_option("--warm-up", fit.warm_up, "steps over which the rate rises")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--clip", fit.clip, "largest norm of the gradient; 0: any")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--beta2", fit.beta2, "Adam's decay of the squared gradient")
      ->check(CLI::Range(0.0, 0.999999))
      ->capture_default_str();
  app.add_option("--curriculum", fit.curriculum, "steps that see all views, before views are taken away")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--few-views", fit.few_views, "probability that a training sequence keeps but 1 to all of its views")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--blind-spans", fit.blind_spans, "probability that it has a span of 1 to 10 steps without views")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--parts", fit.parts, ranks::about_parts)
      ->check(CLI::Range(index_t{0}, index_t{1024}))
      ->capture_default_str();
}

void add_campaign_options(CLI::App& app, run_options& o) {
  std::map<std::string, double> const units{{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
  app.add_option("--models", o.models, "which models, with commas between (default: all)")->delimiter(',');
  app.add_option("--seeds", o.seeds, "seeds 1 to this")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--budget", o.budget_seconds, "stop after this long (600s, 90min, 2h); a later call goes on")
      ->transform(CLI::AsNumberWithUnit(units));
  app.add_option("--page", o.page, "Markdown page to write, with its curves beside it")->capture_default_str();
}

}  // namespace examples
