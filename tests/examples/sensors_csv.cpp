// The user's two CSV files: what is read, and that a bad row is named instead of dropped.
#include <algorithm>
#include <cmath>

#include "sensors/csv.hpp"
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
  CHECK(data.step == 86400);
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
  CHECK(data.step == 3 * 3600);
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
  CHECK(data.step == 86400);  // one time alone: a day
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
  CHECK(back.origin.checksum == sensors::data_checksum(s2rm::test::read_text(r), s2rm::test::read_text(s)));
  sensors::provenance origin;
  origin.source = "a book";
  CHECK(sensors::read_network(r, s, coordinate_kind::degrees, origin).origin.source == "a book");
}
