// The program clip as a user calls it, on a small made-up clip: help, errors, training that is interrupted and goes on,
// test, pictures.
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "s2rm/adapters/npy.hpp"
#include "support/catch.hpp"
#include "support/program.hpp"

using s2rm::test::bytes_of;
using s2rm::test::contains;
using s2rm::test::outcome;
using folder = s2rm::test::output_folder;

namespace {

using frames_type = s2rm::tensor<std::uint8_t, 3>;

outcome call(std::string const& arguments, std::string const& before = "") {
  return s2rm::test::call(before + " " CLIP_PROGRAM " " + arguments);
}

/// A bright square that walks over a striped ground.
frames_type square() {
  frames_type frames = xt::zeros<std::uint8_t>({200, 16, 24});
  for (std::size_t t = 0; t < 200; ++t) {
    for (std::size_t y = 0; y < 16; ++y) {
      for (std::size_t x = 0; x < 24; ++x) {
        bool const inside = (x + 24 - t % 24) % 24 < 5 && (y + 16 - t / 3 % 16) % 16 < 5;
        frames(t, y, x) = static_cast<std::uint8_t>(inside ? 230 : 60 + 10 * (x % 3));
      }
    }
  }
  return frames;
}

/// A folder with that clip in it.
struct place : folder {
  explicit place(char const* name) : folder(name) {
    std::filesystem::create_directories(path);
    s2rm::io::save_npy(video(), square());
  }
  [[nodiscard]] std::string video() const { return (path / "square.npy").string(); }
  [[nodiscard]] std::string train() const { return "train --window 6 --batch 2 --video " + video() + out(); }
};

}  // namespace

TEST_CASE("help says what there is") {
  auto const help = call("--help");
  CHECK(help.status == 0);
  for (auto const* word : {"data", "train", "eval", "render"}) CHECK_THAT(help.text, contains(word));
  auto const train = call("train --help");
  for (auto const* word : {"--seed", "--checkpoint", "--resume", "--video", "--region"}) {
    CHECK_THAT(train.text, contains(word));
  }
}

TEST_CASE("what is wrong is said in words") {
  folder const work{"s2rm_clip_wrong"};
  CHECK(call("").status != 0);
  auto const none = call("train --video nowhere.avi" + work.out());
  CHECK(none.status == 1);
  CHECK_THAT(none.text, contains("nowhere.avi: there is no such file"));
  auto const missing = call("eval" + work.out());
  CHECK(missing.status == 1);
  CHECK_THAT(missing.text, contains("clip train"));
  CHECK_FALSE(std::filesystem::exists(work.path));
}

TEST_CASE("several processes of one launch that do not know each other are refused") {
  place const work{"s2rm_clip_alone"};
  // What the launcher of another MPI library says, to a program with MPI; what any says, to one without.
  auto const refused = call(work.train() + " --steps 2", "PMI_SIZE=2");
  CHECK(refused.status == 1);
  CHECK_THAT(refused.text, contains("expected one process, found 2 started together (PMI_SIZE=2)"));
  CHECK(refused.text.find("MPI_FINALIZE") == std::string::npos);  // MPI is not begun a second time
  CHECK_FALSE(std::filesystem::exists(work.path / "seed1.safetensors"));
  CHECK(call(work.train() + " --steps 2", "PMI_SIZE=2 S2RM_INDEPENDENT_RUNS=1").status == 0);
  CHECK(call(work.train() + " --steps 2", "SLURM_NTASKS=8 SLURM_PROCID=0").status == 0);
}

TEST_CASE("data, train, eval and render leave their files, and the peers' figures are right") {
  place const work{"s2rm_clip_run"};
  auto const data = call("data --video " + work.video() + work.out());
  CHECK(data.status == 0);
  CHECK_THAT(data.text, contains("200 frames of 24 x 16: 140 to train, 20 to validate, 40 to test"));
  // What is asked for is done or refused, never only noted.
  CHECK_THAT(call("data --region 20:16:4:0 --video " + work.video() + work.out()).text, contains("frames of 20 x 16"));
  CHECK_THAT(call("train --width 96 --video " + work.video() + work.out()).text, contains("is not scaled"));
  auto const trained = call(work.train() + " --seed 2 --steps 3");
  CHECK(trained.status == 0);
  CHECK_THAT(trained.text, contains("3 of 3 steps"));
  auto const page = (work.path / "page.md").string();
  auto const eval = call("eval --seed 2 --draws 1 --page " + page + work.out());
  CHECK(eval.status == 0);
  for (auto const* word : {"S2GRU", "last value", "background mean", "true last frame", "SSIM"}) {
    CHECK_THAT(eval.text, contains(word));
  }
  CHECK(call("render --seed 2" + work.out()).status == 0);
  for (auto const* name : {"seed2.safetensors", "seed2.best.safetensors", "seed2.json", "page_views.svg", "film.gif",
                           "film.png", "report.html"}) {
    CHECK(std::filesystem::exists(work.path / name));
  }
  for (auto const* word : {"[page.json](page.json)", "page_blind.svg"}) CHECK_THAT(bytes_of(page), contains(word));
  for (auto const* word : {"{\n\"S2GRU, seed 2\": {\"program\":\"clip\",", "\"seed\":2", "frames_sha256"}) {
    CHECK_THAT(bytes_of(work.path / "page.json"), contains(word));
  }

  auto const record = nlohmann::json::parse(bytes_of(work.path / "seed2.json"));
  CHECK(record.at("shown").at("width") == 24);
  CHECK(nlohmann::json::parse(record.at("manifest").get<std::string>()).at("data").at("frames") == 200);
  auto const& test = record.at("test");
  auto const frames = square();
  double by_mean = 0, by_copy = 0, at_five = 0, fives = 0;
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 24; ++x) {
      double mean = 0;
      for (std::size_t t = 0; t < 140; ++t) mean += frames(t, y, x) / 255.0 / 140;
      for (std::size_t t = 161; t < 200; ++t) {
        by_mean += std::pow(frames(t, y, x) / 255.0 - mean, 2);
        by_copy += std::pow((frames(t, y, x) - frames(t - 1, y, x)) / 255.0, 2);
      }
      // Blind after the 10th, 15th and 20th frame: the fifth frame from there, by the last that was seen.
      for (std::size_t const last : {169, 174, 179}) {
        at_five += std::pow((frames(last + 5, y, x) - frames(last, y, x)) / 255.0, 2);
        ++fives;
      }
    }
  }
  auto const psnr = [](double squares, double pixels) { return -10 * std::log10(squares / pixels); };
  for (auto const* views : {"1", "10", "20"}) {
    auto const at = std::string{"/views "} + views + ".psnr";
    CHECK(test.at("background mean" + at).get<double>() == Approx(psnr(by_mean, 39 * 16 * 24)));
    CHECK(test.at("true last frame" + at).get<double>() == Approx(psnr(by_copy, 39 * 16 * 24)));
  }
  CHECK(test.at("true last frame/blind 5.psnr").get<double>() == Approx(psnr(at_five, fives)));
  CHECK(test.at("last value/views 20.psnr").get<double>() > test.at("last value/views 1.psnr").get<double>());
  CHECK(test.at("S2GRU/views 10.ssim").get<double>() <= 1);

  auto const nothing = call(work.train() + " --seed 2 --steps 3 --resume");
  CHECK(nothing.status == 0);
  CHECK_THAT(nothing.text, contains("3 of 3 steps"));
  auto const other = call(work.train() + " --seed 2 --steps 4 --resume");
  CHECK(other.status == 1);
  CHECK_THAT(other.text, contains("other settings"));
  auto frames_changed = square();
  frames_changed(0, 0, 0) += 1;
  s2rm::io::save_npy(work.video(), frames_changed);
  auto const changed = call("eval --seed 2 --draws 1" + work.out());
  CHECK(changed.status == 1);
  CHECK_THAT(changed.text, contains("not the frames"));
}

TEST_CASE("training ends when patience does") {
  place const work{"s2rm_clip_patience"};
  auto const run = call(work.train() + " --rate 0.9 --steps 400 --curriculum 0 --validate-every 1 --patience 2");
  CHECK(run.status == 0);
  auto const record = nlohmann::json::parse(bytes_of(work.path / "seed1.json"));
  // At this rate nothing is learned: two validations after the best one it is over.
  CHECK(record.at("finished").get<bool>());
  CHECK(record.at("steps").get<int>() < 400);
  CHECK(record.at("steps").get<int>() == record.at("best_step").get<int>() + 2);
}

TEST_CASE("Ctrl-C leaves a checkpoint that training goes on from, to the same weights") {
  place const stopped{"s2rm_clip_stopped"}, whole{"s2rm_clip_whole"};
#ifdef __OPTIMIZE__
  std::string const arguments = " --steps 60 --validate-every 7 --curriculum 5";
#else
  std::string const arguments = " --steps 4 --validate-every 3 --curriculum 1";
#endif
  s2rm::test::train_and_interrupt(CLIP_PROGRAM " " + stopped.train() + arguments, stopped.path / "seed1.safetensors");
  CHECK(call(stopped.train() + arguments + " --resume").status == 0);
  CHECK(call(whole.train() + arguments).status == 0);
  for (auto const* name : {"seed1.safetensors", "seed1.best.safetensors"}) {
    CHECK(bytes_of(stopped.path / name) == bytes_of(whole.path / name));
  }
}

#ifdef CLIP_LAUNCHER
TEST_CASE("two ranks train to the same weights as one") {
  place const alone{"s2rm_clip_alone"}, together{"s2rm_clip_together"};
  std::string const arguments = " --steps 3 --validate-every 2 --curriculum 1 --parts 2";
  auto const one = call(alone.train() + arguments);
  CHECK(one.status == 0);
  auto const two = call(together.train() + arguments, CLIP_LAUNCHER " 2");
  INFO(two.text);
  CHECK(two.status == 0);
  for (auto const* name : {"seed1.safetensors", "seed1.best.safetensors"}) {
    CHECK(bytes_of(alone.path / name) == bytes_of(together.path / name));
  }
  auto const eval = call("eval --seed 1" + together.out(), CLIP_LAUNCHER " 2");
  CHECK(eval.status != 0);
  CHECK_THAT(eval.text, contains("clip eval: runs on one rank"));
}
#endif
