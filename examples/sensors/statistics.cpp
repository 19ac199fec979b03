#include "statistics.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <sstream>
#include <stdexcept>

#include "common/sha256.hpp"
#include "peers_script.hpp"

namespace sensors {
namespace {

/// Kilometres in three dimensions. Straight lines through the Earth are shorter than great circles by d^2 / (24 r^2) of
/// their length: 0.07 % at 800 km.
std::array<double, 3> place_in_space(station const& at, coordinate_kind kind) {
  if (kind == coordinate_kind::kilometres) return {at.x, at.y, 0};
  constexpr double radius = 6371, degree = std::numbers::pi / 180;
  auto const longitude = at.x * degree, latitude = at.y * degree;
  return {radius * std::cos(latitude) * std::cos(longitude), radius * std::cos(latitude) * std::sin(longitude),
          radius * std::sin(latitude)};
}

}  // namespace

statistics::statistics(series const& data) : stations{data.station_count()} {
  std::vector<double> places;
  for (auto const& one : data.stations) {
    auto const place = place_in_space(one, data.map.kind);
    places.insert(places.end(), place.begin(), place.end());
  }
  write("stations", places);
  write("kilometres", data.distances_km());
  examples::write_file(folder.path / "peers.R", peers_script);
}

void statistics::write(std::string const& name, std::vector<double> const& table) const {
  std::string bytes(table.size() * sizeof(double), '\0');
  if (!table.empty()) std::memcpy(bytes.data(), table.data(), bytes.size());
  examples::write_file(folder.path / name, bytes);
}

std::string statistics::run(std::string const& command, std::vector<index_t> const& numbers) const {
  auto const log = folder.path / "R.log";
  if (!examples::failure_of("command -v Rscript", log).empty()) {
    return "Rscript is missing (Debian: apt-get install r-base-core r-cran-gstat)";
  }
  std::ostringstream line;
  line << "Rscript --vanilla " << examples::quote(folder.path / "peers.R") << ' ' << command << ' '
       << examples::quote(folder.path) << ' ' << stations;
  for (auto const number : numbers) line << ' ' << number;
  auto reason = examples::failure_of(line.str(), log);
  for (auto& c : reason) c = c == '\n' ? ' ' : c;
  return reason;
}

std::vector<double> statistics::read(std::string const& name, std::size_t size) const {
  auto const bytes = examples::read_file(folder.path / name);
  if (bytes.size() != size * sizeof(double)) {
    throw std::runtime_error{"peers.R: expected " + std::to_string(size) + " numbers in '" + name + "', found " +
                             std::to_string(bytes.size() / sizeof(double))};
  }
  std::vector<double> table(size);
  if (size > 0) std::memcpy(table.data(), bytes.data(), bytes.size());
  return table;
}

}  // namespace sensors
