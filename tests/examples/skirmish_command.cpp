// The models of the program skirmish as a user calls it: training that is interrupted and goes on, test, pictures, page.
#include "support/program.hpp"

using s2rm::test::bytes_of;
using s2rm::test::contains;
using folder = s2rm::test::output_folder;

namespace {

s2rm::test::outcome call(std::string const& arguments) { return s2rm::test::call(SKIRMISH_PROGRAM " " + arguments); }

constexpr char const* tiny = "--scenario 1s2z --steps 3 --batch 2";

/// A number of a run's record, by the name it has there.
double figure(std::string const& record, std::string const& name) {
  auto const key = '"' + name + "\": ";
  auto const at = record.find(key);
  REQUIRE(at != std::string::npos);
  return std::stod(record.substr(at + key.size(), 24));
}

}  // namespace

TEST_CASE("what is wrong is said in words") {
  folder const work{"s2rm_skirmish_wrong"};
  CHECK(call("train --steps 0" + work.out()).status != 0);
  auto const model = call("train --model abacus" + work.out());
  CHECK(model.status != 0);
  CHECK_THAT(model.text, contains("s2gru"));
  auto const units = call("train --scenario 3m" + work.out());
  CHECK(units.status == 1);
  CHECK_THAT(units.text, contains("Colossus, Stalker and Zealot") && contains("'3m'"));
  auto const missing = call("eval" + work.out());
  CHECK(missing.status == 1);
  CHECK_THAT(missing.text, contains("skirmish train"));
  CHECK_FALSE(std::filesystem::exists(work.path));
}

TEST_CASE("train, eval and render leave their files") {
  folder const work{"s2rm_skirmish_run"};
  auto const trained = call("train --cell gru --seed 2 " + std::string{tiny} + work.out());
  CHECK(trained.status == 0);
  CHECK_THAT(trained.text, contains("3 of 3 steps"));
  auto const eval = call("eval --seed 2 --scenario 1s2z --battles 1" + work.out());
  CHECK(eval.status == 0);
  for (auto const* word : {"last seen", "nothing moves", "1s2z (trained on)", "mean of the others", "shield"}) {
    CHECK_THAT(eval.text, contains(word));
  }
  // Training begins at the base rates: three steps have hardly moved it. From probabilities of one half it would be 0.69.
  auto const record = bytes_of(work.path / "s2gru-seed2.json");
  CHECK(figure(record, "1s2z.bce") < 1.5 * figure(record, "all empty/1s2z.bce"));
  auto const drawn = call("render --seed 2 --scenario 1s2z --episode 1" + work.out());
  CHECK(drawn.status == 0);
  for (auto const* name :
       {"s2gru-seed2.safetensors", "s2gru-seed2.json", "s2gru-seed2.md", "belief.gif", "belief.png", "report.html"}) {
    CHECK(std::filesystem::exists(work.path / name));
  }
  auto const nothing = call("train --seed 2 --resume " + std::string{tiny} + work.out());
  CHECK(nothing.status == 0);
  CHECK_THAT(nothing.text, !contains("validation:"));  // what a fit begins with
  auto const other = call("train --seed 2 --resume --scenario 2s3z --steps 3 --batch 2" + work.out());
  CHECK(other.status == 1);
  CHECK_THAT(other.text, contains("other settings"));
}

TEST_CASE("Ctrl-C leaves a checkpoint that training goes on from, to the same weights") {
#ifdef __OPTIMIZE__
  std::string const arguments = "train --scenario 1s2z --steps 40 --batch 4 --few-views 0.5 --blind-spans 0.5";
#else
  std::string const arguments = "train --scenario 1s2z --steps 4 --batch 2";
#endif
  s2rm::test::check_goes_on_after_interrupt(SKIRMISH_PROGRAM " " + arguments, "s2rm_skirmish",
                                            "s2gru-seed1.safetensors");
}

TEST_CASE("recorded battles train and test in place of played ones") {
  folder const work{"s2rm_skirmish_recorded"}, recorded{"s2rm_skirmish_recording"};
  CHECK(call("data --scenario 2s3z --episodes 12 --seed 4" + recorded.out()).status == 0);
  auto const from = " --data " + recorded.path.string() + work.out();
  CHECK(call("train --steps 2 --batch 2" + from).status == 0);
  auto const eval = call("eval --battles 1" + from);
  CHECK(eval.status == 0);
  CHECK_THAT(eval.text, contains("recorded (trained on)") && !contains("mean of the others"));
  auto const resumed = call("train --steps 2 --batch 2 --resume" + work.out());  // without the recording
  CHECK(resumed.status == 1);
  CHECK_THAT(resumed.text, contains("other settings"));
}

TEST_CASE("a campaign does what is missing, and its page says what was run") {
  folder const work{"s2rm_skirmish_campaign"};
  auto const page = (work.path / "page.md").string();
  auto const line =
      "campaign --models s2gru --seeds 2 --battles 1 " + std::string{tiny} + " --page " + page + work.out();
  CHECK(call(line).status == 0);
  auto const text = bytes_of(page);
  for (auto const* word : {"S2GRU", "last seen", "Manifests", "page_scenarios.svg", "page_dropped.svg"}) {
    CHECK_THAT(text, contains(word));
  }
  CHECK_THAT(text, !contains("The claim of the paper"));  // of S2GRU alone there is nothing to compare
  CHECK(std::filesystem::exists(work.path / "page_training.svg"));
  CHECK_THAT(bytes_of(work.path / "page.json"), contains("},\n\"S2GRU, seed 2\": {\"program\":\"skirmish\","));
  CHECK_THAT(call(line).text, contains("s2gru, seed 2: done before"));
}
