#include "arrays.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <numbers>
#include <span>

#include "common/sha256.hpp"
#include "csv.hpp"
#include "s2rm/adapters/npy.hpp"

namespace sensors {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> pieces(std::string_view text, char at) {
  std::vector<std::string_view> result;
  for (std::size_t from = 0; from <= text.size();) {
    auto const end = std::min(text.find(at, from), text.size());
    result.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return result;
}

/// stations.csv: station,x,y and a column for each side value.
void read_stations(std::string_view text, std::string const& name, series& into) {
  auto const lines = pieces(text, '\n');
  auto const header = pieces(lines.front(), ',');
  if (header.size() < 3 || header[0] != "station" || header[1] != "x" || header[2] != "y") {
    throw data_error{name + ", line 1: expected 'station,x,y,...', found '" + std::string{lines.front()} + "'"};
  }
  into.sides.assign(header.begin() + 3, header.end());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    auto const cells = pieces(lines[i], ',');
    std::vector<double> numbers;
    for (std::size_t k = 1; k < cells.size(); ++k) {
      double value = 0;
      auto const [end, error] = std::from_chars(cells[k].data(), cells[k].data() + cells[k].size(), value);
      if (error == std::errc{} && end == cells[k].data() + cells[k].size()) numbers.push_back(value);
    }
    if (numbers.size() + 1 != header.size()) {
      throw data_error{name + ", line " + std::to_string(i + 1) + ": expected a code and " +
                       std::to_string(header.size() - 1) + " numbers, found '" + std::string{lines[i]} + "'"};
    }
    into.stations.push_back({std::string{cells[0]}, numbers[0], numbers[1]});
    into.side_values.insert(into.side_values.end(), numbers.begin() + 2, numbers.end());
  }
}

enum role : int { sensor = 1, validation = 2, test = 3 };

/// Rows of (draw, second, third) by draw.
using rows = std::map<int, std::vector<std::array<int, 2>>>;

rows read_rows(std::string const& bytes, std::string const& name) {
  auto const table =
      s2rm::io::load_npy<std::int32_t, 2>(std::as_bytes(std::span(bytes)), name, {.shape = {s2rm::io::any_extent, 3}});
  rows result;
  for (std::size_t i = 0; i < table.shape()[0]; ++i) result[table(i, 0)].push_back({table(i, 1), table(i, 2)});
  return result;
}

/// Draws from 100 on serve to choose settings.
constexpr int first_for_settings = 100;

void read_folds(rows const& draws, rows const& lost, std::string const& name, series& into) {
  auto const inside = [&](int value, index_t count, char const* what) {
    if (value >= 0 && value < count) return static_cast<index_t>(value);
    throw data_error{name + ": expected a " + what + " below " + std::to_string(count) + ", found " +
                     std::to_string(value)};
  };
  for (auto const& [draw, of_draw] : draws) {
    fold made;
    made.name = "draw " + std::to_string(draw);
    made.for_settings = draw >= first_for_settings;
    std::vector<index_t> hidden;
    for (auto const& [kind, where] : of_draw) {
      auto const s = inside(where, into.station_count(), "station");
      (kind == sensor ? made.sensors : kind == validation ? hidden : made.test).push_back(s);
    }
    if (!hidden.empty()) made.validation.push_back(hidden);
    if (auto const found = lost.find(draw); found != lost.end()) {
      for (auto const& [time, where] : found->second) {
        made.lost.push_back({inside(time, into.times, "time"), inside(where, into.station_count(), "station")});
      }
    }
    into.folds.push_back(std::move(made));
  }
}

}  // namespace

series read_arrays(fs::path const& folder, published const& set, provenance origin) {
  std::array<std::string, array_files.size()> bytes;
  std::vector<std::string_view> looked;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = examples::read_file(folder / array_files[i]);
    looked.emplace_back(bytes[i]);
  }
  auto const name = [&](std::size_t i) { return (folder / array_files[i]).string(); };
  series data;
  data.origin = std::move(origin);
  data.origin.checksum = data_checksum(looked);
  for (auto const& one : set.channels) data.channels.push_back({one.name, one.unit});
  read_stations(bytes[0], name(0), data);
  data.first = parse_time(set.first).value();
  data.step = parse_step(set.step).value();
  auto const values =
      s2rm::io::load_npy<float, 3>(std::as_bytes(std::span(bytes[1])), name(1),
                                   {.shape = {s2rm::io::any_extent, data.station_count(), data.channel_count()}});
  data.times = static_cast<index_t>(values.shape()[0]);
  data.values.assign(values.begin(), values.end());
  read_folds(read_rows(bytes[2], name(2)), read_rows(bytes[3], name(3)), name(2), data);
  data.map = fit_projection(data.stations, coordinate_kind::degrees);
  data.globe = set.globe;
  data.settle_places();
  if (set.areas) {
    for (auto const& one : data.stations) {
      data.weights.push_back(std::abs(one.y) == 90 ? 0.0 : std::cos(one.y * std::numbers::pi / 180));
    }
  }
  return data;
}

}  // namespace sensors
