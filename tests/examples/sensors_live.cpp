// sensors live: lines that anybody may have written, statistics that go on, stations that come, go and move, and a program
// that is killed at any line and goes on to the same bytes.
#include <fcntl.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <vector>

#include "sensors/bands.hpp"
#include "sensors/live_network.hpp"
#include "support/catch.hpp"
#include "support/program.hpp"

using namespace sensors;
using s2rm::test::bytes_of;
using s2rm::test::call;
using s2rm::test::contains;
using s2rm::test::output_folder;

namespace {

std::string complaint(std::string const& line, coordinate_kind kind = coordinate_kind::degrees) {
  try {
    static_cast<void>(read_live_line(line, kind));
  } catch (data_error const& error) {
    return error.what();
  }
  return "nothing";
}

live_options small_options() {
  live_options o;
  o.ring = 64, o.window = 8, o.warm_up = 10, o.stations = 3, o.places = 1;
  o.coordinates = coordinate_kind::kilometres;
  return o;
}

live_line reading(time_stamp time, std::string const& name, double value, double x = missing, double y = 0) {
  live_line line;
  line.time = time, line.name = name, line.value = value;
  if (!std::isnan(x)) line.x = x, line.y = y;
  return line;
}

std::string refusal(live_network& at, live_line const& line) {
  try {
    if (line.is != live_line::kind::place) static_cast<void>(at.closes(line.time));
    at.take(line);
  } catch (data_error const& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("sensors live: a line is understood") {
  auto const full = read_live_line(
      R"({"time": "2026-01-31T12:00+01:00", "station": "Ä 1", "x": -8.25, "y": 51.8, "value": 12.5, "more": [1]})",
      coordinate_kind::degrees);
  CHECK(full.is == live_line::kind::reading);
  CHECK(time_text(full.time) == "2026-01-31T11:00:00");
  CHECK(full.name == "Ä 1");
  CHECK(full.x.value() == -8.25);
  CHECK(full.y.value() == 51.8);
  CHECK(full.value == 12.5);
  auto const bare = read_live_line(R"({"time": 86400, "station": 7, "value": null})", coordinate_kind::degrees);
  CHECK(bare.time == 86400);
  CHECK(bare.name == "7");
  CHECK(!bare.x);
  CHECK(std::isnan(bare.value));
  CHECK(read_live_line(R"({"time": "2026-01-31"})", coordinate_kind::degrees).is == live_line::kind::clock);
  auto const asked = read_live_line(R"({"place": "harbour", "x": 900, "y": -700})", coordinate_kind::kilometres);
  CHECK(asked.is == live_line::kind::place);
  CHECK(asked.x.value() == 900);
}

TEST_CASE("sensors live: a line that cannot be read is refused with what was expected") {
  CHECK_THAT(complaint(""), contains("expected JSON"));
  CHECK_THAT(complaint("nonsense"), contains("expected JSON"));
  CHECK_THAT(complaint("[1]"), contains("expected a JSON object, found array"));
  CHECK_THAT(complaint("{}"), contains("'time': expected a time, found none"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "A", "value": NaN})"), contains("expected JSON"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "A", "value": 1e999})"), contains("expected JSON"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "A", "value": "12"})"),
             contains("'value': expected a number"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "A"})"), contains("'value': expected a number"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "value": 1})"), contains("'station': expected"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "", "value": 1})"), contains("'station': expected a name"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": "A", "value": 1, "value": 2})"), contains("each key once"));
  CHECK_THAT(complaint("{\"time\": \"2026-01-31\", \"station\": \"\xff\", \"value\": 1}"), contains("expected JSON"));
  CHECK_THAT(complaint(R"({"time": "01/02/2020", "station": "A", "value": 1})"),
             contains("'time': expected YYYY-MM-DD"));
  CHECK_THAT(complaint(R"({"time": 1e300, "station": "A", "value": 1})"), contains("'time': expected"));
  CHECK_THAT(complaint(R"({"time": 4611686018427387904, "station": "A", "value": 1})"), contains("'time': expected"));
  CHECK_THAT(complaint(R"({"time": 0, "station": "A", "value": 1, "x": 1})"), contains("x and y together"));
  CHECK_THAT(complaint(R"({"time": 0, "station": "A", "value": 1, "x": 1, "y": 95})"), contains("latitude in degrees"));
  CHECK_THAT(complaint(R"({"time": 0, "station": "A", "value": 1, "x": "1", "y": 5})"),
             contains("longitude in degrees"));
  CHECK_THAT(complaint(R"({"place": "harbour"})"), contains("expected x and y of the place"));
  CHECK_THAT(complaint(std::string(5000, '[')), contains("levels"));
  CHECK_THAT(complaint(R"({"time": "2026-01-31", "station": ")" + std::string(300, 'a') + R"(", "value": 1})"),
             contains("a name of 1 to 200 bytes"));
}

TEST_CASE("sensors live: statistics find season, offsets and scale, and a gross error hardly moves them") {
  running_scale scale{2, time_step{}};
  std::mt19937 numbers{3};
  std::normal_distribution<double> noise{0, 1.5};
  auto const season = [](time_stamp time) {
    return 4 * std::cos(2 * std::numbers::pi * static_cast<double>(day_of_year(time)) / 365.25);
  };
  time_stamp time = 0;
  double values[2];
  // A year that begins in winter: the level of the first month is not the year's.
  for (int day = 0; day < 365 * 5; ++day, time += seconds_per_day) {
    values[0] = 20 + season(time) - 3 + noise(numbers);
    values[1] = day % 3 == 0 ? missing : 20 + season(time) + 3 + noise(numbers);
    scale.add(time, values);
  }
  for (int day = 0; day < 365; day += 20) {
    auto const then = time + day * seconds_per_day;
    CHECK(std::abs(scale.level(then, 0) - (17 + season(then))) < 0.9);
    CHECK(std::abs(scale.level(then, 1) - (23 + season(then))) < 0.9);
  }
  CHECK(std::abs(scale.scale() - 1.5) < 0.3);  // the first year's season counts as noise
  auto const before = scale.level(time, 0), spread = scale.scale();
  values[0] = 1e12, values[1] = missing;
  scale.add(time, values);
  CHECK(std::abs(scale.level(time, 0) - before) < 0.1);
  CHECK(scale.scale() < 1.01 * spread);
  CHECK(std::isfinite(scale.standardise(time, 0, 1e30)));
}

TEST_CASE("sensors live: a step ends with a later reading; times do not go back and stations are told apart") {
  auto options = small_options();
  live_network at{options};
  CHECK(refusal(at, reading(1000, "A", 1)) == "expected x and y of the new station 'A', found none");
  CHECK(refusal(at, reading(1000, "A", 1, 0)) == "nothing");
  CHECK(refusal(at, reading(1000, "B", 2, 10)) == "nothing");
  CHECK_THAT(refusal(at, reading(1000, "B", 3)), contains("one reading of station 'B'"));
  CHECK_THAT(refusal(at, reading(999, "A", 3)), contains("or later, found 1970-01-01T00:16:39"));
  CHECK(!at.closes(1000));
  CHECK(at.closes(1001));
  CHECK(at.close().empty());
  CHECK_THAT(refusal(at, reading(1000, "A", 3)), contains("expected later than 1970-01-01T00:16:40"));
  CHECK_THAT(refusal(at, reading(1000 + 1002 * seconds_per_day, "A", 3)), contains("at most 1000 steps after"));
  CHECK(refusal(at, reading(2000, "A", 5, 3, 4)) == "nothing");  // it has moved
  CHECK(at.close().empty());
  CHECK(at.held() == 2);
  CHECK(at.ring_x[at.cell(0, 0)] == 3);
  CHECK(at.ring_x[at.cell(1, 0)] == 0);
  CHECK(at.ring_value[at.cell(0, 0)] == 5);
  CHECK(std::isnan(at.ring_value[at.cell(0, 1)]));
}

TEST_CASE("sensors live: readings soon after the first belong to a step where that is asked for") {
  auto options = small_options();
  options.gather = 600;
  live_network at{options};
  CHECK(refusal(at, reading(0, "A", 1, 0)) == "nothing");
  CHECK(!at.closes(600));
  CHECK(refusal(at, reading(300, "B", 2, 9)) == "nothing");
  CHECK(refusal(at, reading(600, "A", 3)) == "nothing");  // the later one counts
  CHECK(at.closes(601));
  static_cast<void>(at.close());
  CHECK(at.ring_value[at.cell(0, 0)] == 3);
  CHECK_THAT(refusal(at, reading(600, "A", 3)), contains("expected later than"));
}

TEST_CASE("sensors live: who was silent for longest makes room, without a trace") {
  auto options = small_options();
  live_network at{options};
  for (int t = 0; t < 4; ++t) {
    for (auto const* name : {"A", "B", "C"}) {
      if (t < 2 || *name != 'B') CHECK(refusal(at, reading(t, name, 10.0 * t, t)) == "nothing");
    }
    static_cast<void>(at.close());
  }
  CHECK(refusal(at, reading(9, "D", 7, 1)) == "nothing");
  CHECK(at.names == std::vector<std::string>{"A", "D", "C"});
  for (index_t back = 0; back < at.held(); ++back) CHECK(std::isnan(at.ring_value[at.cell(back, 1)]));
  CHECK(at.scale.count[1] == 0);
  CHECK(refusal(at, reading(9, "A", 7)) == "nothing");
  CHECK(refusal(at, reading(9, "C", 7)) == "nothing");
  CHECK_THAT(refusal(at, reading(9, "E", 7, 1)), contains("at most 3 stations in a step"));
  // Of places as many.
  live_line place;
  place.is = live_line::kind::place, place.name = "harbour", place.x = 1, place.y = 2;
  at.take(place);
  place.name = "hill";
  CHECK_THAT(refusal(at, place), contains("at most 1 places"));
}

TEST_CASE("sensors live: what the transform does not take, or no number of the model, is refused") {
  auto options = small_options();
  options.kind = transform_kind::square_root;
  live_network at{options};
  CHECK_THAT(refusal(at, reading(0, "A", -1, 0)), contains("the transform sqrt takes"));
  options.kind = transform_kind::identity;
  CHECK_THAT(refusal(at, reading(0, "A", 1e300, 0)), contains("at most 1e30"));
  CHECK(!at.open());  // a line that was refused has begun nothing
}

TEST_CASE("sensors live: a reading far from all others is kept from the model") {
  auto options = small_options();
  live_network at{options};
  std::vector<std::string> remarks;
  for (int t = 0; t < 60; ++t) {
    for (auto const* name : {"A", "B"}) at.take(reading(t, name, t == 55 && *name == 'A' ? 1e6 : (t * 7) % 5, 0, 1));
    auto const said = at.close();
    remarks.insert(remarks.end(), said.begin(), said.end());
  }
  REQUIRE(remarks.size() == 1);
  CHECK_THAT(remarks[0], contains("station 'A'") && contains("not shown to the model"));
  CHECK(std::isnan(at.z(4, 0)));
  CHECK(std::abs(at.z(4, 1)) < 4);
}

TEST_CASE("sensors live: the band follows the latest errors of its lead") {
  auto options = small_options();
  options.leads = {1, 2};
  options.step = time_step::of_seconds(10);
  live_network at{options};
  CHECK(std::abs(at.half_width(0) - 1.6448536) < 1e-6);
  // Forecasts of one step that are wrong by k/100 standard deviations, k = 1 ... 300; none of two steps.
  for (int t = 0; t <= 300; ++t) {
    at.take(reading(10 * t, "A", 5, 0));
    static_cast<void>(at.close());
    at.note_forecast(0, 0, 5 + 2 * 0.01 * (t + 1), 2);
  }
  CHECK(at.score_count[0] == 300);
  CHECK(std::abs(at.half_width(0) - 2.71) < 1e-5);  // the 271st: ceil(0.9 * 301)
  CHECK(at.score_count[1] == 0);
  CHECK(std::abs(at.half_width(1) - 1.6448536) < 1e-6);
  CHECK(std::abs(gaussian_half(0.5) - 0.6744897502) < 1e-9);
}

// ---- the program ----------------------------------------------------------------------------------------------------
namespace {

/// Four stations at irregular times, one comes late, one goes, one moves; a place without a station.
std::vector<std::string> small_input() {
  std::vector<std::string> lines{R"({"place": "between", "x": 40, "y": 40})"};
  std::int64_t time = 1'000'000;
  for (int step = 0; step < 120; ++step) {
    time += step % 5 == 0 ? 90 : 60;
    for (int s = 0; s < 4; ++s) {
      if ((s == 3 && step < 12) || (s == 1 && step > 50)) continue;
      std::ostringstream line;
      line << R"({"time": )" << time << R"(, "station": ")" << "ABCD"[s] << R"(", "value": )"
           << 10 + s + (step * (3 + s)) % 17;
      if (step == 0 || step == 12 || (s == 2 && step > 40))
        line << R"(, "x": )" << 30 * s + step / 4 << R"(, "y": )" << 80 - 25 * s;
      lines.push_back(line.str() + "}");
    }
  }
  return lines;
}

std::string const program = SENSORS_PROGRAM
    " live --step 1min --coordinates kilometres --leads 1,3 --warm-up 12 --ring 40 --window 6 --batch 2 "
    "--first-updates 2 --updates 0.5 "
    "--every 4 ";

void write_lines(std::filesystem::path const& path, std::vector<std::string> const& lines, std::size_t from = 0,
                 std::size_t count = std::string::npos) {
  std::ofstream file(path, std::ios::binary);
  for (auto i = from; i < lines.size() && i - from < count; ++i) file << lines[i] << '\n';
}

std::string first_lines(std::string const& text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at = text.find('\n', at) + 1;
  return text.substr(0, at);
}

/// The number before a word, of the last line of a text that holds it.
std::size_t number_before(std::string const& text, std::string const& word) {
  auto const at = text.rfind(' ' + word);
  REQUIRE(at != std::string::npos);
  auto const begin = text.find_last_not_of("0123456789", at - 1);
  return std::stoul(text.substr(begin + 1, at - begin - 1));
}

struct sitting {
  output_folder folder{"s2rm_sensors_live"};
  sitting() { std::filesystem::create_directories(folder.path); }
  [[nodiscard]] std::filesystem::path file(char const* name) const { return folder.path / name; }
  /// Runs over the lines of `in`; output to `out`, what is said to `said`.
  int run(std::string const& more) const {
    return call("(" + program + more + " < " + file("in").string() + " > " + file("out").string() + " 2> " +
                file("said").string() + ")")
        .status;
  }
};

/// The program gets lines, one by one, and a signal after the last: its exit status, or -1 where the signal ended it.
int run_and_signal(sitting const& at, std::vector<std::string> const& lines, int signal,
                   std::chrono::milliseconds later) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  auto const command = "exec " + program + "--checkpoint " + at.file("state").string();
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]), ::close(ends[1]);
    ::dup2(::open(at.file("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    ::dup2(::open(at.file("said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  for (auto const& line : lines) {
    auto const text = line + '\n';
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::this_thread::sleep_for(later);
  ::kill(child, signal);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ends[1]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("sensors live: stopped, killed or at the end of its input, it goes on to the same bytes") {
  auto const lines = small_input();
  sitting const whole;
  write_lines(whole.file("in"), lines);
  REQUIRE(whole.run("--checkpoint " + whole.file("state").string()) == 0);
  auto const expected = bytes_of(whole.file("out"));
  INFO(bytes_of(whole.file("said")));
  // 108 steps with forecasts of up to four stations and a place for two leads: in the end bands are conformal.
  CHECK(std::count(expected.begin(), expected.end(), '\n') > 500);
  CHECK_THAT(expected, contains(R"("place":"between")") && contains(R"("lead":180)"));
  CHECK_THAT(expected, !contains("null") && !contains("nan") && !contains("inf"));
  auto const of_state = bytes_of(whole.file("state"));

  auto const goes_on = [&](sitting const& at, std::string const& before, bool again) {
    auto const taken = number_before(bytes_of(at.file("said")), "lines taken"),
               written = number_before(bytes_of(at.file("said")), "forecasts written");
    write_lines(at.file("in"), lines, again ? 0 : taken);
    REQUIRE(at.run((again ? "--again --checkpoint " : "--checkpoint ") + at.file("state").string()) == 0);
    CHECK(first_lines(before, written) + bytes_of(at.file("out")) == expected);
    CHECK(bytes_of(at.file("state")) == of_state);
  };
  SECTION("the end of the input, in the middle of a step") {
    for (std::size_t const count : {1U, 40U, 362U}) {
      sitting const at;
      write_lines(at.file("in"), lines, 0, count);
      REQUIRE(at.run("--checkpoint " + at.file("state").string()) == 0);
      CHECK(number_before(bytes_of(at.file("said")), "lines taken") == count);
      goes_on(at, bytes_of(at.file("out")), count == 40);
    }
  }
  SECTION("SIGTERM and SIGINT") {
    for (std::size_t const count : {30U, 150U, 350U}) {
      sitting const at;
      auto const status = run_and_signal(at, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count)},
                                         count == 150 ? SIGINT : SIGTERM, std::chrono::milliseconds{4 * count});
      auto const before = bytes_of(at.file("out"));
      INFO(bytes_of(at.file("said")));
      REQUIRE((status == 130 || status == -1));
      if (status == -1) continue;  // the signal came before the program could handle it: nothing was taken
      // All that was printed is counted.
      CHECK(first_lines(before, number_before(bytes_of(at.file("said")), "forecasts written")) == before);
      goes_on(at, before, false);
    }
  }
  SECTION("SIGKILL") {
    for (int const later : {100, 400, 1200}) {
      sitting const at;
      CHECK(run_and_signal(at, lines, SIGKILL, std::chrono::milliseconds{later}) == -1);
      auto const before = bytes_of(at.file("out"));
      if (!std::filesystem::exists(at.file("state"))) continue;  // killed before its fourth step
      // What the checkpoint holds is said at the next start.
      write_lines(at.file("in"), lines);
      REQUIRE(at.run("--again --checkpoint " + at.file("state").string()) == 0);
      auto const said = bytes_of(at.file("said"));
      auto const begin = said.substr(0, said.find('\n'));
      CHECK(first_lines(before, number_before(begin, "forecasts written")) + bytes_of(at.file("out")) == expected);
      CHECK(bytes_of(at.file("state")) == of_state);
    }
  }
}

TEST_CASE("sensors live: hostile lines are named with their numbers, and nothing else changes") {
  auto const lines = small_input();
  sitting const clean, hostile;
  write_lines(clean.file("in"), lines);
  REQUIRE(clean.run("") == 0);
  std::vector<std::string> const odd{
      std::string(100'000, 'x'),
      R"({"time": 1, "station": "A", "value": 3})",
      R"({"time": 1000090, "station": "Z", "value": 3})",
      R"({"time": 99999999999, "station": "A", "value": 3})",
      "{\"time\": 1000090, \"station\": \"\xc3\x28\", \"value\": 1}",
      R"({"time": 1000090, "station": "A", "value": NaN})",
      R"({"time": 1000090, "station": "A", "value": 1e400})",
      std::string(5000, '['),
      "",
      lines[1],  // once more
      std::string("\0\0", 2),
  };
  auto mixed = lines;
  mixed.insert(mixed.begin() + 3, odd.begin(), odd.end());
  write_lines(hostile.file("in"), mixed);
  REQUIRE(hostile.run("") == 0);
  auto const said = bytes_of(hostile.file("said"));
  INFO(said);
  CHECK(bytes_of(hostile.file("out")) == bytes_of(clean.file("out")));
  for (auto const* text :
       {R"({"line":4,"error":"expected a line of at most 65536 bytes)", R"({"line":5,"error":"'time': expected)",
        R"({"line":6,"error":"expected x and y of the new station 'Z')",
        R"({"line":7,"error":"'time': expected at most 1000 steps)", R"({"line":8,"error":"line: expected JSON)",
        R"({"line":9,"error":"line: expected JSON)", R"({"line":10,"error":"line: expected JSON)",
        R"({"line":11,"error":"line: expected at most 16 levels)",
        R"({"line":13,"error":"expected one reading of station 'A')", R"({"line":14,"error":"line: expected JSON)",
        "10 lines could not be used"}) {
    CHECK_THAT(said, contains(text));
  }
}

TEST_CASE("sensors live: another file, another setting or a changed byte in a checkpoint is refused") {
  sitting const at;
  auto const lines = small_input();
  write_lines(at.file("in"), lines, 0, 60);
  auto const checkpoint = "--checkpoint " + at.file("state").string();
  REQUIRE(at.run(checkpoint) == 0);
  auto const whole = bytes_of(at.file("state"));
  CHECK(at.run(checkpoint + " --seed 2") == 1);
  CHECK_THAT(bytes_of(at.file("said")), contains("--seed: expected 1 as in the sittings before, found 2"));
  auto changed = whole;
  changed[changed.size() / 2] ^= 1;
  std::ofstream(at.file("state"), std::ios::binary) << changed;
  CHECK(at.run(checkpoint) == 1);
  CHECK_THAT(bytes_of(at.file("said")), contains("checksum does not match"));
  std::ofstream(at.file("state"), std::ios::binary) << "{}";
  CHECK(at.run(checkpoint) == 1);
  CHECK_THAT(bytes_of(at.file("said")), contains("state"));
  CHECK(at.run("--leads 0") == 1);
  CHECK_THAT(bytes_of(at.file("said")), contains("--leads: expected"));
}
