// What the examples share: checksums, arrays, report, manifest, progress.
#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>

#include "common/array_file.hpp"
#include "common/interrupt.hpp"
#include "common/json_file.hpp"
#include "common/manifest.hpp"
#include "common/progress.hpp"
#include "common/report.hpp"
#include "common/sha256.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using s2rm::test::contains;

namespace report = examples::report;

TEST_CASE("sha256 of the published examples") {
  CHECK(examples::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(examples::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(examples::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(examples::sha256(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file is written whole or not at all") {
  auto const folder = std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "-examples_common_test");
  examples::write_file(folder / "deep" / "a.txt", "one");
  examples::write_file(folder / "deep" / "a.txt", std::string{"t\0o", 3});
  CHECK(examples::read_file(folder / "deep" / "a.txt") == std::string("t\0o", 3));
  CHECK(std::distance(std::filesystem::directory_iterator{folder / "deep"}, {}) == 1);
  CHECK_THROWS_WITH(examples::write_file(folder / "deep", "x"), contains("not a regular file"));
  CHECK_THROWS_WITH(examples::read_file(folder / "none"), contains("none"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("an array is written in its shape") {
  auto const folder = std::filesystem::temp_directory_path() / "examples_array_test";
  examples::save_array(folder / "deep" / "a.npy", std::vector<float>{1, 2, 3, 4, 5, 6},
                       std::array<std::size_t, 2>{2, 3});
  auto const read = s2rm::io::load_npy<float, 2>((folder / "deep" / "a.npy").string(), {.shape = {2, 3}});
  CHECK(read(1, 0) == 4);
  CHECK_THROWS_WITH(examples::save_array(folder / "b.npy", std::vector<float>{1}, std::array<std::size_t, 2>{2, 3}),
                    contains("expected 6 numbers for its shape, found 1"));
  CHECK_FALSE(std::filesystem::exists(folder / "b.npy"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a page is described, block by block") {
  report::page page{"A <b>", "sub"};
  page.add_heading("h").add_text("1 < 2").add_notice("SYNTHETIC \xff");
  page.add_table({"t", {"m", "x"}, {{"a<b", "1.5"}, {"c", "-"}}, {1}, "note"});
  auto const nan = std::numeric_limits<double>::quiet_NaN();
  page.add_chart({"curve", "x", "y", {{"one", {0, 1}, {1, nan}, {0, 1}, {2, 3}, true}}, {{1, "May"}}}, "curve.svg");
  page.add_figure({"field_maps", "field.png", "four", examples::manifest{}.set("a.b", 7).set("days", "two")});
  page.add_manifest(examples::manifest{}.set("seed", 7));
  auto const all = examples::parse_json(page.json(), "page");
  CHECK(all.at("title") == "A <b>");
  CHECK(all.at("subtitle") == "sub");
  auto const& blocks = all.at("blocks");
  REQUIRE(blocks.size() == 7);
  CHECK(blocks[0].at("block") == "heading");
  CHECK(blocks[1].at("text") == "1 < 2");
  CHECK(blocks[2].at("text") == "SYNTHETIC \xef\xbf\xbd");  // what is no UTF-8 does not end a run
  CHECK(blocks[3].at("rows")[1][0] == "c");
  CHECK(blocks[3].at("strong")[0] == 1);
  CHECK(blocks[4].at("file") == "curve.svg");
  CHECK(blocks[4].at("x_ticks")[0][1] == "May");
  CHECK(blocks[4].at("lines")[0].at("y")[1].is_null());  // a gap
  CHECK(blocks[4].at("lines")[0].at("high")[1] == 3);
  CHECK(blocks[4].at("lines")[0].at("dashed") == true);
  CHECK(blocks[5].at("kind") == "field_maps");
  CHECK(blocks[5].at("data").at("a").at("b") == 7);
  CHECK(blocks[6].at("title") == "Manifest");
  CHECK(examples::parse_json(report::page{}.json(), "page").at("blocks").empty());
  CHECK_THROWS_WITH(page.add_table({"bad", {"a"}, {{"1", "2"}}}), contains("row 0 has 2 cells"));
  CHECK_THROWS_WITH(page.add_chart({"c", "", "", {{"l", {0, 1}, {1}}}}), contains("chart 'c', line 'l'"));
  CHECK_THROWS_WITH(page.add_chart({"c", "", "", {{"l", {0, 1}, {1, 2}, {1, 2}, {1}}}}), contains("low and high"));
}

TEST_CASE("a page is drawn by Python, and what cannot be drawn is kept") {
  auto const folder = std::filesystem::temp_directory_path() / "examples_page_test";
  report::page page{"A page"};
  page.add_chart({"curve", "x", "y", {{"one", {0, 1}, {1, 2}}}}, "curve.svg");
  REQUIRE(page.write(folder / "report.html"));
  CHECK_THAT(examples::read_file(folder / "report.html"), contains("<title>A page</title>") && contains("<svg "));
  CHECK_THAT(examples::read_file(folder / "curve.svg"), contains("<svg "));
  page.add_figure({"no_such_figure", "x.png", "", {}});
  CHECK_FALSE(page.write(folder / "report.html"));
  CHECK_FALSE(std::filesystem::exists(folder / "report.html"));  // that of before is none of this page
  CHECK_THAT(examples::read_file(folder / "report.page.json"), contains("no_such_figure"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a number as text") {
  CHECK(report::number(1.005, 1) == "1.0");
  CHECK(report::number(std::numeric_limits<double>::quiet_NaN()) == "-");
  CHECK(report::number(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("tables as text and Markdown") {
  report::table const t{"T", {"name", "x"}, {{"long name", "1"}, {"a|b", "22"}}, {}, "n"};
  CHECK(report::plain_text(t) == "T\n  name        x\n  long name   1\n  a|b        22\n  n\n");
  CHECK_THAT(report::markdown(t), contains("| a\\|b | 22 |") && contains("| --- | ---: |"));
}

TEST_CASE("the manifest nests, keeps its order and loses no number") {
  examples::manifest m;
  m.set("train.rate", 0.1f).set("seeds", std::vector<std::int64_t>{3, 1}).set("train.steps", 5);
  m.set("bad", std::numeric_limits<double>::quiet_NaN()).set("text", "a\"b").set("flag", true).set("train.steps", 6);
  auto const text = m.json();
  CHECK(text.find("\"train\"") < text.find("\"seeds\""));
  CHECK_THAT(text, contains("\"steps\": 6") && contains("\"bad\": \"NaN\"") && contains("\"a\\\"b\""));
  CHECK_THAT(text, contains("\"flag\": true"));
  CHECK(text.find("\"steps\": 5") == std::string::npos);
  CHECK_THROWS_WITH(m.set("train", 1).json(), contains("'train'"));
  CHECK_THROWS_WITH(examples::manifest{}.set("a", 1).set("a.b", 1).json(), contains("'a.b'"));
  CHECK_THROWS_WITH(m.set("", 1), contains("dotted name"));
  char const* words[] = {"/some/where/prog", "--x"};
  auto const begun = examples::manifest::begin("p", 2, words);
  for (auto const* key : {"command", "started", "build.compiler", "build.flags", "build.type", "build.commit"}) {
    CHECK(begun.has(key));
  }
  CHECK(begun.json().find("/some/where") == std::string::npos);
}

TEST_CASE("the manifests of a page are a file beside it, a line for each run") {
  s2rm::test::temporary_folder const work;
  auto const& folder = work.path();
  examples::manifest m;
  m.set("build.commit", "abc").set("rate", 0.1).set("bad", std::numeric_limits<double>::infinity());
  auto const section = examples::write_manifests(folder / "page.md", {{"S2GRU, seed 1", m.json()}, {"a \"b\"", "{}"}});
  CHECK_THAT(section, contains("[page.json](page.json)"));
  CHECK(examples::read_file(folder / "page.json") ==
        "{\n\"S2GRU, seed 1\": {\"build\":{\"commit\":\"abc\"},\"rate\":0.1,\"bad\":\"Infinity\"},\n"
        "\"a \\\"b\\\"\": {}\n}\n");
  CHECK_THROWS_WITH(examples::write_manifests(folder / "page.md", {{"x", "{}"}, {"x", "{}"}}), contains("'x'"));
  CHECK_THROWS_WITH(examples::write_manifests(folder / "page.md", {{"x", "{"}}), contains("x: manifest"));
}

TEST_CASE("a campaign counts what failed") {
  using outcome = examples::campaign_run::outcome;
  examples::campaign c;
  c.name = "three";
  c.runs = {{1, outcome::finished, "", 2.0, {{"rmse", 4.0}}},
            {2, outcome::failed, "diverged", 1.0, {{"rmse", 900.0}}},
            {3, outcome::finished, "", 2.0, {{"rmse", 5.0}}},
            {4, outcome::interrupted, "", 2.0, {}}};
  auto const s = c.over_runs("rmse");
  CHECK(s.finished == 2);
  CHECK(s.lost == 2);
  CHECK(s.mean == Approx(4.5));
  CHECK(s.deviation == Approx(std::sqrt(0.5)));
  CHECK(s.lowest == 4.0);
  CHECK(s.highest == 5.0);
  CHECK(std::isnan(c.over_runs("other").mean));
}

TEST_CASE("the progress line says share, rate and time left") {
  auto const text = examples::progress::line("train", 50, 200, "steps", 10.0, "loss 0.5");
  CHECK(text == "train [######..................]  25 % 50/200 steps, 5.0/s, 30 s left, loss 0.5");
  CHECK_THAT(examples::progress::line("t", 200, 200, "steps", 61.0, ""), contains("took 1 min 01 s"));
  CHECK_THAT(examples::progress::line("t", 3, 0, "rows", 6.0, ""), contains("3 rows, 0.500/s"));
  CHECK(examples::duration_text(7800) == "2 h 10 min");
  auto const resumed = examples::progress::line("train", 150, 200, "steps", 10.0, "", 100);
  CHECK(resumed == "train [##################......]  75 % 150/200 steps, 5.0/s, 10 s left");
}

TEST_CASE("a signal sets the flag") {
  examples::interrupt handler;
  CHECK_FALSE(examples::interrupt::requested());
  // Ctrl-C; what launchers and batch systems end programs with; what mpirun passes on at its user's wish.
  for (int const number : {SIGINT, SIGTERM, SIGUSR1}) {
    std::raise(number);
    CHECK(examples::interrupt::requested());
    examples::interrupt::clear();
    CHECK_FALSE(examples::interrupt::requested());
  }
}
