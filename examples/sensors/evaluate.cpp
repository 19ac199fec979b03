// The command eval: checkpoints against the peers, on the test part, in one table.

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "bands.hpp"
#include "common/sha256.hpp"
#include "folds.hpp"
#include "results.hpp"
#include "rivals.hpp"
#include "tables.hpp"

namespace sensors {
namespace {

using examples::report::number;

/// Mean and spread over seeds of a task, beside the peer it is held against.
struct outcome {
  std::vector<prediction> made;
  std::vector<band> bands;  ///< of each
  std::vector<score> scores;
};

void add_scores(experiment const& with, examples::manifest& settings, examples::campaign& campaign,
                std::string const& task, experiment_options const& options, outcome const& all,
                training_log const& log) {
  for (std::size_t i = 0; i < all.scores.size(); ++i) {
    auto const& s = all.scores[i];
    auto const key = "results." + task + ".seed" + std::to_string(options.seeds[i]);
    settings.set(key + ".rmse", s.rmse());
    settings.set(key + ".mae", s.mae());
    settings.set(key + ".nll", s.nll());
    settings.set(key + ".coverage", s.coverage());
    if (auto const share = covered(with.data, with.kind, all.made[i], all.bands[i]).calibrated / 100;
        !std::isnan(share))
      settings.set(key + ".calibrated_coverage", share);
    examples::campaign_run run;
    run.seed = options.seeds[i];
    run.figures = {{task + ".rmse", s.rmse()},
                   {task + ".mae", s.mae()},
                   {task + ".nll", s.nll()},
                   {task + ".coverage", s.coverage()}};
    if (auto const* history = log.find(task, run.seed)) run.seconds = history->seconds;
    campaign.runs.push_back(run);
  }
}

examples::report::table summary(examples::campaign const& campaign, std::string const& task,
                                std::string const& peer_name, double peer_rmse, std::string const& unit) {
  auto const rmse = campaign.over_runs(task + ".rmse"), coverage = campaign.over_runs(task + ".coverage");
  examples::report::table table;
  table.title = "S2GRU over " + std::to_string(rmse.finished) + " seeds, " + task;
  table.header = {"measure", "mean", "sd", "lowest", "highest"};
  auto const row = [&](std::string const& name, examples::campaign::spread const& s, int digits) {
    table.rows.push_back({name, number(s.mean, digits), number(s.deviation, digits), number(s.lowest, digits),
                          number(s.highest, digits)});
  };
  row("RMSE, " + unit, rmse, 3);
  // The seed that did worst is named.
  auto const worst = std::max_element(campaign.runs.begin(), campaign.runs.end(), [&](auto const& a, auto const& b) {
    return a.figures.at(task + ".rmse") < b.figures.at(task + ".rmse");
  });
  table.rows.back().back() += " (seed " + std::to_string(worst->seed) + ")";
  row("coverage of the 90 % interval", coverage, 3);
  if (peer_name.empty()) {
    table.note = "No method applies that it could be held against.";
  } else {
    table.rows.push_back({"RMSE / " + peer_name, number(rmse.mean / peer_rmse, 4), "",
                          number(rmse.lowest / peer_rmse, 4), number(rmse.highest / peer_rmse, 4)});
  }
  return table;
}

/// RMSE of the first peer of that name; the smallest of all that apply where there is none.
std::pair<std::string, double> held_against(experiment const& with, std::vector<peer> const& peers,
                                            std::string const& name) {
  std::pair<std::string, double> best{"", std::numeric_limits<double>::infinity()};
  for (auto const& one : peers) {
    // A method that knows the site's mean has another task.
    if (!one.absent.empty() || one.made.name.find("known") != std::string::npos) continue;
    auto const rmse = evaluate(with.data, with.kind, one.made).rmse();
    if (one.made.name == name) return {name, rmse};
    if (rmse < best.second) best = {one.made.name, rmse};
  }
  return best;
}

/// The same predictions once the site's own mean is known: f(y) of each station shifted by the mean error that `earlier`,
/// made in the same way over times before the test, has there. Stations without earlier readings stay as they are.
prediction with_known_mean(experiment const& with, prediction const& made, prediction const& earlier) {
  auto shifted = made;
  shifted.name += ", site mean known";
  for (index_t s = 0; s < made.stations; ++s) {
    double error = 0, count = 0;
    for (auto t = earlier.range.begin; t < earlier.range.end; ++t) {
      if (!with.data.present(t, s)) continue;
      error += transform(with.kind, with.data.at(t, s)) - earlier.mean[earlier.cell(t, s)];
      count += 1;
    }
    if (count < 30) continue;
    for (auto t = made.range.begin; t < made.range.end; ++t) {
      auto const i = made.cell(t, s);
      shifted.set(with.kind, t, s, made.mean[i] + error / count, made.variance[i]);
    }
  }
  return shifted;
}

/// What the models of all seeds say together: the mixture of their Gaussians, by its mean and variance.
prediction together(experiment const& with, std::vector<prediction> const& all) {
  prediction made{"S2GRU, " + std::to_string(all.size()) + " seeds together", all.front().range, all.front().stations};
  auto const count = static_cast<double>(all.size());
  for (auto t = made.range.begin; t < made.range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      auto const i = made.cell(t, s);
      double mean = 0, square = 0;
      for (auto const& one : all) {
        mean += one.mean[i] / count;
        square += (one.variance[i] + one.mean[i] * one.mean[i]) / count;
      }
      made.set(with.kind, t, s, mean, square - mean * mean);
    }
  }
  return made;
}

examples::report::chart curves(training_log const& log, experiment_options const& options) {
  examples::report::chart chart{"Fit of the forecast", "step", "negative log-likelihood, nats a reading", {}};
  for (auto const seed : options.seeds) {
    if (auto const* h = log.find("forecast", seed)) {
      auto const text = ", seed " + std::to_string(seed);
      chart.lines.push_back({"training" + text, h->step, h->loss});
      chart.lines.push_back({"validation" + text, h->validation_step, h->validation, {}, {}, true});
    }
  }
  return chart;
}

/// A station's readings and the model's forecast with its band, calibrated where there is one, over the first 60 days of the
/// test part.
examples::report::chart station_chart(experiment const& with, prediction const& made, band const& of, index_t station) {
  auto const& name = with.data.stations[static_cast<std::size_t>(station)].code;
  examples::report::chart chart{"One day ahead at " + name, "day of the test part", with.data.origin.unit, {}};
  auto const calibrated = of.half[static_cast<std::size_t>(station)];
  auto const deviations = std::isnan(calibrated) ? gaussian_half(of.coverage) : calibrated;
  examples::report::line forecast{
      "S2GRU, " + number(100 * of.coverage, 0) + (std::isnan(calibrated) ? " % interval" : " % band, calibrated"),
      {},
      {}};
  examples::report::line read{"reading", {}, {}};
  read.dots = true;
  for (auto t = made.range.begin; t < std::min(made.range.end, made.range.begin + 60); ++t) {
    auto const i = made.cell(t, station);
    auto const x = static_cast<double>(t - made.range.begin);
    auto const half = deviations * std::sqrt(made.variance[i]);
    forecast.x.push_back(x);
    forecast.y.push_back(made.point[i]);
    auto const low =
        with.kind == transform_kind::square_root ? std::max(0.0, made.mean[i] - half) : made.mean[i] - half;
    forecast.low.push_back(inverse(with.kind, low));
    forecast.high.push_back(inverse(with.kind, made.mean[i] + half));
    read.x.push_back(x);
    read.y.push_back(with.data.at(t, station));
  }
  chart.lines = {forecast, read};
  return chart;
}

}  // namespace

int evaluate(experiment_options const& options) {
  auto const with = open_experiment(options);
  auto const where = compute_of(options);
  training_log log;
  log.read(options.out / "training.json");
  auto page = experiment_page(with, "Sensors: an S2GRU on a real field");
  auto settings = experiment_manifest(with, options);
  settings.set("threads", static_cast<std::int64_t>(where.threads));
  settings.set("backend", std::string(where.gpu ? "gpu" : "cpu"));
  auto const of_forecast = forecast_settings(with.data, options.statistics);
  of_forecast.describe(settings, "forecast");
  if (with.data.folds.empty()) scene_settings(with.data).describe(settings, "unseen");
  std::string markdown = "# Sensors: " + with.data.origin.name + "\n\n" + with.data.origin.label() + "\n\n";
  // `extra` are shown in the table, but are not what the seeds are summed up by.
  auto const show = [&](std::string const& task, std::vector<peer> const& peers, outcome all, std::string const& rival,
                        std::vector<prediction> const& extra = {}) {
    for (auto const& made : all.made) all.scores.push_back(evaluate(with.data, with.kind, made));
    auto rows = all.made;
    if (all.made.size() > 1) rows.push_back(together(with, all.made));
    rows.insert(rows.end(), extra.begin(), extra.end());
    auto const table = score_table(with.data, with.kind, task, peers, rows);
    examples::campaign campaign;
    campaign.name = "sensors " + with.data.origin.name + " " + task;
    add_scores(with, settings, campaign, task, options, all, log);
    auto const [name, rmse] = held_against(with, peers, rival);
    auto const over_seeds = summary(campaign, task, name, rmse, with.data.origin.unit);
    std::printf("%s\n%s\n", examples::report::plain_text(table).c_str(),
                examples::report::plain_text(over_seeds).c_str());
    page.add_heading(task == "forecast" ? "One day ahead" : "At a station never seen");
    page.add_table(table).add_table(over_seeds).add_table(station_table(with.data, with.kind, task, peers, all.made));
    markdown += examples::report::markdown(table) + "\n" + examples::report::markdown(over_seeds) + "\n";
    auto const bands = band_table(with.data, with.kind, task, all.made, all.bands);
    std::printf("%s\n", examples::report::plain_text(bands).c_str());
    page.add_table(bands);
    markdown += examples::report::markdown(bands) + "\n";
  };
  auto const no_band = [&] {
    return band{options.band, std::vector<double>(static_cast<std::size_t>(with.data.station_count()), missing)};
  };

  if (options.task != task_kind::unseen && with.data.folds.empty()) {
    outcome all;
    for (auto const seed : options.seeds) {
      auto const checkpoint = checkpoint_of(options, "forecast", seed);
      all.made.push_back(predict_forecast(with, of_forecast, checkpoint, where, with.split.test, with.split.fit()));
      all.made.back().name = "S2GRU, seed " + std::to_string(seed);
      std::vector<index_t> stations;
      for (index_t s = 0; s < with.data.station_count(); ++s) stations.push_back(s);
      read_band(checkpoint, stations, all.bands.emplace_back(no_band()));
    }
    auto others = forecast_peers(with.data, with.split.fit(), with.split.test, with.kind);
    add_rivals(others, options, with, "forecast");
    std::vector<prediction> alone;
    if (of_forecast.statistics) {
      alone.push_back(predict_by_statistics(with, with.split.test, with.split.fit()));
      settings.set("forecast.statistics_choice", alone.front().note);
    }
    show("forecast", others, all, "VAR(1)", alone);
    page.add_chart(station_chart(with, all.made.front(), all.bands.front(), 0));
    if (auto const chart = curves(log, options); !chart.lines.empty()) page.add_chart(chart);
  }
  if (options.task != task_kind::forecast && !with.data.folds.empty()) {
    // Draws overlap: each is a run of its own, in one table with the other methods' runs on the same draws.
    auto const all = scene_results(with, options, settings);
    for (auto const& one : all) {
      for (auto const& run : one.runs) {
        auto const s = evaluate_asked(with, "unseen", run.run, run.made, cut_of(with.data));
        auto const key = "results.unseen." + one.method + "." + run.run + (run.half ? ", half missing" : "");
        settings.set(key + ".rmse", s.rmse());
        settings.set(key + ".cut_rmse", s.cut_rmse());
        settings.set(key + ".coverage", s.coverage());
      }
    }
    page.add_heading("Where nobody reads");
    markdown += show_rivals(page, options, with, "unseen", all);
    add_figures(page, with, options);
  } else if (options.task != task_kind::forecast) {
    outcome all;
    std::vector<prediction> known;
    auto const folds = test_folds(with.data, options.folds);
    station_groups groups;
    for (auto const& one : folds) groups.push_back(one.test);
    // The last 1461 steps before the test (four years of days) are what a site's mean is known from.
    time_range const before{std::max(with.split.fit().begin, with.split.test.begin - 1461), with.split.test.begin};
    std::vector<prediction> earlier;
    for (auto const seed : options.seeds) {
      all.made.emplace_back("S2GRU, seed " + std::to_string(seed), with.split.test, with.data.station_count());
      earlier.emplace_back(all.made.back().name, before, with.data.station_count());
      all.bands.push_back(no_band());
    }
    prediction guess{"what it corrects: linear statistics alone", with.split.test, with.data.station_count()};
    auto settled = scene_settings(with.data);
    settled.heights = options.heights;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      std::vector<std::filesystem::path> checkpoints;
      for (std::size_t i = 0; i < options.seeds.size(); ++i) {
        checkpoints.push_back(checkpoint_of(options, "unseen" + std::to_string(g), options.seeds[i]));
        read_band(checkpoints.back(), groups[g], all.bands[i]);
      }
      auto const said = predict_scenes(with, settled, folds[g], groups[g], groups[g], with.split.fit(), checkpoints,
                                       where, {before.begin, with.split.test.end}, false);
      settings.set("statistics." + folds[g].name, said.about);
      for (auto const s : groups[g]) {
        for (std::size_t i = 0; i < options.seeds.size(); ++i) {
          earlier[i].take(said.made[i], s);
          all.made[i].take(said.made[i], s);
        }
        guess.take(said.made.back(), s);
      }
    }
    for (std::size_t i = 0; i < options.seeds.size(); ++i) {
      known.push_back(with_known_mean(with, all.made[i], earlier[i]));
    }
    known.insert(known.begin(), std::move(guess));
    auto others = unseen_peers(with.data, with.split.fit(), with.split.test, with.kind, groups);
    add_rivals(others, options, with, "unseen");
    show("unseen", others, all, "", known);  // against the best of them
    page.add_heading("The field between the stations");
    if (!add_figures(page, with, options)) page.add_text("No picture: there is no model of the whole field.");
  }
  page.add_manifest(settings);
  settings.write(options.out / "manifest.json");
  std::string seeds;
  for (auto const seed : options.seeds) seeds += (seeds.empty() ? "seeds " : ", ") + std::to_string(seed);
  auto const results = options.out / "results.md";
  examples::write_file(results, markdown + examples::write_manifests(results, {{seeds, settings.json()}}));
  if (page.write(options.out / "report.html")) {
    std::fprintf(stderr, "wrote %s\n", (options.out / "report.html").c_str());
  }
  return 0;
}

}  // namespace sensors
