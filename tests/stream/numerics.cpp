// Numbers at the edge of what can be: saturated gates, places that coincide or oppose each other, kernels that
// underflow, subnormals, non-finite readings, very long streams and long training runs.
#include <cstdint>
#include <limits>

#include "s2rm/stream/streams.hpp"
#include "stream/equals.hpp"

namespace s2rm {
namespace {

using test::places_of;
using test::same_bits;
using test::same_state;
using test::views_of;

using net = test::small_net;
using learner_type = trainer<net, backend::eigen>;
constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

field_info named(std::string_view name) {
  for (auto const& f : net::fields) {
    if (f.name == name) return f;
  }
  FAIL("no parameter " << name);
  return {};
}

bool all_finite(float const* x, index_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

struct outcome {
  double loss = 0;
  std::vector<float> states, predictions, gradient;
  [[nodiscard]] bool finite() const {
    auto const good = [](auto const& x) { return all_finite(x.data(), static_cast<index_t>(x.size())); };
    return std::isfinite(loss) && good(states) && good(predictions) && good(gradient);
  }
  [[nodiscard]] bool operator==(outcome const& o) const {
    return loss == o.loss && same_bits(states, o.states) && same_bits(predictions, o.predictions) &&
           same_bits(gradient, o.gradient);
  }
};

/// One batch forward and backward, at the start's weights after `change`.
template <class Change>
outcome run(owned_batch<float> const& b, Change const& change, int threads = 1) {
  learner_type learner{backend::eigen{.threads = threads}, {}, seed{5}};
  auto values = learner.state().weights;
  change(values);
  learner.assign(values.data());
  outcome found;
  found.loss = learner.differentiate(b.look());
  index_t const rows = b.time * b.batch, states = rows * net::M * net::state_size,
                outputs = rows * b.queries * net::outputs;
  found.states.assign(learner.states(), learner.states() + states);
  found.predictions.assign(learner.predictions(), learner.predictions() + outputs);
  found.gradient.assign(learner.gradient(), learner.gradient() + net::parameter_count);
  return found;
}
constexpr auto as_they_are = [](auto&) {};
constexpr auto epsilon_of = [](float log_epsilon) {
  return [log_epsilon](std::vector<float>& values) {
    values[static_cast<std::size_t>(named("kernel.log_epsilon").offset)] = log_epsilon;
  };
};

}  // namespace

TEST_CASE("numerics: saturated gates, and views far beyond what training saw") {
  for (float const scale : {1e2F, 1e4F, 1e8F}) {
    INFO("scale " << scale);
    auto b = test::random_batch<net, float>(8, 2, 3, 2, 1);
    for (auto& x : b.view) x *= scale;
    auto const far = run(b, as_they_are);
    CHECK(all_finite(far.states.data(), static_cast<index_t>(far.states.size())));
    CHECK(all_finite(far.predictions.data(), static_cast<index_t>(far.predictions.size())));
    CHECK(std::all_of(far.states.begin(), far.states.end(), [](float h) { return std::abs(h) <= 1; }));
    // Recurrent weights so large that every gate is 0 or 1.
    auto const saturated = run(test::random_batch<net, float>(8, 2, 3, 2, 1), [&](std::vector<float>& values) {
      for (char const* name : {"cell.weight_ih", "cell.weight_hh"}) {
        auto const f = named(name);
        for (index_t i = 0; i < f.size; ++i) values[static_cast<std::size_t>(f.offset + i)] *= scale;
      }
    });
    CHECK(all_finite(saturated.states.data(), static_cast<index_t>(saturated.states.size())));
    CHECK(std::all_of(saturated.states.begin(), saturated.states.end(), [](float h) { return std::abs(h) <= 1; }));
    CHECK(all_finite(saturated.predictions.data(), static_cast<index_t>(saturated.predictions.size())));
  }
}

TEST_CASE("numerics: places that coincide, with each other, with a module, or lie opposite") {
  auto b = test::random_batch<net, float>(5, 2, 4, 3, 2);
  std::fill(b.place.begin(), b.place.end(), 0.25F);
  std::fill(b.query_place.begin(), b.query_place.end(), 0.25F);
  auto const same = run(b, as_they_are);
  CHECK(same.finite());
  // Queries at one place have one answer.
  CHECK(std::equal(same.predictions.begin(), same.predictions.begin() + net::outputs,
                   same.predictions.begin() + net::outputs));
  auto const e = named("modules.embedding");
  // Modules at one place of the sphere; modules at opposite ones; an embedding so short that its direction is noise;
  // none.
  auto const modules = [&](auto const& at) {
    return run(b, [&](std::vector<float>& values) {
      for (index_t m = 0; m < net::M; ++m) {
        for (index_t i = 0; i < net::S; ++i) values[static_cast<std::size_t>(e.offset + m * net::S + i)] = at(m, i);
      }
    });
  };
  CHECK(modules([](index_t, index_t i) { return i == 0 ? 1.0F : 0.0F; }).finite());
  CHECK(modules([](index_t m, index_t i) { return i == 0 ? (m % 2 == 0 ? 1.0F : -1.0F) : 0.0F; }).finite());
  CHECK(modules([](index_t, index_t) { return 1e-30F; }).finite());
  CHECK(modules([](index_t, index_t) { return 0.0F; }).finite());
  CHECK(modules([](index_t m, index_t i) { return i == 1 && m > 0 ? 1e30F : 1.0F; }).finite());
}

TEST_CASE("numerics: kernels that underflow reach no module, flat kernels reach all") {
  auto const b = test::random_batch<net, float>(5, 2, 4, 3, 3);
  for (float const log_epsilon : {-80.0F, -20.0F, -5.0F, 5.0F, 20.0F, 80.0F}) {
    INFO("log epsilon " << log_epsilon);
    CHECK(run(b, epsilon_of(log_epsilon)).finite());
  }
  learner_type learner{{}, {}, seed{5}};
  auto const reach = [&](float log_epsilon) {
    auto values = learner.state().weights;
    epsilon_of(log_epsilon)(values);
    learner.assign(values.data());
    return learner.step(b.look());
  };
  auto const narrow = reach(80.0F), flat = reach(-80.0F);
  CHECK_FALSE(narrow.skipped);
  CHECK_FALSE(flat.skipped);
  CHECK(narrow.reach <= flat.reach);
}

TEST_CASE("numerics: subnormal readings, places and weights") {
  auto b = test::random_batch<net, float>(5, 2, 4, 3, 4);
  for (auto* const part : {&b.view, &b.place, &b.query_place, &b.target}) {
    for (auto& x : *part) x *= 1e-40F;
  }
  REQUIRE(std::any_of(b.view.begin(), b.view.end(), [](float x) { return std::fpclassify(x) == FP_SUBNORMAL; }));
  auto const small = [](std::vector<float>& values) {
    for (auto& v : values) v *= 1e-39F;
  };
  for (int const threads : {1, 2}) {
    auto const one = run(b, as_they_are, threads), all = run(b, small, threads);
    CHECK(one.finite());
    CHECK(all.finite());
    // Threads that flush subnormals to zero where others do not would show here.
    CHECK(one == run(b, as_they_are));
    CHECK(all == run(b, small));
  }
}

namespace {

struct live_stream {
  explicit live_stream(non_finite_views non_finite)
      : live{backend::eigen{}, learner.parameters(), {.views = 4, .queries = 2, .non_finite = non_finite}} {}
  observed see(std::vector<float> const& views, std::vector<float> const& places,
               std::uint8_t const* present = nullptr) {
    auto const n = static_cast<index_t>(places.size()) / 2;
    return live.observe(views_of<net>(views.data(), n), places_of(places.data(), n), present);
  }
  learner_type learner{{}, {}, seed{5}};
  test::stream_of<net, float> live;
};

}  // namespace

namespace {
template <index_t Size>
struct view_of {
  struct view {
    static constexpr index_t size = Size;
  };
  struct shape {
    static constexpr index_t context = 3;
  };
  static constexpr index_t P = 2;
};
}  // namespace

TEMPLATE_TEST_CASE_SIG("numerics: non-finite input is detected at every position", "", ((index_t Size), Size), 1, 3, 15,
                       16, 17, 31, 48, 121) {
  detail::view_gate<view_of<Size>, float> gate(2, non_finite_views::refuse);
  std::vector<float> const views(2 * Size, std::numeric_limits<float>::max()), places(4, 0.1F), context(6, 0.2F);
  std::uint8_t const* present = nullptr;
  CHECK(gate.passes(2, views.data(), places.data(), context.data(), present));
  auto const refused_with = [&](std::vector<float> v, std::vector<float> p, std::vector<float> c) {
    return !gate.passes(2, v.data(), p.data(), c.data(), present);
  };
  for (float const bad : {nan, infinity, -infinity}) {
    auto const spoilt = [bad](std::vector<float> numbers, std::size_t at) {
      numbers[at] = bad;
      return numbers;
    };
    INFO("number " << bad);
    for (std::size_t at = 0; at < views.size(); ++at) CHECK(refused_with(spoilt(views, at), places, context));
    for (std::size_t at = 0; at < places.size(); ++at) CHECK(refused_with(views, spoilt(places, at), context));
    for (std::size_t at = 0; at < context.size(); ++at) CHECK(refused_with(views, places, spoilt(context, at)));
  }
}

TEST_CASE("numerics: a stream refuses non-finite views, and its state is unchanged") {
  live_stream s{non_finite_views::refuse};
  std::vector<float> const views(9, 0.5F), places(6, 0.1F);
  REQUIRE(s.see(views, places) == observed::yes);
  auto const before = s.live.state();
  for (float const bad : {nan, infinity, -infinity}) {
    for (std::size_t const at : {0UL, 4UL, 8UL}) {
      auto changed = views;
      changed[at] = bad;
      CHECK(s.see(changed, places) == observed::not_finite);
      CHECK(s.live.state() == before);
      // What is absent may hold anything.
      std::vector<std::uint8_t> present(3, 1);
      present[at / 3] = 0;
      live_stream other{non_finite_views::refuse};
      CHECK(other.see(changed, places, present.data()) == observed::yes);
    }
    for (std::size_t const at : {0UL, 5UL}) {
      auto changed = places;
      changed[at] = bad;
      CHECK(s.see(views, changed) == observed::not_finite);
      CHECK(s.live.state() == before);
    }
  }
  CHECK(s.live.left_out() == 0);
  // The largest numbers are finite.
  CHECK(s.see(std::vector<float>(9, std::numeric_limits<float>::max()), places) == observed::yes);
}

TEST_CASE("numerics: a stream leaves non-finite views out and counts them") {
  live_stream s{non_finite_views::absent}, without{non_finite_views::refuse};
  std::vector<float> views(9, 0.5F);
  std::vector<float> const places{0.1F, 0.2F, -0.3F, 0.4F, 0.5F, -0.6F};
  views[4] = nan;
  std::uint8_t const all[] = {1, 1, 1}, two[] = {1, 0, 1}, none[] = {1, 0, 0};
  CHECK(s.see(views, places) == observed::yes);
  CHECK(without.see(views, places, two) == observed::yes);
  CHECK(same_bits(s.live.state().numbers, without.live.state().numbers));
  CHECK(s.live.left_out() == 1);
  views[6] = infinity;
  CHECK(s.see(views, places, all) == observed::yes);
  CHECK(without.see(views, places, none) == observed::yes);
  CHECK(same_bits(s.live.state().numbers, without.live.state().numbers));
  CHECK(s.live.left_out() == 3);
  // One that was absent anyway is not counted.
  CHECK(s.see(views, places, none) == observed::yes);
  CHECK(s.live.left_out() == 3);
  auto const y = s.live.predict(places_of(places.data(), 2));
  CHECK(all_finite(y.data, y.size()));
}

TEST_CASE("numerics: sessions refuse non-finite views, or leave them out and count them") {
  learner_type const learner{{}, {}, seed{5}};
  std::vector<float> views(2 * 2 * 3, 0.5F);
  std::vector<float> const places(2 * 2 * 2, 0.1F);
  views[7] = nan;  // session 1, view 0
  streams<net, backend::eigen> strict{{}, learner.parameters(), 2, {.views = 2, .queries = 1}},
      lenient{{}, learner.parameters(), 2, {.views = 2, .queries = 1, .non_finite = non_finite_views::absent}};
  auto const see = [&](auto& all, std::uint8_t const* present = nullptr) {
    return all.observe({views.data(), {2, 2, 3}}, {places.data(), {2, 2, 2}}, present);
  };
  auto const before = strict.state(0);
  CHECK(see(strict) == observed::not_finite);
  CHECK(strict.state(0) == before);
  std::uint8_t const present[] = {1, 1, 0, 1};
  CHECK(see(strict, present) == observed::yes);
  CHECK(see(lenient) == observed::yes);
  CHECK(lenient.left_out() == 1);
  for (index_t session : {0, 1}) CHECK(same_bits(lenient.state(session), strict.state(session)));
}

TEST_CASE("numerics: a stream of a hundred thousand steps") {
  live_stream s{non_finite_views::refuse};
  random const draw{3, 0};
  std::vector<float> views(6), places(4);
  auto const step = [&](auto& live, std::uint32_t t) {
    for (std::size_t i = 0; i < 6; ++i) views[i] = static_cast<float>(draw.uniform(t, i, -3, 3));
    for (std::size_t i = 0; i < 4; ++i) places[i] = static_cast<float>(draw.uniform(t, 10 + i, -1, 1));
    auto const n = static_cast<index_t>(t % 3);  // also none
    return live.observe(views_of<net>(views.data(), n), places_of(places.data(), n));
  };
  constexpr std::uint32_t steps = 100'000;
  test::stream_of<net, float> second{backend::eigen{}, s.learner.parameters(), {.views = 4, .queries = 2}};
  bool sound = true;
  for (std::uint32_t t = 0; t < steps; ++t) {
    if (t == steps - 1000) second.restore(s.live.state());
    sound = sound && step(s.live, t) == observed::yes;
    if (t >= steps - 1000) sound = sound && step(second, t) == observed::yes;
    if (t % 1000 == 0) {
      auto const state = s.live.state();
      for (float const h : state.numbers) sound = sound && std::abs(h) <= 1;
    }
  }
  CHECK(sound);
  CHECK(s.live.state() == second.state());
  auto const y = s.live.predict(places_of(places.data(), 2));
  CHECK(all_finite(y.data, y.size()));
}

TEST_CASE("numerics: the same weights after a thousand steps, in every run and with any number of threads") {
  std::vector<owned_batch<float>> batches;
  for (std::uint32_t i = 0; i < 8; ++i) batches.push_back(test::random_batch<net, float>(2, 2, 2, 2, i));
#ifdef __OPTIMIZE__
  constexpr index_t steps = 1000;
  constexpr int runs = 20;
#else
  constexpr index_t steps = 100;
  constexpr int runs = 3;
#endif
  auto const trained = [&](int threads, index_t count) {
    learner_type learner{backend::eigen{.threads = threads}, {.rate = 0.003, .clip = 1.0}, seed{9}, {.average = 0.9}};
    for (index_t step = 0; step < count; ++step) learner.step(batches[static_cast<std::size_t>(step % 8)].look());
    return learner.state();
  };
  auto const first = trained(1, steps);
  CHECK(first.skipped == 0);
  for (int i = 1; i < runs; ++i) CHECK(same_state(trained(1, steps), first));
  for (int const threads : {2, 4, 8}) {
    INFO(threads << " threads");
    CHECK(same_state(trained(threads, steps), first));
  }
}

}  // namespace s2rm
