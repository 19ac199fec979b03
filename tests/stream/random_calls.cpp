// Sessions that observe, predict, are reset and restored in random order, with arrays of the host and of the device,
// compared with a stream for each.
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "s2rm/stream/stream.hpp"
#include "s2rm/stream/streams.hpp"
#include "stream/on_device.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using test::same_bits;
using test::there;
using net = test::small_net;
using T = float;
constexpr index_t sessions = 4, most = 4, V = net::view::size, P = 2;

/// Random numbers in the order of the calls.
struct dice {
  random from;
  std::uint64_t next = 0;
  index_t below(index_t n) { return from.below(0, next++, n); }
  template <class F>
  auto several(index_t n, F const& f) {
    std::vector<decltype(f())> x(static_cast<std::size_t>(n));
    for (auto& one : x) one = f();
    return x;
  }
  std::vector<T> numbers(index_t n) {
    return several(n, [this] { return static_cast<T>(from.normal(1, next++)); });
  }
  std::vector<std::uint8_t> flags(index_t n, index_t one_in) {
    return several(n, [this, one_in] { return static_cast<std::uint8_t>(below(one_in) == 0 ? 1 : 0); });
  }
};

template <class Backend>
void mix(Backend be, std::uint32_t stream_of_numbers) {
  INFO("numbers " << stream_of_numbers);
  backend::eigen cpu;
  constexpr bool exact = std::is_same_v<Backend, backend::eigen>;
  using many = streams<net, Backend, T>;
  auto const weights = test::weights_on<net, T>(be);
  auto const same = test::weights_on<net, T>(cpu);
  many all(be, weights, sessions, {most, 3, non_finite_views::absent});
  std::vector<std::unique_ptr<stream<net, backend::eigen, T>>> alone;
  for (index_t i = 0; i < sessions; ++i) {
    alone.push_back(std::make_unique<stream<net, backend::eigen, T>>(cpu, same, stream_limits{most, 3}));
  }
  auto const agree = [](T const* a, T const* b, index_t n) {
    if (exact) return same_bits(a, b, n);
    return test::relative_error(std::vector<T>(a, a + n), std::vector<T>(b, b + n), 1e-2) <= 1e-4;
  };
  dice d{random(7, stream_of_numbers)};
  std::vector<bool> began(sessions, false);
  index_t non_finite = 0;
  for (int step = 0; step < 150; ++step) {
    INFO("step " << step);
    auto const i = d.below(sessions), j = d.below(sessions);
    auto& one = *alone[static_cast<std::size_t>(i)];
    auto const what = d.below(8);
    if (what == 0) {
      all.reset(i), one.reset();
      began[static_cast<std::size_t>(i)] = false;
    } else if (what == 1 && d.below(3) == 0) {
      all.reset();
      for (auto const& s : alone) s->reset();
      began.assign(sessions, false);
    } else if (what == 2 && began[static_cast<std::size_t>(j)]) {
      all.restore(i, all.state(j));
      one.restore(alone[static_cast<std::size_t>(j)]->state());
      began[static_cast<std::size_t>(i)] = true;
    } else if (what == 3) {
      std::vector<T> const x(sessions * (most + 1) * V);
      CHECK(all.step({x.data(), {sessions, most + 1, V}}, {x.data(), {sessions, most + 1, P}},
                     {x.data(), {sessions, 1, P}}) == observed::too_many_views);
      CHECK(all.predictions().shape[1] == 0);
    }
    index_t const count = d.below(most + 1), queries = 1 + d.below(3);
    auto view = d.numbers(sessions * count * V), place = d.numbers(sessions * count * P);
    auto const query = d.numbers(sessions * queries * P);
    std::vector<std::uint8_t> present(static_cast<std::size_t>(sessions * count), std::uint8_t{1});
    for (index_t k = 0; k < sessions * count; ++k) {
      if (d.below(4) != 0) continue;
      present[static_cast<std::size_t>(k)] = 0;
      view[static_cast<std::size_t>(k * V)] = std::numeric_limits<T>::quiet_NaN();
      ++non_finite;
    }
    auto active = d.flags(sessions, 3), reset = d.flags(sessions, 4);
    for (auto& flag : active) flag = flag == 0 ? 1 : 0;
    // One step in three has no flags.
    bool const everybody = d.below(3) == 0;
    if (everybody) active.assign(active.size(), std::uint8_t{1});
    auto const* const active_here = everybody ? nullptr : active.data();
    auto const how = d.below(3);
    bool const resets = how != 0 && d.below(2) == 0;
    if (!resets) reset.assign(reset.size(), std::uint8_t{0});
    array_view<T const, 3> const v{view.data(), {sessions, count, V}}, p{place.data(), {sessions, count, P}},
        q{query.data(), {sessions, queries, P}};
    if (how == 0) {
      REQUIRE(all.observe(v, p, nullptr, active_here) == observed::yes);
      REQUIRE(all.predict_async(q));
    } else if (how == 1) {
      REQUIRE(all.step(v, p, q, nullptr, active_here, resets ? reset.data() : nullptr) == observed::yes);
    } else {
      there const view_there(be, view), place_there(be, place), queries_there(be, query);
      there const active_there(be, active), reset_there(be, reset);
      REQUIRE(all.step(on_device, {view_there.data(), v.shape}, {place_there.data(), p.shape},
                       {queries_there.data(), q.shape}, nullptr, everybody ? nullptr : active_there.data(),
                       resets ? reset_there.data() : nullptr) == observed::yes);
      all.wait();
    }
    bool const look = d.below(3) != 0;
    auto const y = look ? all.predictions() : array_view<T const, many::prediction_rank>{};
    for (index_t b = 0; b < sessions; ++b) {
      auto const at = static_cast<std::size_t>(b);
      auto& s = *alone[at];
      if (reset[at] != 0) s.reset(), began[at] = false;
      if (active[at] != 0) {
        REQUIRE(s.observe({view.data() + b * count * V, {count, V}}, {place.data() + b * count * P, {count, P}},
                          present.data() + b * count) == observed::yes);
        began[at] = true;
        auto const z = s.predict({query.data() + b * queries * P, {queries, P}});
        if (look) CHECK(agree(y.data + b * queries * net::outputs, z.data, queries * net::outputs));
      }
      CHECK(agree(all.state(b).data(), s.state().numbers.data(), net::M * net::state_size));
    }
    CHECK(all.left_out() == non_finite);
  }
}

}  // namespace

TEST_CASE("streams: in any order of calls each session equals a stream of its own") {
  for (std::uint32_t numbers = 1; numbers < 6; ++numbers) {
    mix(backend::eigen{}, numbers);
#if defined(S2RM_TEST_THRUST)
    mix(backend::thrust_on<backend::system::cpp>{}, numbers);
    mix(test::separate{}, numbers);
#endif
  }
}

}  // namespace s2rm
