// The command render: the field between the stations, and the map of modules.

#include <algorithm>
#include <cstdio>

#include "common/array_file.hpp"
#include "common/sha256.hpp"
#include "folds.hpp"
#include "results.hpp"

namespace sensors {
namespace {

constexpr std::size_t cells = 40;  ///< of a map, each way
constexpr double reach = 1.15;     ///< half the side of a map, in places: a margin around the outermost stations
constexpr index_t days = 24;

/// Places of the middles of all cells, row by row from the north (cells, cells, 2).
std::vector<double> grid_places() {
  std::vector<double> places;
  auto const middle = [](std::size_t i) { return reach * ((2.0 * static_cast<double>(i) + 1.0) / cells - 1.0); };
  for (std::size_t row = 0; row < cells; ++row) {
    for (std::size_t column = 0; column < cells; ++column) {
      places.push_back(middle(column));
      places.push_back(-middle(row));
    }
  }
  return places;
}

/// The time at which the readings of the stations differ most: the liveliest stretch makes the best picture.
index_t liveliest(series const& data, time_range range) {
  index_t best = range.begin;
  double most = -1;
  for (auto t = range.begin + 1; t + days < range.end; ++t) {
    double spread = 0, mean = 0, count = 0;
    for (index_t s = 0; s < data.station_count(); ++s) {
      if (!data.present(t, s)) continue;
      mean += data.at(t, s);
      spread += data.at(t, s) * data.at(t, s);
      count += 1;
    }
    if (count < 3) continue;
    mean /= count;
    spread = spread / count - mean * mean;
    if (spread > most) {
      most = spread;
      best = t;
    }
  }
  return best;
}

/// Where the arrays of the pictures lie.
std::filesystem::path array_path(experiment_options const& options, std::string const& name) {
  return options.out / "predictions" / (name + ".npy");
}

/// What every map needs: the square, the stations on the plane, how their coordinates become places, and outlines.
examples::manifest map_data(series const& data, experiment_options const& options) {
  auto const degrees = data.map.kind == coordinate_kind::degrees;
  examples::manifest made;
  std::vector<double> places;
  for (auto const& one : data.stations) {
    auto const place = data.map.place(one.x, one.y);
    places.insert(places.end(), place.begin(), place.end());
  }
  made.set("reach", reach).set("places", places);
  for (auto const& file : outlines_of(data.origin.name, options.data)) {
    auto const name = file.stem().string();
    examples::write_file(array_path(options, name), examples::read_file(file));
    made.set(name, "predictions/" + name + ".npy");
  }
  made.set("projection.kind", degrees ? "degrees" : "kilometres");
  made.set("projection.centre", std::vector<double>{data.map.centre_x, data.map.centre_y});
  made.set("projection.kilometres_per_unit", data.map.kilometres_per_unit);
  return made;
}

/// Middle of what is drawn: --show, else the liveliest time of the test.
index_t time_shown(experiment const& with, experiment_options const& options) {
  if (options.show.empty()) return liveliest(with.data, with.split.test);
  auto const when = parse_time(options.show);
  if (!when) throw data_error{"--show: expected YYYY-MM-DD, found '" + options.show + "'"};
  return std::min(with.data.index_from(*when), with.data.times - 1);
}

/// Of a set with draws: three times of the test, as they were and as the first draw's model says them where nobody reads.
bool add_scene_figure(examples::report::page& page, experiment const& with, experiment_options const& options) {
  constexpr index_t shown = 3;
  auto const checkpoint = checkpoint_of(options, "unseen0", options.seeds.front());
  if (!std::filesystem::exists(checkpoint)) return false;
  auto const& data = with.data;
  auto const one = test_folds(data, options.folds).front();
  std::vector<index_t> asked = one.test;
  for (index_t s = 0; asked.size() < data.stations.size() && one.test.empty(); ++s) asked.push_back(s);
  auto const begin = std::clamp(time_shown(with, options) - shown / 2, with.split.test.begin,
                                std::max(with.split.test.begin, with.split.test.end - shown));
  time_range const range{begin, std::min(begin + shown, with.split.test.end)};
  auto settings = scene_settings(data);
  settings.heights = options.heights;
  auto const made = predict_scenes(with, settings, one, one.test, asked, with.split.fit(), {checkpoint},
                                   compute_of(options), range, false)
                        .made.front();
  std::vector<double> measured, predicted, read;
  std::vector<std::string> times;
  for (auto t = range.begin; t < range.end; ++t) {
    times.push_back(time_text(data.time(t)));
    for (index_t s = 0; s < data.station_count(); ++s) {
      measured.push_back(data.at(t, s));
      if (data.present(t, s)) read.push_back(data.at(t, s));
    }
    std::vector<double> row(data.stations.size(), missing);
    for (auto const s : asked) row[static_cast<std::size_t>(s)] = made.point[made.cell(t, s)];
    predicted.insert(predicted.end(), row.begin(), row.end());
  }
  if (read.empty()) return false;
  std::sort(read.begin(), read.end());
  std::array const shape{times.size(), data.stations.size()};
  examples::save_array(array_path(options, "measured"), measured, shape);
  examples::save_array(array_path(options, "predicted"), predicted, shape);
  auto figure = map_data(data, options);
  figure.set("measured", "predictions/measured.npy").set("predicted", "predictions/predicted.npy");
  figure.set("days", times)
      .set("unit", data.origin.unit)
      .set("sensors", one.sensors)
      .set("cells", !data.weights.empty());
  figure.set("low", read[read.size() / 50]).set("high", read[read.size() - 1 - read.size() / 50]);
  page.add_figure(
      {"scene_maps", "scenes.png",
       one.sensors.empty()
           ? "Above what the stations read, below the same with what the model says at those that it does not "
             "read (" +
                 one.name + "; large discs) in place of their readings."
           : "Above what was measured, below what the model says of it from the readings of " +
                 std::to_string(one.sensors.size()) + " sensors (" + one.name + "; discs).",
       figure});
  return true;
}

}  // namespace

bool add_figures(examples::report::page& page, experiment const& with, experiment_options const& options) {
  if (!with.data.folds.empty()) return add_scene_figure(page, with, options);
  auto const checkpoint = checkpoint_of(options, "field", options.seeds.front());
  if (!std::filesystem::exists(checkpoint)) return false;
  auto const middle = time_shown(with, options);
  auto const begin = std::max<index_t>(0, middle - days / 2);
  time_range const range{begin, std::min(with.data.times, begin + days)};
  auto const places = grid_places();
  auto const where = compute_of(options);

  // One scale of colours for all days: what the stations read.
  std::vector<double> readings, read;
  std::vector<std::string> dates;
  std::vector<std::int64_t> shown;
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < with.data.station_count(); ++s) {
      readings.push_back(with.data.at(t, s));
      if (with.data.present(t, s)) read.push_back(with.data.at(t, s));
    }
    if (t >= middle - 2 && t <= middle + 1) shown.push_back(t - range.begin);
    dates.push_back(time_text(with.data.time(t)));
  }
  if (read.empty()) return false;
  std::sort(read.begin(), read.end());

  auto const file = [&](std::string const& name) { return array_path(options, name); };
  auto const settings = scene_settings(with.data);
  auto const predicted = believed_field(with, settings, checkpoint, where, range, places);
  examples::save_array(file("field"), predicted.mean, std::array{dates.size(), cells, cells});
  examples::save_array(file("readings"), readings, std::array{dates.size(), with.data.stations.size()});
  auto field = map_data(with.data, options);
  field.set("field", "predictions/field.npy").set("readings", "predictions/readings.npy");
  field.set("days", dates).set("shown", shown).set("unit", with.data.origin.unit);
  field.set("low", read[read.size() / 50]).set("high", read[read.size() - 1 - read.size() / 50]);

  auto const map = modules_over(checkpoint, where, places);
  examples::save_array(file("modules"), map.nearest, std::array{cells, cells});
  examples::save_array(file("strength"), map.strength, std::array{cells, cells});
  auto modules = map_data(with.data, options);
  modules.set("nearest", "predictions/modules.npy").set("strength", "predictions/strength.npy");
  modules.set("modules", map.modules);

  page.add_figure({"field_animation", "field.gif", "Day by day; dots are the readings.", field});
  page.add_figure({"field_maps", "field.png",
                   "Four days: the field as the model predicts it, the stations' readings as dots in the same colours.",
                   field});
  page.add_figure(
      {"module_map", "modules.png",
       "For each place the module that is nearest on the sphere; the paler, the weaker the kernel. Dots are "
       "the stations.",
       modules});
  return true;
}

int render(experiment_options const& options) {
  auto const with = open_experiment(options);
  examples::report::page pictures;
  if (!add_figures(pictures, with, options)) {
    auto const what = with.data.folds.empty() ? "field" : "unseen0";
    throw data_error{checkpoint_of(options, what, options.seeds.front()).string() +
                     ": missing; run 'sensors train' with the same --set, --out and --seed first"};
  }
  if (!pictures.write(options.out / "field.html")) return 1;
  std::fprintf(stderr, "wrote the pictures in %s\n", options.out.c_str());
  return 0;
}

}  // namespace sensors
