// The examples' text files at their worst: of at most 1 MiB, refused in bounded memory and time; and every bit of a good one
// changed, every byte of it missing.
#include <cmath>

#include "experiment/record.hpp"
#include "sensors/csv.hpp"
#include "sensors/results.hpp"
#include "support/catch.hpp"
#include "support/cost.hpp"
#include "support/files.hpp"

using s2rm::test::many;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// What is read is text, and what it says is kept until all of it is understood: that takes more than the file's own size,
/// but never more than so many times that.
constexpr long max_bytes = 24L << 20;
constexpr double max_milliseconds = 200;

template <class Read>
void bounded(std::string const& what, std::string const& text, Read const& read) {
  INFO(what);
  REQUIRE(text.size() <= mebibyte);
  auto const cost = s2rm::test::cost_of_refusal<std::runtime_error>([&] { read(text); });
  UNSCOPED_INFO(what << ": " << cost.bytes / 1024 << " KiB, " << cost.milliseconds << " ms");
  CHECK(cost.refused);
  CHECK(cost.kept <= 4096);
  CHECK(cost.bytes < max_bytes);
  CHECK(cost.milliseconds < s2rm::test::allowed_milliseconds(max_milliseconds));
}

std::string a_record() {
  examples::run_record r;
  r.model = "s2gru";
  r.title = "S2GRU";
  r.seed = -7;
  r.steps = 40;
  r.step = {20, 40};
  r.loss = {0.625, std::nan("")};
  r.validation_step = {40};
  r.validation = {{"bce", {0.25}}, {"f1", {0.5}}};
  r.test["f1"] = 0.75;
  r.manifest = "made by hand";
  s2rm::test::temporary_folder const folder;
  r.write(folder / "run.json");
  return s2rm::test::read_text(folder / "run.json");
}

std::string a_log() {
  sensors::training_log log;
  sensors::fit_history h;
  h.step = {1, 2};
  h.loss = {0.5, std::nan("")};
  h.steps = 2;
  log.set("forecast", 3, h);
  s2rm::test::temporary_folder const folder;
  log.write(folder / "training.json");
  return s2rm::test::read_text(folder / "training.json");
}

void read_record(std::string const& text) {
  auto const r = examples::run_record::parse(text, "run.json");
  CHECK(r.loss.size() == r.step.size());
  for (auto const& [measure, curve] : r.validation) CHECK(curve.size() == r.validation_step.size());
  CHECK(r.steps >= 0);
}

void read_log(std::string const& text) {
  sensors::training_log log;
  log.parse(text, "training.json");
  if (auto const* h = log.find("forecast", 3)) CHECK(h->loss.size() == h->step.size());
}

constexpr char const* stations = "station,x,y\nA,-8,52\n\"B, north\",-6,53\n";
constexpr char const* readings =
    "time,station,value\n2001-01-01T06:00,A,1.5\n2001-01-01T12:00,\"B, north\",-2e1\n2001-01-02,A,NA\n";

void read_series(std::string const& of_readings, std::string const& of_stations) {
  auto const data =
      sensors::parse_network(of_readings, "r.csv", of_stations, "s.csv", sensors::coordinate_kind::degrees, {});
  CHECK(data.times > 0);
  CHECK(data.station_count() > 0);
  CHECK(data.values.size() == static_cast<std::size_t>(data.times * data.station_count()));
  CHECK(data.values.size() <= 200'000);
  for (auto const place : data.places) CHECK((place >= -1 && place <= 1));
}

/// Calls `read` on the text with every single bit changed, and on every beginning of it. Each is taken, or refused by an
/// error that names `source`. Returns how many were refused.
template <class Read>
int mutated(std::string const& good, char const* source, Read const& read) {
  int refused = 0;
  auto const held = [&](std::string const& text) {
    try {
      read(text);
    } catch (std::runtime_error const& error) {
      ++refused;
      if (std::string_view(error.what()).find(source) == std::string_view::npos) FAIL_CHECK(error.what());
    }
  };
  REQUIRE_NOTHROW(read(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto text = good;
      text[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ (1U << bit));
      held(text);
    }
  }
  for (std::size_t length = 0; length < good.size(); ++length) held(good.substr(0, length));
  return refused;
}

}  // namespace

TEST_CASE("text files: any bit changed, any end missing") {
  auto const record = a_record();
  CHECK(mutated(record, "run.json", read_record) > static_cast<int>(record.size()));
  auto const log = a_log();
  CHECK(mutated(log, "training.json", read_log) > static_cast<int>(log.size()));
  CHECK(mutated(readings, ".csv", [](std::string const& text) { read_series(text, stations); }) > 500);
  CHECK(mutated(stations, ".csv", [](std::string const& text) { read_series(readings, text); }) > 100);
}

TEST_CASE("text files: JSON that wants much") {
  struct hostile {
    char const* what;
    std::string text;
  };
  auto const number = [](int i) { return std::to_string(i); };
  std::size_t const size = mebibyte;
  std::vector<hostile> const all{
      {"brackets", many(
                       "", [](int) { return "["; }, "", size)},
      {"braces", many(
                     "", [](int) { return "{\"a\":"; }, "", size)},
      {"lists", many(
                    "[", [](int) { return "[],"; }, "[]]", size)},
      {"numbers", many(
                      "[", [](int) { return "0,"; }, "0]", size)},
      {"digits", many(
                     "[", [](int) { return "1"; }, "]", size)},
      {"keys", many(
                   "{", [&](int i) { return '"' + number(i) + "\":0,"; }, "\"x\":0}", size)},
      {"a key twice, at the end", many(
                                      "{", [&](int i) { return '"' + number(i) + "\":0,"; }, "\"0\":0}", size)},
      {"a name", many(
                     "{\"", [](int) { return "n"; }, "\":0}", size)},
      {"a text", many(
                     "[\"", [](int) { return "t"; }, "\"]", size)},
      {"escapes", many(
                      "[\"", [](int) { return "\\u0000"; }, "\"]", size)},
      {"spaces", many(
                     "", [](int) { return " "; }, "", size)},
      {"a record whose list has no end", many(
                                             R"({"model":"a","step":[)", [](int) { return "1,"; }, "", size)},
  };
  for (auto const& one : all) {
    bounded(std::string("run.json, ") + one.what, one.text,
            [](std::string const& text) { static_cast<void>(examples::run_record::parse(text, "run.json")); });
    bounded(std::string("training.json, ") + one.what, one.text, [](std::string const& text) {
      sensors::training_log log;
      log.parse(text, "training.json");
    });
  }
}

TEST_CASE("text files: CSV that wants much") {
  auto const number = [](int i) { return std::to_string(i); };
  std::string const of_readings = "time,station,value\n", of_stations = "station,x,y\n";
  std::size_t const size = mebibyte;
  auto const as_readings = [](std::string const& text) { read_series(text, stations); };
  auto const as_stations = [](std::string const& text) { read_series(readings, text); };
  auto const row = [](int) { return "2001-01-01,A,1\n"; };
  bounded("a reading twice", many(of_readings, row, "", size), as_readings);
  bounded("bad values", many(of_readings, [](int) { return "2001-01-01,A,x\n"; }, "", size), as_readings);
  bounded("a bad last row", many(of_readings, row, "x\n", size), as_readings);
  bounded("cells", many(of_readings, [](int) { return ","; }, "\n", size), as_readings);
  bounded("columns", many("time,station,value", [&](int i) { return ',' + number(i); }, "\n", size), as_readings);
  bounded("an open quote", many(of_readings + '"', [](int) { return "\"\""; }, "", size), as_readings);
  bounded("open quotes", many(of_readings, [](int) { return "\"\n"; }, "", size), as_readings);
  bounded("empty lines", many("", [](int) { return "\n"; }, "", size), as_readings);
  bounded("comments", many("", [](int) { return "#\n"; }, "", size), as_readings);
  bounded("one line", many("", [](int) { return "t"; }, "", size), as_readings);
  bounded("a grid", of_readings + "2001-01-01T00:00:00,A,1\n2001-01-01T00:00:01,A,1\n2101-01-01,A,1\n", as_readings);
  bounded("stations, a bad last row",
          many(of_stations, [&](int i) { return number(i) + ",0,0\n"; }, "x,y,z\n", size), as_stations);
  bounded("one station twice", many(of_stations, [](int) { return "A,0,0\n"; }, "", size), as_stations);
}
