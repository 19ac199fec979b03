// Sessions that step together: each equals a stream of its own, whichever others take part.
#include "s2rm/stream/streams.hpp"
#include "s2rm/stream/stream.hpp"

#include <memory>

#include "stream/on_device.hpp"
#include "support/backends.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using test::same_bits;

using guess_net = world_model<test::small_shape, residual::inverse_distance<>, encoder::mlp<6>, decoder::mlp<7>,
                              likelihood::gaussian>;

template <class Net, class Backend>
void compare(Backend be, std::string const& name) {
  using T = double;
  INFO(name);
  constexpr index_t sessions = 4, V = Net::view::size, steps = 24;
  auto const weights = test::weights_on<Net, T>(be);
  streams<Net, Backend, T> all(be, weights, sessions, {5, 3});
  std::vector<std::unique_ptr<stream<Net, Backend, T>>> alone;
  for (index_t b = 0; b < sessions; ++b) {
    alone.push_back(std::make_unique<stream<Net, Backend, T>>(be, weights, stream_limits{5, 3}));
  }
  random const draw{8, 1};
  for (std::uint32_t step = 0; step < steps; ++step) {
    INFO("step " << step);
    index_t const count = step % 6, queries = 1 + step % 3;
    auto const b = test::random_batch<Net, T>(1, sessions, count, queries, step, {.view_mask = step % 2 == 0});
    std::vector<std::uint8_t> active(sessions);
    for (std::size_t i = 0; i < active.size(); ++i) active[i] = step == 0 || draw.below(step, i, 3) != 0;
    // Whether the session takes part in this step or not.
    if (step % 3 == 2) all.reset(step % sessions), alone[step % sessions]->reset();
    // A session that is to start anew goes on instead.
    if (step == 7) all.reset(2), all.restore(2, all.state(0)), alone[2]->restore(alone[0]->state());
    if (step == 13) {
      all.reset();
      for (auto const& one : alone) one->reset();
    }
    auto const* const mask = b.view_mask.empty() ? nullptr : b.view_mask.data();
    REQUIRE(all.observe({b.view.data(), {sessions, count, V}}, {b.place.data(), {sessions, count, 2}}, mask,
                        active.data()) == observed::yes);
    auto const y = all.predict({b.query_place.data(), {sessions, queries, 2}});
    REQUIRE(y.shape[0] == sessions);
    REQUIRE(y.shape[1] == queries);
    for (index_t i = 0; i < sessions; ++i) {
      if (active[static_cast<std::size_t>(i)] == 0) continue;
      auto& one = *alone[static_cast<std::size_t>(i)];
      REQUIRE(one.observe({b.view.data() + i * count * V, {count, V}}, {b.place.data() + i * count * 2, {count, 2}},
                          mask == nullptr ? nullptr : mask + i * count) == observed::yes);
      auto const expected = one.predict({b.query_place.data() + i * queries * 2, {queries, 2}});
      CHECK(same_bits(y.data + i * queries * Net::outputs, expected.data, queries * Net::outputs));
    }
    for (index_t i = 0; i < sessions; ++i) {
      CHECK(all.state(i) == alone[static_cast<std::size_t>(i)]->state().numbers);
    }
  }
}

}  // namespace

TEST_CASE("streams: each session equals a stream of its own, to the bit") {
  compare<test::small_net>(backend::eigen{}, "eigen");
  compare<guess_net>(backend::eigen{.threads = 2}, "eigen, 2 threads, residual");
#if defined(S2RM_TEST_THRUST)
  compare<test::small_net>(backend::thrust_on<backend::system::cpp>{}, "thrust, CPP");
  test::separate device;
  compare<test::small_net>(device, "separate memory");
  CHECK(device.context->launched > 20);
  compare<guess_net>(test::separate{}, "separate memory, residual");
#endif
}

TEST_CASE("streams: wrong extents are refused, and nothing changes") {
  using net = test::small_net;
  backend::eigen be;
  parameters<net::params, backend::eigen, float> weights(be);
  streams<net, backend::eigen> all(be, weights, 2, {3, 2});
  std::vector<float> const x(100);
  CHECK(all.predict({x.data(), {2, 1, 2}}).shape[1] == 0);
  auto const before = all.state(1);
  CHECK(all.observe({x.data(), {2, 4, 3}}, {x.data(), {2, 4, 2}}) == observed::too_many_views);
  CHECK(all.observe({x.data(), {3, 1, 3}}, {x.data(), {3, 1, 2}}) == observed::wrong_shape);
  CHECK(all.observe({x.data(), {2, 1, 4}}, {x.data(), {2, 1, 2}}) == observed::wrong_shape);
  CHECK(all.observe({nullptr, {2, 1, 3}}, {x.data(), {2, 1, 2}}) == observed::wrong_shape);
  CHECK(all.state(1) == before);
  CHECK(all.observe({x.data(), {2, 0, 3}}, {x.data(), {2, 0, 2}}) == observed::yes);
  CHECK(all.predict({x.data(), {2, 3, 2}}).shape[1] == 0);
  CHECK(all.predict({x.data(), {2, 2, 2}}).shape[1] == 2);
  CHECK_THROWS_AS((streams<net, backend::eigen>(be, weights, 0)), value_error);
  CHECK_THROWS_AS(all.restore(0, {1, 2}), value_error);
}

}  // namespace s2rm
