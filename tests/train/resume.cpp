// N steps are k steps, a file, another trainer, and N - k steps: to the bit, for 20 random k, on every backend. The run has
// everything that could be forgotten: moments, average, schedule, a state carried from batch to batch, augmentation, and
// data that are shuffled anew in every epoch.
#include <algorithm>
#include <numeric>

#include "s2rm/any/trainer.hpp"
#include "s2rm/train/augment.hpp"
#include "s2rm/train/training_file.hpp"
#include "support/backends.hpp"
#include "support/files.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_state;
using net = test::small_net;

/// Steps of a run that is taken up 20 times.
#ifdef __OPTIMIZE__
constexpr index_t whole_run = 30;
#else
constexpr index_t whole_run = 8;
#endif

constexpr training options{.truncation = {.window = 2, .carry_batches = true}, .average = 0.9};
constexpr optim::adam adam{.rate = 0.01, .weight_decay = 0.02, .clip = 1.0, .schedule = {.warm_up = 7, .total = 55}};

/// Sequences in an order that is drawn anew for every epoch. Its place in the data is three numbers.
class shuffled {
 public:
  static constexpr index_t sequences = 7;
  explicit shuffled(std::uint64_t start) : start_(start) { shuffle(); }

  std::uint32_t next() {
    if (at_ == sequences) {
      ++epoch_;
      at_ = 0;
      shuffle();
    }
    return order_[static_cast<std::size_t>(at_++)];
  }
  [[nodiscard]] std::vector<std::int64_t> place() const {
    return {static_cast<std::int64_t>(start_), epoch_, static_cast<std::int64_t>(at_)};
  }
  void go_to(std::vector<std::int64_t> const& place) {
    start_ = static_cast<std::uint64_t>(place.at(0));
    epoch_ = place.at(1);
    shuffle();
    at_ = place.at(2);
  }

 private:
  void shuffle() {
    order_.resize(sequences);
    std::iota(order_.begin(), order_.end(), 0U);
    random const draw{start_, 5};
    for (index_t i = sequences - 1; i > 0; --i) {
      auto const j = draw.below(static_cast<std::uint32_t>(epoch_), static_cast<std::uint64_t>(i), i + 1);
      std::swap(order_[static_cast<std::size_t>(i)], order_[static_cast<std::size_t>(j)]);
    }
  }

  std::uint64_t start_;
  std::int64_t epoch_ = 0;
  index_t at_ = 0;
  std::vector<std::uint32_t> order_;
};

/// A training program: steps until `last`, its place in the data with the weights.
template <class Learner>
void train(Learner& learner, index_t last) {
  shuffled data(3);
  if (!learner.cursor().empty()) data.go_to(learner.cursor());
  augment::pipeline<net::shape, float, augment::drop_views, augment::shift> mend{seed{11}, {0.3, 0.0}, {0.2}};
  // An update per window: a batch of 5 steps is three.
  while (learner.steps() < last * 3) {
    auto const batch = test::random_batch<net, float>(5, 2, 3, 2, data.next(), {.view_mask = true, .reset = true});
    learner.step(mend(learner.steps(), batch.look()));
    learner.set_cursor(data.place());
  }
}

template <class Backend>
trainer<net, Backend> made(Backend be, std::uint64_t start) {
  return trainer<net, Backend>{std::move(be), adam, seed{start}, options};
}

template <class Backend>
void goes_on_exactly(Backend const& be, std::string const& name, std::uint32_t times, index_t all_steps) {
  INFO(name);
  test::temporary_folder const folder;
  // One run, of which a file is kept after each step.
  auto whole = made(be, 3);
  auto const file = [&](index_t k) { return folder.path() / std::to_string(k); };
  std::vector<training_state<float>> states(1);
  for (index_t k = 1; k <= all_steps; ++k) {
    train(whole, k);
    whole.save(file(k));
    states.push_back(whole.state());
  }
  random const draw{21, 0};
  for (std::uint32_t i = 0; i < times; ++i) {
    auto const k = 1 + draw.below(i, 0, all_steps - 1);
    INFO("k = " << k);
    auto second = made(be, 1000 + i);
    second.resume(file(k));
    CHECK(same_state(second.state(), states[static_cast<std::size_t>(k)]));
    train(second, all_steps);
    CHECK(same_state(second.state(), whole.state()));
    CHECK(second.cursor() == whole.cursor());
  }
  index_t const before = all_steps - 1;
  CHECK(whole.cursor() == std::vector<std::int64_t>{3, before / shuffled::sequences, before % shuffled::sequences + 1});
}

}  // namespace

TEST_CASE("resume: 20 of 20, on the CPU") {
  goes_on_exactly(backend::eigen{.threads = 1}, "eigen, 1 thread", 20, whole_run);
  goes_on_exactly(backend::eigen{.threads = 2}, "eigen, 2 threads", 3, 9);
}

TEST_CASE("resume: 20 of 20, on Thrust's host systems") {
  test::on_every_thrust([](auto const& be, std::string const& name) {
    // Threads that wait for each other take long on a machine that has other work; what a file holds does not depend on
    // them, so a few points do.
    bool const alone = name == "thrust, CPP";
    goes_on_exactly(be, name, alone ? 20 : 2, alone ? whole_run : 5);
  });
}

TEST_CASE("resume: behind any_trainer") {
  test::temporary_folder const folder;
  auto whole = erased(made(backend::eigen{}, 3)), first = erased(made(backend::eigen{}, 3)),
       second = erased(made(backend::eigen{}, 4));
  train(*whole, 9);
  train(*first, 4);
  first->save(folder / "run");
  second->resume(folder / "run");
  train(*second, 9);
  CHECK(same_state(second->state(), whole->state()));
}

TEST_CASE("resume: only with the settings of the run; load continues with others") {
  test::temporary_folder const folder;
  auto learner = made(backend::eigen{}, 3);
  train(learner, 2);
  learner.save(folder / "run");
  auto const refused = [&](auto other_adam, training other_options, char const* text) {
    trainer<net, backend::eigen, float, decltype(other_adam)> other{{}, other_adam, seed{4}, other_options};
    auto const before = other.state();
    CHECK_THAT(test::refusal([&] { other.resume(folder / "run"); }), test::contains(text));
    CHECK(same_state(other.state(), before));
  };
  auto const with = [](auto change) {
    auto changed = adam;
    change(changed);
    return changed;
  };
  refused(with([](auto& o) { o.rate = 0.02; }), options, "adam.rate: expected 0.02, found 0.01");
  refused(with([](auto& o) { o.beta1 = 0.8; }), options, "adam.beta1: expected 0.8");
  refused(with([](auto& o) { o.beta2 = 0.8; }), options, "adam.beta2: expected 0.8");
  refused(with([](auto& o) { o.epsilon = 1; }), options, "adam.epsilon: expected 1");
  refused(with([](auto& o) { o.weight_decay = 0; }), options, "adam.weight_decay: expected 0");
  refused(with([](auto& o) { o.clip = 2; }), options, "adam.clip: expected 2");
  refused(with([](auto& o) { o.schedule.warm_up = 1; }), options, "schedule.warm_up: expected 1, found 7");
  refused(with([](auto& o) { o.schedule.total = 1; }), options, "schedule.total: expected 1");
  refused(with([](auto& o) { o.schedule.floor = 1; }), options, "schedule.floor: expected 1");
  auto other = options;
  other.average = 0.5;
  refused(adam, other, "training.average: expected 0.5");
  other = options;
  other.truncation.window = 3;
  refused(adam, other, "truncation.window: expected 3, found 2");
  other = options;
  other.truncation.carry = false;
  refused(adam, other, "truncation.carry: expected 0, found 1");
  other = options;
  other.truncation.carry_batches = false;
  refused(adam, other, "truncation.carry_batches: expected 0, found 1");
  refused(optim::sgd{}, options, "tensor 'train.moments': expected shape");

  trainer<net, backend::eigen> slower{{}, {.rate = 0.001}, seed{4}};
  slower.load(folder / "run");
  CHECK(slower.steps() == learner.steps());
  CHECK(slower.cursor() == learner.cursor());

  // Nor of an optimiser that has other settings.
  std::array<double, 3> const fewer{1, 2, 3};
  auto const state = learner.state();
  std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
  std::array const training{io::source_of("train.weights", {net::parameter_count}, state.weights.data()),
                            io::source_of("train.average", {net::parameter_count}, state.average.data()),
                            io::source_of("train.moments", {2 * net::parameter_count}, state.moments.data()),
                            io::source_of("train.counters", {3}, counters.data()),
                            io::source_of("train.settings", {3}, fewer.data())};
  io::save_checkpoint(folder / "fewer", net::fields, state.average.data(), "", training);
  CHECK_THAT(test::refusal([&] { learner.resume(folder / "fewer"); }),
             test::contains("tensor 'train.settings': expected 14 numbers, found 3"));

  // Weights alone are no run.
  std::vector<float> const values = learner.state().weights;
  io::save_checkpoint(folder / "weights", net::fields, values.data(), "");
  CHECK_THAT(test::refusal([&] { slower.resume(folder / "weights"); }),
             test::contains("tensor 'train.weights': missing: nothing to go on from exactly"));
}

TEST_CASE("resume: a file of a library that did not write settings yet") {
  test::temporary_folder const folder;
  auto learner = made(backend::eigen{}, 3), other = made(backend::eigen{}, 4);
  train(learner, 2);
  auto const state = learner.state();
  std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
  std::array const training{io::source_of("train.weights", {net::parameter_count}, state.weights.data()),
                            io::source_of("train.average", {net::parameter_count}, state.average.data()),
                            io::source_of("train.moments", {2 * net::parameter_count}, state.moments.data()),
                            io::source_of("train.counters", {3}, counters.data())};
  io::save_checkpoint(folder / "old", net::fields, state.average.data(), "", training);
  other.resume(folder / "old");
  CHECK(test::same_bits(other.state().weights, state.weights));
  CHECK(other.steps() == state.steps);
}

TEST_CASE("resume: the training state is checked as a whole") {
  test::temporary_folder const folder;
  auto learner = made(backend::eigen{}, 3);
  train(learner, 2);
  auto const good = learner.state();
  auto const before = good;
  auto const settings = [&] {
    std::vector<double> values;
    for (auto const& one : learner.settings()) values.push_back(one.value);
    return values;
  }();
  auto const refused = [&](auto const& spoil, char const* text) {
    auto state = good;
    std::vector<std::int64_t> counters{state.steps, state.applied, state.skipped};
    std::vector<io::tensor_source> more;
    spoil(state, counters, more);
    auto const list = [](char const* name, auto const& numbers) {
      return io::source_of(name, {static_cast<index_t>(numbers.size())}, numbers.data());
    };
    std::vector<io::tensor_source> training{list("train.weights", state.weights), list("train.average", state.average),
                                            list("train.moments", state.moments), list("train.counters", counters),
                                            list("train.settings", settings),     list("train.carried", state.carried)};
    training.insert(training.end(), more.begin(), more.end());
    io::save_checkpoint(folder / "run", net::fields, good.average.data(), "", training);
    for (bool const exact : {false, true}) {
      auto const message =
          test::refusal([&] { exact ? learner.resume(folder / "run") : learner.load(folder / "run"); });
      CHECK_THAT(message, test::contains(text));
      CHECK(same_state(learner.state(), before));
    }
  };
  using numbers = std::vector<std::int64_t>;
  using tensors = std::vector<io::tensor_source>;
  auto const nan = std::numeric_limits<float>::quiet_NaN();
  refused([&](auto& s, numbers&, tensors&) { s.weights[5] = nan; },
          "tensor 'train.weights': expected finite numbers, found nan at 5, which is 5 of 'encoder.0.weight'");
  refused([&](auto& s, numbers&, tensors&) { s.average[6] = nan; }, "tensor 'train.average': expected finite numbers");
  refused([&](auto& s, numbers&, tensors&) { s.moments[7] = nan; }, "tensor 'train.moments': expected finite numbers");
  refused([](auto& s, numbers&, tensors&) { s.moments.pop_back(); }, "tensor 'train.moments': expected shape");
  refused([](auto& s, numbers&, tensors&) { s.carried.pop_back(); },
          "tensor 'train.carried': expected a multiple of 40 numbers, found 79");
  refused([](auto&, numbers& c, tensors&) { c[0] = -1; }, "expected steps = applied + skipped, found -1, ");
  refused([](auto&, numbers& c, tensors&) { c[2] = 1; }, "tensor 'train.counters': expected steps = applied + skipped");
  refused([](auto&, numbers& c, tensors&) { c = {-2, INT64_MAX, INT64_MAX}; }, "found -2, 9223372036854775807, 922");
  refused([](auto&, numbers& c, tensors&) { c = {1, -1, 2}; }, "expected steps = applied + skipped, found 1, -1, 2");
  refused([](auto&, numbers& c, tensors&) { c = {0, 5, -5}; }, "expected steps = applied + skipped, found 0, 5, -5");
  refused([](auto&, numbers& c, tensors&) { c.push_back(0); },
          "tensor 'train.counters': expected shape [3], found [4]");
  float const one = 1;
  refused([&](auto&, numbers&, tensors& more) { more.push_back(io::source_of("train.more", {1}, &one)); },
          "tensor 'train.more': unknown: the trainer has no such state");
  numbers const far(max_cursor + 1);
  refused([&](auto&, numbers&,
              tensors& more) { more.push_back(io::source_of("train.cursor", {max_cursor + 1}, far.data())); },
          "tensor 'train.cursor': expected shape [1] to [4096], found [4097]");
  CHECK_THROWS_AS(learner.set_cursor(far), value_error);
  auto too_far = good;
  too_far.cursor = far;
  CHECK_THROWS_AS(learner.restore(too_far), value_error);
  CHECK(same_state(learner.state(), before));
}

}  // namespace s2rm
