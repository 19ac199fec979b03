// Truncated back-propagation: what a window sees, what goes on to the next, and that memory is a window's.
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_bits;
using test::same_state;

using net = test::small_net;
using learner_of = trainer<net, test::tested, double>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};
constexpr optim::adam frozen{.rate = 0.0};
constexpr optim::adam usual{.rate = 0.01, .clip = 1.0};

batch_view<double> piece(batch_view<double> const& b, index_t first, index_t count) {
  return slice_time<net>(b, first, count);
}

}  // namespace

TEST_CASE("truncation: a slice in time has the numbers of the batch") {
  auto const b = test::random_batch<net, double>(7, 3, 4, 2, 1, masks);
  auto const cut = piece(b.look(), 2, 3);
  CHECK(cut.time == 3);
  CHECK(cut.batch == 3);
  CHECK(cut.view == b.view.data() + 2 * 3 * 4 * 3);
  CHECK(cut.place == b.place.data() + 2 * 3 * 4 * 2);
  CHECK(cut.view_mask == b.view_mask.data() + 2 * 3 * 4);
  CHECK(cut.query_place == b.query_place.data() + 2 * 3 * 2 * 2);
  CHECK(cut.target == b.target.data() + 2 * 3 * 2 * 2);
  CHECK(cut.target_mask == b.target_mask.data() + 2 * 3 * 2);
  CHECK(cut.reset == b.reset.data() + 2 * 3);
  CHECK(cut.blind == b.blind.data() + 2 * 3);
  auto bare = b.look();
  bare.view_mask = bare.target_mask = bare.reset = bare.blind = nullptr;
  auto const cut_bare = piece(bare, 2, 3);
  CHECK(cut_bare.view_mask == nullptr);
  CHECK(cut_bare.target_mask == nullptr);
  CHECK(cut_bare.reset == nullptr);
  CHECK(cut_bare.blind == nullptr);
}

TEST_CASE("truncation: a window as long as the batch, or longer, does not truncate") {
  auto const b = test::random_batch<net, double>(6, 2, 3, 2, 1, masks);
  learner_of whole{{}, usual, seed{3}};
  learner_of equal{{}, usual, seed{3}, {.truncation = {.window = 6}}};
  learner_of longer{{}, usual, seed{3}, {.truncation = {.window = 1000}}};
  for (index_t step = 0; step < 3; ++step) {
    auto const report = whole.step(b.look());
    CHECK(report.updates == 1);
    CHECK(equal.step(b.look()).loss == report.loss);
    CHECK(longer.step(b.look()).loss == report.loss);
  }
  CHECK(same_state(whole.state(), equal.state()));
  CHECK(same_state(whole.state(), longer.state()));
  CHECK(longer.step_bytes() == whole.step_bytes());
}

TEST_CASE("truncation: with frozen weights the windows run through the same states as the whole sequence") {
  for (index_t const window : {1, 2, 4, 5, 11}) {
    auto const b = test::random_batch<net, double>(11, 3, 3, 2, 1, masks);
    learner_of whole{{}, frozen, seed{3}};
    learner_of cut{{}, frozen, seed{3}, {.truncation = {.window = window}}};
    auto const x = whole.step(b.look()), y = cut.step(b.look());
    INFO("window " << window);
    index_t const windows = (11 + window - 1) / window, last = 11 - (windows - 1) * window;
    CHECK(y.loss == Approx(x.loss).epsilon(1e-13));
    CHECK(y.updates == windows);
    CHECK(cut.steps() == windows);
    // The last window's numbers are the tail of the whole's.
    index_t const states = 3 * net::M * net::state_size, outputs = 3 * 2 * net::outputs;
    CHECK(same_bits(whole.states() + (11 - last) * states, cut.states(), last * states));
    CHECK(same_bits(whole.predictions() + (11 - last) * outputs, cut.predictions(), last * outputs));
  }
}

TEST_CASE("truncation: a window's update is that of its slice, from the state that the window before left") {
  auto const b = test::random_batch<net, double>(11, 3, 3, 2, 1, masks);
  learner_of cut{{}, usual, seed{3}, {.truncation = {.window = 4}, .average = 0.9}};
  // By hand: each piece by a trainer that is told the state to begin with, and whose gradient ends there.
  learner_of by_hand{{}, usual, seed{3}, {.truncation = {.carry_batches = true}, .average = 0.9}};
  double loss = 0, elements = 0;
  std::vector<double> carried;
  for (index_t t = 0; t < 11; t += 4) {
    auto state = by_hand.state();
    state.carried = carried;
    by_hand.restore(state);
    auto const part = piece(b.look(), t, std::min<index_t>(4, 11 - t));
    double count = 0;
    for (index_t q = 0; q < part.time * 3 * 2; ++q) count += part.target_mask[q] != 0 ? 2 : 0;
    auto const report = by_hand.step(part);
    loss += report.loss * count;
    elements += count;
    index_t const states = 3 * net::M * net::state_size;
    carried.assign(by_hand.states() + (part.time - 1) * states, by_hand.states() + part.time * states);
  }
  CHECK(cut.step(b.look()).loss == Approx(loss / elements).epsilon(1e-13));
  auto state = by_hand.state();
  state.carried.clear();
  CHECK(same_state(cut.state(), state));

  // It is a truncation: the whole batch's gradient is another.
  learner_of whole{{}, usual, seed{3}, {.average = 0.9}};
  whole.step(b.look());
  CHECK_FALSE(same_bits(whole.state().weights, cut.state().weights));
}

TEST_CASE("truncation: without carry every window starts from the initial state") {
  auto const b = test::random_batch<net, double>(10, 3, 3, 2, 1, masks);
  learner_of cut{{}, usual, seed{3}, {.truncation = {.window = 4, .carry = false}}};
  learner_of sliced{{}, usual, seed{3}};
  learner_of carries{{}, usual, seed{3}, {.truncation = {.window = 4}}};
  cut.step(b.look());
  carries.step(b.look());
  for (index_t t = 0; t < 10; t += 4) sliced.step(piece(b.look(), t, std::min<index_t>(4, 10 - t)));
  CHECK(same_state(cut.state(), sliced.state()));
  CHECK_FALSE(same_bits(cut.state().weights, carries.state().weights));
}

TEST_CASE("truncation: carried from batch to batch, one long sequence over several batches") {
  auto const b = test::random_batch<net, double>(12, 3, 3, 2, 1, masks);
  auto const other = test::random_batch<net, double>(5, 3, 6, 1, 2);
  learner_of whole{{}, usual, seed{3}, {.truncation = {.window = 4}}};
  learner_of sliced{{}, usual, seed{3}, {.truncation = {.carry_batches = true}}};
  learner_of forgets{{}, usual, seed{3}};
  whole.step(b.look());
  for (index_t t = 0; t < 12; t += 4) {
    sliced.step(piece(b.look(), t, 4));
    forgets.step(piece(b.look(), t, 4));
    // What is no training step leaves no trace, whatever its extents.
    sliced.evaluate(other.look());
    sliced.differentiate(other.look());
  }
  CHECK(same_bits(whole.state().weights, sliced.state().weights));
  CHECK(same_bits(whole.state().moments, sliced.state().moments));
  CHECK_FALSE(same_bits(whole.state().weights, forgets.state().weights));
  CHECK(forgets.state().carried.empty());
  CHECK(sliced.state().carried.size() == static_cast<std::size_t>(3 * net::M * net::state_size));
}

TEST_CASE(
    "truncation: the carried state survives growth of the memory, and is dropped with another number of elements") {
  auto const first = test::random_batch<net, double>(4, 3, 3, 2, 1),
             second = test::random_batch<net, double>(9, 3, 7, 5, 2);
  learner_of grows{{}, usual, seed{3}, {.truncation = {.carry_batches = true}}};
  learner_of roomy{{}, usual, seed{3}, {.truncation = {.carry_batches = true}}};
  auto const state = roomy.state();
  roomy.step(test::random_batch<net, double>(9, 5, 7, 5, 3).look());
  roomy.restore(state);
  for (auto const* b : {&first, &second}) CHECK(grows.step(b->look()).loss == roomy.step(b->look()).loss);

  auto const five = test::random_batch<net, double>(4, 5, 3, 2, 4);
  learner_of fresh{{}, usual, seed{9}};
  fresh.assign(grows.parameters().values());
  CHECK(grows.step(five.look()).loss == fresh.step(five.look()).loss);
}

TEST_CASE("truncation: a non-finite state is not carried on") {
  auto const good = test::random_batch<net, double>(4, 3, 3, 2, 1);
  auto bad = good;
  bad.view[5] = std::nan("");
  learner_of learner{{}, usual, seed{3}, {.truncation = {.carry_batches = true}}};
  learner.step(good.look());
  CHECK(learner.step(bad.look()).skipped);
  auto const state = learner.state();
  CHECK(state.carried.empty());
  auto const report = learner.step(good.look());
  CHECK_FALSE(report.skipped);
  CHECK(report.skipped_total == 1);
  // A target alone does not spoil the state: the sequence goes on.
  auto lost = good;
  lost.target[0] = std::nan("");
  CHECK(learner.step(lost.look()).skipped);
  CHECK_FALSE(learner.state().carried.empty());
  // Within a batch: the windows after the bad one are trained again.
  learner_of windows{{}, usual, seed{3}, {.truncation = {.window = 1}}};
  auto const again = windows.step(bad.look());
  CHECK(again.skipped);
  CHECK(again.updates == 3);
}

TEST_CASE("truncation: a training state continues in another trainer in the middle of a sequence") {
  auto const b = test::random_batch<net, double>(12, 3, 3, 2, 1, masks);
  training const options{.truncation = {.carry_batches = true}, .average = 0.9};
  learner_of learner{{}, usual, seed{3}, options}, later{{}, usual, seed{4}, options};
  learner.step(piece(b.look(), 0, 4));
  later.restore(learner.state());
  CHECK(same_state(learner.state(), later.state()));
  for (index_t t = 4; t < 12; t += 4) {
    CHECK(learner.step(piece(b.look(), t, 4)).loss == later.step(piece(b.look(), t, 4)).loss);
  }
  CHECK(same_state(learner.state(), later.state()));
}

TEST_CASE("truncation: memory is that of one window, however long the batch") {
  auto const of = [](index_t time, index_t window) {
    auto const b = test::random_batch<net, double>(time, 2, 3, 2, 1);
    learner_of learner{{}, usual, seed{3}, {.truncation = {.window = window}}};
    learner.step(b.look());
    return learner.step_bytes();
  };
  auto const window = of(4, 4);
  CHECK(window == of(4, 0));
  CHECK(of(7, 4) == window);
  CHECK(of(400, 4) == window);
  CHECK(of(8, 0) > window * 3 / 2);

  // Evaluating something long does not make training larger.
  auto const b = test::random_batch<net, double>(4, 2, 3, 2, 1),
             longer = test::random_batch<net, double>(400, 2, 3, 2, 1);
  learner_of learner{{}, usual, seed{3}, {.truncation = {.window = 4}}};
  learner.step(b.look());
  learner.evaluate(longer.look());
  auto const evaluation = learner.whole_bytes();
  learner.step(longer.look());
  CHECK(learner.step_bytes() == window);
  CHECK(learner.whole_bytes() == evaluation);
  // And has no need of the backward pass's memory.
  learner.differentiate(longer.look());
  CHECK(learner.whole_bytes() > evaluation * 9 / 8);
}

TEST_CASE("truncation: the schedule counts updates") {
  auto const b = test::random_batch<net, double>(8, 2, 3, 2, 1);
  optim::adam const falls{.rate = 0.01, .schedule = {.total = 4}};
  learner_of learner{{}, falls, seed{3}, {.truncation = {.window = 2}}};
  learner.step(b.look());
  CHECK(learner.steps() == 4);
  auto const before = learner.state();
  learner.step(b.look());
  CHECK(same_bits(learner.state().weights, before.weights));
  CHECK_FALSE(same_bits(learner.state().moments, before.moments));
}

TEST_CASE("recomputed activations: the same updates, with the memory of a segment") {
  auto const b = test::random_batch<net, double>(12, 3, 4, 2, 1, masks);
  for (index_t const segment_steps : {1, 3, 5, 12, 40}) {
    INFO("sliced of " << segment_steps);
    learner_of kept{{}, usual, seed{3}, {.truncation = {.carry_batches = true}}};
    learner_of again{{}, usual, seed{3}, {.truncation = {.carry_batches = true}, .recompute = segment_steps}};
    for (index_t step = 0; step < 3; ++step) {
      auto const x = kept.step(b.look()), y = again.step(b.look());
      CHECK(y.loss == Approx(x.loss).epsilon(1e-12));
      CHECK(y.gradient_norm == Approx(x.gradient_norm).epsilon(1e-11));
      CHECK(y.reach == Approx(x.reach));
      CHECK(y.dead_modules == x.dead_modules);
      CHECK(y.unreached_views == x.unreached_views);
      CHECK(y.updates == 1);
    }
    auto const x = kept.state(), y = again.state();
    for (std::size_t i = 0; i < x.weights.size(); ++i) REQUIRE(y.weights[i] == Approx(x.weights[i]).margin(1e-9));
    REQUIRE(y.carried.size() == x.carried.size());
    for (std::size_t i = 0; i < x.carried.size(); ++i) REQUIRE(y.carried[i] == Approx(x.carried[i]).margin(1e-9));
    if (segment_steps < 12) CHECK(again.step_bytes() < kept.step_bytes());
  }
}

TEST_CASE("the bytes of one more step are known when the program is compiled") {
  constexpr index_t one = saved_bytes_per_step<net, double>(8, 4, 2);
  static_assert(one > 8 * net::M * net::state_size * 8);
  constexpr index_t more =
      activation_bytes<net, double>({29, 8, 4, 2}, false) - activation_bytes<net, double>({25, 8, 4, 2}, false);
  CHECK(std::abs(static_cast<double>(more - 4 * one)) <= 64.0 * 40);  // sliced begin on cache lines
}

TEST_CASE("recomputed activations: memory does not grow with the sequence") {
  index_t bytes = 0;
  for (index_t const time : {16, 64}) {
    auto const b = test::random_batch<net, double>(time, 3, 4, 2, 1, masks);
    learner_of again{{}, usual, seed{3}, {.recompute = 8}};
    again.step(b.look());
    if (bytes > 0) CHECK(again.step_bytes() == bytes);
    bytes = again.step_bytes();
  }
  CHECK_THROWS_AS((learner_of{{}, usual, seed{3}, {.recompute = -1}}), value_error);
}

}  // namespace s2rm
