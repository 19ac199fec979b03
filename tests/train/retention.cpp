// A folder of checkpoints: the last few and the best, whatever happens to the program that writes them.
#include "s2rm/train/retention.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <type_traits>

#include "support/files.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_state;
using net = test::small_net;
using learner_type = trainer<net, backend::eigen>;

learner_type made(std::uint64_t start, double rate = 0.01) { return learner_type{{}, {.rate = rate}, seed{start}}; }

void step(learner_type& learner) {
  learner.step(test::random_batch<net, float>(2, 2, 2, 2, static_cast<std::uint32_t>(learner.steps())).look());
}

std::vector<std::string> names(checkpoint_folder const& folder) {
  std::vector<std::string> all;
  for (auto const& path : folder.files()) all.push_back(path.filename().string());
  return all;
}

}  // namespace

TEST_CASE("checkpoint folder: the last k and the best stay") {
  test::temporary_folder const folder;
  checkpoint_folder kept(folder.path() / "run", {.last = 2});
  auto learner = made(1);
  learner_type::training_state best;
  double const nan = std::nan("");
  for (double const figure : {5.0, 3.0, nan, 4.0, 3.0}) {
    step(learner);
    auto const written = kept.save(learner, figure);
    CHECK(std::filesystem::exists(written));
    if (learner.steps() == 2) best = learner.state();
  }
  CHECK(names(kept) == std::vector<std::string>{"step-000000000004.safetensors", "step-000000000005.safetensors"});
  CHECK(kept.best_figure<learner_type>() == 3.0);
  auto other = made(2);
  other.resume(kept.best_path());
  CHECK(same_state(other.state(), best));

  // Another program goes on with the same figures.
  checkpoint_folder again(folder.path() / "run", {.last = 2});
  CHECK(again.best_figure<learner_type>() == 3.0);
  step(learner);
  again.save(learner, 3.5);
  CHECK(again.best_figure<learner_type>() == 3.0);
  step(learner);
  again.save(learner, 2.5);
  CHECK(again.best_figure<learner_type>() == 2.5);
  step(learner);
  again.save(learner);  // without a figure
  CHECK(names(again).back() == "step-000000000008.safetensors");
  CHECK(again.best_figure<learner_type>() == 2.5);
  // A best that is damaged is none.
  test::write_text(again.best_path().string(), "damaged");
  CHECK_FALSE(again.best_figure<learner_type>());
  again.save(learner, 9.0);
  CHECK(again.best_figure<learner_type>() == 9.0);
}

TEST_CASE("checkpoint folder: no best file with best = false; other files are not touched") {
  test::temporary_folder const folder;
  for (char const* name : {"step-5.safetensors", "step-000000000009.txt", "notes", "step-00000000000x.safetensors",
                           "step-99999999999999999999.safetensors"}) {
    test::write_text(folder / name, "mine");
  }
  checkpoint_folder kept(folder.path(), {.last = 1, .best = false});
  auto learner = made(1);
  for (int i = 0; i < 3; ++i) {
    step(learner);
    kept.save(learner, 1.0);
  }
  CHECK(names(kept) == std::vector<std::string>{"step-000000000003.safetensors"});
  CHECK_FALSE(std::filesystem::exists(kept.best_path()));
  CHECK(folder.count() == 6);
  // A best without a figure, and a folder that is gone.
  learner.save(kept.best_path());
  CHECK_FALSE(kept.best_figure<learner_type>());
  checkpoint_folder const gone(folder.path() / "gone");
  std::filesystem::remove(folder.path() / "gone");
  CHECK_THAT(test::refusal([&] { static_cast<void>(gone.files()); }), test::contains("cannot list the folder"));
  CHECK_THROWS_AS(checkpoint_folder(folder.path(), {.last = 0}), value_error);
  CHECK_THROWS_AS(checkpoint_folder(folder.path() / "notes" / "below"), file_error);
}

TEST_CASE("checkpoint folder: the deprecated name of its options") {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  CHECK(std::is_same_v<s2rm::keep, retention>);
#pragma GCC diagnostic pop
}

TEST_CASE("checkpoint folder: resumes from the newest file that loads") {
  test::temporary_folder const folder;
  checkpoint_folder kept(folder.path());
  auto learner = made(1), other = made(2);
  auto const before = other.state();
  CHECK(kept.resume(other).file.empty());
  CHECK(same_state(other.state(), before));
  for (int i = 0; i < 3; ++i) {
    step(learner);
    kept.save(learner);
  }
  auto found = kept.resume(other);
  CHECK(found.file == kept.files()[2]);
  CHECK(found.passed_over.empty());
  CHECK(same_state(other.state(), learner.state()));

  auto const newest = test::read_text(kept.files()[2].string());
  test::write_text(kept.files()[2].string(), newest.substr(0, newest.size() / 2));
  found = kept.resume(other);
  CHECK(found.file == kept.files()[1]);
  REQUIRE(found.passed_over.size() == 1);
  CHECK_THAT(found.passed_over[0], test::contains("step-000000000003.safetensors"));
  CHECK(other.steps() == 2);

  // Saving goes on below the damaged one, and does not take what was just written for an old one.
  checkpoint_folder single(folder.path(), {.last = 1});
  single.save(other);
  CHECK(names(single) == std::vector<std::string>{"step-000000000002.safetensors", "step-000000000003.safetensors"});
  CHECK(single.resume(other).file == single.files()[0]);
  step(other);
  single.save(other);
  CHECK(names(single) == std::vector<std::string>{"step-000000000003.safetensors"});
  CHECK(single.resume(other).passed_over.empty());

  // None that loads: the newest's error.
  test::write_text(single.files()[0].string(), "x");
  auto const text = test::refusal([&] { single.resume(other); });
  CHECK_THAT(text, test::contains("step-000000000003.safetensors"));
}

TEST_CASE("checkpoint folder: non-finite weights replace no file") {
  test::temporary_folder const folder;
  checkpoint_folder kept(folder.path(), {.last = 1});
  auto learner = made(1);
  step(learner);
  kept.save(learner, 1.0);
  auto const files = test::read_text(kept.files()[0].string()), best = test::read_text(kept.best_path().string());
  auto state = learner.state();
  for (auto* const part : {&state.weights, &state.average, &state.moments}) {
    auto const good = (*part)[3];
    (*part)[3] = std::numeric_limits<float>::infinity();
    state.steps = state.applied = 2;
    auto broken = learner_type{{}, {.rate = 0.01}, seed{1}, {.average = 0.5}};
    broken.restore(state);
    CHECK_THROWS_AS(kept.save(broken, 0.5), value_error);
    (*part)[3] = good;
  }
  CHECK(folder.count() == 2);
  CHECK(test::read_text(kept.files()[0].string()) == files);
  CHECK(test::read_text(kept.best_path().string()) == best);
}

TEST_CASE("checkpoint folder: a program that is killed again and again resumes every time") {
  test::temporary_folder const folder;
  auto const path = folder.path() / "run";
  random const draw{5, 0};
  index_t last = 0;
  double patience =
      20000;  // microseconds; a life that gets nowhere is followed by longer ones, however slow the machine
  for (std::uint32_t life = 0; life < 60; ++life) {
    auto const child = ::fork();
    if (child == 0) {
      checkpoint_folder kept(path, {.last = 2});
      auto learner = made(10);
      kept.resume(learner);
      for (;;) {
        step(learner);
        kept.save(learner, 1.0 / static_cast<double>(learner.steps()));
      }
    }
    ::usleep(static_cast<useconds_t>(patience * draw.uniform(life, 0, 0.1, 1.0)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    checkpoint_folder const kept(path);
    auto learner = made(1);
    auto const found = kept.resume(learner);
    CHECK(found.passed_over.empty());
    CHECK(learner.steps() >= last);
    if (learner.steps() == last) patience = std::min(1.5 * patience, 2e6);
    last = learner.steps();
    if (std::filesystem::exists(kept.best_path())) CHECK(kept.best_figure<learner_type>());
  }
  CHECK(last > 0);
  // And it is the run that was never killed.
  auto whole = made(10), other = made(1);
  while (whole.steps() < last) step(whole);
  checkpoint_folder(path).resume(other);
  CHECK(same_state(other.state(), whole.state()));
}

}  // namespace s2rm
