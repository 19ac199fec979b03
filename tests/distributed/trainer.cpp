// Ranks that train together, run with 2, 3 and 4 of them: the same as one rank on the whole batch. Every rank runs every
// test and computes for itself what one rank would do.
#include "s2rm/distributed.hpp"

#include "s2rm/train/training_file.hpp"
#include "support/files.hpp"
#include "support/refused.hpp"
#include "support/tolerance.hpp"
#include "train/batches.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using communicator::mpi;
using test::refused;
using test::same_bits;
using test::same_state;
using net = test::small_net;
template <class T, class Backend = backend::eigen>
using one_rank = trainer<net, Backend, T>;
template <class T, class Backend = backend::eigen>
using ranks = trainer<net, Backend, T, optim::adam, mpi>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};
constexpr optim::adam adam{.rate = 0.01, .weight_decay = 0.01, .clip = 0.5};

distributed::world const& everyone() {
  static distributed::world const all;
  return all;
}
mpi together() { return mpi{everyone(), {.timeout = 60, .check_every = 2}}; }

/// A global batch of 8 elements, or as many.
template <class T>
auto batch_of_step(index_t step, index_t elements = 8) {
  return test::random_batch<net, T>(5, elements, 3, 2, static_cast<std::uint32_t>(step), masks);
}

/// Steps of the ranks, each with its share, against steps of one rank.
template <class Many, class One, class Compare>
void train_both(Many& many, One& one, index_t first, index_t last, Compare const& compare, index_t elements = 8) {
  for (index_t step = first; step < last; ++step) {
    auto const all = batch_of_step<typename Many::scalar>(step, elements);
    auto const mine = many.share(all.batch);
    auto const part = test::elements_of<net>(all, mine.first, mine.count);
    CAPTURE(step, everyone().rank(), everyone().size());
    compare(many.step(part.look()), one.step(all.look()));
  }
}

void close_reports(step_report const& found, step_report const& expected, double bound) {
  CHECK(found.loss == Approx(expected.loss).epsilon(bound));
  CHECK(found.gradient_norm == Approx(expected.gradient_norm).epsilon(bound));
  CHECK(found.reach == expected.reach);
  CHECK(found.dead_modules == expected.dead_modules);
  CHECK(found.unreached_views == expected.unreached_views);
  CHECK(found.updates == expected.updates);
  CHECK(found.skipped == expected.skipped);
}
void same_reports(step_report const& found, step_report const& expected) {
  close_reports(found, expected, 0);
  CHECK(found.loss == expected.loss);
  CHECK(found.gradient_norm == expected.gradient_norm);
}

template <class T>
void same_on_all_ranks(mpi const& team, std::vector<T> const& numbers) {
  auto const all = team.gather(numbers);
  for (int rank = 0; rank < team.size(); ++rank) {
    CHECK(same_bits(all.data() + static_cast<std::size_t>(rank) * numbers.size(), numbers.data(),
                    static_cast<index_t>(numbers.size())));
  }
}

std::vector<training> const settings{{.average = 0.9},
                                     {.truncation = {.window = 2, .carry_batches = true}, .recompute = 1}};

template <class T>
void equal_within(double bound, index_t elements) {
  for (auto const& options : settings) {
    ranks<T> many{{}, adam, seed{3}, options, together()};
    one_rank<T> one{{}, adam, seed{3}, options};
    train_both(many, one, 0, 6, [bound](auto const& a, auto const& b) { close_reports(a, b, bound); }, elements);
    auto const found = many.state(), expected = one.state();
    CHECK(test::relative_error(found.weights, expected.weights) < bound);
    CHECK(test::relative_error(found.average, expected.average) < bound);
    CHECK(test::relative_error(found.moments, expected.moments) < bound);
    REQUIRE(found.carried.size() == expected.carried.size());
    CHECK((found.carried.empty() || test::relative_error(found.carried, expected.carried) < bound));
    same_on_all_ranks(many.communicator(), found.weights);
    same_on_all_ranks(many.communicator(), found.moments);
  }
}

template <class T>
void equal_to_the_bit() {
  for (auto options : settings) {
    options.microbatches = 8;
    ranks<T> many{{}, adam, seed{3}, options, together()};
    one_rank<T> one{{}, adam, seed{3}, options};
    train_both(many, one, 0, 6, same_reports, 16);
    CHECK(same_state(many.state(), one.state()));
  }
}

}  // namespace

TEST_CASE("distributed: several ranks give the update of one rank with the whole batch, up to the order of sums") {
  REQUIRE(everyone().size() > 1);
  equal_within<double>(test::tolerance::reordered, 8);
  equal_within<float>(1e-4, 8);
}

TEST_CASE("distributed: shares need not be even, and may be empty") {
  equal_within<double>(test::tolerance::reordered, 7);
  equal_within<double>(test::tolerance::reordered, 1);
}

TEST_CASE("distributed: with micro-batches, several ranks give the bits of one") {
  equal_to_the_bit<float>();
  equal_to_the_bit<double>();
}

TEST_CASE("distributed: rank 0 writes one file, from which any number of ranks resume") {
  auto const team = together();
  // Where rank 0's file is, all ranks know; the others never look there.
  std::optional<test::temporary_folder> folder;
  if (team.rank() == 0) folder.emplace();
  std::string const path = team.rank() == 0 ? *folder / "training.safetensors" : "/nowhere/on/this/rank";
  training const options{.truncation = {.window = 2, .carry_batches = true}, .average = 0.9, .microbatches = 4};
  ranks<float> many{{}, adam, seed{3}, options, together()};
  one_rank<float> one{{}, adam, seed{3}, options};
  train_both(many, one, 0, 3, same_reports);
  many.save(path);

  ranks<float> resumed{{}, adam, seed{4}, options, together()};
  resumed.load(path);
  CHECK(same_state(resumed.state(), one.state()));
  if (team.rank() == 0) {
    CHECK(folder->count() == 1);
    one_rank<float> alone{{}, adam, seed{5}, options};
    alone.load(path);
    CHECK(same_state(alone.state(), one.state()));
    alone.save(path);  // of one rank, for several
  }
  ranks<float> widened{{}, adam, seed{6}, options, together()};
  widened.load(path);
  train_both(resumed, one, 3, 6, same_reports);
  one_rank<float> again{{}, adam, seed{3}, options};
  for (index_t step = 0; step < 3; ++step) again.step(batch_of_step<float>(step).look());
  train_both(widened, again, 3, 6, same_reports);
  CHECK(same_state(widened.state(), one.state()));
  CHECK(same_state(resumed.state(), one.state()));
}

TEST_CASE("distributed: a file that rank 0 cannot write or read is an error on all ranks") {
  ranks<float> many{{}, adam, seed{3}, {}, together()};
  auto const before = many.state();
  CHECK_THAT(refused<error>([&] { many.save("/nowhere/at/all.safetensors"); }), test::contains("/nowhere/at/all"));
  CHECK_THAT(refused<error>([&] { many.load("/nowhere/at/all.safetensors"); }), test::contains("/nowhere/at/all"));
  CHECK(same_state(many.state(), before));
}

TEST_CASE("distributed: a gradient that is non-finite on one rank is skipped by all") {
  training const options{.truncation = {.carry_batches = true}};
  ranks<double> many{{}, adam, seed{3}, options, together()};
  auto batch = batch_of_step<double>(1);
  batch.view_mask.assign(batch.view_mask.size(), 0);
  many.step(batch.look());
  auto const before = many.state();
  if (everyone().rank() == everyone().size() - 1) {
    batch = test::random_batch<net, double>(5, 8, 3, 2, 1);
    batch.view.assign(batch.view.size(), std::numeric_limits<double>::infinity());
  }
  auto const report = many.step(batch.look());
  CHECK(report.skipped);
  CHECK(many.skipped() == 1);
  CHECK(same_bits(many.state().weights, before.weights));
  CHECK_FALSE(before.carried.empty());
  CHECK(many.state().carried.empty());
}

TEST_CASE("distributed: ranks that differ are named") {
  bool const odd = everyone().rank() == 1;
  ranks<float> other_seed{{}, adam, seed{odd ? 4U : 3U}, {}, together()};
  auto const b = batch_of_step<float>(1);
  CHECK_THAT(refused<rank_error>([&] { other_seed.step(b.look()); }),
             test::contains("fingerprint of the weights") && test::contains("rank 1 has"));

  ranks<float> other_time{{}, adam, seed{3}, {}, together()};
  auto const shorter = test::random_batch<net, float>(odd ? 4 : 5, 8, 3, 2, 1);
  CHECK_THAT(refused<rank_error>([&] { other_time.step(shorter.look()); }), test::contains("time steps of the batch") &&
                                                                                test::contains("rank 0's 5") &&
                                                                                test::contains("rank 1 has 4"));

  ranks<float> other_part{{}, adam, seed{3}, {.microbatches = 4}, together()};
  auto const mine = other_part.share(odd ? 16 : 8);
  auto const larger = test::elements_of<net>(batch_of_step<float>(1, 16), 0, mine.count);
  CHECK_THAT(refused<rank_error>([&] { other_part.step(larger.look()); }), test::contains("elements of a micro-batch"));

  // One weight in its last bit, at the next comparison.
  ranks<float> drifting{{}, adam, seed{3}, {}, together()};
  drifting.step(b.look());
  auto state = drifting.state();
  if (odd) state.weights[7] = std::nextafter(state.weights[7], 1.0F);
  drifting.restore(state);
  CHECK_NOTHROW(drifting.step(b.look()));
  CHECK_THAT(refused<rank_error>([&] { drifting.step(b.look()); }), test::contains("rank 1 has"));
}

TEST_CASE("distributed: messages between ranks") {
  auto const team = together();
  int const n = team.size();
  std::vector<double> x(5, team.rank() + 1.0);
  team.sum(5, x.data());
  CHECK(x == std::vector<double>(5, n * (n + 1) / 2.0));
  CHECK(team.any(team.rank() == n - 1));
  CHECK_FALSE(team.any(false));
  auto const all = team.gather(std::vector<float>(static_cast<std::size_t>(team.rank()), 7.0F));
  CHECK(all.size() == static_cast<std::size_t>(n * (n - 1) / 2));
  int from_first = team.rank() == 0 ? 42 : 0;
  team.broadcast(&from_first, sizeof from_first);
  CHECK(from_first == 42);
  CHECK_THROWS_AS(mpi(everyone(), {.timeout = -1}), value_error);
  CHECK_THROWS_AS(mpi(everyone(), {.check_every = -1}), value_error);
}

TEST_CASE("distributed: a tree's sum on ranks, also of fewer numbers than ranks") {
  auto const team = together();
  for (index_t const parts : {4, 8, 64}) {
    for (index_t const n : {1, 3, 1001}) {
      auto const leaf = [n](index_t part, index_t i) {
        return static_cast<float>(random{3, 1}.normal(0, static_cast<std::uint64_t>(part * n + i)) *
                                  std::pow(10.0, static_cast<double>(part % 5)));
      };
      // One stack of nodes for these leaves; all of them give what is expected.
      auto const summed = [&](element_range of) {
        std::vector<float> nodes(static_cast<std::size_t>(24 * n));
        communicator::tree_stack stack;
        for (index_t p = of.first; p < of.first + of.count; ++p) {
          for (index_t i = 0; i < n; ++i) nodes[static_cast<std::size_t>(stack.depth * n + i)] = leaf(p, i);
          stack.push({p, 1}, [&](index_t at) {
            for (index_t i = 0; i < n; ++i) {
              nodes[static_cast<std::size_t>(at * n + i)] += nodes[static_cast<std::size_t>((at + 1) * n + i)];
            }
          });
        }
        return nodes;
      };
      auto const expected = summed({0, parts});
      auto const own = summed(share_evenly(parts, team.rank(), team.size()));
      std::vector<float> found(static_cast<std::size_t>(n));
      team.tree_sum(parts, n, own.data(), found.data());
      CAPTURE(parts, n, team.rank());
      CHECK(same_bits(found.data(), expected.data(), n));
    }
  }
}

#if defined(S2RM_TEST_THRUST)
TEST_CASE("distributed: a backend whose memory the host cannot touch") {
  for (index_t const microbatches : {0, 4}) {
    training const options{.truncation = {.window = 3}, .average = 0.9, .microbatches = microbatches};
    ranks<double, test::separate> many{{}, adam, seed{3}, options, together()};
    one_rank<double> one{{}, adam, seed{3}, options};
    double const bound = 1e-10;
    train_both(many, one, 0, 4, [](auto const& a, auto const& b) { close_reports(a, b, 1e-10); });
    CHECK(test::relative_error(many.state().weights, one.state().weights) < bound);
    same_on_all_ranks(many.communicator(), many.state().weights);
  }
}
#endif

}  // namespace s2rm
