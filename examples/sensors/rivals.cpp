#include "rivals.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "common/array_file.hpp"
#include "common/json_file.hpp"
#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "folds.hpp"
#include "tables.hpp"

namespace sensors {
namespace {

namespace fs = std::filesystem;
using examples::quote;
using examples::report::number;
using nlohmann::ordered_json;

ordered_json range(time_range const& r) { return ordered_json{r.begin, r.end}; }

/// What is asked: task.json and its arrays (see rivals/task.py).
void write_task(fs::path const& folder, experiment const& with, experiment_options const& options,
                std::string const& task, fold const& one, std::int64_t seed, std::vector<index_t> const& asked) {
  auto const& data = with.whole;
  auto const stations = data.stations.size();
  ordered_json about;
  about["set"] = data.origin.name;
  about["task"] = task;
  about["fold"] = one.name;
  about["seed"] = seed;
  about["budget"] = options.budget;
  about["lead"] = options.lead;
  about["transform"] = name(with.kind);
  about["channel"] = with.channel;
  for (auto const& c : data.channels) about["channels"].push_back(c.name);
  if (data.channels.empty()) about["channels"].push_back(data.origin.quantity);
  about["sides"] = data.sides;
  about["degrees"] = data.map.kind == coordinate_kind::degrees;
  std::vector<std::int64_t> times;
  for (index_t t = 0; t < data.times; ++t) times.push_back(data.time(t));
  about["times"] = times;
  about["train"] = range(with.split.train);
  about["validation"] = range(with.split.validation);
  about["test"] = range(with.split.test);
  about["sensors"] = task == "forecast" ? asked : seen_stations(data, one);
  about["asked"] = asked;
  about["validation_stations"] = one.validation;
  about["settings_sensors"] = ordered_json::array();
  for (auto const& other : data.folds) {
    if (other.for_settings) about["settings_sensors"].push_back(other.sensors);
  }
  examples::write_file(folder / "task.json", examples::json_text(about));
  std::vector<double> places;
  for (auto const& s : data.stations) places.insert(places.end(), {s.x, s.y});
  std::vector<double> weights;
  for (index_t s = 0; s < data.station_count(); ++s) weights.push_back(data.weight(s));
  std::vector<std::int64_t> lost;
  for (auto const& [t, s] : one.lost) lost.insert(lost.end(), {t, s});
  using std::array;
  examples::save_array(
      folder / "values.npy", data.values,
      array{static_cast<std::size_t>(data.times), stations, static_cast<std::size_t>(data.channel_count())});
  examples::save_array(folder / "places.npy", places, array{stations, std::size_t{2}});
  examples::save_array(folder / "sides.npy", data.side_values, array{stations, data.sides.size()});
  examples::save_array(folder / "weights.npy", weights, array{stations});
  examples::save_array(folder / "lost.npy", lost, array{one.lost.size(), std::size_t{2}});
}

/// The interpreter of a rival's own environment, made where it is not there yet.
std::string interpreter(rival const& who, experiment_options const& options, fs::path const& work) {
  if (who.pins.empty()) return options.data.python.empty() ? "/usr/bin/python3" : options.data.python;
  auto const environment = fs::absolute(options.data.folder / "environments" / who.name);
  auto const python = environment / "bin" / "python";
  auto const pins = options.scripts / who.pins;
  auto const wanted = examples::read_file(pins);
  auto const kept = environment / "pins.txt";
  if (fs::exists(kept) && examples::read_file(kept) == wanted) return python;
  std::fprintf(stderr, "making an environment for %s in %s ...\n", who.name.c_str(), environment.c_str());
  fs::remove_all(environment);
  auto const failure = examples::failure_of("/usr/bin/python3 -m venv " + quote(environment) + " && " + quote(python) +
                                                " -m pip install -q -r " + quote(pins),
                                            work / "environment.log");
  if (!failure.empty()) throw data_error{"its environment cannot be made (" + who.pins + "): " + failure};
  examples::write_file(kept, wanted);
  return python;
}

/// What a script says of one method in one fold.
struct answer {
  ordered_json about;
  s2rm::tensor<float, 2> mean, variance;
};

std::vector<answer> read_answers(fs::path const& out, time_range test, std::vector<index_t> const& asked) {
  std::vector<fs::path> folders;
  for (auto const& entry : fs::directory_iterator(out)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<answer> answers;
  for (auto const& folder : folders) {
    s2rm::io::npy_limits<2> const limits{.shape = {test.size(), static_cast<index_t>(asked.size())}};
    answers.push_back({examples::parse_json(examples::read_file(folder / "about.json"), folder / "about.json"),
                       s2rm::io::load_npy<float, 2>(folder / "mean.npy", limits),
                       s2rm::io::load_npy<float, 2>(folder / "variance.npy", limits)});
  }
  return answers;
}

/// Adds what a method answers of one fold to its run.
void add_fold(rival_run& to, answer const& answered, experiment const& with, std::vector<index_t> const& asked) {
  auto const& about = answered.about;
  auto const& test = with.split.test;
  if (to.made.stations == 0) {
    to.made = prediction{about.at("name").get<std::string>(), test, with.data.station_count()};
    to.note = about.at("note").get<std::string>();
  }
  to.seconds += about.at("seconds").get<double>();
  to.cpu_seconds += about.at("cpu_seconds").get<double>();
  to.peak_mib = std::max(to.peak_mib, about.at("peak_mib").get<double>());
  for (auto t = test.begin; t < test.end; ++t) {
    auto const row = static_cast<std::size_t>(t - test.begin);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      to.made.set(with.kind, t, asked[k], static_cast<double>(answered.mean(row, k)),
                  static_cast<double>(answered.variance(row, k)));
    }
  }
}

std::string file_name(std::string const& text) {
  auto result = text;
  for (auto& c : result) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return result;
}

/// Puts a run on disk: its figures and the predictions, (2, times, stations): mean and variance of f(y).
void keep(fs::path const& folder, std::string const& method, rival_run const& run, experiment const& with) {
  auto const to = folder / file_name(method) / (file_name(run.run) + (run.half ? "_half" : ""));
  std::vector<float> both(run.made.mean.begin(), run.made.mean.end());
  both.insert(both.end(), run.made.variance.begin(), run.made.variance.end());
  examples::save_array(to / "made.npy", both,
                       std::array{std::size_t{2}, static_cast<std::size_t>(run.made.range.size()),
                                  static_cast<std::size_t>(run.made.stations)});
  ordered_json about{{"method", method},
                     {"run", run.run},
                     {"half", run.half},
                     {"seconds", run.seconds},
                     {"cpu_seconds", run.cpu_seconds},
                     {"peak_mib", run.peak_mib},
                     {"note", run.note},
                     {"data", with.data.origin.checksum},
                     {"test", range(with.split.test)}};
  examples::write_file(to / "run.json", examples::json_text(about, 1));
}

}  // namespace

std::vector<rival> const& all_rivals() {
  static std::vector<rival> const all{
      {"fields", "", false, true, false},
      {"gstools_kriging", "gstools.txt", false, true, false},
      {"bayesnf_field", "bayesnf.txt", false, true},
      {"statsmodels_var", "statsmodels.txt", true, false, false},
      {"torch_gru", "torch.txt", true, false},
      {"pyshred_direct", "pyshred.txt", true, true},
  };
  return all;
}

fs::path rivals_folder(experiment_options const& options, experiment const& with, std::string const& task) {
  auto folder = options.rivals_out.empty() ? options.out / "rivals" : options.rivals_out;
  folder /= with.data.origin.name;
  if (with.whole.channel_count() > 1) folder /= file_name(with.data.origin.quantity);
  return folder / (options.lead > 0 ? task + "_" + std::to_string(options.lead) + "_ahead" : task);
}

void run_rival(rival const& who, experiment const& with, experiment_options const& options, std::string const& task) {
  auto const folder = rivals_folder(options, with, task);
  auto const refused = folder / (who.name + ".failed");
  std::error_code ignored;
  fs::remove(refused, ignored);
  try {
    examples::temporary_folder const work{"sensors-rival"};
    auto const python = interpreter(who, options, work.path);
    std::vector<index_t> everywhere(with.data.stations.size());
    for (std::size_t s = 0; s < everywhere.size(); ++s) everywhere[s] = static_cast<index_t>(s);
    std::vector<fold> const folds = task == "forecast" ? std::vector<fold>{{}} : test_folds(with.data, options.folds);
    bool const drawn = task == "unseen" && !with.data.folds.empty();
    // Draws are runs of their own; other folds make one run together.
    std::map<std::pair<std::string, bool>, std::map<std::string, rival_run>> runs;
    auto const seeds = drawn || !who.by_chance ? std::vector<std::int64_t>{options.seeds.front()} : options.seeds;
    for (auto const seed : seeds) {
      for (auto const& one : folds) {
        auto const asked = one.test.empty() ? everywhere : one.test;
        for (bool const half : {false, true}) {
          if (half && one.lost.empty()) continue;
          auto const run = drawn ? one.name : "seed " + std::to_string(seed);
          std::fprintf(stderr, "%s, %s, %s%s%s ...\n", who.name.c_str(), task.c_str(), run.c_str(),
                       drawn || one.name.empty() ? "" : (", " + one.name).c_str(), half ? ", half missing" : "");
          auto const in = work.path / "task", out = work.path / "out";
          fs::remove_all(in);
          fs::remove_all(out);
          fs::create_directories(out);
          write_task(in, with, options, task, one, seed, asked);
          auto const failure = examples::failure_of("cd " + quote(options.scripts) + " && " + quote(python) + " -B " +
                                                        quote(who.name + ".py") + " " + quote(in) + " " + quote(out) +
                                                        (half ? " half" : ""),
                                                    work.path / "rival.log");
          if (!failure.empty()) throw data_error{failure};
          for (auto const& answered : read_answers(out, with.split.test, asked)) {
            auto& all = runs[{run, half}][answered.about.at("name").get<std::string>()];
            all.run = run;
            all.half = half;
            add_fold(all, answered, with, asked);
          }
        }
      }
    }
    for (auto const& [key, methods] : runs) {
      for (auto const& [method, run] : methods) keep(folder, method, run, with);
    }
  } catch (std::exception const& error) {
    examples::write_file(refused, error.what());
    throw data_error{who.name + ": " + error.what()};
  }
}

std::vector<rival_results> read_rivals(experiment_options const& options, experiment const& with,
                                       std::string const& task) {
  std::vector<fs::path> files;
  auto const folder = rivals_folder(options, with, task);
  if (!fs::exists(folder)) return {};
  for (auto const& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "run.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<rival_results> all;
  for (auto const& file : files) {
    auto const about = examples::parse_json(examples::read_file(file), file);
    // Answers about other data, or another test part, are no answers.
    if (about.at("data") != with.data.origin.checksum || about.at("test") != range(with.split.test)) continue;
    rival_run run;
    auto const method = about.at("method").get<std::string>();
    run.run = about.at("run").get<std::string>();
    run.half = about.at("half").get<bool>();
    run.seconds = about.at("seconds").get<double>();
    run.cpu_seconds = about.at("cpu_seconds").get<double>();
    run.peak_mib = about.at("peak_mib").get<double>();
    run.note = about.at("note").get<std::string>();
    run.made = prediction{method, with.split.test, with.data.station_count()};
    auto const both = s2rm::io::load_npy<float, 3>(file.parent_path() / "made.npy",
                                                   {.shape = {2, with.split.test.size(), with.data.station_count()}});
    for (auto t = run.made.range.begin; t < run.made.range.end; ++t) {
      for (index_t s = 0; s < run.made.stations; ++s) {
        auto const row = static_cast<std::size_t>(t - run.made.range.begin), column = static_cast<std::size_t>(s);
        run.made.set(with.kind, t, s, static_cast<double>(both(0, row, column)),
                     static_cast<double>(both(1, row, column)));
      }
    }
    auto found = std::find_if(all.begin(), all.end(), [&](auto const& r) { return r.method == method; });
    if (found == all.end()) found = all.insert(all.end(), {method, {}});
    found->runs.push_back(std::move(run));
  }
  return all;
}

std::vector<std::string> failed_rivals(experiment_options const& options, experiment const& with,
                                       std::string const& task) {
  std::vector<std::string> failures;
  for (auto const& one : all_rivals()) {
    auto const refused = rivals_folder(options, with, task) / (one.name + ".failed");
    if (fs::exists(refused)) failures.push_back(one.name + ": " + examples::read_file(refused));
  }
  return failures;
}

examples::report::table rivals_table(experiment const& with, std::string const& task,
                                     std::vector<rival_results> const& all, index_t lead) {
  examples::report::table table;
  auto const drawn = task == "unseen" && !with.data.folds.empty();
  table.title = task == "forecast" ? "Forecast, one step ahead, by other packages"
                : drawn            ? std::string{lead > 0 ? std::to_string(lead) + " steps ahead" : "The same time"} +
                              " where nobody reads, means over draws"
                        : "Unseen stations, by other packages";
  auto const unit = with.data.origin.unit.empty() ? std::string{} : " " + with.data.origin.unit;
  auto const cut = cut_of(with.data);
  table.header = {"method",
                  "RMSE" + unit,
                  "- best, paired",
                  "worst",
                  "half missing" + unit,
                  "cut at " + number(cut, 0),
                  "MAE" + unit,
                  "NLL",
                  "90 % covers, %",
                  "s a run",
                  "CPU s",
                  "MiB"};
  auto const spread = [&](std::vector<double> const& of) {
    examples::campaign runs;
    for (auto const x : of) {
      runs.runs.push_back({});
      runs.runs.back().figures["x"] = x;
    }
    return runs.over_runs("x");
  };
  auto const plain = [](double x, int digits) { return std::isfinite(x) ? number(x, digits) : std::string{"-"}; };
  struct row {
    double rmse;
    std::vector<std::string> cells;
    std::map<std::string, double> by_run;
  };
  std::vector<row> rows;
  for (auto const& one : all) {
    std::map<std::string, double> by_run;
    std::vector<double> rmse, half, cuts, mae, nll, coverage, seconds, cpu, peak;
    std::string worst;
    double most = -1;
    for (auto const& run : one.runs) {
      // Of a draw the stations that it hid; of the others, where nothing is predicted, nothing is asked.
      auto const s = evaluate_asked(with, task, run.run, run.made, cut);
      if (run.half) {
        half.push_back(s.rmse());
        continue;
      }
      rmse.push_back(s.rmse());
      by_run[run.run] = s.rmse();
      cuts.push_back(s.cut_rmse());
      mae.push_back(s.mae());
      nll.push_back(s.nll());
      coverage.push_back(100 * s.coverage());
      seconds.push_back(run.seconds);
      cpu.push_back(run.cpu_seconds);
      peak.push_back(run.peak_mib);
      if (rmse.back() > most) {
        most = rmse.back();
        worst = run.run;
      }
    }
    auto const with_spread = [&](std::vector<double> const& of) {
      auto const s = spread(of);
      if (of.empty()) return std::string{"-"};
      return plain(s.mean, 3) + (of.size() > 1 ? " ± " + plain(s.deviation, 3) : "");
    };
    rows.push_back({spread(rmse).mean,
                    {one.method, with_spread(rmse), "-", rmse.size() > 1 ? plain(most, 3) + " (" + worst + ")" : "-",
                     with_spread(half), std::isfinite(cut) ? plain(spread(cuts).mean, 3) : "-",
                     plain(spread(mae).mean, 3), plain(spread(nll).mean, 3), plain(spread(coverage).mean, 1),
                     plain(spread(seconds).mean, 1), plain(spread(cpu).mean, 1), plain(spread(peak).mean, 0)},
                    by_run});
  }
  std::stable_sort(rows.begin(), rows.end(), [](row const& a, row const& b) { return a.rmse > b.rmse; });
  // Draws differ by more than methods do: the difference from the best method on the same draws.
  for (auto& one : rows) {
    std::vector<double> apart;
    for (auto const& [run, rmse] : one.by_run) {
      if (auto const best = rows.back().by_run.find(run); best != rows.back().by_run.end())
        apart.push_back(rmse - best->second);
    }
    if (apart.size() < 2 || &one == &rows.back()) continue;
    one.cells[2] = plain(spread(apart).mean, 3) + " ± " + plain(spread(apart).deviation, 3);
  }
  for (auto& one : rows) table.rows.push_back(std::move(one.cells));
  for (auto column = table.header.size(); column-- > 1;) {  // what none of them has
    auto const empty = [&](auto const& cells) { return cells[column] == "-"; };
    if (!std::all_of(table.rows.begin(), table.rows.end(), empty)) continue;
    auto const drop = [&](auto& cells) { cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(column)); };
    drop(table.header);
    for (auto& cells : table.rows) drop(cells);
  }
  table.note = "± is the standard deviation over draws or seeds. NLL (nats per reading) and coverage are of the " +
               std::string{name(with.kind)} + " of a reading.";
  return table;
}

void add_rivals(std::vector<peer>& peers, experiment_options const& options, experiment const& with,
                std::string const& task) {
  for (auto& one : read_rivals(options, with, task)) {
    for (auto& run : one.runs) {
      if (run.half) continue;
      peers.push_back({std::move(run.made), ""});
      auto& made = peers.back().made;
      made.note = run.note;
      if (one.runs.size() > 1) made.name += ", " + run.run;
    }
  }
  for (auto const& failure : failed_rivals(options, with, task)) {
    auto const name = failure.substr(0, failure.find(':'));
    peers.push_back(absent_peer(name, "could not be run" + failure.substr(name.size())));
  }
}

examples::report::chart skill_chart(experiment const& with, std::vector<rival_results> const& rivals,
                                    std::vector<rival_results> const& ours) {
  examples::report::chart chart{
      "Skill by the number of readings", "what is read", "RMSE below the best rival's, %", {}};
  std::string all = "all readings", half = "half of them";
  for (auto const& one : with.data.folds) {
    if (one.sensors.empty() || one.lost.empty()) continue;
    all = std::to_string(one.sensors.size()) + " sensors";
    half = std::to_string(one.sensors.size() - one.sensors.size() / 2) + " of them";
    break;
  }
  chart.x_ticks = {{0, all}, {1, half}};
  // RMSE by draw, of every method, with all readings and with half of them.
  using by_draw = std::map<std::string, double>;
  auto const errors = [&](rival_results const& of) {
    std::array<by_draw, 2> result;
    for (auto const& run : of.runs) {
      result[run.half ? 1 : 0][run.run] = evaluate_asked(with, "unseen", run.run, run.made).rmse();
    }
    return result;
  };
  auto const mean = [](by_draw const& of) {
    double sum = 0;
    for (auto const& [draw, error] : of) sum += error;
    return of.empty() ? std::numeric_limits<double>::infinity() : sum / static_cast<double>(of.size());
  };
  std::array<by_draw, 2> best;
  std::vector<std::pair<std::string, std::array<by_draw, 2>>> methods;
  for (auto const& one : ours) methods.emplace_back(one.method, errors(one));
  for (auto const& one : rivals) {
    methods.emplace_back(one.method, errors(one));
    for (std::size_t i = 0; i < 2; ++i) {
      if (mean(methods.back().second[i]) < mean(best[i])) best[i] = methods.back().second[i];
    }
  }
  if (ours.empty() || best[0].empty() || best[1].empty()) return chart;
  for (auto const& [name, of] : methods) {
    constexpr double near = 1.15;  // others would leave no room for the differences that matter
    if (!(mean(of[0]) < near * mean(best[0]))) continue;
    examples::report::line line{name, {}, {}};
    for (std::size_t i = 0; i < 2; ++i) {
      double sum = 0, least = std::numeric_limits<double>::infinity(), most = -least, count = 0;
      for (auto const& [draw, error] : of[i]) {
        auto const rival = best[i].find(draw);
        if (rival == best[i].end()) continue;
        auto const skill = 100 * (1 - error / rival->second);
        sum += skill, ++count, least = std::min(least, skill), most = std::max(most, skill);
      }
      if (count == 0) continue;
      line.x.push_back(static_cast<double>(i));
      line.y.push_back(sum / count);
      line.low.push_back(least);
      line.high.push_back(most);
    }
    if (!line.x.empty()) chart.lines.push_back(std::move(line));
  }
  return chart;
}

std::string show_rivals(examples::report::page& page, experiment_options const& options, experiment const& with,
                        std::string const& task, std::vector<rival_results> const& ours) {
  auto all = read_rivals(options, with, task);
  auto const chart = skill_chart(with, all, ours);
  all.insert(all.end(), ours.begin(), ours.end());
  if (all.empty()) return {};
  auto table = rivals_table(with, task, all, options.lead);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    for (auto const& own : ours) {
      if (table.rows[row].front() == own.method) table.strong.push_back(row);
    }
  }
  for (auto const& failure : failed_rivals(options, with, task)) table.note += " Could not be run: " + failure + ".";
  std::printf("%s\n", examples::report::plain_text(table).c_str());
  page.add_table(table);
  if (!chart.lines.empty()) page.add_chart(chart);
  return examples::report::markdown(table) + "\n";
}

experiment_options with_scripts(experiment_options options) {
  if (options.scripts.empty()) options.scripts = SENSORS_RIVALS;
  options.scripts = fs::absolute(options.scripts);
  return options;
}

int rivals(experiment_options const& asked) {
  auto const options = with_scripts(asked);
  auto const with = open_experiment(options);
  auto status = 0;
  std::string pages;
  auto const& known = all_rivals();
  for (auto const& wanted : options.rivals) {
    if (std::none_of(known.begin(), known.end(), [&](rival const& r) { return r.name == wanted; })) {
      std::string names;
      for (auto const& one : known) names += (names.empty() ? "" : ", ") + one.name;
      throw data_error{"--rival: no rival '" + wanted + "'; there are: " + names};
    }
  }
  for (std::string const task : {"forecast", "unseen"}) {
    if (options.task == (task == "forecast" ? task_kind::unseen : task_kind::forecast)) continue;
    for (auto const& one : known) {
      auto const chosen = options.rivals.empty() ||
                          std::find(options.rivals.begin(), options.rivals.end(), one.name) != options.rivals.end();
      if (!chosen || !(task == "forecast" ? one.forecast : one.unseen)) continue;
      if (options.rivals.empty() && one.name == "fields" && with.data.folds.empty()) continue;
      try {
        run_rival(one, with, options, task);
      } catch (data_error const& error) {
        std::fprintf(stderr, "%s\n", error.what());
        status = 1;  // the others may still be run
      }
    }
    examples::report::page page;
    pages += show_rivals(page, options, with, task);
  }
  examples::write_file(options.out / "rivals.md", pages);
  return status;
}

}  // namespace sensors
