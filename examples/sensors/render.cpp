// The command render: the field between the stations, and the map of modules.

#include <algorithm>
#include <cstdio>

#include "common/array_file.hpp"
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

/// What every map needs: the square, the stations, and how their coordinates become places.
examples::manifest map_data(series const& data) {
  auto const degrees = data.map.kind == coordinate_kind::degrees;
  examples::manifest made;
  made.set("reach", reach).set("places", data.places);
  made.set("projection.kind", degrees ? "degrees" : "kilometres");
  made.set("projection.centre", std::vector<double>{data.map.centre_x, data.map.centre_y});
  made.set("projection.kilometres_per_unit", data.map.kilometres_per_unit);
  return made;
}

}  // namespace

bool add_figures(examples::report::page& page, experiment const& with, experiment_options const& options) {
  auto const checkpoint = checkpoint_of(options, "field", options.seeds.front());
  if (!std::filesystem::exists(checkpoint)) return false;
  index_t middle = liveliest(with.data, with.split.test);
  if (!options.show.empty()) {
    auto const when = parse_time(options.show);
    if (!when) throw data_error{"--show: expected YYYY-MM-DD, found '" + options.show + "'"};
    middle = std::min(with.data.index_from(*when), with.data.times - 1);
  }
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

  auto const file = [&](std::string const& name) { return options.out / "predictions" / (name + ".npy"); };
  auto const settings = scene_settings(with.data);
  auto const predicted = believed_field(with, settings, checkpoint, where, range, places);
  examples::save_array(file("field"), predicted.mean, std::array{dates.size(), cells, cells});
  examples::save_array(file("readings"), readings, std::array{dates.size(), with.data.stations.size()});
  auto field = map_data(with.data);
  field.set("field", "predictions/field.npy").set("readings", "predictions/readings.npy");
  field.set("days", dates).set("shown", shown).set("unit", with.data.origin.unit);
  field.set("low", read[read.size() / 50]).set("high", read[read.size() - 1 - read.size() / 50]);

  auto const map = modules_over(checkpoint, where, places);
  examples::save_array(file("modules"), map.nearest, std::array{cells, cells});
  examples::save_array(file("strength"), map.strength, std::array{cells, cells});
  auto modules = map_data(with.data);
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
    throw data_error{checkpoint_of(options, "field", options.seeds.front()).string() +
                     ": missing; run 'sensors train --task both' with the same --out and --seed first"};
  }
  if (!pictures.write(options.out / "field.html")) return 1;
  std::fprintf(stderr, "wrote %s, modules.png and field.gif\n", (options.out / "field.png").c_str());
  return 0;
}

}  // namespace sensors
