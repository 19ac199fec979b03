// Any bytes as the two tables of a network of sensors, the stations before a line "==", the readings behind it.
#include "sensors/csv.hpp"

#include "fuzz/fuzz.hpp"

using s2rm::fuzz::promise;

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  auto const all = s2rm::fuzz::as_text(bytes, size);
  constexpr std::string_view border = "\n==\n";
  auto const middle = all.find(border);
  if (middle == std::string_view::npos) return 0;
  auto const stations = all.substr(0, middle + 1), readings = all.substr(middle + border.size());
  for (auto const kind : {sensors::coordinate_kind::degrees, sensors::coordinate_kind::kilometres}) {
    s2rm::fuzz::taken<sensors::data_error>(".csv", [&] {
      std::vector<std::string> notes;
      auto const data = sensors::parse_network(readings, "r.csv", stations, "s.csv", kind, {}, &notes);
      promise(data.times > 0 && data.station_count() > 0, "a series has times and stations");
      promise(data.values.size() == static_cast<std::size_t>(data.times * data.station_count()), "a cell for each");
      // One cell a reading and some: a short table makes no large grid.
      promise(data.values.size() <= 100'000 + 1000 * size, "the grid is bounded by the table");
      for (auto const place : data.places) promise(place >= -1 && place <= 1, "places are within [-1, 1]");
    });
  }
  return 0;
}
