// The JSON files that the examples read back: exactly what they wrote, or an error that names file, field and fault.
#include "common/json_file.hpp"

#include <cmath>

#include "experiment/record.hpp"
#include "sensors/results.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using s2rm::test::complaint;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

std::string parsed(std::string const& text) {
  return complaint([&] { static_cast<void>(examples::parse_json(text, "x.json")); });
}

/// `text` with the first `from` replaced.
std::string with(std::string text, std::string const& from, std::string const& to) {
  auto const at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("json: what parsers let pass") {
  CHECK(parsed(R"({"a": [1, {"b": null}], "c": "d"})") == "no complaint");
  CHECK_THAT(parsed(R"({"a": 1, "b": {"a": 1, "a": 2}})"), contains("x.json: expected each key once, found 'a' twice"));
  CHECK(parsed(R"([{"a": 1}, {"a": 2}])") == "no complaint");
  CHECK(parsed(std::string(16, '[') + std::string(16, ']')) == "no complaint");
  CHECK_THAT(parsed(std::string(17, '[') + std::string(17, ']')), contains("expected at most 16 levels, found more"));
  CHECK_THAT(parsed(std::string(100000, '[')), contains("16 levels"));
  std::string keys = "{\"a\": 0";
  for (int i = 0; i < 2000; ++i) keys += ", \"" + std::to_string(i) + "\": 0";
  CHECK_THAT(parsed(keys + "}"), contains("x.json: expected at most 2000 keys in an object, found more"));
  std::string values = "[";
  for (int i = 0; i < 1'000'000; ++i) values += "[],0,";
  CHECK(parsed(values.substr(0, values.size() - 5) + "0]") == "no complaint");
  CHECK_THAT(parsed(values + "0]"), contains("x.json: expected at most 2000000 values, found more"));
  CHECK_THAT(parsed("{} {}"), contains("x.json: expected JSON"));
  CHECK_THAT(parsed("{\"a\": 1"), contains("x.json: expected JSON"));
  CHECK_THAT(parsed("\"\xff\""), contains("x.json: expected JSON"));
}

TEST_CASE("json: fields of the wrong kind") {
  auto const all = examples::parse_json(
      R"({"i": 5, "n": 1.5, "t": "text", "f": true, "l": [1, null], "big": 18446744073709551615, "low": -3, "o": {}, "long": ")" +
          std::string(100, 'x') + R"("})",
      "x.json");
  examples::json_fields from{all, "x.json"};
  CHECK(from.integer("i") == 5);
  CHECK(from.number("n") == 1.5);
  CHECK(from.text("t") == "text");
  CHECK(from.flag("f"));
  auto const list = from.numbers("l");
  CHECK(list[0] == 1);
  CHECK(std::isnan(list[1]));
  CHECK_THAT(complaint([&] { from.done(); }), contains("x.json: 'big': unknown"));
  auto const refused = [&](auto const& call, char const* text) { CHECK_THAT(complaint(call), contains(text)); };
  refused([&] { static_cast<void>(from.integer("n")); }, "'n': expected an integer from 0 to");
  refused([&] { static_cast<void>(from.integer("t")); }, "found \"text\"");
  refused([&] { static_cast<void>(from.integer("big")); }, "found 18446744073709551615");
  refused([&] { static_cast<void>(from.integer("big", INT64_MIN, INT64_MAX)); }, "found 18446744073709551615");
  refused([&] { static_cast<void>(from.integer("low")); }, "found -3");
  CHECK(from.integer("low", -3, 3) == -3);
  refused([&] { static_cast<void>(from.integer("i", 0, 4)); }, "'i': expected an integer from 0 to 4, found 5");
  refused([&] { static_cast<void>(from.number("t")); }, "'t': expected a number or null");
  refused([&] { static_cast<void>(from.text("i")); }, "'i': expected a text, found 5");
  refused([&] { static_cast<void>(from.flag("i")); }, "'i': expected true or false");
  refused([&] { static_cast<void>(from.numbers("o")); }, "'o': expected a list");
  refused([&] { static_cast<void>(from.object("l")); }, "x.json: 'l': expected an object, found array");
  refused([&] { static_cast<void>(from.integer("low", -10, -5)); },
          "'low': expected an integer from -10 to -5, found -3");
  refused([&] { static_cast<void>(from.integer("o")); },
          "'o': expected an integer from 0 to 9007199254740992, found object");
  refused([&] { static_cast<void>(from.flag("long")); }, (std::string(79, 'x') + "...").c_str());
  CHECK(examples::json_fields{all.at("o"), "x.json"}.all_numbers().empty());
  refused([&] { static_cast<void>(from.number("none")); }, "x.json: 'none': missing");
  from.object("o").done();
  static_cast<void>(from.text("long"));
  from.done();
}

TEST_CASE("json: lists of numbers and objects of them") {
  auto const all = examples::parse_json(R"({"a": 1, "b": null})", "x.json");
  examples::json_fields from{all, "x.json"};
  auto const found = from.all_numbers();
  REQUIRE(found.size() == 2);
  CHECK(found[0] == std::pair<std::string, double>{"a", 1});
  CHECK(std::isnan(found[1].second));
  CHECK_NOTHROW(from.done());
  nlohmann::ordered_json long_list = {{"l", std::vector<int>(1'000'001)}};
  CHECK_THAT(complaint([&] { static_cast<void>(examples::json_fields{long_list, "x.json"}.numbers("l")); }),
             contains("'l': expected a list of at most 1000000 numbers, found array"));
}

TEST_CASE("json: the record of a run of balls") {
  temporary_folder const folder;
  auto const path = folder / "run.json";
  examples::run_record r;
  r.model = "s2gru";
  r.seed = -7;
  r.steps = 40;
  r.step = {20, 40};
  r.loss = {0.625, std::nan("")};
  r.test["a figure"] = std::nan("");
  r.write(path);
  auto const back = examples::run_record::read(path);
  REQUIRE(back);
  CHECK(back->seed == -7);
  CHECK(back->step == r.step);
  CHECK(back->fit == r.fit);
  CHECK(std::isnan(back->loss[1]));
  CHECK(std::isnan(back->test.at("a figure")));
  CHECK_FALSE(examples::run_record::read(folder / "none"));
  auto const good = read_text(path);
  auto const refused = [&](std::string const& text, char const* expected) {
    write_text(path, text);
    CHECK_THAT(complaint([&] { static_cast<void>(examples::run_record::read(path)); }),
               contains(path) && contains(expected));
  };
  refused(with(good, "\"steps\": 40", "\"steps\": -1"), "'steps': expected an integer");
  refused(with(good, "\"steps\": 40", "\"steps\": 1e300"), "'steps': expected an integer");
  refused(with(good, "\"threads\"", "\"threats\""), "'threads': missing");
  refused(with(good, "\"model\"", "\"more\": 1, \"model\""), "'more': unknown");
  refused(with(good, "\"warm_up\"", "\"warm\": 1, \"warm_up\""), "'fit': 'warm': unknown");
  refused(with(good, "0.625", "0.625, 1"), "'loss': expected 2 numbers, one for each step, found 3");
  refused(with(good, "\"seed\"", "\"model\""), "'model' twice");
  for (std::size_t length = 0; length + 2 < good.size(); length += 7) refused(good.substr(0, length), "expected JSON");
}

TEST_CASE("json: a record holds the settings that an example alone has, and what validation chose") {
  temporary_folder const folder;
  auto const path = folder / "run.json";
  examples::run_options o;
  o.own.set("fit.queries", 10).set("fit.varied.mirrored", 0.5).set("shown.video", "a.avi").set("light", true);
  o.fit.patience = 2;
  auto r = examples::run_record::begin(o);
  r.steps = 20;
  r.validation_step = {10, 20};
  r.validation["psnr"] = {21.5, 20};
  r.best_step = 10;
  r.finished = true;
  r.write(path);
  auto expected = examples::run_record::begin(o);
  expected.own.set("fit.queries", 7).set("fit.varied.mirrored", 0.0).set("shown.video", "").set("light", false);
  auto back = examples::run_record::read(path, expected);
  REQUIRE(back);
  CHECK(back->own.entries() == o.own.entries());
  CHECK(back->same_run(r));
  CHECK_FALSE(back->same_run(expected));
  CHECK(back->finished);
  CHECK(back->best("psnr") == 21.5);
  CHECK(std::isnan(back->best("f1")));
  back->rewind(15);
  CHECK_FALSE(back->finished);
  CHECK(back->validation.at("psnr") == std::vector<double>{21.5});
  auto const good = read_text(path);
  auto const refused = [&](std::string const& text, char const* words) {
    CHECK_THAT(complaint([&] { static_cast<void>(examples::run_record::parse(text, "run.json", expected)); }),
               contains("run.json") && contains(words));
  };
  CHECK_NOTHROW(static_cast<void>(examples::run_record::parse(good, "run.json", expected)));
  refused(with(good, "\"queries\": 10", "\"queries\": 10.5"), "'fit.queries': missing, or of another type");
  refused(with(good, "\"queries\": 10", "\"queries\": true"), "'fit.queries'");
  refused(with(good, "\"mirrored\": 0.5", "\"mirrored\": \"0.5\""), "'fit.varied.mirrored'");
  refused(with(good, "\"mirrored\"", "\"mirror\""), "'fit.varied.mirrored'");
  refused(with(good, "\"light\": true", "\"light\": 1"), "'light'");
  refused(with(good, "\"video\"", "\"width\": 1, \"video\""), "'shown': unknown");
  CHECK_THAT(complaint([&] { static_cast<void>(examples::run_record::read(path)); }), contains("unknown"));
}

TEST_CASE("json: the training log of sensors") {
  temporary_folder const folder;
  auto const path = folder / "training.json";
  sensors::training_log log;
  sensors::fit_history h;
  h.step = {1, 2};
  h.loss = {0.5, std::nan("")};
  h.steps = 2;
  log.set("forecast", 3, h);
  log.write(path);
  sensors::training_log back;
  back.read(path);
  REQUIRE(back.find("forecast", 3) != nullptr);
  CHECK(back.find("forecast", 3)->step == h.step);
  CHECK(std::isnan(back.find("forecast", 3)->loss[1]));
  CHECK_NOTHROW(back.read(folder / "none"));
  auto const good = read_text(path);
  auto const refused = [&](std::string const& text, char const* expected) {
    sensors::training_log fresh;
    CHECK_THAT(complaint([&] { fresh.parse(text, "training.json"); }), contains("training.json") && contains(expected));
    CHECK(fresh.find("forecast", 3) == nullptr);
  };
  refused("{}", "expected the training log of an earlier run, a list");
  refused(with(good, "\"reach\"", "\"reached\""), "[0]: 'reach': missing");
  refused(with(good, "0.5", "0.5, 1"), "[0]: expected a figure for each step");
  refused("[" + good.substr(1, good.rfind(']') - 1) + "," + good.substr(1), "expected each fit once");
  refused("[1]", "[0]: expected an object");
}

TEST_CASE("sensors: the log of a fit that went on has all its steps, and those done again once") {
  sensors::training_log log;
  sensors::fit_history first;
  first.step = {1, 2, 3};
  first.loss = {0.5, 0.4, 0.3};
  first.steps = 3;
  first.seconds = 10;
  log.go_on("forecast", 3, first);
  auto second = first;
  second.step = {3, 4};  // the checkpoint was of step 2
  second.loss = {0.25, 0.2};
  second.steps = 4;
  second.seconds = 5;
  log.go_on("forecast", 3, second);
  auto const& whole = *log.find("forecast", 3);
  CHECK(whole.step == std::vector<double>{1, 2, 3, 4});
  CHECK(whole.loss == std::vector<double>{0.5, 0.4, 0.25, 0.2});
  CHECK(whole.steps == 4);
  CHECK(whole.seconds == 15);
  log.go_on("forecast", 3, {});  // it was done
  CHECK(log.find("forecast", 3)->step == std::vector<double>{1, 2, 3, 4});
  log.go_on("forecast", 3, first);  // from the beginning
  CHECK(log.find("forecast", 3)->step == first.step);
  CHECK(log.find("forecast", 3)->seconds == 10);
}

TEST_CASE("records and manifests are UTF-8, whatever a name on the command line was") {
  examples::manifest settings;
  settings.set("command", std::vector<std::string>{"clip", "m\xfcller.avi"}).set("name", "m\xc3\xbcller");
  CHECK_THAT(settings.json(), contains("m\xef\xbf\xbdller.avi") && contains("m\xc3\xbcller"));
  examples::run_record record;
  record.title = "\xff";
  record.manifest = settings.json();
  temporary_folder const folder;
  record.write(folder / "record.json");
  CHECK(examples::parse_json(read_text(folder / "record.json"), "record").at("title") == "\xef\xbf\xbd");
}
