// The command render: the field between the stations, and the map of modules.

#include <algorithm>
#include <cstdio>

#include "common/field_map.hpp"
#include "results.hpp"

namespace sensors {
namespace {

constexpr int cells = 40;  ///< of a map, each way
constexpr index_t days = 24;

/// An empty map with room for all stations and a margin.
examples::field_map blank_map() {
  examples::field_map map;
  map.columns = cells;
  map.rows = cells;
  return map;
}

std::vector<double> grid_places() {
  auto const map = blank_map();
  std::vector<double> places;
  for (int row = 0; row < cells; ++row) {
    for (int column = 0; column < cells; ++column) {
      places.push_back(map.x_of(column));
      places.push_back(map.y_of(row));
    }
  }
  return places;
}

/// Mean over the stations of squared changes from one day to the next: the liveliest stretch makes the best picture.
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

examples::image module_picture(experiment const& with, module_map const& map) {
  constexpr int side = 320, cell = side / cells;
  examples::image picture{side, side + 20};
  for (int row = 0; row < cells; ++row) {
    for (int column = 0; column < cells; ++column) {
      auto const i = static_cast<std::size_t>(row) * cells + static_cast<std::size_t>(column);
      picture.fill(column * cell, 20 + row * cell, cell, cell,
                   examples::tile_colour(static_cast<std::size_t>(map.nearest[i]), map.strength[i]));
    }
  }
  for (std::size_t s = 0; s < with.data.stations.size(); ++s) {
    auto const reach = blank_map().reach;
    auto const x = (with.data.places[2 * s] / reach + 1) / 2 * side;
    auto const y = (1 - with.data.places[2 * s + 1] / reach) / 2 * side + 20;
    picture.disc(x, y, 4, {0, 0, 0});
    picture.disc(x, y, 2.5, {255, 255, 255});
  }
  picture.text(4, 6, "nearest module", {40, 40, 40});
  return picture;
}

}  // namespace

pictures draw_pictures(experiment const& with, experiment_options const& options) {
  pictures drawn;
  auto const checkpoint = checkpoint_of(options, "field", options.seeds.front());
  if (!std::filesystem::exists(checkpoint)) return drawn;
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
  auto const believed = believed_field(with, {}, checkpoint, where, range, places);

  // One scale of colours for all days: what the stations read.
  std::vector<double> read;
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < with.data.station_count(); ++s) {
      if (with.data.present(t, s)) read.push_back(with.data.at(t, s));
    }
  }
  if (read.empty()) return drawn;
  std::sort(read.begin(), read.end());
  std::vector<examples::image> strip;
  for (auto t = range.begin; t < range.end; ++t) {
    auto map = blank_map();
    map.title = time_text(with.data.time(t));
    map.unit = with.data.origin.unit;
    auto const first = static_cast<std::ptrdiff_t>((t - range.begin) * cells * cells);
    map.values.assign(believed.mean.begin() + first, believed.mean.begin() + first + cells * cells);
    map.low = read[read.size() / 50];
    map.high = read[read.size() - 1 - read.size() / 50];
    for (index_t s = 0; s < with.data.station_count(); ++s) {
      auto const i = static_cast<std::size_t>(s);
      map.dots.push_back({with.data.places[2 * i], with.data.places[2 * i + 1], with.data.at(t, s), false, ""});
    }
    drawn.frames.push_back(examples::draw(map));
    if (t >= middle - 2 && t <= middle + 1) strip.push_back(drawn.frames.back());
  }
  drawn.stills.emplace_back(examples::beside(strip),
                            "Four days: the model's field, the stations' readings as dots in the same colours.");
  auto const map = modules_over(with, checkpoint, where, places);
  drawn.stills.emplace_back(
      module_picture(with, map),
      "For each place the module that is nearest on the sphere; the paler, the weaker the kernel.");
  return drawn;
}

int render(experiment_options const& options) {
  auto const with = open_experiment(options);
  auto const drawn = draw_pictures(with, options);
  if (drawn.stills.empty()) {
    throw data_error{checkpoint_of(options, "field", options.seeds.front()).string() +
                     ": missing; run 'sensors train --task both' with the same --out and --seed first"};
  }
  std::filesystem::create_directories(options.out);
  examples::write_png(options.out / "field.png", drawn.stills[0].first);
  examples::write_png(options.out / "modules.png", drawn.stills[1].first);
  examples::write_gif(options.out / "field.gif", drawn.frames, 40);
  std::fprintf(stderr, "wrote %s, modules.png and field.gif\n", (options.out / "field.png").c_str());
  return 0;
}

}  // namespace sensors
