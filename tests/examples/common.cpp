// What the examples share: checksums, pictures, report, manifest, progress.
#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>

#include "common/field_map.hpp"
#include "common/interrupt.hpp"
#include "common/manifest.hpp"
#include "common/progress.hpp"
#include "common/report.hpp"
#include "common/sha256.hpp"
#include "data/files.hpp"
#include "support/catch.hpp"

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
  auto const folder = std::filesystem::temp_directory_path() / "examples_common_test";
  examples::write_file(folder / "deep" / "a.txt", "one");
  examples::write_file(folder / "deep" / "a.txt", std::string{"t\0o", 3});
  CHECK(examples::read_file(folder / "deep" / "a.txt") == std::string("t\0o", 3));
  CHECK(std::distance(std::filesystem::directory_iterator{folder / "deep"}, {}) == 1);
  CHECK_THROWS_WITH(examples::write_file(folder / "deep", "x"), contains("not a regular file"));
  CHECK_THROWS_WITH(examples::read_file(folder / "none"), contains("none"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("base64 of RFC 4648") {
  CHECK(examples::base64("") == "");
  CHECK(examples::base64("f") == "Zg==");
  CHECK(examples::base64("fo") == "Zm8=");
  CHECK(examples::base64("foo") == "Zm9v");
  CHECK(examples::base64("foobar") == "Zm9vYmFy");
  CHECK(examples::base64("\xff\xfe") == "//4=");
}

TEST_CASE("colours run from dark to light and NaN stands apart") {
  CHECK(examples::hex(examples::viridis(0)) == "#440154");
  CHECK(examples::hex(examples::viridis(1)) == "#fde725");
  CHECK(examples::viridis(-3) == examples::viridis(0));
  auto last = -1.0;
  for (int i = 0; i <= 100; ++i) {
    auto const c = examples::viridis(i / 100.0);
    auto const light = 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;
    CHECK(light > last);
    last = light;
    CHECK_FALSE(c == examples::viridis(std::numeric_limits<double>::quiet_NaN()));
  }
}

TEST_CASE("png and gif are what they say") {
  examples::image picture{7, 5, {10, 20, 30}};
  picture.disc(3, 2, 1, {200, 0, 0});
  picture.text(-3, -3, "clipped", {0, 0, 0}, 3);
  auto const bytes = examples::png(picture);
  CHECK(bytes.substr(1, 3) == "PNG");
  CHECK(bytes.substr(12, 4) == "IHDR");
  CHECK(bytes[19] == 7);
  CHECK(bytes[23] == 5);
  std::vector<examples::image> const frames{picture, examples::image{7, 5}, picture};
  auto const moving = examples::gif(frames, 25);
  CHECK(moving.substr(0, 6) == "GIF89a");
  CHECK(moving.find("NETSCAPE2.0") != std::string::npos);
  CHECK(moving.back() == ';');
  std::size_t delays = 0;
  for (auto at = moving.find("\x21\xf9\x04"); at != std::string::npos; at = moving.find("\x21\xf9\x04", at + 1)) {
    CHECK(moving[at + 4] == 25);
    ++delays;
  }
  CHECK(delays == 3);
  std::vector<examples::image> const uneven{picture, examples::image{6, 5}};
  CHECK_THROWS_WITH(examples::gif(uneven), contains("one size"));
  CHECK_THROWS_WITH(examples::png(examples::image{}), contains("empty"));
}

TEST_CASE("a field map puts values where they belong") {
  examples::field_map map;
  map.columns = 3;
  map.rows = 2;
  map.low = 0;
  map.high = 1;
  map.colour_bar = false;
  map.reach = 2;
  map.values = {0, 0.5, 1, 1, 1, std::numeric_limits<double>::quiet_NaN()};
  auto const picture = examples::draw(map, 60);
  REQUIRE(picture.width == 60);
  REQUIRE(picture.height == 60);
  CHECK(picture.at(0, 0) == examples::viridis(0));   // north west
  CHECK(picture.at(59, 0) == examples::viridis(1));  // north east
  CHECK(picture.at(0, 59) == examples::viridis(1));  // south west
  CHECK(picture.at(59, 59) == examples::viridis(std::nan("")));
  CHECK(map.y_of(0) == 1.0);  // row 0 is in the north
  CHECK(map.x_of(2) == Approx(4.0 / 3));
  map.dots.push_back({1, 1, 0, false, ""});
  auto const dotted = examples::draw(map, 60);
  CHECK_FALSE(dotted.at(44, 15) == picture.at(44, 15));  // 1 of 2: three quarters to the east, one down
  CHECK(dotted.at(15, 44) == picture.at(15, 44));
  CHECK(dotted.at(58, 1) == picture.at(58, 1));
  map.values.pop_back();
  CHECK_THROWS_WITH(examples::draw(map, 60), contains("expected rows * columns = 6"));
}

TEST_CASE("the report escapes what it shows and needs nothing from outside") {
  report::page page{"A <b> & \"c\"", "sub"};
  page.add_heading("h").add_text("1 < 2").add_notice("SYNTHETIC");
  page.add_table({"t", {"m", "x"}, {{"a<b", "1.5"}, {"c", "-"}}, {1}, "note"});
  page.add_line_chart({"curve", "x", "y", {{"one", {0, 1, 2}, {1, 2, 3}, {0, 1, 2}, {2, 3, 4}}}});
  page.add_image(examples::image{4, 4}, "four");
  page.add_manifest(examples::manifest{}.set("seed", 7));
  auto const html = page.html();
  CHECK_THAT(html, contains("<title>A &lt;b&gt; &amp; &quot;c&quot;</title>"));
  CHECK_THAT(html, contains("1 &lt; 2") && contains("a&lt;b") && contains("<tr class=\"strong\">"));
  CHECK_THAT(html, contains("data:image/png;base64,iVBOR") && contains("&quot;seed&quot;: 7"));
  for (auto const* outside : {"http://", "https://", "<script", "src=\"/", "@import", "url("}) {
    CHECK(html.find(outside) == std::string::npos);
  }
  CHECK_THROWS_WITH(page.add_table({"bad", {"a"}, {{"1", "2"}}}), contains("row 0 has 2 cells"));
}

TEST_CASE("a chart breaks at gaps and refuses uneven lines") {
  auto const nan = std::numeric_limits<double>::quiet_NaN();
  auto const svg = report::svg({"c", "x", "y", {{"l", {0, 1, 2, 3, 4}, {1, 2, nan, 4, 5}}}});
  auto const path = svg.substr(svg.find(" d=\"") + 4);
  CHECK(std::count(path.begin(), path.begin() + static_cast<long>(path.find('"')), 'M') == 2);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK_THROWS_WITH(report::svg({"c", "", "", {{"l", {0, 1}, {1}}}}), contains("chart 'c', line 'l'"));
  // Nothing to show, one point, a constant: still a picture with numbers that are numbers.
  for (auto const& empty : {report::chart{"e", "", "", {}}, report::chart{"e", "", "", {{"p", {1}, {1}}}},
                            report::chart{"e", "", "", {{"p", {1, 2}, {0, 0}}}},
                            report::chart{"e", "", "", {{"p", {1, 2}, {0, -1}}}, {}, true}}) {
    auto const text = report::svg(empty);
    CHECK(text.find("nan") == std::string::npos);
    CHECK(text.find("inf") == std::string::npos);
  }
  CHECK(report::number(1.005, 1) == "1.0");
  CHECK(report::number(nan) == "-");
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
  std::raise(SIGINT);
  CHECK(examples::interrupt::requested());
  examples::interrupt::clear();
  CHECK_FALSE(examples::interrupt::requested());
}
