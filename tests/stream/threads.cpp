// Streams of one set of weights, each in a thread of its own, predict what each predicts alone. The thread sanitizer
// runs this (preset tsan).
#include <thread>

#include "stream/equals.hpp"

namespace s2rm {
namespace {

using net = test::small_net;
using learner_type = trainer<net, backend::eigen>;

constexpr index_t steps = 200;

std::vector<float> predictions_of(learner_type const& learner, std::uint32_t which) {
  auto const b = test::random_batch<net, float>(steps, 1, 3, 2, which);
  test::stream_of<net, float> live{backend::eigen{.threads = 1}, learner.parameters(), {.views = 3, .queries = 2}};
  std::vector<float> all;
  for (index_t t = 0; t < steps; ++t) {
    static_cast<void>(live.observe(test::views_of<net>(b.view.data() + t * 9, t % 4),
                                   test::places_of(b.place.data() + t * 6, t % 4)));
    auto const y = live.predict(test::places_of(b.query_place.data() + t * 4, 2));
    all.insert(all.end(), y.data, y.data + y.size());
  }
  return all;
}

}  // namespace

TEST_CASE("shared weights: streams in many threads predict what they predict alone") {
  learner_type const learner{{}, {}, seed{5}};
  constexpr std::size_t threads = 8;
  std::vector<std::vector<float>> together(threads);
  {
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < threads; ++i) {
      all.emplace_back([&, i] { together[i] = predictions_of(learner, static_cast<std::uint32_t>(i % 5)); });
    }
    for (auto& one : all) one.join();
  }
  for (std::size_t i = 0; i < threads; ++i) {
    CHECK(together[i] == predictions_of(learner, static_cast<std::uint32_t>(i % 5)));
    CHECK(together[i].size() == static_cast<std::size_t>(steps * 2 * net::outputs));
  }
  CHECK(together[0] != together[1]);
}

TEST_CASE("shared weights: trainers in threads of their own") {
  auto const trained = [](std::uint64_t start) {
    learner_type learner{{}, {.rate = 0.01}, seed{start}};
    for (std::uint32_t step = 0; step < 20; ++step) {
      learner.step(test::random_batch<net, float>(2, 2, 2, 2, step).look());
    }
    return learner.state();
  };
  std::vector<training_state<float>> together(3);
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < 3; ++i) all.emplace_back([&, i] { together[i] = trained(i); });
  for (auto& one : all) one.join();
  for (std::size_t i = 0; i < 3; ++i) CHECK(test::same_state(together[i], trained(i)));
}

}  // namespace s2rm
