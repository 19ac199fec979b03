// The program balls as a user calls it: help, errors, training that is interrupted and goes on, test, pictures.
#include "support/program.hpp"

using s2rm::test::bytes_of;
using s2rm::test::contains;
using folder = s2rm::test::output_folder;

namespace {

s2rm::test::outcome call(std::string const& arguments, std::string const& before = "") {
  return s2rm::test::call(before + " " BALLS_PROGRAM " " + arguments);
}

constexpr char const* tiny = "--steps 3 --batch 2";

}  // namespace

TEST_CASE("help says what there is") {
  auto const help = call("--help");
  CHECK(help.status == 0);
  for (auto const* word : {"train", "eval", "render", "campaign"}) CHECK_THAT(help.text, contains(word));
  auto const train = call("train --help");
  for (auto const* word : {"--seed", "--checkpoint", "--resume", "--steps", "--cell"}) {
    CHECK_THAT(train.text, contains(word));
  }
}

TEST_CASE("what is wrong is said in words") {
  folder const work{"s2rm_balls_wrong"};
  CHECK(call("").status != 0);
  CHECK(call("train --steps 0" + work.out()).status != 0);
  auto const cell = call("train --cell abacus" + work.out());
  CHECK(cell.status != 0);
  CHECK_THAT(cell.text, contains("s2gru"));
  auto const missing = call("eval" + work.out());
  CHECK(missing.status == 1);
  CHECK_THAT(missing.text, contains("balls train"));
  CHECK_FALSE(std::filesystem::exists(work.path));
}

TEST_CASE("train, eval and render leave their files") {
  folder const work{"s2rm_balls_run"};
  auto const trained = call("train --cell gru --seed 2 " + std::string{tiny} + work.out());
  CHECK(trained.status == 0);
  CHECK_THAT(trained.text, contains("3 of 3 steps"));
  auto const eval = call("eval --seed 2 --sequences 1" + work.out());
  CHECK(eval.status == 0);
  for (auto const* word : {"last seen", "true physics", "curtain", "dropped 0.50"}) {
    CHECK_THAT(eval.text, contains(word));
  }
  auto const drawn = call("render --seed 2" + work.out());
  CHECK(drawn.status == 0);
  for (auto const* name : {"s2gru-seed2.safetensors", "s2gru-seed2.json", "s2gru-seed2.md", "film.png", "film.gif",
                           "modules.png", "report.html", "report.page.json"}) {
    CHECK(std::filesystem::exists(work.path / name));
  }
  auto const nothing = call("train --seed 2 --resume " + std::string{tiny} + work.out());
  CHECK(nothing.status == 0);
  CHECK_THAT(nothing.text, contains("3 of 3 steps"));
  CHECK_THAT(nothing.text, !contains("validation:"));  // what a fit begins with
  auto const other = call("train --seed 2 --resume --steps 4" + work.out());
  CHECK(other.status == 1);
  CHECK_THAT(other.text, contains("other settings"));
}

TEST_CASE("Ctrl-C leaves a checkpoint that training goes on from, to the same weights") {
#ifdef __OPTIMIZE__
  std::string const arguments = "train --steps 80 --batch 16";
#else
  std::string const arguments = "train --steps 4 --batch 2";
#endif
  s2rm::test::check_goes_on_after_interrupt(BALLS_PROGRAM " " + arguments, "s2rm_balls", "s2gru-seed1.safetensors");
}

TEST_CASE("a campaign does what is missing, and its page says what was run") {
  folder const work{"s2rm_balls_campaign"};
  auto const page = (work.path / "page.md").string();
  auto const line = "campaign --seeds 2 --sequences 1 " + std::string{tiny} + " --page " + page + work.out();
  auto const first = call(line);
  CHECK(first.status == 0);
  auto const text = bytes_of(page);
  for (auto const* word : {"S2GRU", "last seen", "Manifests", "page_views.svg", "| 2 |"}) {
    CHECK_THAT(text, contains(word));
  }
  CHECK(std::filesystem::exists(work.path / "page_views.svg"));
  CHECK_THAT(text, contains("[page.json](page.json)"));
  CHECK_THAT(bytes_of(work.path / "page.json"),
             contains("{\n\"S2GRU, seed 1\": {\"program\":\"balls\",") && contains("},\n\"S2GRU, seed 2\": {"));
  auto const again = call(line);
  CHECK_THAT(again.text, contains("seed 2: done before"));
  auto const none =
      call("campaign --seeds 3 --budget 0.000001s --sequences 1 " + std::string{tiny} + " --page " + page + work.out());
  CHECK(none.status == 0);
  CHECK_FALSE(std::filesystem::exists(work.path / "s2gru-seed3.safetensors"));
}
