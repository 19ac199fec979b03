// sensors: forecasting a real field from scattered stations, and its value where no station is.
#include <cstdio>
#include <map>

#include "common/ranks.hpp"
#include "experiment.hpp"
#include "experiment/program.hpp"
#include "irregular.hpp"
#include "live.hpp"
#include "published.hpp"
#include "rivals.hpp"

namespace {

using sensors::experiment_options;

constexpr char const* about =
    "An S2GRU on scattered sensors: tomorrow's reading at every station, and today's value at a place without one.\n"
    "Data: Irish wind (12 stations, no gaps), German PM10 (70 stations, half of the readings missing), or your own\n"
    "two CSV files. Start with: sensors demo";

constexpr char const* footer =
    "Your own data: --readings readings.csv (time,station,value) and --stations stations.csv (station,x,y), or one "
    "table\n"
    "with all five; compressed or not, from a file or a pipe. A missing reading is an absent row, an empty value, NA, "
    "or what --missing says.\n"
    "See README.md next to this program's source.";

/// An option whose value is one of a few words.
template <class Enum>
CLI::Option* add_words(CLI::App& app, std::string const& name, Enum& into, std::string const& what,
                       std::map<std::string, Enum> const& known) {
  std::vector<std::string> words;
  std::string standard;
  for (auto const& [word, meaning] : known) {
    words.push_back(word);
    standard = meaning == into ? word : standard;
  }
  auto* const option = app.add_option_function<std::string>(
      name, [&into, known](std::string const& word) { into = known.at(word); }, what);
  return option->check(CLI::IsMember(words).description(""))->default_str(standard);
}

/// The sets, and a word for several.
std::vector<std::string> set_names(std::string const& word) {
  std::vector<std::string> names{"synthetic", word};
  for (auto const& one : sensors::published_sets()) names.push_back(one.set);
  return names;
}

void add_data(CLI::App& app, experiment_options& o) {
  auto* const group = app.add_option_group("Data");
  group->add_option("--data", o.data.folder, "folder that caches downloaded sets")->capture_default_str();
  auto* const set =
      group
          ->add_option("--set", o.data.set,
                       sensors::published_names() + ", synthetic, or auto (wind; synthetic if it cannot be fetched)")
          ->check(CLI::IsMember(set_names("auto")).description(""))
          ->capture_default_str();
  auto* const readings = group->add_option("--readings", o.data.readings, "own data: CSV with time, station, value");
  group->add_option("--stations", o.data.stations,
                    "own data: CSV with station, x, y (default: the readings have columns x and y)");
  group
      ->add_option("--variable", o.data.csv.value,
                   "own data: column of the readings to forecast, where that is not value")
      ->capture_default_str();
  group
      ->add_option("--side", o.data.csv.sides,
                   "own data: columns of the stations that are side inputs, numbers as coast,height")
      ->delimiter(',');
  add_words<sensors::coordinate_kind>(
      *group, "--coordinates", o.data.coordinates, "own data: what x and y are, degrees or kilometres",
      {{"degrees", sensors::coordinate_kind::degrees}, {"kilometres", sensors::coordinate_kind::kilometres}});
  group
      ->add_option("--missing", o.data.csv.missing,
                   "own data: what else means no reading, as -999 or -999,M (then --missing=...)")
      ->delimiter(',');
  group->add_option_function<std::string>(
      "--step",
      [&o](std::string const& text) {
        o.data.csv.step = sensors::parse_step(text);
        if (!o.data.csv.step)
          throw CLI::ValidationError{"--step", "expected as 10min, 1h, 1d, 1month or 1year, found '" + text + "'"};
      },
      "own data: from one time to the next, as 10min, 1h, 1d, 1month or 1year (default: what is usual in them)");
  group->add_option("--encoding", o.data.csv.encoding, "own data: iconv's name of the encoding (default: found out)");
  group->add_option("--quantity", o.data.quantity, "own data: what is measured, for the report");
  group->add_option("--unit", o.data.unit, "own data: its unit, for the report");
  // What is about one's own data would not be used of others.
  readings->excludes(set);
  for (auto const* name : {"--coordinates", "--quantity", "--unit", "--variable", "--side"})
    group->get_option(name)->needs(readings);
  group->add_option("--channel", o.channel, "what is asked for of a set that has several (default: its first)");
  group->add_option("--transform", o.transform, "identity, sqrt or log1p (default: sqrt for wind, log1p for pm10)");
  group->add_option("--validation-from", o.validation_from, "first day of the validation part, YYYY-MM-DD");
  group->add_option("--test-from", o.test_from, "first day of the test part, YYYY-MM-DD");
  group->add_option("--python", o.data.python, "python3 with rdata, xarray, scipy and netCDF4, to convert a download");
  group->add_flag("--accept-changed-data", o.data.accept_changed_data,
                  "go on when a download is not the one the published figures are for");
}

void add_run(CLI::App& app, experiment_options& o) {
  add_words<sensors::task_kind>(app, "--task", o.task, "forecast, unseen or both",
                                {{"forecast", sensors::task_kind::forecast},
                                 {"unseen", sensors::task_kind::unseen},
                                 {"both", sensors::task_kind::both}});
  app.add_option("--seed", o.seeds, "one seed, or several for several runs")->capture_default_str();
  app.add_option("--lead", o.lead, "blizzard, winds: steps ahead of what is read")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100}))
      ->capture_default_str();
  app.add_option("--rivals-out", o.rivals_out, "folder of the rivals' answers (default: rivals in --out)");
  app.add_option("--out", o.out, "folder for report, manifest and pictures")->capture_default_str();
  app.add_option("--folds", o.folds,
                 "hide unseen stations in this many groups (0: up to 20 stations one by one, else ten)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

#ifdef SENSORS_WITH_MODEL
void add_model(CLI::App& app, experiment_options& o) {
  app.add_option("--checkpoint", o.checkpoint, "safetensors file (default: sensors.safetensors in --out)");
  app.add_option("--threads", o.threads, "threads, 0: all cores")->check(CLI::NonNegativeNumber)->capture_default_str();
  add_words<sensors::backend_kind>(app, "--backend", o.backend, "cpu, or gpu where the program was built for it",
                                   {{"cpu", sensors::backend_kind::cpu}, {"gpu", sensors::backend_kind::gpu}});
  app.add_flag("!--without-heights", o.heights, "do without side inputs of stations (heights, distances to the coast)");
  app.add_flag("!--without-statistics", o.statistics,
               "forecast: a model that has no forecast of linear statistics to correct");
}

void add_training(CLI::App& app, experiment_options& o) {
  app.add_option("--steps", o.steps, "training steps, 0: the settled number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--parts", o.parts, examples::ranks::about_parts)
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_flag("--resume", o.resume, "go on from the checkpoint");
}
#endif

/// A time as --step takes it, in seconds.
CLI::Option* add_time(CLI::App& app, std::string const& name, sensors::time_step& into, std::string const& what) {
  return app.add_option_function<std::string>(
      name,
      [&into, name](std::string const& text) {
        auto const step = sensors::parse_step(text);
        if (!step) {
          throw CLI::ValidationError{name, "expected as 10min, 1h, 1d, 1month or 1year, found '" + text + "'"};
        }
        into = *step;
      },
      what);
}

#ifdef SENSORS_WITH_MODEL
constexpr char const* about_live =
    "Reads readings as JSON lines from standard input, writes forecasts as JSON lines to standard output, and goes on\n"
    "learning. A line is one reading; x and y are needed once for each station, and again when it has moved:\n"
    "  {\"time\": \"2026-01-31T12:00Z\", \"station\": \"A\", \"x\": -8.25, \"y\": 51.8, \"value\": 12.5}\n"
    "The time may also be whole seconds since 1970; value null: no reading. Readings of one time are a step, which "
    "ends\n"
    "with the first later one; times never go back. Two more kinds of lines:\n"
    "  {\"place\": \"harbour\", \"x\": -6.2, \"y\": 53.3}     forecast for this place too, where nobody reads\n"
    "  {\"time\": \"2026-01-31T13:00Z\"}                  so late is it: ends the step before without waiting\n"
    "At the end of each step, for each station and lead:\n"
    "  {\"issued\": \"2026-01-31T12:00:00\", \"time\": ..., \"lead\": 3600, \"station\": \"A\", \"mean\": .., "
    "\"lower\": .., "
    "\"upper\": ..}\n"
    "lead: seconds; lower, upper: the band. A line that cannot be used is named on standard error with its number and\n"
    "what was expected, and the program goes on.";

void add_live(CLI::App& app, sensors::live_options& o, experiment_options& options) {
  add_time(app, "--step", o.step, "the usual time between two steps, as 10min, 1h, 1d (default: 1d)");
  app.add_option_function<std::string>(
      "--gather",
      [&o](std::string const& text) {
        auto const time = sensors::parse_step(text);
        if (!time || time->months != 0)
          throw CLI::ValidationError{"--gather", "expected as 10min, found '" + text + "'"};
        o.gather = time->seconds;
      },
      "readings so long after the first of a step belong to it (default: those of the same time)");
  app.add_option("--leads", o.leads, "how far ahead to forecast, in steps, as 1,2,24")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--band", o.band, "share of readings between lower and upper")->capture_default_str();
  app.add_option_function<std::string>(
      "--transform",
      [&o](std::string const& text) {
        auto const kind = sensors::transform_named(text);
        if (!kind) throw CLI::ValidationError{"--transform", "expected identity, sqrt or log1p, found '" + text + "'"};
        o.kind = *kind;
      },
      "what makes readings nearly Gaussian: identity, sqrt or log1p (default: identity)");
  add_words<sensors::coordinate_kind>(
      app, "--coordinates", o.coordinates, "what x and y are, degrees (longitude, latitude) or kilometres",
      {{"degrees", sensors::coordinate_kind::degrees}, {"kilometres", sensors::coordinate_kind::kilometres}});
  app.add_option("--checkpoint", o.checkpoint,
                 "file that holds all that was learned: read when it is there, written every so often and at the end");
  app.add_option("--every", o.every, "steps from one checkpoint to the next")->capture_default_str();
  app.add_flag("--again", o.again,
               "the input begins at its first line once more: lines that the checkpoint has had are passed over");
  app.add_option("--start", o.start,
                 "checkpoint of `sensors train --task forecast --without-statistics` to begin with; --set, or "
                 "--readings and --stations, say what "
                 "it was trained on");
  app.add_option("--updates", o.updates,
                 "updates of the weights a step; 0.25: one after every fourth, 0: learn nothing")
      ->capture_default_str();
  app.add_option("--batch", o.batch, "windows of an update")->capture_default_str();
  app.add_option("--window", o.window, "steps of a window")->capture_default_str();
  app.add_option("--ring", o.ring, "latest steps that are kept to learn from")->capture_default_str();
  app.add_option("--warm-up", o.warm_up, "steps before the first forecast, without --start")->capture_default_str();
  app.add_option("--first-updates", o.first_updates, "updates before the first forecast, without --start")
      ->capture_default_str();
  app.add_option("--rate", o.rate, "base learning rate (default: 0.001, with --start 0.0003)");
  app.add_option("--hide", o.hide, "share of readings that an update does without")->capture_default_str();
  app.add_option("--max-stations", o.stations, "stations at a time; who was silent for longest makes room")
      ->capture_default_str();
  app.add_option("--max-places", o.places, "places at a time")->capture_default_str();
  app.add_option("--keep", o.keep, "steps that a station is forecast for after its last reading")
      ->capture_default_str();
  app.add_option("--longest-gap", o.longest_gap, "a time so many steps after the last one is taken for a mistake")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of all random numbers")->capture_default_str();
  app.add_option("--threads", o.threads, "threads, the same bits with any number")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  auto* const group = app.add_option_group("Data that --start was trained on");
  group->add_option("--data", options.data.folder, "folder that caches downloaded sets")->capture_default_str();
  group->add_option("--set", options.data.set, sensors::published_names() + " or synthetic")->capture_default_str();
  group->add_option("--readings", options.data.readings, "own data: CSV with time, station, value");
  group->add_option("--stations", options.data.stations, "own data: CSV with station, x, y");
}
#endif

int get_data(experiment_options& o, std::string const& set, bool force) {
  std::vector<std::string> sets{set};
  if (set == "all") {
    sets.clear();
    for (auto const& one : sensors::published_sets()) sets.push_back(one.set);
  }
  auto status = 0;
  for (auto const& one : sets) {
    o.data.set = one;
    std::vector<std::string> notes;
    try {
      if (force || !sensors::cached(one, o.data)) {
        sensors::fetch(one, o.data);
      }
    } catch (sensors::data_error const& error) {
      std::fprintf(stderr, "%s\n", error.what());
      status = 1;  // the others may still be had
      continue;
    }
    auto const data = sensors::open_data(o.data, notes);
    auto const cells = static_cast<double>(data.values.size());
    std::printf("%s: %lld stations, %s to %s, %lld readings (%.1f %% missing)\n  %s\n", one.c_str(),
                static_cast<long long>(data.station_count()), sensors::time_text(data.time(0)).c_str(),
                sensors::time_text(data.time(data.times - 1)).c_str(), static_cast<long long>(data.present_count()),
                100.0 * (cells - static_cast<double>(data.present_count())) / cells, data.origin.label().c_str());
    if (!data.origin.licence.empty()) std::printf("  licence %s\n", data.origin.licence.c_str());
    std::printf("  sha256 %s%s\n", data.origin.checksum.c_str(),
                sensors::known_checksum(one).empty()                   ? ""
                : sensors::known_checksum(one) == data.origin.checksum ? " (as known)"
                                                                       : " (CHANGED)");
  }
  if (status != 0) {
    std::fprintf(stderr, "NOT ALL DATA COULD BE HAD; to try the program on made-up data: --set synthetic\n");
  }
  return status;
}

}  // namespace

int main(int argc, char* argv[]) {
  examples::program program{"sensors", about, footer};
  experiment_options options;
  options.command = program.command(argc, argv);
  std::string set{"all"};
  auto force = false;

  auto& data = program.add("data", "fetch, convert and check the real data (no R needed)",
                           [&] { return get_data(options, set, force); });
  data.add_option("--data", options.data.folder, "folder to put them in")->capture_default_str();
  data.add_option("--set", set, sensors::published_names() + ", synthetic, or all but the last")
      ->check(CLI::IsMember(set_names("all")).description(""))
      ->capture_default_str();
  data.add_option("--python", options.data.python, "python3 with rdata, xarray, scipy and netCDF4");
  data.add_flag("--accept-changed-data", options.data.accept_changed_data,
                "keep a download that is not the one the published figures are for");
  data.add_flag("--force", force, "fetch again what is there already");

  auto const add = [&](char const* name, char const* what, int (*command)(experiment_options const&)) {
    bool const several_ranks = std::string_view{name} == "train";
    auto& sub = program.add(name, what, [&options, command] { return command(options); }, several_ranks);
    add_data(sub, options);
    add_run(sub, options);
    return &sub;
  };
#ifdef SENSORS_WITH_MODEL
  auto* const demo = add("demo", "data, train, eval and render in one go", sensors::demo);
  auto* const train = add("train", "train; Ctrl-C leaves a valid checkpoint", sensors::train);
  auto* const eval = add("eval", "test a checkpoint against the peers, write report.html", sensors::evaluate);
  auto* const render = add("render", "draw the field between the stations", sensors::render);
  auto* const tune =
      add("tune", "choose the settings of the unseen-station task on validation stations", sensors::tune);
  auto* const calibrate =
      add("calibrate", "fit bands on validation stations and times, into the checkpoints of train", sensors::calibrate);
  for (auto* const one : {demo, train, eval, render, tune, calibrate}) {
    add_model(*one, options);
  }
  for (auto* const one : {demo, train}) one->add_flag("--bands", options.bands, "calibrate after training");
  for (auto* const one : {demo, eval}) {
    one->add_option("--band", options.band, "coverage of the bands that are shown: 0.5, 0.8, 0.9, 0.95 or 0.98")
        ->check(CLI::IsMember(sensors::band_coverages).description(""))
        ->capture_default_str();
  }
  calibrate->add_option("--steps", options.steps, "training steps of the fits, 0: the settled number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  for (auto* const one : {demo, train}) {
    add_training(*one, options);
  }
  auto* const forecast = add("forecast", "write a checkpoint's forecasts as CSV and CF netCDF", sensors::forecast);
  add_model(*forecast, options);
  forecast->add_option("--from", options.forecast_from, "first valid time, YYYY-MM-DD (default: the test part's)");
  forecast->add_option("--band", options.band, "share of readings between lower and upper")
      ->check(CLI::Range(0.01, 0.999))
      ->capture_default_str();
  sensors::live_options of_live;
  CLI::Option const* live_rate = nullptr;
  auto& live = program.add("live", about_live, [&] {
    of_live.history = options;
    // A trained model has little to gain from some thousand steps, and much to lose.
    if (live_rate->count() == 0) of_live.rate = of_live.start.empty() ? 1e-3 : 3e-4;
    of_live.history.data.coordinates = of_live.coordinates;
    return sensors::live(of_live);
  });
  add_live(live, of_live, options);
  live_rate = live.get_option("--rate");
  std::int64_t removals = 3;
  auto& irregular =
      program.add("irregular", "forecasts with half of the test's steps removed, with and without elapsed time",
                  [&] { return sensors::irregular(options, removals); });
  add_data(irregular, options);
  irregular.add_option("--seed", options.seeds, "of the models, one or several")->capture_default_str();
  irregular.add_option("--removals", removals, "removals of half of the steps, each by another seed")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}))
      ->capture_default_str();
  irregular.add_option("--steps", options.steps, "training steps of every fit, 0: the settled number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  irregular.add_option("--threads", options.threads, "threads, 0: all cores")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  irregular.add_option("--out", options.out, "folder for results.md, report and manifest")->capture_default_str();
  render->add_option("--show", options.show, "day to draw, YYYY-MM-DD");
#endif
  add("peers", "climatology, persistence, VAR, kriging ... without the model", sensors::peers);
  auto* const rivals =
      add("rivals", "methods of other Python packages, each in an environment of its own", sensors::rivals);
  std::string names;
  for (auto const& one : sensors::all_rivals()) names += (names.empty() ? "" : ", ") + one.name;
  rivals->add_option("--rival", options.rivals, "which: " + names + " (default: all that fit the data)");
  rivals
      ->add_option("--budget", options.budget,
                   "of those that train: tiny (does it run), small (minutes) or full (hours)")
      ->check(CLI::IsMember({"tiny", "small", "full"}).description(""))
      ->capture_default_str();
  rivals->add_option("--scripts", options.scripts, "folder of their scripts, examples/sensors/rivals of the sources");

  return program.run(argc, argv);
}
