// The command irregular: half of the test's steps are removed at random, with and without a model of elapsed time.

#include "irregular.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "common/interrupt.hpp"
#include "common/sha256.hpp"
#include "model_irregular.hpp"
#include "results.hpp"

namespace sensors {
namespace {

using examples::report::number;

// Streams of random numbers of their own, under seeds that are no model's.
constexpr std::uint32_t stream_of_tests = 7, stream_of_resampling = 8;

/// RMSE of one arm with no step removed and with half of them, on the same days; (models, removals).
struct losses {
  std::vector<double> none, half;

  [[nodiscard]] double lost(std::size_t i) const { return half[i] - none[i]; }
};

double mean_of(std::vector<double> const& all) {
  double sum = 0;
  for (auto const one : all) sum += one;
  return sum / static_cast<double>(all.size());
}

double mean_loss(losses const& of) { return mean_of(of.half) - mean_of(of.none); }

double rmse_at(experiment const& with, prediction const& made, std::vector<index_t> const& days) {
  score all;
  for (auto const t : days) {
    for (index_t s = 0; s < made.stations; ++s) all.point(with.data.at(t, s), made.point[made.cell(t, s)]);
  }
  return all.rmse();
}

/// One loss as a share of another; a model that loses nothing leaves no share.
double share_of(double loss, double other) {
  return other > 0 ? loss / other : std::numeric_limits<double>::infinity();
}

/// The loss with time as a share of that without.
struct comparison {
  double ratio = 0, low = 0, high = 0;  ///< of the mean losses, and 5 and 95 % of bootstraps
  double worst = 0;                     ///< largest of one model seed and removal
};

/// Bootstraps draw model seeds and removals, each with replacement, the same for both arms.
comparison compare(losses const& with_time, losses const& without, index_t models, index_t removals) {
  comparison made;
  made.ratio = share_of(mean_loss(with_time), mean_loss(without));
  for (std::size_t i = 0; i < without.half.size(); ++i) {
    auto const share = share_of(with_time.lost(i), without.lost(i));
    made.worst = i == 0 ? share : std::max(made.worst, share);
  }
  s2rm::random const numbers{1, stream_of_resampling};
  std::vector<double> ratios;
  for (std::uint32_t draw = 0; draw < 2000; ++draw) {
    double timed = 0, plain = 0;
    for (index_t m = 0; m < models; ++m) {
      for (index_t r = 0; r < removals; ++r) {
        auto const model = numbers.below(draw, static_cast<std::uint64_t>(m), models);
        auto const removal = numbers.below(draw, static_cast<std::uint64_t>(models + r), removals);
        auto const i = static_cast<std::size_t>(model * removals + removal);
        timed += with_time.lost(i), plain += without.lost(i);
      }
    }
    ratios.push_back(share_of(timed, plain));
  }
  std::sort(ratios.begin(), ratios.end());
  made.low = ratios[ratios.size() / 20], made.high = ratios[ratios.size() - 1 - ratios.size() / 20];
  return made;
}

/// How both arms are trained, and what they are asked for.
struct regime {
  std::string name, key;
  double removed = 0;
  asked_step asked = asked_step::following;
  losses arms[2] = {};  ///< without time, with it
};

}  // namespace

int irregular(experiment_options const& options, std::int64_t removals) {
  examples::interrupt const watch;
  auto const with = open_experiment(options);
  auto about = experiment_manifest(with, options);
  auto const where = compute_of(options);
  auto settings = forecast_settings(with.data, false);
  if (options.steps > 0) settings.steps = options.steps;
  constexpr double most_removed = 0.7, tested = 0.5;
  constexpr asked_step all_asked[]{asked_step::following, asked_step::kept};
  auto const span = irregular_span(with);
  // First nothing removed, then every removal with both questions.
  std::vector<irregular_test> tests{{thin(span, 0, {}), asked_step::following}};
  for (std::int64_t r = 0; r < removals; ++r) {
    auto const kept = thin(span, tested, {static_cast<std::uint64_t>(r + 1), stream_of_tests});
    for (auto const asked : all_asked) tests.push_back({kept, asked});
  }
  std::vector<regime> regimes;
  for (auto const removed : {0.0, most_removed}) {
    for (auto const asked : all_asked) {
      bool const next = asked == asked_step::following;
      regimes.push_back(
          {std::string{removed == 0 ? "all steps" : "0 to 70 % removed"} + (next ? ", next step" : ", next kept step"),
           std::string{removed == 0 ? "all" : "removed"} + (next ? ".next" : ".next_kept"), removed, asked});
    }
  }
  for (auto const seed : options.seeds) {
    for (std::size_t timed = 0; timed < 2; ++timed) {
      std::vector<irregular_forecast> made;
      for (auto& one : regimes) {
        // With all steps the next one is the next kept one: one fit serves both.
        if (one.removed > 0 || made.empty()) {
          made = irregular_forecasts(with, settings, {timed == 1, one.removed, one.asked}, seed, where, tests);
        }
        if (made.empty()) return examples::interrupt::exit_status;
        for (std::size_t t = 1; t < tests.size(); ++t) {
          if (tests[t].asked != one.asked) continue;
          one.arms[timed].none.push_back(rmse_at(with, made.front().made, made[t].days));
          one.arms[timed].half.push_back(rmse_at(with, made[t].made, made[t].days));
        }
      }
    }
  }

  auto const models = std::ssize(options.seeds);
  auto page = experiment_page(with, "Sensors: steps that are missing");
  about.set("threads", static_cast<std::int64_t>(where.threads));
  about.set("removals", removals);
  about.set("removed.training_most", most_removed);
  about.set("removed.test", tested);
  settings.describe(about, "forecast");
  auto const unit = with.data.origin.unit.empty() ? std::string{} : ", " + with.data.origin.unit;
  examples::report::table table;
  table.title = "RMSE with no step of the test removed, and with half of them" + unit;
  table.header = {"trained on, asked for",
                  "without time: none",
                  "half",
                  "loses",
                  "with time: none",
                  "half",
                  "loses",
                  "ratio",
                  "5 to 95 %",
                  "worst"};
  auto const add = [&](std::string const& name, std::string const& key, losses const& plain, losses const& timed) {
    auto const c = compare(timed, plain, models, removals);
    table.rows.push_back({name, number(mean_of(plain.none), 3), number(mean_of(plain.half), 3),
                          number(mean_loss(plain), 3), number(mean_of(timed.none), 3), number(mean_of(timed.half), 3),
                          number(mean_loss(timed), 3), number(c.ratio, 2),
                          number(c.low, 2) + " to " + number(c.high, 2), number(c.worst, 2)});
    about.set("results." + key + ".without.loss", mean_loss(plain));
    about.set("results." + key + ".with.loss", mean_loss(timed));
    about.set("results." + key + ".ratio", c.ratio);
    about.set("results." + key + ".ratio_bootstrap", std::vector<double>{c.low, c.high});
    about.set("results." + key + ".worst", c.worst);
  };
  for (auto const& one : regimes) {
    add(one.name, one.key, one.arms[0], one.arms[1]);
    about.set("results." + one.key + ".without.none", one.arms[0].none);
    about.set("results." + one.key + ".without.half", one.arms[0].half);
    about.set("results." + one.key + ".with.none", one.arms[1].none);
    about.set("results." + one.key + ".with.half", one.arms[1].half);
  }
  table.note =
      "Steps are removed at all stations at once; what is left is the sequence. Ratio: the mean loss with time over "
      "that without, over " +
      std::to_string(models) + " model seeds and " + std::to_string(removals) +
      " removals; 5 to 95 %: bootstrap over both; worst: the largest of one seed and removal; inf: without time "
      "nothing is lost. Both figures of a loss "
      "are over the same "
      "days, those that are asked for when half is removed; with none removed each is forecast from the day before. "
      "Only the model with "
      "time is told which day is asked for.";
  examples::report::table by_seed;
  by_seed.title = "Loss by model seed, mean over removals" + unit;
  by_seed.header = {"trained on, asked for", "seed", "without time", "with time", "ratio"};
  for (auto const& one : regimes) {
    for (index_t m = 0; m < models; ++m) {
      double mean[2] = {};
      for (std::size_t timed = 0; timed < 2; ++timed) {
        for (index_t r = 0; r < removals; ++r) {
          mean[timed] +=
              one.arms[timed].lost(static_cast<std::size_t>(m * removals + r)) / static_cast<double>(removals);
        }
      }
      by_seed.rows.push_back({one.name, std::to_string(options.seeds[static_cast<std::size_t>(m)]), number(mean[0], 3),
                              number(mean[1], 3), number(share_of(mean[1], mean[0]), 2)});
    }
  }
  std::printf("%s\n%s\n", examples::report::plain_text(table).c_str(), examples::report::plain_text(by_seed).c_str());
  page.add_table(table).add_table(by_seed).add_manifest(about);
  std::filesystem::create_directories(options.out);
  about.write(options.out / "manifest.json");
  std::string seeds;
  for (auto const seed : options.seeds) seeds += (seeds.empty() ? "seeds " : ", ") + std::to_string(seed);
  auto const results = options.out / "results.md";
  examples::write_file(results, "# Sensors: " + with.data.origin.name + ", steps that are missing\n\n" +
                                    with.data.origin.label() + "\n\n" + examples::report::markdown(table) + "\n" +
                                    examples::report::markdown(by_seed) + "\n" +
                                    examples::write_manifests(results, {{seeds, about.json()}}));
  if (page.write(options.out / "report.html")) {
    std::fprintf(stderr, "wrote %s\n", (options.out / "report.html").c_str());
  }
  return 0;
}

}  // namespace sensors
