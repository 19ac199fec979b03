// The program of the README, in its own sizes and order, over small batches.
#include <cmath>
#include <vector>

#include <s2rm/adapters/xtensor.hpp>
#include <s2rm/eigen.hpp>

#include "support/catch.hpp"
#include "support/files.hpp"

// clang-format off
struct balls : s2rm::shape {                       // sizes have names and live in one place
  static constexpr s2rm::index_t modules = 10, hidden = 128, heads = 4, head_width = 32, sphere = 16, place = 2;
  using view = s2rm::raster<1, 11, 11>;
};

using net = s2rm::world_model<balls,               // one slot, one policy; every slot has a default
    s2rm::cell::gru,                               //   S2GRU
    s2rm::kernel::truncated_gaussian<>,
    s2rm::encoder::mlp<128, 128>,
    s2rm::decoder::mlp<128>,
    s2rm::likelihood::bernoulli>;
static_assert(net::parameter_count < 3'000'000);   // known before main() runs
// clang-format on

namespace {

/// Two batches of balls: T = 3, B = 2, A = Q = 4.
auto some_batches() {
  std::vector<s2rm::batch<float, 3>> batches(2);
  s2rm::random const r{1};
  std::uint32_t array = 0;
  for (auto& b : batches) {
    b.views = s2rm::make_tensor<float>(3, 2, 4, 1, 11, 11);
    b.places = s2rm::make_tensor<float>(3, 2, 4, 2);
    b.query_places = s2rm::make_tensor<float>(3, 2, 4, 2);
    b.targets = s2rm::make_tensor<float>(3, 2, 4, 1, 11, 11);
    b.view_mask = s2rm::make_tensor<std::uint8_t>(3, 2, 4);
    auto const fill = [&](auto& values, auto const& of) {
      ++array;
      std::uint64_t i = 0;
      for (auto& x : values) x = static_cast<std::decay_t<decltype(x)>>(of(r.uniform(array, i++)));
    };
    auto const pixel = [](double u) { return u < 0.2; };
    auto const place = [](double u) { return 2 * u - 1; };
    fill(b.views, pixel);
    fill(b.targets, pixel);
    fill(b.places, place);
    fill(b.query_places, place);
    fill(b.view_mask, [](double u) { return u < 0.8; });
  }
  return batches;
}

}  // namespace

TEST_CASE("usage: the program of the README") {
  auto const batches = some_batches();
  s2rm::test::temporary_folder const folder;
  double first = 0, last = 0;

  // clang-format off
  s2rm::backend::eigen cpu{.threads = 2};
  s2rm::trainer<net, s2rm::backend::eigen> learner{cpu, s2rm::optim::adam{.rate = 3e-4f, .clip = 1.0f}, s2rm::seed{7}};
  for (auto const& b : batches) {                  // views (T,B,A,1,11,11), places (T,B,A,2), mask, queries, targets
    auto const report = learner.step(b);           // loss, gradient norm, skipped?, reach, dead modules
    CHECK_FALSE(report.skipped);
    CHECK(report.reach > 0.2);
    CHECK(report.dead_modules == 0);
    CHECK(report.gradient_norm > 0);
    first = first == 0 ? report.loss : first;
    last = report.loss;
  }
  CHECK(last < first);
  learner.save(folder / "balls.safetensors");

  auto const views = s2rm::make_tensor<float>(4, 1, 11, 11);
  auto const places = s2rm::make_tensor<float>(4, 2), queries = s2rm::make_tensor<float>(7, 2);
  s2rm::stream<net, s2rm::backend::eigen> live{cpu, learner.parameters()};
  live.observe(views, places);                     // any number of views, also none; no allocation, noexcept
  auto const pixels = live.predict(queries);       // any number of queries
  // clang-format on
  CHECK(pixels.shape == std::array<s2rm::index_t, 4>{7, 1, 11, 11});
  for (s2rm::index_t i = 0; i < pixels.size(); ++i) CHECK(std::isfinite(pixels.data[i]));
  auto const image = s2rm::as_xtensor(pixels);
  CHECK(image(6, 0, 10, 10) == pixels.data[pixels.size() - 1]);

  // What was written is what was learned.
  s2rm::trainer<net, s2rm::backend::eigen> again{cpu};
  again.load(folder / "balls.safetensors");
  CHECK(again.evaluate(batches[0]) == learner.evaluate(batches[0]));
}
