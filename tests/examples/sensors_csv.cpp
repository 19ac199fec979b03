// The user's two CSV files: what is read, and that a bad row is named instead of dropped.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "sensors/csv.hpp"
#include "sensors/text_file.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using s2rm::test::contains;
using sensors::coordinate_kind;
using sensors::data_error;
using sensors::parse_network;

namespace {

constexpr char const* two_stations = "station,x,y\nA,-8,52\nB,-6,53\n";

sensors::series read(std::string const& readings, std::string const& stations = two_stations,
                     std::vector<std::string>* notes = nullptr) {
  return parse_network(readings, "r.csv", stations, "s.csv", coordinate_kind::degrees, {}, notes);
}

std::string complaint(std::string const& readings, std::string const& stations = two_stations) {
  try {
    read(readings, stations);
  } catch (data_error const& error) {
    return error.what();
  }
  return "no complaint";
}

}  // namespace

TEST_CASE("readings land in their cell whatever the order of rows and columns") {
  std::vector<std::string> notes;
  auto const data = read("value,who,station,time\r\n2.5,x,B,2001-01-03\r\n\r\n1.5,y,A,2001-01-01\r\nNA,z,A,2001-01-02",
                         two_stations, &notes);
  REQUIRE(data.times == 3);
  REQUIRE(data.station_count() == 2);
  CHECK(data.step.seconds == 86400);
  CHECK(data.at(0, 0) == 1.5);
  CHECK(data.at(2, 1) == 2.5);
  CHECK(data.present_count() == 2);
  CHECK_FALSE(data.present(1, 0));
  CHECK(sensors::time_text(data.time(2)) == "2001-01-03");
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], contains("'who'"));
}

TEST_CASE("a missing reading is an absent row, an empty value or NA") {
  auto const data = read("time,station,value\n2001-01-01,A,\n2001-01-01,B,NA\n2001-01-02,A,nan\n2001-01-03,B,0\n");
  CHECK(data.times == 3);
  CHECK(data.present_count() == 1);
  CHECK(data.at(2, 1) == 0.0);
}

TEST_CASE("quotes, a byte order mark, comments and hours are understood") {
  auto const data = parse_network(
      "\xef\xbb\xbftime,station,value\n# hourly\n\"2001-01-01 06:00\",\"A, \"\"north\"\"\",+1e1\n"
      "2001-01-01T09:00:00Z,B,2\n2001-01-01T18:00,B,3\n",
      "r.csv", "station,x,y\n\"A, \"\"north\"\"\",0,0\nB,3,4\n", "s.csv", coordinate_kind::kilometres, {});
  CHECK(data.stations[0].code == "A, \"north\"");
  CHECK(data.step.seconds == 3 * 3600);
  CHECK(data.times == 5);
  CHECK(data.at(0, 0) == 10.0);
  CHECK(data.at(4, 1) == 3.0);
  CHECK(data.distance_km(0, 1) == 5.0);
}

TEST_CASE("every bad row is named: file, line, column, expected, found") {
  CHECK(complaint("time,station,value\n2001-01-01,A,1\n2001-02-30,A,1\n") ==
        "r.csv, line 3, column time: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], found '2001-02-30'");
  CHECK_THAT(complaint("time,station,value\n2001-01-01,C,1\n"),
             contains("r.csv, line 2, column station: expected a code of s.csv, found 'C'"));
  for (auto const* bad : {"1,5", "1.5kn", "inf", "0x10", "1e999"}) {
    CHECK_THAT(complaint("time,station,value\n2001-01-01,A,\"" + std::string{bad} + "\"\n"),
               contains("line 2, column value") && contains("found '" + std::string{bad} + "'"));
  }
  CHECK_THAT(complaint("time,station,value\n2001-01-01,A,1,5\n"), contains("line 2") && contains("3 cells"));
  CHECK_THAT(complaint("time,station,value\n2001-01-01,\"A,1\n"), contains("line 2") && contains("closing quote"));
  CHECK_THAT(complaint("time,station\n"), contains("line 1, column value: expected a column with this name"));
  CHECK_THAT(complaint("time,station,value\n"), contains("found none"));
  CHECK_THAT(complaint(""), contains("header"));
  CHECK_THAT(complaint("time,station,value\n2001-01-01,A,1\n2001-01-01,B,1\n2001-01-01,A,2\n"),
             contains("line 4, column time: expected one reading per time and station") && contains("line 2"));
  // Two bad rows are two complaints.
  auto const both = complaint("time,station,value\nx,A,1\n2001-01-01,A,y\n");
  CHECK_THAT(both, contains("line 2, column time") && contains("line 3, column value"));
}

TEST_CASE("bad stations are named as well") {
  std::string const good{"time,station,value\n2001-01-01,A,1\n"};
  CHECK_THAT(complaint(good, "station,x,y\nA,52d10'N,3\n"), contains("s.csv, line 2, column x") && contains("52d10'N"));
  CHECK_THAT(complaint(good, "station,x,y\nA,1,91\n"), contains("line 2, column y: expected latitude"));
  CHECK_THAT(complaint(good, "station,x,y\nA,1,1\nA,2,2\n"), contains("line 3, column station"));
  CHECK_THAT(complaint(good, "station,x,y\n"), contains("at least one station"));
}

TEST_CASE("one wrong time stamp does not make an endless grid") {
  CHECK_THAT(complaint("time,station,value\n0001-01-01T00:00:01,A,1\n2001-01-01,A,1\n2001-01-02,B,1\n"),
             contains("expected regular times"));
}

TEST_CASE("a header that names a column twice, or too many") {
  CHECK_THAT(complaint("time,station,value,time\n2001-01-01,A,1,2001-01-01\n"),
             contains("r.csv, line 1, column time: expected one column with this name in the header, not several"));
  std::string wide = "time,station,value";
  for (int i = 0; i < 1000; ++i) wide += ",c" + std::to_string(i);
  CHECK_THAT(complaint(wide + "\n"), contains("expected at most 1000 columns, found 'more'"));
}

TEST_CASE("a few readings make no large grid") {
  // One second apart, two years long: 63 million steps for three readings.
  CHECK_THAT(complaint("time,station,value\n2001-01-01T00:00:00,A,1\n2001-01-01T00:00:01,A,1\n2003-01-01,A,1\n"),
             contains("steps for 3 readings: expected regular times"));
  CHECK_THAT(complaint("time,station,value\n0001-01-01,A,1\n9999-12-31,A,1\n"), contains("no complaint"));
}

TEST_CASE("at most ten complaints, each short") {
  std::string rows{"time,station,value\n"};
  for (int i = 0; i < 12; ++i) rows += "2001-01-01,A," + std::string(100, 'x') + "\n";
  auto const text = complaint(rows);
  CHECK(std::count(text.begin(), text.end(), '\n') == 10);
  CHECK_THAT(text, contains("line 11") && !contains("line 12") && contains("... and 2 more"));
  CHECK_THAT(text, contains("'" + std::string(60, 'x') + "'"));
}

TEST_CASE("what stands behind a closing quote is a complaint") {
  CHECK_THAT(complaint("time,station,value\n2001-01-01,\"A\"B,1\n"), contains("line 2") && contains("closing quote"));
  CHECK(complaint("time,station,value\n2001-01-01, \"A\" \t,1\n") == "no complaint");
}

TEST_CASE("stations without a code, east of everything, or without a reading") {
  std::string const good{"time,station,value\n2001-01-01,A,1\n2001-01-01,B,NA\n"};
  CHECK_THAT(complaint(good, "station,x,y\n,1,1\n"), contains("line 2, column station: expected a code, found ''"));
  CHECK_THAT(complaint(good, "station,x,y\nA,361,1\n"), contains("line 2, column x: expected longitude"));
  std::vector<std::string> notes;
  auto const data = read(good, two_stations, &notes);
  CHECK(data.step.seconds == 86400);  // one time alone: a day
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "r.csv: station 'B' has no reading");
}

TEST_CASE("places do not leave [-1, 1] by a rounding") {
  // The middle of -8 and -6.2 is rounded, and -8 farther from it than -6.2 (found by a fuzzer).
  auto const data = read("time,station,value\n2001-01-01,A,1\n", "station,x,y\nA,-8,52\nB,-6.2,53\n");
  for (auto const place : data.places) CHECK((place >= -1 && place <= 1));
}

TEST_CASE("a network that is written is read as it was") {
  s2rm::test::temporary_folder const folder;
  auto const made = parse_network(
      "time,station,value\n2001-01-01,\" A, \"\"north\"\"\",1.5\n2001-01-02,B,-2\n2001-01-04,B,0.25\n", "r.csv",
      "station,x,y\n\" A, \"\"north\"\"\",-8,52\nB,-6,53\n", "s.csv", coordinate_kind::degrees, {});
  write_network(made, folder.path());
  auto const r = folder / "readings.csv", s = folder / "stations.csv";
  auto const written = s2rm::test::read_text(r);
  CHECK(std::count(written.begin(), written.end(), '\n') == 4);  // what is missing has no row
  auto const back = sensors::read_network(r, s, coordinate_kind::degrees, {});
  CHECK(back.stations[0].code == " A, \"north\"");
  CHECK(back.times == 4);
  CHECK(back.present_count() == 3);
  CHECK(back.at(0, 0) == 1.5);
  CHECK(back.at(1, 1) == -2);
  CHECK(back.at(3, 1) == 0.25);
  CHECK(back.places == made.places);
  CHECK(back.origin.source == "files readings.csv and stations.csv");
  CHECK(back.origin.checksum == sensors::data_checksum({s2rm::test::read_text(r), s2rm::test::read_text(s)}));
  sensors::provenance origin;
  origin.source = "a book";
  CHECK(sensors::read_network(r, s, coordinate_kind::degrees, origin).origin.source == "a book");
}

// One network, and the many ways in which its table may be written.
namespace {

using sensors::time_stamp;

constexpr char const* four_stations = "station,x,y\nP1,-8.2,51.8\nP2,-7.1,52.6\nP3,-6.4,53.5\nP4,-9.0,53.3\n";
constexpr int hours = 60;
time_stamp const begin = sensors::midnight({2023, 3, 1});

/// How a table is written; the network is always the same.
struct writing {
  std::string header = "time,station,value\n";
  char delimiter = ',';
  std::string end = "\n";
  std::function<std::string(time_stamp)> time = [](time_stamp t) { return sensors::time_text(t); };
  std::function<std::string(std::string)> value = [](std::string text) { return text; };
};

std::string table(writing const& as) {
  auto text = as.header;
  for (int hour = 0; hour < hours; ++hour) {
    for (int s = 0; s < 4; ++s) {
      char value[16];
      std::snprintf(value, sizeof value, "%.2f", 10 + 4 * std::sin(0.7 * hour + s) + 0.01 * hour);
      text += as.time(begin + 3600 * hour) + as.delimiter + 'P' + std::to_string(1 + s) + as.delimiter +
              as.value(value) + as.end;
    }
  }
  return text;
}

std::string utf16(std::string const& text, bool big, bool mark) {
  std::string made;
  auto const add = [&](unsigned char high, unsigned char low) {
    made += static_cast<char>(big ? high : low);
    made += static_cast<char>(big ? low : high);
  };
  if (mark) add(0xfe, 0xff);
  for (auto const c : text) add(0, static_cast<unsigned char>(c));
  return made;
}

struct read_back {
  sensors::series data;
  std::vector<std::string> notes;
};

read_back read_four(std::string const& text, sensors::csv_choice const& how = {},
                    std::string const& stations = four_stations) {
  read_back result;
  result.data = parse_network(text, "r.csv", stations, "s.csv", coordinate_kind::degrees, {}, &result.notes, how);
  return result;
}

std::string all_of(std::vector<std::string> const& notes) {
  std::string text;
  for (auto const& one : notes) text += one + "\n";
  return text;
}

}  // namespace

TEST_CASE("one network in many writings is one series") {
  auto const plain = read_four(table({}));
  REQUIRE(plain.data.present_count() == 4 * hours);
  CHECK(plain.notes.empty());
  auto const same = [&](char const* what, std::string const& text, char const* note = nullptr,
                        sensors::csv_choice const& how = {}, std::string const& stations = four_stations) {
    INFO(what);
    auto const back = read_four(text, how, stations);
    CHECK(back.data.values == plain.data.values);
    CHECK(back.data.first == plain.data.first);
    CHECK(back.data.step.seconds == 3600);
    CHECK(back.data.places == plain.data.places);
    INFO(all_of(back.notes));
    CHECK(back.notes.size() == (note == nullptr ? 0U : 1U));
    if (note != nullptr) CHECK_THAT(all_of(back.notes), contains(note));
  };
  auto const timed = [](std::function<std::string(time_stamp)> time) { return table({.time = std::move(time)}); };
  auto const clock = [](time_stamp t, char const* form) {
    auto const date = sensors::date_of(t);
    char text[64];
    std::snprintf(text, sizeof text, form, date.year, date.month, date.day, static_cast<int>(t / 3600 % 24));
    return std::string{text};
  };
  same("24:00", timed([&](time_stamp t) {
         return t % 86400 == 0 ? sensors::time_text(t - 86400) + "T24:00" : sensors::time_text(t);
       }));
  same("+00:00", timed([&](time_stamp t) { return clock(t, "%04d-%02d-%02dT%02d:00:00+00:00"); }));
  same("+0200", timed([&](time_stamp t) { return clock(t + 7200, "%04d-%02d-%02d %02d:00+0200"); }));
  same("-03", timed([&](time_stamp t) { return clock(t - 3 * 3600, "%04d-%02d-%02dT%02d:00-03"); }));
  same("a time zone that changes", timed([&](time_stamp t) {
         return t < begin + 86400 ? clock(t + 3600, "%04d-%02d-%02d %02d:00+01:00")
                                  : clock(t + 7200, "%04d-%02d-%02d %02d:00+02:00");
       }));
  same("Z", timed([&](time_stamp t) { return clock(t, "%04d-%02d-%02dT%02d:00:00Z"); }));
  same("UTC", timed([&](time_stamp t) { return clock(t, "%04d-%02d-%02d %02d:00:00 UTC"); }));
  same("fractions", timed([&](time_stamp t) { return clock(t, "%04d-%02d-%02d %02d:00:00.000000"); }));
  same("almost the hour", timed([&](time_stamp t) { return clock(t - 3600, "%04d-%02d-%02d %02d:59:59.6"); }));
  same("hours alone", timed([&](time_stamp t) { return clock(t, "%04d-%02d-%02dT%02d"); }));
  same("hours of one digit", timed([&](time_stamp t) {
         return clock(t, t / 36000 % 2 == 0 && t / 3600 % 24 < 10 ? "%04d-%02d-%02d %d:00" : "%04d-%02d-%02d %02d:00");
       }));
  same("slashes", timed([&](time_stamp t) { return clock(t, "%04d/%02d/%02d %02d:00"); }));

  auto const comma = [](std::string text) {
    std::replace(text.begin(), text.end(), '.', ',');
    return text;
  };
  same("semicolon", table({"time;station;value\n", ';'}));
  same("semicolon and decimal comma", table({.header = "time;station;value\n", .delimiter = ';', .value = comma}));
  same("Excel's first line", table({.header = "sep=;\ntime;station;value\n", .delimiter = ';', .value = comma}));
  same("tab", table({"time\tstation\tvalue\n", '\t'}));
  same("bar", table({"time|station|value\n", '|'}));
  same("case", table({" Time,STATION,Value\n"}));
  same("header in a comment", table({"# made by a logger\n# time,station,value\n"}));
  same("units", table({"time,station,value\nUTC,,ug/m3\n"}), "line 2 holds no number");
  same("units of stations", table({}), "s.csv: line 2 holds no number", {},
       std::string{four_stations}.insert(12, "-,degrees east,degrees north\n"));
  same("commas at the end", table({.header = "time,station,value,\r\n", .end = ",\r\n"}));
  same("commas at the end of the rows", table({.end = ",\n"}));
  same("empty rows of a spreadsheet", table({}) + ",,\n,,\n");
  same("line ends of old Macs", table({.header = "time,station,value\r", .end = "\r"}));
  same("UTF-8 with a mark", "\xef\xbb\xbf" + table({}));
  for (auto const big : {false, true}) {
    same("UTF-16", utf16(table({}), big, true));
    same("UTF-16 without a mark", utf16(table({}), big, false));
  }
  sensors::csv_choice declared;
  declared.encoding = "UTF-16LE";
  CHECK(read_four(utf16(table({}), false, false), declared, utf16(four_stations, false, false)).data.values ==
        plain.data.values);
  same("logger seconds", timed([](time_stamp t) { return sensors::time_text(t + t / 3600 % 7); }),
       "readings move, by at most 6 s");
}

TEST_CASE("words for a missing reading, those of --missing, and a note where a number looks like one") {
  for (auto const* word : {"NA", "N/A", "n/a", "#N/A", "None", "NULL", "NaN", "-nan", "<NA>", "-", "--", "\"\""}) {
    INFO(word);
    CHECK_FALSE(read("time,station,value\n2001-01-01,A," + std::string{word} + "\n2001-01-02,A,1\n").present(0, 0));
  }
  for (auto const* word : {"M", "T", "<0.5", "#VALUE!", "---"}) {
    CHECK_THAT(complaint("time,station,value\n2001-01-01,A," + std::string{word} + "\n"), contains("--missing"));
  }
  // Every seventh reading is replaced.
  auto const with = [](char const* word) {
    int row = 0;
    return table({.value = [=](std::string text) mutable { return row++ % 7 == 3 ? word : text; }});
  };
  auto const gaps = read_four(with("NA"));
  auto const same = [&](sensors::series const& other) {
    return std::equal(other.values.begin(), other.values.end(), gaps.data.values.begin(), gaps.data.values.end(),
                      [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); });
  };
  CHECK(gaps.notes.empty());
  for (auto const* word : {"-999", "-999.0", "9999.9", "1e20", "-99", "M", "T"}) {
    INFO(word);
    if (sensors::parse_time(word) == std::nullopt && std::strpbrk(word, "0123456789") != nullptr) {
      auto const back = read_four(with(word));
      CHECK_FALSE(same(back.data));
      CHECK_THAT(all_of(back.notes), contains("34 values are ") && contains("--missing="));
    }
    sensors::csv_choice how;
    how.missing = {"-999", "9999.9", "1e20", "-99", "M", "T"};
    auto const back = read_four(with(word), how);
    CHECK(same(back.data));
    CHECK(back.notes.size() == how.missing.size());
    CHECK_THAT(all_of(back.notes), contains("of --missing stands 34 times") && contains("of --missing stands 0 times"));
  }
  // A number that is not short: what the note says is found again.
  auto const single = read_four(with("9.9692099683868690e+36"));
  REQUIRE(single.notes.size() == 1);
  sensors::csv_choice said;
  said.missing = {single.notes[0].substr(single.notes[0].rfind('=') + 1)};
  CHECK(same(read_four(with("9.9692099683868690e+36"), said).data));
  // Two such numbers at once, on both sides and on one.
  int row = 0;
  auto const both = table({.value = [&](std::string text) {
    ++row;
    return row % 9 == 0 ? "-999" : row % 11 == 0 ? "-9999" : row % 13 == 0 ? "9999" : text;
  }});
  auto const notes = all_of(read_four(both).notes);
  CHECK_THAT(notes, contains("--missing=-999\n") && contains("--missing=-9999\n") && contains("--missing=9999\n"));
  // A single typing error is no word, a single -999.9 is.
  row = 0;
  CHECK(read_four(table({.value = [&](std::string text) { return ++row == 5 ? "512" : text; }})).notes.empty());
  row = 0;
  CHECK_THAT(all_of(read_four(table({.value = [&](std::string text) { return ++row == 5 ? "-999.9" : text; }})).notes),
             contains("1 value is -999.9"));
}

TEST_CASE("what can be meant in two ways is refused, or said") {
  CHECK_THAT(complaint("time,station,value\n01/02/2020,A,1\n"), contains("which number is the day"));
  CHECK_THAT(complaint("time,station,value\n1.2.2020,A,1\n"), contains("which number is the day"));
  CHECK_THAT(complaint("time;station;value\n2020-01-01;A;1,234\n2020-01-02;A;1.234\n"),
             contains("expected one decimal mark, found 1 numbers with a comma and 1 with a point"));
  CHECK_THAT(complaint("time;station;value\n2020-01-01;A;1.234,5\n"), contains("found '1.234,5'"));
  CHECK_THAT(complaint("time;station,value\n2020-01-01;A,1\n"), contains("a column with this name in the header"));
  std::vector<std::string> notes;
  static_cast<void>(read("time,station,value\n2020-01-01,A,1\n2020-01-02T00:00Z,A,1\n", two_stations, &notes));
  CHECK_THAT(all_of(notes), contains("1 of 2 times name their zone"));
  for (auto const* bad : {"2020-01-01T24:01", "2020-01-01T00:00+", "2020-01-01T00:00+1", "2020-01-01T00:00 CET",
                          "2020-01-01T12:00 PM", "2020-13", "1577836800", "20200101", "2020-01-01Z", "2020/01"}) {
    INFO(bad);
    CHECK_THAT(complaint("time,station,value\n" + std::string{bad} + ",A,1\n"), contains("column time"));
  }
  CHECK(sensors::parse_time("2020") == sensors::midnight({2020, 1, 1}));
  CHECK(sensors::parse_time("2020-02") == sensors::midnight({2020, 2, 1}));
  CHECK(sensors::parse_time("2016-12-31T23:59:60Z") == sensors::midnight({2017, 1, 1}));
}

TEST_CASE("encodings: what comes out is UTF-8") {
  std::string const latin_stations{"station,x,y\nM\xe2lin,-8,52\n"},
      latin{"time,station,value\n2001-01-01,M\xe2lin,1\n"};
  auto const back = read_four(latin, {}, latin_stations);
  CHECK(back.data.stations[0].code == "M\u00e2lin");
  CHECK(back.notes.size() == 2);
  CHECK_THAT(all_of(back.notes), contains("r.csv: is not UTF-8, read as Windows-1252 (Latin-1)"));
  // One file in Latin-1, the other in UTF-8.
  CHECK(read_four(latin, {}, "station,x,y\nM\u00e2lin,-8,52\n").data.present_count() == 1);
  sensors::csv_choice how;
  how.encoding = "ISO-8859-2";
  CHECK(read_four("time,station,value\n2001-01-01,\xb1,1\n", how, "station,x,y\n\xb1,-8,52\n").data.stations[0].code ==
        "\u0105");
  CHECK(read_four(utf16("time,station,value\n2001-01-01,A,1\n", true, true), how, "station,x,y\nA,1,1\n").data.times ==
        1);
  how.encoding = "no such";
  CHECK_THROWS_WITH(read_four(latin, how), contains("s.csv: expected text in no such") && contains("--encoding"));
  CHECK_THROWS_WITH(read_four(std::string{"time,station\0,value\n", 20}), contains("bytes that are 0"));
  CHECK_THROWS_WITH(read_four("\xff\xfe\x41"), contains("expected text in UTF-16"));
}

TEST_CASE("compressed tables, and those from a pipe") {
  s2rm::test::temporary_folder const folder;
  auto const text = table({});
  s2rm::test::write_text(folder / "r.csv", text);
  auto const written = [&](char const* program) {
    auto const packed = folder / program;
    REQUIRE(std::system((std::string{program} + " -c " + (folder / "r.csv") + " > " + packed).c_str()) == 0);
    return packed;
  };
  CHECK(sensors::read_bytes(folder / "r.csv") == text);
  CHECK(sensors::read_bytes(written("gzip")) == text);
  for (auto const* program : {"bzip2", "xz", "zstd"}) {
    if (std::system((std::string{"command -v "} + program + " > /dev/null").c_str()) != 0) continue;
    CHECK(sensors::read_bytes(written(program)) == text);
  }
  auto const packed = s2rm::test::read_text(folder / "gzip");
  s2rm::test::write_text(folder / "cut", packed.substr(0, packed.size() / 2));
  CHECK_THROWS_WITH(sensors::read_bytes(folder / "cut"), contains("cut") && contains("truncated"));
  s2rm::test::write_text(folder / "book.xlsx", "PK\x03\x04 and so on");
  CHECK_THROWS_WITH(sensors::read_bytes(folder / "book.xlsx"), contains("export its sheet as CSV"));
  s2rm::test::write_text(folder / "empty", "");
  CHECK(sensors::read_bytes(folder / "empty").empty());
  CHECK_THROWS_WITH(sensors::read_bytes(folder / "none"), contains("none"));
  CHECK_THROWS_WITH(sensors::read_bytes(folder.path()), contains("found a folder"));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  CHECK(sensors::read_bytes("/dev/fd/" + std::to_string(ends[0])) == text);
  ::close(ends[0]);
}

TEST_CASE("coordinates that are likely meant in another way") {
  std::string const good{"time,station,value\n2001-01-01,A,1\n"};
  CHECK_THAT(complaint(good, "station,x,y\nA,53.3,-122\n"), contains("are they exchanged?"));
  auto const remarks = [&](std::string const& stations, coordinate_kind kind) {
    std::vector<std::string> notes;
    static_cast<void>(parse_network(good, "r.csv", stations, "s.csv", kind, {}, &notes));
    return all_of(notes);
  };
  CHECK_THAT(remarks("station,x,y\nA,0,0\nB,90000,20000\n", coordinate_kind::kilometres),
             contains("are x and y metres?"));
  CHECK_THAT(remarks("station,x,y\nA,5,5\nB,5,5\n", coordinate_kind::kilometres),
             contains("all stations are at one place"));
  CHECK_THAT(remarks("station,x,y\nA,-100,40\nB,100,-30\n", coordinate_kind::degrees),
             contains("is x the longitude and y the latitude?"));
  CHECK_THAT(remarks("station,x,y\nA,0,-85\nB,90,-85\nC,180,-85\nD,270,-85\n", coordinate_kind::degrees),
             contains("too near a pole"));
}

TEST_CASE("one table may hold places and several variables; a station that moves is several") {
  std::string const table =
      "time,station,X,y,Wind,temperature\n"
      "2001-01-01,A,-8,52,3,10\n"
      "2001-01-01,B,-6,53,4,11\n"
      "2001-01-02,A,-8,52,5,\n"
      "2001-01-02,B,-6,53.5,6,13\n"
      "2001-01-03,A,-8,52,7,14\n"
      "2001-01-03,B,-6,53,8,15\n";
  auto const of = [&](std::string const& text, std::string const& variable, std::vector<std::string>* notes = nullptr) {
    sensors::csv_choice how;
    how.value = variable;
    return parse_network(text, "t.csv", "", "", coordinate_kind::degrees, {}, notes, how);
  };
  std::vector<std::string> notes;
  auto const wind = of(table, "wind", &notes);
  REQUIRE(wind.station_count() == 3);
  CHECK(wind.stations[0].code == "A");
  CHECK(wind.stations[1].code == "B");
  CHECK(wind.stations[2].code == "B#2");
  CHECK(wind.stations[2].y == 53.5);
  CHECK(wind.at(1, 0) == 5);
  CHECK(wind.at(2, 1) == 8);
  CHECK_FALSE(wind.present(1, 1));
  CHECK(wind.at(1, 2) == 6);
  CHECK_THAT(all_of(notes), contains("station 'B' stands at 2 places; each is a station of its own, 'B' and 'B#2'"));
  CHECK_THAT(all_of(notes), contains("temperature"));  // which is not used
  auto const temperature = of(table, "Temperature");
  CHECK(temperature.at(2, 0) == 14);
  CHECK_FALSE(temperature.present(1, 0));
  auto const complaint_about = [&](std::string const& text, std::string const& variable) {
    try {
      static_cast<void>(of(text, variable));
    } catch (data_error const& error) {
      return std::string{error.what()};
    }
    return std::string{"nothing"};
  };
  CHECK_THAT(complaint_about(table, "rain"), contains("rain"));
  CHECK_THAT(complaint_about("time,station,x,y,value\n2001-01-01,A,-8,95,3\n", "value"),
             contains("t.csv, line 2, column y: expected latitude"));
  CHECK_THAT(complaint_about("time,station,x,y,value\n2001-01-01,A,,5,3\n", "value"), contains("line 2, column x"));
  CHECK_THAT(complaint_about("time,station,x,y,value\n2001-01-01,,1,5,3\n", "value"),
             contains("column station: expected a code"));
  CHECK_THAT(complaint_about("time,station,value\n2001-01-01,A,3\n", "value"), contains("x"));
}

TEST_CASE("side columns are numbers that every station has, of a table of stations or of one table for all") {
  std::string const days = "time,station,value\n2001-01-01,A,1\n2001-01-02,B,2\n";
  auto const with = [&](std::vector<std::string> const& sides, std::string const& readings,
                        std::string const& stations) {
    sensors::csv_choice how;
    how.sides = sides;
    return parse_network(readings, "r.csv", stations, stations.empty() ? "" : "s.csv", coordinate_kind::degrees, {},
                         nullptr, how);
  };
  auto const complaint_of = [&](std::vector<std::string> const& sides, std::string const& readings,
                                std::string const& stations) -> std::string {
    try {
      return with(sides, readings, stations).sides.empty() ? "no side" : "no complaint";
    } catch (data_error const& error) {
      return error.what();
    }
  };
  auto const two = with({"coast", "Height"}, days, "station;HEIGHT;x;y;Coast\nA;12,5;-8;52;3\nB;-2;-6;53;0\n");
  CHECK(two.sides == std::vector<std::string>{"coast", "Height"});
  CHECK(two.side_values == std::vector<double>{3, 12.5, 0, -2});
  CHECK(two.side(1, two.side_index("Height")) == -2);
  s2rm::test::temporary_folder const folder;
  write_network(two, folder.path());
  sensors::csv_choice how;
  how.sides = two.sides;
  CHECK(sensors::read_network(folder / "readings.csv", folder / "stations.csv", coordinate_kind::degrees, {}, nullptr,
                              how)
            .side_values == two.side_values);
  CHECK(read(days).sides.empty());

  auto const one = with({"coast"},
                        "time,station,coast,value,x,y\n2001-01-01,A,3,1,-8,52\n2001-01-02,B,4,1,-6,53\n"
                        "2001-01-02,A,3,1,-8,52\n2001-01-03,A,7,1,-7,52\n",
                        "");
  CHECK(one.side_values == std::vector<double>{3, 4, 7});  // A has moved: a station of its own
  CHECK_THAT(
      complaint_of({"coast"}, "time,station,coast,value,x,y\n2001-01-01,A,3,1,-8,52\n2001-01-02,A,4,1,-8,52\n", ""),
      contains("r.csv, line 3, column coast: expected the same number in all rows of a station, here 3, found '4'"));

  CHECK_THAT(complaint_of({"coast"}, days, two_stations),
             contains("s.csv, line 1, column coast: expected a column with this name in the header"));
  for (std::string const cell : {"", "NA", "near", "inf"}) {
    CHECK_THAT(complaint_of({"coast"}, days, "station,x,y,coast\nA,-8,52,1\nB,-6,53," + cell + "\n"),
               contains("s.csv, line 3, column coast: expected a finite number with a decimal point, of every station, "
                        "found '" +
                        cell + "'"));
  }
  for (std::string const name : {"x", "Station", ""}) {
    CHECK_THAT(complaint_of({name}, days, two_stations),
               contains("expected names of further columns, each once, found"));
  }
  CHECK_THAT(complaint_of({"coast", "COAST"}, days, two_stations), contains("each once, found 'COAST'"));
}
