// A stream equals the whole sequence to the last bit; a refused call changes nothing; streams share weights, not
// states.
#include "s2rm/stream/stream.hpp"

#include <memory>
#include <numbers>
#include <ratio>
#include <type_traits>

#include "stream/equals.hpp"

namespace s2rm {
namespace {

using test::equals_sequence;
using test::observe;
using test::places_of;
using test::same_bits;
using test::stream_of;
using test::views_of;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

/// Wide enough that even one step's products are shared between threads.
struct wide_shape : shape {
  static constexpr index_t modules = 6, hidden = 24, heads = 2, head_width = 12, sphere = 8, place = 2, frequencies = 2,
                           place_hidden = 24;
  using view = raster<1, 5, 5>;
};
using wide_net =
    world_model<wide_shape, normalisation::product, interaction::after_update, encoder::mlp<600, 20>, decoder::mlp<20>>;
using guess_net = world_model<test::small_shape, residual::inverse_distance<std::ratio<9, 10>>, encoder::mlp<9, 6>,
                              decoder::mlp<10>, likelihood::gaussian>;

}  // namespace

TEMPLATE_TEST_CASE("stream: equals the whole sequence to the last bit", "", (std::pair<test::small_net, float>),
                   (std::pair<test::small_net, double>), (std::pair<guess_net, float>), (std::pair<wide_net, float>)) {
  using net = typename TestType::first_type;
  using T = typename TestType::second_type;
  for (int const threads : {1, 2}) {
    equals_sequence<net, T>(threads, false, {});
    equals_sequence<net, T>(threads, false, masks);
    equals_sequence<net, T>(threads, true, masks);
  }
}

namespace {

using net = test::small_net;
using live_type = stream_of<net, float>;
using guess_type = stream_of<guess_net, float>;

static_assert(noexcept(std::declval<live_type&>().observe({}, {}, nullptr)));
static_assert(noexcept(std::declval<live_type&>().predict({})));
static_assert(noexcept(std::declval<live_type&>().reset()));
static_assert(noexcept(std::declval<live_type&>().refresh()));
static_assert(!std::is_copy_constructible_v<live_type> && std::is_move_constructible_v<live_type>);

/// A trainer for its weights, and twenty steps of views to look at.
struct desk {
  trainer<net, test::tested> learner{{}, {.rate = 0.01}, seed{5}};
  owned_batch<float> b = test::random_batch<net, float>(20, 1, 4, 3, 1);
  [[nodiscard]] auto views(index_t t, index_t count = 4) const { return views_of<net>(b.view.data() + t * 12, count); }
  [[nodiscard]] auto places(index_t t, index_t count = 4) const { return places_of(b.place.data() + t * 8, count); }
  [[nodiscard]] auto queries(index_t t, index_t count = 3) const {
    return places_of(b.query_place.data() + t * 6, count);
  }
  template <class Stream>
  void see(Stream& live, index_t t) const {
    REQUIRE(live.observe(views(t), places(t)) == observed::yes);
  }
  template <class Stream>
  std::vector<float> predicted(Stream& live, index_t t) const {
    auto const y = live.predict(queries(t));
    return {y.data, y.data + y.size()};
  }
};

}  // namespace

TEST_CASE("stream: a refused call says why and changes nothing") {
  desk const d;
  live_type live{{}, d.learner.parameters(), {.views = 3, .queries = 2}};
  REQUIRE(live.observe(d.views(0, 3), d.places(0, 3)) == observed::yes);
  auto const before = live.state();
  auto const prediction = [&] {
    auto const y = live.predict(d.queries(0, 2));
    return std::vector<float>(y.data, y.data + y.size());
  };
  auto const expected = prediction();
  REQUIRE(expected.size() == 2 * net::outputs);

  float const* const x = d.b.view.data();
  float const* const p = d.b.place.data();
  CHECK(live.observe(d.views(1, 4), d.places(1, 4)) == observed::too_many_views);
  CHECK(live.observe({x, {2, 4}}, {p, {2, 2}}) == observed::wrong_shape);
  CHECK(live.observe({x, {2, 3}}, {p, {2, 3}}) == observed::wrong_shape);
  CHECK(live.observe({x, {2, 3}}, {p, {3, 2}}) == observed::wrong_shape);
  CHECK(live.observe({x, {2, 3}}, {p, {0, 2}}) == observed::wrong_shape);
  CHECK(live.observe({x, {-1, 3}}, {p, {-1, 2}}) == observed::wrong_shape);
  CHECK(live.observe({nullptr, {2, 3}}, {p, {2, 2}}) == observed::wrong_shape);
  CHECK(live.observe({x, {2, 3}}, {nullptr, {2, 2}}) == observed::wrong_shape);
  CHECK(live.state() == before);
  CHECK(prediction() == expected);

  auto const none = [&](array_view<float const, 2> places) {
    auto const y = live.predict(places);
    CHECK(y.shape == std::array<index_t, 3>{0, 2, 2});
    CHECK(y.size() == 0);
  };
  none({p, {3, 2}});
  none({p, {1, 3}});
  none({p, {-1, 2}});
  none({p, {0, 2}});
  none({nullptr, {1, 2}});
  none({});
  CHECK(live.state() == before);
  CHECK(prediction() == expected);

  CHECK_THROWS_AS((live_type{{}, d.learner.parameters(), {.views = -1}}), value_error);
  CHECK_THROWS_AS((live_type{{}, d.learner.parameters(), {.queries = -1}}), value_error);
  // A stream with limits of zero still runs blind.
  live_type closed{{}, d.learner.parameters(), {.views = 0, .queries = 0}};
  CHECK(closed.observe(d.views(0, 1), d.places(0, 1)) == observed::too_many_views);
  CHECK(closed.observe({}, {}) == observed::yes);
  CHECK(closed.state().started);
}

TEST_CASE("stream: nothing to predict from before the first observation, nor after a reset") {
  desk const d;
  live_type live{{}, d.learner.parameters()};
  auto const fresh = live.state();
  CHECK_FALSE(fresh.started);
  CHECK(d.predicted(live, 0).empty());
  d.see(live, 0);
  d.see(live, 1);
  CHECK(d.predicted(live, 0).size() == 3 * net::outputs);
  CHECK_FALSE(live.state() == fresh);
  live.reset();
  CHECK(d.predicted(live, 0).empty());
  // A stream that was reset is a new one, whatever it saw.
  CHECK(live.state() == fresh);
  live_type other{{}, d.learner.parameters()};
  d.see(other, 2);
  d.see(live, 2);
  CHECK(live.state() == other.state());
  CHECK(d.predicted(live, 2) == d.predicted(other, 2));
}

TEST_CASE("stream: any number of views and queries, also none, in any order") {
  desk const d;
  live_type live{{}, d.learner.parameters()}, again{{}, d.learner.parameters()};
  d.see(live, 0);
  // Predicting changes no state, however often and for however many places.
  CHECK(d.predicted(live, 1) == d.predicted(live, 1));
  auto const all = d.predicted(live, 1);
  auto const y = live.predict(d.queries(1, 1));
  CHECK(same_bits(y.data, all.data(), net::outputs));
  d.see(again, 0);
  CHECK(live.state() == again.state());

  // A step without views moves the state, and is the same whether there are no views or all are absent.
  auto const before = live.state();
  std::uint8_t const absent[4] = {};
  REQUIRE(live.observe({}, {}) == observed::yes);
  REQUIRE(again.observe(d.views(1), d.places(1), absent) == observed::yes);
  CHECK_FALSE(live.state() == before);
  CHECK(live.state() == again.state());
  auto const blind = d.predicted(live, 1);
  CHECK(blind == d.predicted(again, 1));
  CHECK(blind.size() == 3 * net::outputs);
  CHECK(blind != all);
}

TEST_CASE("stream: a prediction is (Q, parameters, target...) where the likelihood has several, else (Q, target...)") {
  desk const d;
  live_type live{{}, d.learner.parameters()};
  d.see(live, 0);
  auto const y = live.predict(d.queries(0));
  CHECK(y.shape == std::array<index_t, 3>{3, 2, 2});
  STATIC_REQUIRE(stream_of<wide_net, float>::prediction_rank == 4);
  STATIC_REQUIRE(stream_of<wide_net, float>::view_rank == 4);
  trainer<wide_net, test::tested> learner{{}};
  stream_of<wide_net, float> pictures{{}, learner.parameters()};
  REQUIRE(pictures.observe({}, {}) == observed::yes);
  CHECK(pictures.predict(d.queries(0)).shape == std::array<index_t, 4>{3, 1, 5, 5});

  // Mean and log-variance: the loss of a sequence of one step says so.
  auto one = test::random_batch<net, float>(1, 1, 4, 3, 1);
  one.view.assign(d.b.view.begin(), d.b.view.begin() + 12);
  one.place.assign(d.b.place.begin(), d.b.place.begin() + 8);
  one.query_place.assign(d.b.query_place.begin(), d.b.query_place.begin() + 6);
  double loss = 0;
  for (index_t q = 0; q < 3; ++q) {
    for (index_t e = 0; e < 2; ++e) {
      double const mean = y.data[q * 4 + e], log_variance = y.data[q * 4 + 2 + e];
      double const miss = static_cast<double>(one.target[static_cast<std::size_t>(q * 2 + e)]) - mean;
      loss += (std::log(2 * std::numbers::pi) + log_variance + miss * miss * std::exp(-log_variance)) / 12;
    }
  }
  trainer<net, test::tested> judge{{}, {}, seed{5}};
  CHECK(judge.evaluate(one.look()) == Approx(loss).epsilon(1e-5));
}

TEST_CASE("stream: a state copied out, compared and put back goes on to the bit") {
  desk const d;
  live_type live{{}, d.learner.parameters()}, other{{}, d.learner.parameters(), {.views = 4, .queries = 3}};
  for (index_t t = 0; t < 7; ++t) d.see(live, t);
  auto const saved = live.state();
  auto const same = live.state();
  CHECK(saved == same);
  auto const expected = d.predicted(live, 6);
  d.see(other, 19);
  other.restore(saved);
  CHECK(other.state() == saved);
  CHECK(d.predicted(other, 6) == expected);
  for (index_t t = 7; t < 20; ++t) {
    d.see(live, t);
    d.see(other, t);
    REQUIRE(live.state() == other.state());
    REQUIRE(d.predicted(live, t) == d.predicted(other, t));
  }
  // Back in time.
  live.restore(saved);
  CHECK(d.predicted(live, 6) == expected);
  d.see(live, 7);
  other.restore(saved);
  d.see(other, 7);
  CHECK(live.state() == other.state());
  // A state from before the first step.
  live_type const unborn{{}, d.learner.parameters()};
  live.restore(unborn.state());
  CHECK(d.predicted(live, 0).empty());
  d.see(live, 0);
  live_type fresh{{}, d.learner.parameters()};
  d.see(fresh, 0);
  CHECK(live.state() == fresh.state());

  auto wrong = saved;
  wrong.numbers.pop_back();
  auto const before = live.state();
  CHECK_THROWS_AS(live.restore(wrong), value_error);
  CHECK(live.state() == before);
}

TEST_CASE("stream: a residual read-out guesses from the views of the step, and keeps them in its state") {
  desk const d;
  trainer<guess_net, test::tested> const learner{{}, {}, seed{5}};
  trainer<net, test::tested> const plain{{}, {}, seed{5}};
  guess_type live{{}, learner.parameters()}, other{{}, learner.parameters(), {.views = 4, .queries = 3}};
  live_type bare{{}, plain.parameters()};
  d.see(live, 0);
  d.see(bare, 0);
  std::uint8_t const second_absent[] = {1, 0, 1, 1};
  REQUIRE(live.observe(d.views(1), d.places(1), second_absent) == observed::yes);
  REQUIRE(bare.observe(d.views(1), d.places(1), second_absent) == observed::yes);
  auto const with_guess = d.predicted(live, 1), without = d.predicted(bare, 1);
  for (std::size_t q = 0; q < 3; ++q) {
    for (std::size_t e = 0; e < 2; ++e) {
      double sum = 0, weight = 0;
      for (std::size_t a = 0; a < 4; ++a) {
        if (second_absent[a] == 0) continue;
        double const dx = d.b.place[8 + a * 2] - d.b.query_place[6 + q * 2],
                     dy = d.b.place[8 + a * 2 + 1] - d.b.query_place[6 + q * 2 + 1];
        sum += d.b.view[12 + a * 3 + e] / (dx * dx + dy * dy + 1e-6);
        weight += 1 / (dx * dx + dy * dy + 1e-6);
      }
      CHECK(with_guess[q * 4 + e] == Approx(without[q * 4 + e] + 0.9 * sum / weight).epsilon(1e-4).margin(1e-5));
      CHECK(with_guess[q * 4 + 2 + e] == without[q * 4 + 2 + e]);
    }
  }
  // The guess survives a copy of the state.
  auto const saved = live.state();
  d.see(other, 9);
  other.restore(saved);
  CHECK(other.state() == saved);
  CHECK(d.predicted(other, 1) == with_guess);
  // A blind step has nothing to guess from.
  REQUIRE(live.observe({}, {}) == observed::yes);
  REQUIRE(bare.observe({}, {}) == observed::yes);
  CHECK(d.predicted(live, 1) == d.predicted(bare, 1));
  CHECK_FALSE(live.state() == saved);
  live.restore(saved);
  CHECK(d.predicted(live, 1) == with_guess);

  // The state holds the three views that were there, and the slot that was absent only where masks are not looked at.
  bool const looks = ops::reads_masks<test::tested>;
  CHECK(saved.present == (looks ? std::vector<std::uint8_t>{1, 1, 1} : std::vector<std::uint8_t>{1, 1, 1, 0}));
  index_t const count = looks ? 3 : 4;
  guess_type just_wide_enough{{}, learner.parameters(), {.views = count}},
      narrow{{}, learner.parameters(), {.views = count - 1}};
  just_wide_enough.restore(saved);
  CHECK(d.predicted(just_wide_enough, 1) == with_guess);
  CHECK_THROWS_AS(narrow.restore(saved), value_error);
  auto torn = saved;
  torn.place.pop_back();
  CHECK_THROWS_AS(live.restore(torn), value_error);
  CHECK(d.predicted(live, 1) == with_guess);
}

TEST_CASE("stream: streams share weights, and take changed ones when told to") {
  desk d;
  live_type a{{}, d.learner.parameters()}, b{{}, d.learner.parameters()};
  for (index_t t = 0; t < 3; ++t) d.see(a, t);
  d.see(b, 5);
  d.see(b, 6);
  auto const state = b.state();
  d.see(a, 3);
  CHECK(b.state() == state);
  d.see(b, 7);
  live_type alone{{}, d.learner.parameters()};
  for (index_t t = 5; t < 8; ++t) d.see(alone, t);
  CHECK(b.state() == alone.state());

  for (std::uint32_t step = 0; step < 3; ++step)
    d.learner.step(test::random_batch<net, float>(4, 2, 3, 2, step).look());
  a.refresh();
  a.reset();
  live_type fresh{{}, d.learner.parameters()};
  for (index_t t = 0; t < 3; ++t) {
    d.see(a, t);
    d.see(fresh, t);
  }
  CHECK(a.state() == fresh.state());
  CHECK(d.predicted(a, 0) == d.predicted(fresh, 0));
}

TEST_CASE("stream: goes on after a move") {
  desk const d;
  live_type stays{{}, d.learner.parameters()};
  auto first = std::make_unique<live_type>(test::tested{}, d.learner.parameters());
  d.see(stays, 0);
  d.see(*first, 0);
  live_type moved(std::move(*first));
  first.reset();
  CHECK(d.predicted(moved, 0) == d.predicted(stays, 0));
  d.see(stays, 1);
  d.see(moved, 1);
  CHECK(moved.state() == stays.state());
}

}  // namespace s2rm
