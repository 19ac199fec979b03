// Micro-batches: the gradient of the whole batch up to rounding, and the same bits whichever rank computes which micro-batch.
#include "s2rm/train/microbatch.hpp"

#include "support/refused.hpp"
#include "support/tolerance.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::refused;
using test::same_bits;
using test::same_state;
using net = test::small_net;
template <class T>
using learner_of = trainer<net, backend::eigen, T>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};
constexpr optim::adam adam{.rate = 0.01, .weight_decay = 0.01, .clip = 0.5};

}  // namespace

TEST_CASE("micro-batches: the gradient of all elements at once, up to rounding") {
  for (index_t const microbatches : {1, 2, 8}) {
    for (training const& options :
         {training{.average = 0.9}, training{.truncation = {.window = 2, .carry_batches = true}, .recompute = 1},
          training{.truncation = {.window = 3, .carry = false}}}) {
      auto cut = options;
      cut.microbatches = microbatches;
      learner_of<double> whole{{}, adam, seed{3}, options}, microbatched{{}, adam, seed{3}, cut};
      for (std::uint32_t step = 0; step < 5; ++step) {
        auto const b = test::random_batch<net, double>(5, 8, 3, 2, step, masks);
        auto const expected = whole.step(b.look()), found = microbatched.step(b.look());
        CAPTURE(microbatches, step);
        CHECK(found.loss == Approx(expected.loss).epsilon(1e-12));
        CHECK(found.gradient_norm == Approx(expected.gradient_norm).epsilon(1e-12));
        CHECK(found.reach == expected.reach);
        CHECK(found.dead_modules == expected.dead_modules);
        CHECK(found.unreached_views == expected.unreached_views);
        CHECK(found.updates == expected.updates);
      }
      CHECK(test::relative_error(microbatched.state().weights, whole.state().weights) < test::tolerance::reordered);
      CHECK(test::relative_error(microbatched.state().average, whole.state().average) < test::tolerance::reordered);
      auto const carried = whole.state().carried;
      CHECK(carried.size() == microbatched.state().carried.size());
      CHECK((carried.empty() ||
             test::relative_error(microbatched.state().carried, carried) < test::tolerance::reordered));
    }
  }
}

TEST_CASE("micro-batches: one is the whole batch to the bit; several threads give the bits of one") {
  training const windows{.truncation = {.window = 2, .carry_batches = true}, .average = 0.9};
  auto one = windows, four = windows;
  one.microbatches = 1;
  four.microbatches = 4;
  learner_of<float> whole{{}, adam, seed{3}, windows}, alone{{}, adam, seed{3}, one}, single{{}, adam, seed{3}, four};
  learner_of<float> threads{backend::eigen{.threads = 3}, adam, seed{3}, four};
  for (std::uint32_t step = 0; step < 4; ++step) {
    auto const b = test::random_batch<net, float>(5, 8, 3, 2, step, masks);
    CHECK(whole.step(b.look()).loss == alone.step(b.look()).loss);
    CHECK(single.step(b.look()).loss == threads.step(b.look()).loss);
  }
  CHECK(same_state(whole.state(), alone.state()));
  CHECK(same_state(single.state(), threads.state()));
  CHECK_FALSE(same_bits(whole.state().weights, single.state().weights));
}

TEST_CASE("micro-batches: a step needs the memory of one") {
  learner_of<float> whole{{}, adam, seed{3}}, microbatched{{}, adam, seed{3}, {.microbatches = 8}};
  auto const b = test::random_batch<net, float>(5, 16, 3, 2, 1, masks);
  whole.step(b.look());
  microbatched.step(b.look());
  CHECK(microbatched.step_bytes() < whole.step_bytes() / 4);
}

TEST_CASE("micro-batches: a non-finite step is skipped, and its state is not carried on") {
  learner_of<double> learner{{}, adam, seed{3}, {.truncation = {.carry_batches = true}, .microbatches = 2}};
  auto good = test::random_batch<net, double>(3, 4, 3, 2, 1), bad = good;
  learner.step(good.look());
  auto const before = learner.state();
  CHECK_FALSE(before.carried.empty());
  bad.view[5] = std::numeric_limits<double>::quiet_NaN();
  auto const report = learner.step(bad.look());
  CHECK(report.skipped);
  CHECK(same_bits(learner.state().weights, before.weights));
  CHECK(learner.state().carried.empty());
}

TEST_CASE("micro-batches: the deprecated name `parts` is read where the new one is 0") {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  training const old{.parts = 2}, both{.microbatches = 4, .parts = 2};
#pragma GCC diagnostic pop
  CHECK(old.current().microbatches == 2);
  CHECK(both.current().microbatches == 4);
  learner_of<float> named{{}, adam, seed{3}, {.microbatches = 2}}, deprecated{{}, adam, seed{3}, old};
  auto const b = test::random_batch<net, float>(3, 4, 3, 2, 1, masks);
  CHECK(named.step(b.look()).loss == deprecated.step(b.look()).loss);
  CHECK(same_state(named.state(), deprecated.state()));
  auto const a = named.settings(), c = deprecated.settings();
  CHECK(std::equal(a.begin(), a.end(), c.begin(), c.end(), [](auto x, auto y) { return x.value == y.value; }));
}

TEST_CASE("micro-batches: a batch that they do not divide is refused") {
  CHECK_THROWS_AS(learner_of<float>({}, adam, seed{3}, {.microbatches = 3}), value_error);
  CHECK_THROWS_AS(learner_of<float>({}, adam, seed{3}, {.microbatches = -2}), value_error);
  CHECK_THROWS_AS(learner_of<float>({}, adam, seed{3}, {.microbatches = 2048}), value_error);
  learner_of<float> learner{{}, adam, seed{3}, {.microbatches = 4}};
  auto const six = test::random_batch<net, float>(2, 6, 3, 2, 1);
  CHECK_THAT(refused<value_error>([&] { learner.step(six.look()); }),
             test::contains("multiple of 4") && test::contains("found 6"));
  CHECK_THAT(refused<value_error>([&] { static_cast<void>(learner.share(6)); }), test::contains("found 6"));
  CHECK_THAT(refused<value_error>([] { static_cast<void>(share_of(8, 0, 5, 4)); }), test::contains("found 5"));
}

TEST_CASE("micro-batches: shares of ranks are whole, in order and even") {
  for (int size = 1; size <= 7; ++size) {
    for (index_t const microbatches : {0, 8}) {
      index_t next = 0;
      for (int rank = 0; rank < size; ++rank) {
        auto const mine = share_of(24, rank, size, microbatches);
        CHECK(mine.first == next);
        CHECK(mine.count >= (microbatches == 0 ? 24 / size : 3 * (8 / size)));
        CHECK((microbatches == 0 || mine.count % 3 == 0));
        next += mine.count;
      }
      CHECK(next == 24);
    }
  }
}

TEST_CASE("micro-batches: the tree's sum does not depend on which rank holds which leaves") {
  // Numbers whose sum depends on the order.
  random const r{5, 1};
  auto const leaf = [&](index_t i) {
    return static_cast<float>(r.normal(0, static_cast<std::uint64_t>(i)) * std::pow(10.0, static_cast<double>(i % 7)));
  };
  for (index_t const leaves : {1, 2, 4, 16, 64}) {
    std::vector<float> level;
    for (index_t i = 0; i < leaves; ++i) level.push_back(leaf(i));
    while (level.size() > 1) {
      std::vector<float> above;
      for (std::size_t i = 0; i < level.size(); i += 2) above.push_back(level[i] + level[i + 1]);
      level = above;
    }
    for (int size = 1; size <= static_cast<int>(leaves) && size <= 9; ++size) {
      communicator::tree_stack all;
      std::vector<float> sums(24);
      for (int rank = 0; rank < size; ++rank) {
        auto const mine = share_evenly(leaves, rank, size);
        communicator::tree_stack own;
        std::vector<float> nodes(24);
        for (index_t i = mine.first; i < mine.first + mine.count; ++i) {
          nodes[static_cast<std::size_t>(own.depth)] = leaf(i);
          own.push({i, 1},
                   [&](index_t at) { nodes[static_cast<std::size_t>(at)] += nodes[static_cast<std::size_t>(at + 1)]; });
        }
        auto const covering = communicator::tree_stack::covering(mine);
        CHECK(covering.depth == own.depth);
        index_t covered = 0;
        for (index_t i = 0; i < own.depth; ++i) {
          auto const node = own.nodes[static_cast<std::size_t>(i)];
          covered += node.leaves;
          sums[static_cast<std::size_t>(all.depth)] = nodes[static_cast<std::size_t>(i)];
          all.push(node,
                   [&](index_t at) { sums[static_cast<std::size_t>(at)] += sums[static_cast<std::size_t>(at + 1)]; });
        }
        CHECK(covered == mine.count);
      }
      CAPTURE(leaves, size);
      CHECK(all.depth == 1);
      CHECK(sums[0] == level[0]);
    }
  }
}

TEST_CASE("micro-batches: a fingerprint depends on every byte") {
  std::vector<unsigned char> bytes(37);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 31);
  auto const before = communicator::fingerprint(bytes.data(), bytes.size());
  CHECK(before != communicator::fingerprint(bytes.data(), bytes.size() - 1));
  for (auto& byte : bytes) {
    byte ^= 4;
    CHECK(communicator::fingerprint(bytes.data(), bytes.size()) != before);
    byte ^= 4;
  }
  CHECK(communicator::fingerprint(bytes.data(), bytes.size()) == before);
}

}  // namespace s2rm
