#include "csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "common/sha256.hpp"

namespace sensors {
namespace {

/// More cells than this, or a table that is emptier than this, means that the times are not on a grid (or that one year
/// is a typing error). Of a table of some size, at least one cell in a thousand has a reading.
constexpr index_t most_cells = 200'000'000, small_table = 100'000, most_cells_a_reading = 1000;

constexpr std::size_t most_columns = 1000;

struct problems {
  std::string file;
  std::vector<std::string> list = {};
  index_t more = 0;

  void add(std::size_t line, std::string const& column, std::string const& expected, std::string_view found) {
    if (list.size() >= 10) {
      ++more;
      return;
    }
    list.push_back(file + ", line " + std::to_string(line) + ", column " + column + ": expected " + expected +
                   ", found '" + std::string{found.substr(0, 60)} + "'");
  }
  void check() const {
    if (list.empty()) {
      return;
    }
    std::string text;
    for (auto const& one : list) {
      text += (text.empty() ? "" : "\n") + one;
    }
    throw data_error{more > 0 ? text + "\n... and " + std::to_string(more) + " more" : text};
  }
};

std::string_view trim(std::string_view text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// One line into cells, of which it keeps one more than `most` where there are more; a cell may stand in double quotes,
/// where "" is one quote. False when a quote is left open.
bool split_line(std::string_view line, std::size_t most, std::vector<std::string>& cells) {
  cells.clear();
  std::size_t i = 0;
  while (true) {
    std::string cell;
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t')) {
      ++i;
    }
    if (i < line.size() && line[i] == '"') {
      for (++i;; ++i) {
        if (i >= line.size()) {
          return false;
        }
        if (line[i] == '"' && (i + 1 >= line.size() || line[i + 1] != '"')) {
          break;
        }
        i += line[i] == '"' ? 1 : 0;
        cell += line[i];
      }
      ++i;
      while (i < line.size() && line[i] != ',') {
        if (line[i] != ' ' && line[i] != '\t') {
          return false;
        }
        ++i;
      }
      cells.push_back(std::move(cell));
    } else {
      auto const end = std::min(line.find(',', i), line.size());
      cells.emplace_back(trim(line.substr(i, end - i)));
      i = end;
    }
    if (i >= line.size() || cells.size() > most) {
      return true;
    }
    ++i;  // the comma
  }
}

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
  }
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

bool means_missing(std::string_view text) {
  constexpr std::array<std::string_view, 9> words{"", "NA", "na", "NaN", "nan", "NAN", "null", "NULL", "-"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// Calls row(line number, cells in the order of `columns`) for every line below the header; empty lines and lines that
/// begin with '#' are skipped.
template <class Row>
void read_table(std::string_view text, problems& bad, std::vector<std::string> const& columns,
                std::vector<std::string>* notes, Row const& row) {
  if (text.starts_with("\xef\xbb\xbf")) {
    text.remove_prefix(3);  // byte order mark, as spreadsheets write it
  }
  std::vector<std::string> cells;
  std::vector<std::size_t> where(columns.size());
  std::vector<std::string> wanted(columns.size());
  std::size_t header_cells = 0;
  std::size_t number = 0;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (trim(line).empty() || line.front() == '#') {
      continue;
    }
    if (!split_line(line, header_cells > 0 ? header_cells : most_columns, cells)) {
      bad.add(number, "?", "a closing quote, then a comma or the end of the line", line);
      continue;
    }
    if (header_cells == 0) {
      header_cells = cells.size();
      for (std::size_t c = 0; c < columns.size(); ++c) {
        auto const found = std::find(cells.begin(), cells.end(), columns[c]);
        where[c] = static_cast<std::size_t>(found - cells.begin());
        if (found == cells.end()) {
          bad.add(number, columns[c], "a column with this name in the header", line);
        } else if (std::find(found + 1, cells.end(), columns[c]) != cells.end()) {
          bad.add(number, columns[c], "one column with this name in the header, not several", line);
        }
      }
      if (header_cells > most_columns) {
        bad.add(number, "?", "at most " + std::to_string(most_columns) + " columns", "more");
      }
      bad.check();  // without its columns the rest of the file means nothing
      for (auto const& cell : cells) {
        if (notes != nullptr && std::find(columns.begin(), columns.end(), cell) == columns.end()) {
          notes->push_back(bad.file + ": column '" + cell + "' is not used");
        }
      }
      continue;
    }
    if (cells.size() != header_cells) {
      bad.add(number, "?", std::to_string(header_cells) + " cells as in the header", line);
      continue;
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      wanted[c] = cells[where[c]];
    }
    row(number, wanted);
  }
  if (header_cells == 0) {
    bad.add(1, columns[0], "a header line", "");
  }
  bad.check();
}

/// A cell as it must be written so that it reads back the same.
std::string quoted(std::string const& cell) {
  if (cell.find_first_of(",\" \t") == std::string::npos) {
    return cell;
  }
  std::string out{"\""};
  for (auto const c : cell) {
    out += c == '"' ? "\"\"" : std::string(1, c);
  }
  return out + '"';
}

struct reading {
  time_stamp time;
  index_t station;
  double value;
  std::size_t line;
};

}  // namespace

series parse_network(std::string_view readings, std::string const& readings_name, std::string_view stations,
                     std::string const& stations_name, coordinate_kind kind, provenance origin,
                     std::vector<std::string>* notes) {
  series data;
  data.origin = std::move(origin);
  std::unordered_map<std::string, index_t> known;
  problems bad_stations{stations_name};
  auto const degrees = kind == coordinate_kind::degrees;
  read_table(stations, bad_stations, {"station", "x", "y"}, notes, [&](std::size_t line, auto const& cells) {
    auto const x = parse_number(cells[1]);
    auto const y = parse_number(cells[2]);
    if (cells[0].empty()) {
      bad_stations.add(line, "station", "a code", cells[0]);
    } else if (known.count(cells[0]) != 0) {
      bad_stations.add(line, "station", "a code that was not used before", cells[0]);
    } else if (!x || (degrees && std::abs(*x) > 360)) {
      bad_stations.add(line, "x", degrees ? "longitude in degrees, -180 to 360" : "kilometres to the east", cells[1]);
    } else if (!y || (degrees && std::abs(*y) > 90)) {
      bad_stations.add(line, "y", degrees ? "latitude in degrees, -90 to 90" : "kilometres to the north", cells[2]);
    } else {
      known.emplace(cells[0], data.station_count());
      data.stations.push_back({cells[0], *x, *y});
    }
  });
  if (data.stations.empty()) {
    throw data_error{stations_name + ": expected at least one station, found none"};
  }

  std::vector<reading> rows;
  problems bad{readings_name};
  read_table(readings, bad, {"time", "station", "value"}, notes, [&](std::size_t line, auto const& cells) {
    auto const time = parse_time(cells[0]);
    auto const found = known.find(cells[1]);
    auto const value = means_missing(cells[2]) ? std::optional{missing} : parse_number(cells[2]);
    if (!time) {
      bad.add(line, "time", "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS]", cells[0]);
    } else if (found == known.end()) {
      bad.add(line, "station", "a code of " + stations_name, cells[1]);
    } else if (!value) {
      bad.add(line, "value", "a finite number with a decimal point, or nothing or NA for a missing reading", cells[2]);
    } else {
      rows.push_back({*time, found->second, *value, line});
    }
  });
  if (rows.empty()) {
    throw data_error{readings_name + ": expected at least one reading, found none"};
  }

  std::sort(rows.begin(), rows.end(), [](auto const& a, auto const& b) {
    return a.time != b.time ? a.time < b.time : a.station != b.station ? a.station < b.station : a.line < b.line;
  });
  time_stamp step = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    step = std::gcd(step, rows[i].time - rows[i - 1].time);
    if (rows[i].time == rows[i - 1].time && rows[i].station == rows[i - 1].station) {
      bad.add(rows[i].line, "time", "one reading per time and station",
              time_text(rows[i].time) + " at " + data.stations[static_cast<std::size_t>(rows[i].station)].code +
                  ", which is already in line " + std::to_string(rows[i - 1].line));
    }
  }
  bad.check();
  data.first = rows.front().time;
  data.step = step > 0 ? step : seconds_per_day;
  data.times = (rows.back().time - data.first) / data.step + 1;
  auto const readings_count = static_cast<index_t>(rows.size());
  auto const room = std::min(most_cells, std::max(small_table, most_cells_a_reading * readings_count));
  if (data.times > room / data.station_count()) {
    throw data_error{readings_name + ": the times lie on a grid of " + std::to_string(data.step) + " seconds from " +
                     time_text(data.first) + " to " + time_text(rows.back().time) + ", " + std::to_string(data.times) +
                     " steps for " + std::to_string(readings_count) +
                     " readings: expected regular times; one time stamp may be wrong"};
  }
  data.values.assign(static_cast<std::size_t>(data.times * data.station_count()), missing);
  std::vector<index_t> count(data.stations.size(), 0);
  for (auto const& row : rows) {
    auto const t = (row.time - data.first) / data.step;
    data.values[static_cast<std::size_t>(t * data.station_count() + row.station)] = row.value;
    count[static_cast<std::size_t>(row.station)] += std::isnan(row.value) ? 0 : 1;
  }
  for (std::size_t s = 0; s < count.size(); ++s) {
    if (notes != nullptr && count[s] == 0) {
      notes->push_back(readings_name + ": station '" + data.stations[s].code + "' has no reading");
    }
  }
  data.map = fit_projection(data.stations, kind);
  for (auto const& one : data.stations) {
    auto const place = data.map.place(one.x, one.y);
    data.places.insert(data.places.end(), place.begin(), place.end());
  }
  return data;
}

std::string data_checksum(std::string_view readings, std::string_view stations) {
  return examples::sha256(examples::sha256(readings) + " " + examples::sha256(stations));
}

series read_network(std::filesystem::path const& readings, std::filesystem::path const& stations, coordinate_kind kind,
                    provenance origin, std::vector<std::string>* notes) {
  auto const values = examples::read_file(readings);
  auto const places = examples::read_file(stations);
  origin.checksum = data_checksum(values, places);
  if (origin.source.empty()) {
    origin.source = "files " + readings.filename().string() + " and " + stations.filename().string();
  }
  return parse_network(values, readings.string(), places, stations.string(), kind, std::move(origin), notes);
}

void write_network(series const& data, std::filesystem::path const& folder) {
  std::string readings{"time,station,value\n"};
  char text[64];
  for (index_t t = 0; t < data.times; ++t) {
    auto const time = time_text(data.time(t));
    for (index_t s = 0; s < data.station_count(); ++s) {
      if (data.present(t, s)) {
        std::snprintf(text, sizeof text, ",%.9g\n", data.at(t, s));
        readings += time + ',' + quoted(data.stations[static_cast<std::size_t>(s)].code) + text;
      }
    }
  }
  std::string stations{"station,x,y\n"};
  for (auto const& one : data.stations) {
    std::snprintf(text, sizeof text, ",%.6f,%.6f\n", one.x, one.y);
    stations += quoted(one.code) + text;
  }
  examples::write_file(folder / "readings.csv", readings);
  examples::write_file(folder / "stations.csv", stations);
}

}  // namespace sensors
