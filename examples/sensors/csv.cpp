#include "csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/sha256.hpp"
#include "text_file.hpp"
#include "time_grid.hpp"

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
bool split_line(std::string_view line, char delimiter, std::size_t most, std::vector<std::string>& cells) {
  cells.clear();
  std::size_t i = 0;
  auto const blank = [&](char c) { return c != delimiter && (c == ' ' || c == '\t'); };
  while (true) {
    std::string cell;
    while (i < line.size() && blank(line[i])) {
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
      while (i < line.size() && line[i] != delimiter) {
        if (!blank(line[i])) {
          return false;
        }
        ++i;
      }
      cells.push_back(std::move(cell));
    } else {
      auto const end = std::min(line.find(delimiter, i), line.size());
      cells.emplace_back(trim(line.substr(i, end - i)));
      i = end;
    }
    if (i >= line.size() || cells.size() > most) {
      return true;
    }
    ++i;  // the delimiter
  }
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

bool has_digit(std::string_view text) { return text.find_first_of("0123456789") != std::string_view::npos; }

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

/// Words that mean "no reading" in what R, pandas, spreadsheets and databases write.
bool means_missing(std::string_view text) {
  constexpr std::array<std::string_view, 12> words{"",     "na",   "n/a", "#n/a", "#na", "<na>",
                                                   "null", "none", "nan", "-nan", "-",   "--"};
  return std::find(words.begin(), words.end(), lower(text)) != words.end();
}

/// The numbers of one table. Where cells are not separated by commas, the decimal mark may be one, in all rows alike.
class number_cells {
 public:
  char delimiter = ',';

  std::optional<double> read(std::string text) {
    if (delimiter == ',') return parse_number(text);
    auto const comma = text.find(','), point = text.find('.');
    if (comma != std::string::npos) text[comma] = '.';
    auto const value = parse_number(text);
    commas_ += value && comma != std::string::npos ? 1 : 0;
    points_ += value && point != std::string::npos ? 1 : 0;
    return value;
  }
  /// Of 1,234 and 1.234 in one table, one is a thousand.
  void check(std::string const& file) const {
    if (commas_ == 0 || points_ == 0) return;
    throw data_error{file + ": expected one decimal mark, found " + std::to_string(commas_) +
                     " numbers with a comma and " + std::to_string(points_) + " with a point"};
  }

 private:
  index_t commas_ = 0, points_ = 0;
};

/// Where the wanted columns stand among the cells of a header, in any case; the number of cells for one that is not there.
std::vector<std::size_t> columns_in(std::vector<std::string> const& cells, std::vector<std::string> const& columns) {
  std::vector<std::size_t> where;
  for (auto const& column : columns) {
    auto const is_it = [&](std::string const& cell) { return lower(cell) == column; };
    where.push_back(static_cast<std::size_t>(std::find_if(cells.begin(), cells.end(), is_it) - cells.begin()));
  }
  return where;
}

/// The character between the cells of a header with these columns, a comma when no character makes it one.
char delimiter_of(std::string_view header, std::vector<std::string> const& columns) {
  std::vector<std::string> cells;
  for (auto const delimiter : {',', ';', '\t', '|'}) {
    if (!split_line(header, delimiter, most_columns, cells)) continue;
    auto const where = columns_in(cells, columns);
    if (std::find(where.begin(), where.end(), cells.size()) == where.end()) return delimiter;
  }
  return '\0';
}

/// Calls row(line number, cells in the order of `columns`, whether it is the first) for every line below the header; empty
/// lines and lines that begin with '#' are skipped.
template <class Row>
void read_table(std::string_view text, problems& bad, number_cells& numbers, std::vector<std::string> const& columns,
                std::vector<std::string>* notes, Row const& row) {
  std::vector<std::string> cells;
  std::vector<std::size_t> where;
  std::vector<std::string> wanted(columns.size());
  std::size_t header_cells = 0;
  std::size_t number = 0;
  bool first = true;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (trim(line).empty()) {
      continue;
    }
    if (header_cells == 0) {
      if (line.size() == 5 && lower(line).starts_with("sep=")) continue;  // a spreadsheet's note to itself
      auto const commented = line.front() == '#';
      auto const header = commented ? trim(line.substr(1)) : line;
      auto const delimiter = delimiter_of(header, columns);
      if (commented && delimiter == '\0') continue;
      numbers.delimiter = delimiter == '\0' ? ',' : delimiter;
      if (!split_line(header, numbers.delimiter, most_columns, cells)) {
        bad.add(number, "?", "a closing quote, then a comma or the end of the line", line);
        continue;
      }
      header_cells = cells.size();
      where = columns_in(cells, columns);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (where[c] == cells.size()) {
          bad.add(number, columns[c], "a column with this name in the header", line);
        } else if (std::count_if(cells.begin(), cells.end(),
                                 [&](auto const& cell) { return lower(cell) == columns[c]; }) > 1) {
          bad.add(number, columns[c], "one column with this name in the header, not several", line);
        }
      }
      if (header_cells > most_columns) {
        bad.add(number, "?", "at most " + std::to_string(most_columns) + " columns", "more");
      }
      bad.check();  // without its columns the rest of the file means nothing
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (notes != nullptr && !cells[c].empty() && std::find(where.begin(), where.end(), c) == where.end()) {
          notes->push_back(bad.file + ": column '" + cells[c] + "' is not used");
        }
      }
      continue;
    }
    if (line.front() == '#') continue;
    if (!split_line(line, numbers.delimiter, header_cells + 1, cells)) {
      bad.add(number, "?", "a closing quote, then a comma or the end of the line", line);
      continue;
    }
    if (cells.size() == header_cells + 1 && cells.back().empty()) cells.pop_back();  // a comma at the end of the line
    if (std::all_of(cells.begin(), cells.end(), [](auto const& cell) { return cell.empty(); })) continue;
    if (cells.size() != header_cells) {
      bad.add(number, "?", std::to_string(header_cells) + " cells as in the header", line);
      continue;
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      wanted[c] = cells[where[c]];
    }
    row(number, wanted, std::exchange(first, false));
  }
  if (header_cells == 0) {
    bad.add(1, columns[0], "a header line", "");
  }
  bad.check();
  numbers.check(bad.file);
}

struct reading {
  time_stamp time;
  index_t station;
  double value;
  std::size_t line;
};

/// The shortest text that is this number again.
std::string with_digits(double value) {
  std::array<char, 40> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// A number that stands alone, as far from all others as these are wide, and does so repeatedly or is all nines, is likely a
/// word for "no reading": -999, 9999.9, 1e20.
void note_outliers(std::vector<reading> const& rows, std::string const& file, std::vector<std::string>& notes) {
  std::map<double, index_t> count;
  for (auto const& row : rows) {
    if (!std::isnan(row.value)) ++count[row.value];
  }
  while (count.size() >= 10) {
    auto const low = count.begin(), high = std::prev(count.end());
    auto const within = std::prev(high)->first - std::next(low)->first;
    auto const below = std::next(low)->first - low->first, above = high->first - std::prev(high)->first;
    auto const odd = below >= above ? low : high;
    auto const digits = with_digits(std::abs(odd->first));
    auto const nines = digits.find_first_not_of(".9") == std::string::npos;
    if (std::max(below, above) <= within || (odd->second < 2 && !nines)) return;
    auto const value = with_digits(odd->first);
    auto const times = odd->second;
    count.erase(odd);
    notes.push_back(file + ": " + std::to_string(times) + (times == 1 ? " value is " : " values are ") + value +
                    ", far from all others, " + with_digits(count.begin()->first) + " to " +
                    with_digits(count.rbegin()->first) +
                    ": if it means that there is no reading, say --missing=" + value);
  }
}

/// The grid of the rows, which are in the order of time; what is not exact about it is said in `notes`.
time_grid grid_of(std::vector<reading> const& rows, std::vector<station> const& stations, std::string const& file,
                  csv_choice const& how, std::vector<std::string>& notes) {
  std::vector<time_stamp> stamps;
  std::vector<reading const*> first_of;  // of each stamp
  std::vector<std::vector<time_stamp>> of_stations(stations.size());
  for (auto const& row : rows) {
    if (stamps.empty() || stamps.back() != row.time) {
      stamps.push_back(row.time);
      first_of.push_back(&row);
    }
    of_stations[static_cast<std::size_t>(row.station)].push_back(row.time);
  }
  auto const grid = fit_grid(of_stations, how.step);

  auto const pauses = long_pauses(stamps, grid.step);
  std::string pause;
  for (std::size_t i = 0; i < std::min<std::size_t>(pauses.size(), 3); ++i) {
    auto const at = pauses[i];
    auto const& beside = *first_of[2 * at < stamps.size() ? at - 1 : at];  // on the side with fewer times
    pause = file + ": no reading from " + time_text(stamps[at - 1]) + " to " + time_text(stamps[at]) + "; line " +
            std::to_string(beside.line) + ", " + time_text(beside.time) + " at station '" +
            stations[static_cast<std::size_t>(beside.station)].code + "': is this time stamp right?";
    notes.push_back(pause);
  }
  auto const readings_count = static_cast<index_t>(rows.size()), station_count = static_cast<index_t>(stations.size());
  auto const room = std::min(most_cells, std::max(small_table, most_cells_a_reading * readings_count));
  if (grid.times > room / station_count) {
    throw data_error{file + ": the times lie on a grid of " + step_text(grid.step) + " from " + time_text(grid.first) +
                     " to " + time_text(stamps.back()) + ", " + std::to_string(grid.times) + " steps for " +
                     std::to_string(readings_count) + " readings: expected regular times; one time stamp may be wrong" +
                     (pause.empty() ? "" : "\n" + pause)};
  }

  time_stamp farthest = 0;
  index_t moved = 0;
  for (auto const& row : rows) {
    auto const distance = std::abs(row.time - grid.step.after(grid.first, grid.index(row.time)));
    moved += distance > 0 ? 1 : 0;
    farthest = std::max(farthest, distance);
  }
  if (moved > 0 && grid.step.months > 0) {
    notes.push_back(file + ": a reading stands for its step of " + step_text(grid.step) + ", whatever the day");
  } else if (moved > 0) {
    notes.push_back(file + ": the times are not on a grid; they are put on steps of " + step_text(grid.step) +
                    (how.step ? ": " : ", what usually lies between them (--step says another): ") +
                    std::to_string(moved) + " of " + std::to_string(readings_count) + " readings move, by at most " +
                    step_text(time_step::of_seconds(farthest)) +
                    (grid.nearest ? "" : ", to the begin of the step that they fall in"));
  }
  return grid;
}

}  // namespace

series parse_network(std::string_view readings, std::string const& readings_name, std::string_view stations,
                     std::string const& stations_name, coordinate_kind kind, provenance origin,
                     std::vector<std::string>* notes, csv_choice const& how) {
  std::vector<std::string> unheard;
  auto& remarks = notes != nullptr ? *notes : unheard;
  auto const stations_text = as_utf8(stations, stations_name, how.encoding, &remarks);
  auto const readings_text = as_utf8(readings, readings_name, how.encoding, &remarks);
  auto const skip_units = [&](std::string const& file, std::size_t line) {
    remarks.push_back(file + ": line " + std::to_string(line) + " holds no number; it is taken for a row of units");
  };

  series data;
  data.origin = std::move(origin);
  std::unordered_map<std::string, index_t> known;
  problems bad_stations{stations_name};
  number_cells coordinates;
  auto const degrees = kind == coordinate_kind::degrees;
  /// x and y of a row; nothing where one of them is wrong, which is then said.
  auto const place_of = [&](problems& bad_rows, std::size_t line, std::string const& x_cell,
                            std::string const& y_cell) -> std::optional<std::array<double, 2>> {
    auto const x = coordinates.read(x_cell), y = coordinates.read(y_cell);
    if (!x || (degrees && std::abs(*x) > 360)) {
      bad_rows.add(line, "x", degrees ? "longitude in degrees, -180 to 360" : "kilometres to the east", x_cell);
    } else if (!y || (degrees && std::abs(*y) > 90)) {
      auto const exchanged = y && std::abs(*x) <= 90 && std::abs(*y) <= 360;
      bad_rows.add(line, "y",
                   !degrees    ? "kilometres to the north"
                   : exchanged ? "latitude in degrees, -90 to 90 (x is the longitude: are they exchanged?)"
                               : "latitude in degrees, -90 to 90",
                   y_cell);
    } else {
      return std::array{*x, *y};
    }
    return std::nullopt;
  };
  bool const places_in_rows = stations_name.empty();
  data.sides = how.sides;
  for (std::size_t k = 0; k < how.sides.size(); ++k) {
    auto const column = lower(how.sides[k]);
    std::vector<std::string> taken{"station", "x", "y"};
    if (places_in_rows) taken.insert(taken.end(), {"time", lower(how.value)});
    for (std::size_t before = 0; before < k; ++before) taken.push_back(lower(how.sides[before]));
    if (column.empty() || std::find(taken.begin(), taken.end(), column) != taken.end()) {
      throw data_error{"side columns: expected names of further columns, each once, found '" + how.sides[k] + "'"};
    }
  }
  auto const with_sides = [&](std::vector<std::string> columns) {
    for (auto const& side : how.sides) columns.push_back(lower(side));
    return columns;
  };
  /// The last cells of a row; nothing where one of them is no number, which is then said.
  auto const sides_of = [&](problems& bad_rows, std::size_t line,
                            std::vector<std::string> const& cells) -> std::optional<std::vector<double>> {
    std::vector<double> numbers;
    for (std::size_t k = 0; k < how.sides.size(); ++k) {
      auto const& cell = cells[cells.size() - how.sides.size() + k];
      auto const number = coordinates.read(cell);
      if (number) {
        numbers.push_back(*number);
      } else {
        bad_rows.add(line, how.sides[k], "a finite number with a decimal point, of every station", cell);
      }
    }
    if (numbers.size() != how.sides.size()) return std::nullopt;
    return numbers;
  };
  if (!places_in_rows) {
    read_table(stations_text, bad_stations, coordinates, with_sides({"station", "x", "y"}), &remarks,
               [&](std::size_t line, auto const& cells, bool first) {
                 if (first && !has_digit(cells[1]) && !has_digit(cells[2])) {
                   skip_units(stations_name, line);
                 } else if (cells[0].empty()) {
                   bad_stations.add(line, "station", "a code", cells[0]);
                 } else if (known.count(cells[0]) != 0) {
                   bad_stations.add(line, "station", "a code that was not used before", cells[0]);
                 } else if (auto const at = place_of(bad_stations, line, cells[1], cells[2])) {
                   auto const sides = sides_of(bad_stations, line, cells);
                   if (!sides) return;
                   known.emplace(cells[0], data.station_count());
                   data.stations.push_back({cells[0], (*at)[0], (*at)[1]});
                   data.side_values.insert(data.side_values.end(), sides->begin(), sides->end());
                 }
               });
  }
  if (data.stations.empty() && !places_in_rows) {
    throw data_error{stations_name + ": expected at least one station, found none"};
  }

  std::vector<reading> rows;
  problems bad{readings_name};
  number_cells values;
  std::map<std::string, index_t> said;  // how often --missing was met
  for (auto const& word : how.missing) said[word] = 0;
  auto const said_missing = [&](std::string const& cell, std::optional<double> value) {
    for (auto& [word, count] : said) {
      if (cell != word && (!value || parse_number(word) != value)) continue;
      ++count;
      return true;
    }
    return false;
  };
  index_t zoned = 0;
  // In one table for all, a station that has moved is another one: its mean, and what stands around it, are others.
  std::map<std::string, std::vector<index_t>> places_of_code;
  auto const station_in_row = [&](std::string const& code, std::array<double, 2> at, std::vector<double> const& sides) {
    auto& all = places_of_code[code];
    for (auto const s : all) {
      auto const& one = data.stations[static_cast<std::size_t>(s)];
      if (one.x == at[0] && one.y == at[1]) return s;
    }
    auto name = code;
    for (auto k = all.size() + 1; known.count(name) != 0; ++k) name = code + '#' + std::to_string(k);
    known.emplace(name, data.station_count());
    all.push_back(data.station_count());
    data.stations.push_back({name, at[0], at[1]});
    data.side_values.insert(data.side_values.end(), sides.begin(), sides.end());
    return all.back();
  };
  std::vector<std::string> columns{"time", "station", lower(how.value)};
  if (places_in_rows) columns.insert(columns.end(), {"x", "y"});
  if (places_in_rows) columns = with_sides(columns);
  read_table(readings_text, bad, values, columns, &remarks, [&](std::size_t line, auto const& cells, bool first) {
    auto const time = read_time(cells[0]);
    auto const found = known.find(cells[1]);
    auto value = means_missing(cells[2]) ? std::optional{missing} : values.read(cells[2]);
    if (said_missing(cells[2], value)) value = missing;
    if (first && !time && !has_digit(cells[0]) && (!value || std::isnan(*value))) {
      skip_units(readings_name, line);
    } else if (!time) {
      auto const slash = cells[0].find_first_of("/.");
      auto const ambiguous = slash == 1 || slash == 2;
      bad.add(line, "time",
              ambiguous ? "YYYY-MM-DD (which number is the day and which the month cannot be known)"
                        : "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS]",
              cells[0]);
    } else if (places_in_rows ? cells[1].empty() : found == known.end()) {
      bad.add(line, "station", places_in_rows ? "a code" : "a code of " + stations_name, cells[1]);
    } else if (!value) {
      bad.add(line, how.value,
              "a finite number with a decimal point, or nothing or NA for a missing reading (--missing says "
              "what else means it)",
              cells[2]);
    } else {
      index_t at = 0;
      if (places_in_rows) {
        auto const place = place_of(bad, line, cells[3], cells[4]);
        if (!place) return;
        auto const sides = sides_of(bad, line, cells);
        if (!sides) return;
        at = station_in_row(cells[1], *place, *sides);
        for (std::size_t k = 0; k < sides->size(); ++k) {
          if (auto const before = data.side(at, static_cast<index_t>(k)); before != (*sides)[k]) {
            bad.add(line, how.sides[k], "the same number in all rows of a station, here " + with_digits(before),
                    with_digits((*sides)[k]));
          }
        }
      } else {
        at = found->second;
      }
      zoned += time->zoned ? 1 : 0;
      rows.push_back({time->utc, at, *value, line});
    }
  });
  if (rows.empty()) {
    throw data_error{readings_name + ": expected at least one reading, found none"};
  }
  if (places_in_rows) coordinates.check(readings_name);
  for (auto const& [code, all] : places_of_code) {
    if (all.size() < 2) continue;
    remarks.push_back(readings_name + ": station '" + code + "' stands at " + std::to_string(all.size()) +
                      " places; each is a station of its own, '" + code + "' and '" +
                      data.stations[static_cast<std::size_t>(all[1])].code + "'" +
                      (all.size() > 2 ? " and so on" : ""));
  }
  for (auto const& [word, count] : said) {
    remarks.push_back(readings_name + ": '" + word + "' of --missing stands " + std::to_string(count) + " times");
  }
  if (zoned > 0 && zoned < std::ssize(rows)) {
    remarks.push_back(readings_name + ": " + std::to_string(zoned) + " of " + std::to_string(rows.size()) +
                      " times name their zone (Z or an offset); the others are taken as UTC");
  }

  std::sort(rows.begin(), rows.end(), [](auto const& a, auto const& b) {
    return a.time != b.time ? a.time < b.time : a.station != b.station ? a.station < b.station : a.line < b.line;
  });
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].time == rows[i - 1].time && rows[i].station == rows[i - 1].station) {
      bad.add(
          rows[i].line, "time",
          "one reading per time and station (times count to the second; an offset as +02:00 tells apart the hour that "
          "clocks repeat)",
          time_text(rows[i].time) + " at " + data.stations[static_cast<std::size_t>(rows[i].station)].code +
              ", which is already in line " + std::to_string(rows[i - 1].line));
    }
  }
  bad.check();
  auto const grid = grid_of(rows, data.stations, readings_name, how, remarks);
  data.first = grid.first;
  data.step = grid.step;
  data.times = grid.times;
  data.values.assign(static_cast<std::size_t>(data.times * data.station_count()), missing);
  std::vector<index_t> count(data.stations.size(), 0);
  std::map<std::size_t, double> shared;  // cells with several readings, and how many
  for (auto const& row : rows) {
    if (std::isnan(row.value)) continue;
    auto const cell = static_cast<std::size_t>(grid.index(row.time) * data.station_count() + row.station);
    auto& value = data.values[cell];
    auto const before = std::isnan(value) ? 0.0 : shared.try_emplace(cell, 1.0).first->second++;
    value = before > 0 ? value + (row.value - value) / (before + 1) : row.value;
    ++count[static_cast<std::size_t>(row.station)];
  }
  if (!shared.empty()) {
    remarks.push_back(readings_name + ": of several readings of a station in one step of " + step_text(data.step) +
                      " the mean is taken, in " + std::to_string(shared.size()) + " cells");
  }
  for (std::size_t s = 0; s < count.size(); ++s) {
    if (count[s] == 0) {
      remarks.push_back(readings_name + ": station '" + data.stations[s].code + "' has no reading");
    }
  }
  note_outliers(rows, readings_name, remarks);
  data.map = fit_projection(data.stations, kind);
  for (auto const& one : data.stations) {
    auto const place = data.map.place(one.x, one.y);
    data.places.insert(data.places.end(), place.begin(), place.end());
  }
  for (auto const& remark : remarks_on_places(data)) {
    remarks.push_back((places_in_rows ? readings_name : stations_name) + ": " + remark);
  }
  return data;
}

std::string data_checksum(std::vector<std::string_view> const& files) {
  std::string all;
  for (auto const& one : files) all += (all.empty() ? "" : " ") + examples::sha256(one);
  return examples::sha256(all);
}

series read_network(std::filesystem::path const& readings, std::filesystem::path const& stations, coordinate_kind kind,
                    provenance origin, std::vector<std::string>* notes, csv_choice const& how) {
  auto const values = read_bytes(readings);
  auto const places = stations.empty() ? std::string{} : read_bytes(stations);
  origin.checksum = stations.empty() ? data_checksum({values}) : data_checksum({values, places});
  if (origin.source.empty()) {
    origin.source = stations.empty() ? "file " + readings.filename().string()
                                     : "files " + readings.filename().string() + " and " + stations.filename().string();
  }
  return parse_network(values, readings.string(), places, stations.string(), kind, std::move(origin), notes, how);
}

std::string quoted(std::string const& cell) {
  if (cell.find_first_of(",\"\n \t") == std::string::npos) return cell;
  std::string out{"\""};
  for (auto const c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
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
  std::string stations{"station,x,y"};
  for (auto const& side : data.sides) stations += ',' + quoted(side);
  for (index_t s = 0; s < data.station_count(); ++s) {
    auto const& one = data.stations[static_cast<std::size_t>(s)];
    std::snprintf(text, sizeof text, ",%.6f,%.6f", one.x, one.y);
    stations += '\n' + quoted(one.code) + text;
    for (index_t k = 0; k < std::ssize(data.sides); ++k) stations += ',' + with_digits(data.side(s, k));
  }
  stations += '\n';
  examples::write_file(folder / "readings.csv", readings);
  examples::write_file(folder / "stations.csv", stations);
}

}  // namespace sensors
