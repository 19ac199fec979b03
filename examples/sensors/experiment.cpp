#include "experiment.hpp"

#include <cstdio>

#include "common/ranks.hpp"
#include "common/sha256.hpp"
#include "folds.hpp"
#include "peers.hpp"
#include "rivals.hpp"
#include "tables.hpp"

namespace sensors {
namespace {

time_stamp date_option(std::string const& text, char const* option) {
  auto const time = parse_time(text);
  if (!time) {
    throw data_error{std::string{option} + ": expected YYYY-MM-DD, found '" + text + "'"};
  }
  return *time;
}

char const* name(task_kind task) {
  return task == task_kind::forecast ? "forecast" : task == task_kind::unseen ? "unseen" : "both";
}

}  // namespace

experiment open_experiment(experiment_options const& options) {
  experiment result;
  auto const& data = result.data;
  auto const say = [](std::vector<std::string> const& notes) {
    if (!examples::ranks::first()) return;
    for (auto const& note : notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  };
  try {
    result.whole = open_data(options.data, result.notes);
    if (!options.channel.empty()) result.channel = result.whole.channel_index(options.channel);
    result.data = result.whole.only(result.channel);
  } catch (data_error const&) {
    say(result.notes);  // they may be the reason
    throw;
  }
  if (examples::ranks::first()) {
    std::fprintf(
        stderr, "%s\n%lld stations, %lld steps of %s from %s: %.1f %% of this grid hold a reading\n",
        data.origin.label().c_str(), static_cast<long long>(data.station_count()), static_cast<long long>(data.times),
        step_text(data.step).c_str(), time_text(data.time(0)).c_str(),
        100.0 * static_cast<double>(data.present_count()) / static_cast<double>(data.times * data.station_count()));
  }
  say(result.notes);
  result.kind = standard_transform(result.data);
  if (!options.transform.empty()) {
    auto const kind = transform_named(options.transform);
    if (!kind) {
      throw data_error{"--transform: expected identity, sqrt or log1p, found '" + options.transform + "'"};
    }
    result.kind = *kind;
  }
  if (options.validation_from.empty() != options.test_from.empty()) {
    throw data_error{"--validation-from and --test-from go together"};
  }
  result.split = options.validation_from.empty() ? standard_split(result.data)
                                                 : split_at(result.data, result.data.first,
                                                            date_option(options.validation_from, "--validation-from"),
                                                            date_option(options.test_from, "--test-from"));
  auto const remarks = check_parts(data, result.split, result.kind);
  say(remarks);
  result.notes.insert(result.notes.end(), remarks.begin(), remarks.end());
  return result;
}

double cut_of(series const& data) {
  return data.origin.name == "reports" ? 8.0 : std::numeric_limits<double>::infinity();
}

score evaluate_asked(experiment const& with, std::string const& task, std::string const& run, prediction const& made,
                     double cut) {
  if (task == "unseen") {
    for (auto const& one : with.data.folds) {
      if (one.name != run || one.test.empty()) continue;
      score all{cut};
      for (auto const s : one.test) all.add(evaluate(with.data, with.kind, made, s, cut));
      return all;
    }
  }
  return evaluate(with.data, with.kind, made, -1, cut);
}

examples::manifest experiment_manifest(experiment const& with, experiment_options const& options) {
  auto settings = examples::manifest::begin("sensors");
  settings.set("command", options.command);
  settings.set("seeds", options.seeds);
  settings.set("task", name(options.task));
  settings.set("data.name", with.data.origin.name);
  settings.set("data.label", with.data.origin.label());
  settings.set("data.synthetic", with.data.origin.synthetic);
  settings.set("data.licence", with.data.origin.licence);
  settings.set("data.channel", with.data.origin.quantity);
  settings.set("data.sha256", with.data.origin.checksum);
  settings.set("data.stations", with.data.station_count());
  settings.set("data.times", with.data.times);
  settings.set("data.readings", with.data.present_count());
  settings.set("data.transform", sensors::name(with.kind));
  auto const part = [&](std::string const& key, time_range range) {
    settings.set("split." + key, std::vector<std::string>{time_text(with.data.time(range.begin)),
                                                          time_text(with.data.time(range.end - 1))});
  };
  part("train", with.split.train);
  part("validation", with.split.validation);
  part("test", with.split.test);
  return settings;
}

examples::report::page experiment_page(experiment const& with, std::string const& title) {
  examples::report::page page{title, with.data.origin.quantity + " at " + std::to_string(with.data.station_count()) +
                                         " stations, " + time_text(with.data.time(0)) + " to " +
                                         time_text(with.data.time(with.data.times - 1))};
  if (with.data.origin.synthetic) {
    page.add_notice(with.data.origin.label());
  } else {
    page.add_text(with.data.origin.label());
  }
  for (auto const& note : with.notes) {
    page.add_notice(note);
  }
  page.add_table(data_table(with.data, with.split, with.kind));
  return page;
}

int peers(experiment_options const& asked) {
  auto const options = with_scripts(asked);
  auto const with = open_experiment(options);
  auto page = experiment_page(with, "Sensors: the peers");
  auto settings = experiment_manifest(with, options);
  auto pages = "# Sensors: " + with.data.origin.name + "\n\n" + with.data.origin.label() + "\n\n";
  if (with.data.origin.synthetic) std::printf("%s\n", with.data.origin.label().c_str());
  auto const show = [&](std::string const& task, std::vector<peer> all) {
    add_rivals(all, options, with, task);
    auto const table = score_table(with.data, with.kind, task, all);
    auto const by_station = station_table(with.data, with.kind, task, all);
    std::printf("%s\n", examples::report::plain_text(table).c_str());
    page.add_table(table).add_table(by_station);
    pages += examples::report::markdown(table) + "\n";
    for (auto const& one : all) {
      auto const key = "results." + task + "." + one.made.name;
      if (one.absent.empty()) {
        auto const s = evaluate(with.data, with.kind, one.made);
        settings.set(key + ".rmse", s.rmse());
        settings.set(key + ".mae", s.mae());
        settings.set(key + ".nll", s.nll());
        settings.set(key + ".coverage", s.coverage());
      } else {
        settings.set(key + ".absent", one.absent);
      }
    }
  };
  // In a set with draws each is a run of its own, by scripts of numpy and scipy.
  bool const drawn = !with.data.folds.empty();
  if (drawn) {
    if (read_rivals(options, with, "unseen").empty()) run_rival(all_rivals().front(), with, options, "unseen");
    pages += show_rivals(page, options, with, "unseen");
  }
  if (!drawn && options.task != task_kind::unseen) {
    show("forecast", forecast_peers(with.data, with.split.fit(), with.split.test, with.kind));
  }
  if (!drawn && options.task != task_kind::forecast) {
    station_groups groups;
    for (auto const& one : test_folds(with.data, options.folds)) groups.push_back(one.test);
    settings.set("folds", static_cast<std::int64_t>(groups.size()));
    show("unseen", unseen_peers(with.data, with.split.fit(), with.split.test, with.kind, groups));
  }
  page.add_manifest(settings);
  std::string seed;
  for (auto const one : options.seeds) seed += (seed.empty() ? "seeds " : ", ") + std::to_string(one);
  examples::write_file(options.out / "peers.md",
                       pages + examples::write_manifests(options.out / "peers.md", {{seed, settings.json()}}));
  if (page.write(options.out / "peers.html")) {
    std::fprintf(stderr, "wrote %s\n", (options.out / "peers.html").c_str());
  }
  return 0;
}

}  // namespace sensors
