// `step` equals `observe` and `predict`: of `stream` and of `streams`, with arrays of the host and of the device.
#include <limits>
#include <string>

#include "s2rm/stream/stream.hpp"
#include "s2rm/stream/streams.hpp"
#include "stream/on_device.hpp"
#include "support/backends.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using test::same_bits;
using test::there;
using test::weights_on;
using net = test::small_net;
using guess_net = world_model<test::small_shape, residual::inverse_distance<>, encoder::mlp<6>, decoder::mlp<7>,
                              likelihood::gaussian>;
using T = float;
constexpr index_t sessions = 4, V = net::view::size, P = 2;
constexpr T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();

template <class F>
void on_some_backends(F const& f) {
  f(backend::eigen{}, std::string("eigen"));
  f(backend::eigen{.threads = 2}, std::string("eigen, 2 threads"));
#if defined(S2RM_TEST_THRUST)
  f(backend::thrust_on<backend::system::cpp>{}, std::string("thrust, CPP"));
  f(test::separate{}, std::string("separate memory"));
#endif
}

/// Views and queries of one step: their numbers vary, some slots are absent (and NaN), some sessions idle, some reset.
struct inputs {
  index_t count, queries;
  owned_batch<T> b;
  std::vector<std::uint8_t> active, reset;
  explicit inputs(std::uint32_t step)
      : count(step % 6),
        queries(1 + step % 3),
        b(test::random_batch<net, T>(1, sessions, count, queries, step, {.view_mask = step % 2 == 0})) {
    random const draw{8, 1};
    if (step % 4 != 3) active.resize(sessions);
    if (step % 3 == 0) reset.resize(sessions);
    for (std::size_t i = 0; i < active.size(); ++i) active[i] = step == 0 || draw.below(step, i, 3) != 0;
    for (std::size_t i = 0; i < reset.size(); ++i) reset[i] = draw.below(step, i + 10, 3) == 0;
  }
  [[nodiscard]] array_view<T const, 3> views() const { return {b.view.data(), {sessions, count, V}}; }
  [[nodiscard]] array_view<T const, 3> places() const { return {b.place.data(), {sessions, count, P}}; }
  [[nodiscard]] array_view<T const, 3> query() const { return {b.query_place.data(), {sessions, queries, P}}; }
  template <class U>
  static U const* or_null(std::vector<U> const& x) {
    return x.empty() ? nullptr : x.data();
  }
};

template <class Net, class Backend>
void compare(Backend be, std::string const& name) {
  INFO(name);
  auto const weights = weights_on<Net, T>(be);
  streams<Net, Backend, T> apart(be, weights, sessions, {5, 3}), whole(be, weights, sessions, {5, 3}),
      device(be, weights, sessions, {5, 3, non_finite_views::absent});
  for (std::uint32_t step = 0; step < 40; ++step) {
    INFO("step " << step);
    inputs const s(step);
    auto const* const present = s.or_null(s.b.view_mask);
    for (index_t i = 0; i < sessions; ++i) {
      if (!s.reset.empty() && s.reset[static_cast<std::size_t>(i)] != 0) apart.reset(i);
    }
    REQUIRE(apart.observe(s.views(), s.places(), present, s.or_null(s.active)) == observed::yes);
    // Some steps in two halves: both go on from the same states.
    if (s.reset.empty() && step % 2 == 1) {
      REQUIRE(whole.observe(s.views(), s.places(), present, s.or_null(s.active)) == observed::yes);
      REQUIRE(whole.predict_async(s.query()));
    } else {
      REQUIRE(whole.step(s.views(), s.places(), s.query(), present, s.or_null(s.active), s.or_null(s.reset)) ==
              observed::yes);
    }
    {
      there const view(be, s.b.view), place(be, s.b.place), query(be, s.b.query_place);
      there const mask(be, s.b.view_mask), active(be, s.active), reset(be, s.reset);
      REQUIRE(device.step(on_device, {view.data(), s.views().shape}, {place.data(), s.places().shape},
                          {query.data(), s.query().shape}, mask.data(), active.data(), reset.data()) == observed::yes);
      device.wait();  // and the arrays may go
    }
    auto const expected = apart.predict(s.query()), found = whole.predictions();
    REQUIRE(found.shape == expected.shape);
    auto const on_it = device.predictions(on_device);
    REQUIRE(on_it.shape[1] >= s.queries);
    std::vector<T> numbers(static_cast<std::size_t>(on_it.size()));
    be.copy_out(on_it.size(), on_it.data, numbers.data());
    auto const far = device.predictions();
    REQUIRE(far.shape == expected.shape);
    index_t const row = s.queries * Net::outputs, room = on_it.shape[1] * Net::outputs;
    for (index_t i = 0; i < sessions; ++i) {
      INFO("session " << i);
      CHECK(apart.state(i) == whole.state(i));
      CHECK(apart.state(i) == device.state(i));
      if (!s.active.empty() && s.active[static_cast<std::size_t>(i)] == 0) continue;
      CHECK(same_bits(found.data + i * row, expected.data + i * row, row));
      CHECK(same_bits(far.data + i * row, expected.data + i * row, row));
      CHECK(same_bits(numbers.data() + i * room, expected.data + i * row, row));
    }
    // Predictions stay until the next ones are enqueued.
    CHECK(device.predictions().data == far.data);
    CHECK(same_bits(whole.predictions().data, found.data, found.size()));
  }
  CHECK(device.left_out() == 0);
}

}  // namespace

TEST_CASE("step: of several sessions equals observe and predict, to the bit") {
  on_some_backends([](auto be, std::string const& name) {
    compare<net>(be, name);
    compare<guess_net>(be, name + ", residual");
  });
}

TEST_CASE("step: of one stream equals observe and predict, to the bit") {
  on_some_backends([](auto be, std::string const& name) {
    INFO(name);
    using backend_type = decltype(be);
    auto const weights = weights_on<guess_net, T>(be);
    stream<guess_net, backend_type> apart(be, weights, {5, 3}), whole(be, weights, {5, 3});
    for (std::uint32_t step = 0; step < 30; ++step) {
      INFO("step " << step);
      inputs const s(step);
      auto const* const present = s.or_null(s.b.view_mask);
      array_view<T const, 2> const views{s.b.view.data(), {s.count, V}}, places{s.b.place.data(), {s.count, P}},
          query{s.b.query_place.data(), {s.queries, P}};
      if (step == 11) apart.reset(), whole.reset();
      REQUIRE(apart.observe(views, places, present) == observed::yes);
      // Some steps in two halves: both go on from the same state.
      if (step % 7 == 3) {
        REQUIRE(whole.observe(views, places, present) == observed::yes);
        REQUIRE(whole.predict_async(query));
      } else {
        REQUIRE(whole.step(views, places, query, present) == observed::yes);
      }
      auto const expected = apart.predict(query), found = whole.predictions();
      REQUIRE(found.shape == expected.shape);
      CHECK(same_bits(found.data, expected.data, expected.size()));
      CHECK(whole.state() == apart.state());
    }
  });
}

TEST_CASE("step: wrong extents are refused, and nothing changes") {
  on_some_backends([](auto be, std::string const& name) {
    INFO(name);
    using backend_type = decltype(be);
    auto const weights = weights_on<net, T>(be);
    stream<net, backend_type> one(be, weights, {3, 2});
    streams<net, backend_type> many(be, weights, 2, {3, 2});
    std::vector<T> const x(100, T(0.5));
    auto const* const p = x.data();
    REQUIRE(one.step({p, {2, 3}}, {p, {2, 2}}, {p, {1, 2}}) == observed::yes);
    REQUIRE(many.step({p, {2, 2, 3}}, {p, {2, 2, 2}}, {p, {2, 1, 2}}) == observed::yes);
    auto const state = one.state();
    auto const first = many.state(0), second = many.state(1);
    // A refused step has no predictions.
    CHECK(one.step({p, {4, 3}}, {p, {4, 2}}, {p, {1, 2}}) == observed::too_many_views);
    CHECK(one.predictions().shape[0] == 0);
    CHECK(one.step({p, {2, 4}}, {p, {2, 2}}, {p, {1, 2}}) == observed::wrong_shape);
    CHECK(many.step({p, {2, 4, 3}}, {p, {2, 4, 2}}, {p, {2, 1, 2}}) == observed::too_many_views);
    CHECK(many.predictions().shape[1] == 0);
    CHECK(many.step({p, {2, 2, 3}}, {p, {2, 1, 2}}, {p, {2, 1, 2}}) == observed::wrong_shape);
    there const far(be, x);
    auto const* const q = far.data();
    CHECK(many.step(on_device, {q, {2, 4, 3}}, {q, {2, 4, 2}}, {q, {2, 1, 2}}) == observed::too_many_views);
    CHECK(many.step(on_device, {q, {3, 2, 3}}, {q, {3, 2, 2}}, {q, {3, 1, 2}}) == observed::wrong_shape);
    CHECK(many.step(on_device, {nullptr, {2, 2, 3}}, {q, {2, 2, 2}}, {q, {2, 1, 2}}) == observed::wrong_shape);
    CHECK(many.predictions().shape[1] == 0);
    CHECK(many.predictions(on_device).shape[1] == 0);
    CHECK(one.state() == state);
    CHECK(many.state(0) == first);
    CHECK(many.state(1) == second);
    // The step is taken though its queries are refused.
    for (auto const queries : {index_t{0}, index_t{3}}) {
      CHECK(one.step({p, {2, 3}}, {p, {2, 2}}, {p, {queries, 2}}) == observed::yes);
      CHECK(one.predictions().shape[0] == 0);
      CHECK(many.step({p, {2, 2, 3}}, {p, {2, 2, 2}}, {p, {2, queries, 2}}) == observed::yes);
      CHECK(many.predictions().shape[1] == 0);
      CHECK(many.step(on_device, {q, {2, 2, 3}}, {q, {2, 2, 2}}, {q, {2, queries, 2}}) == observed::yes);
      CHECK(many.predictions().shape[1] == 0);
    }
    CHECK(one.state() != state);
    CHECK(many.state(0) != first);
    CHECK(one.predict({p, {2, 2}}).shape[0] == 2);
    CHECK(many.predict({p, {2, 2, 2}}).shape[1] == 2);
  });
}

TEST_CASE("step: limits of no views, or of no queries") {
  on_some_backends([](auto be, std::string const& name) {
    INFO(name);
    using backend_type = decltype(be);
    auto const weights = weights_on<net, T>(be);
    std::vector<T> const x(30, T(0.5));
    there const far(be, x);
    auto const *const p = x.data(), *const q = far.data();
    stream<net, backend_type> blind(be, weights, {0, 2}), mute(be, weights, {3, 0});
    streams<net, backend_type> all_blind(be, weights, 2, {0, 2}), all_mute(be, weights, 2, {3, 0});
    for (int step = 0; step < 5; ++step) {
      CHECK(blind.step({nullptr, {0, 3}}, {nullptr, {0, 2}}, {p, {2, 2}}) == observed::yes);
      CHECK(blind.predictions().shape[0] == 2);
      CHECK(mute.step({p, {3, 3}}, {p, {3, 2}}, {p, {1, 2}}) == observed::yes);
      CHECK(mute.predictions().shape[0] == 0);
      CHECK(all_blind.step({nullptr, {2, 0, 3}}, {nullptr, {2, 0, 2}}, {p, {2, 2, 2}}) == observed::yes);
      CHECK(same_bits(all_blind.predictions().data, blind.predictions().data, 2 * net::outputs));
      CHECK(all_blind.step(on_device, {nullptr, {2, 0, 3}}, {nullptr, {2, 0, 2}}, {q, {2, 1, 2}}) == observed::yes);
      CHECK(blind.step({nullptr, {0, 3}}, {nullptr, {0, 2}}, {p, {1, 2}}) == observed::yes);
      CHECK(same_bits(all_blind.predictions().data, blind.predictions().data, net::outputs));
      CHECK(all_mute.step({p, {2, 3, 3}}, {p, {2, 3, 2}}, {nullptr, {2, 0, 2}}) == observed::yes);
      CHECK(all_mute.step(on_device, {q, {2, 3, 3}}, {q, {2, 3, 2}}, {nullptr, {2, 0, 2}}) == observed::yes);
      CHECK(all_mute.predictions().shape[1] == 0);
      CHECK(all_mute.predictions(on_device).shape[1] == 0);
      if (step == 0) blind.reset(), all_blind.reset();
    }
    CHECK(blind.step({p, {1, 3}}, {p, {1, 2}}, {p, {1, 2}}) == observed::too_many_views);
  });
}

TEST_CASE("step: views on the device that are not finite are refused, or left out and counted") {
  on_some_backends([](auto be, std::string const& name) {
    INFO(name);
    using backend_type = decltype(be);
    auto const weights = weights_on<net, T>(be);
    streams<net, backend_type> strict(be, weights, sessions, {5, 3}),
        lenient(be, weights, sessions, {5, 3, non_finite_views::absent}), expected(be, weights, sessions, {5, 3});
    index_t non_finite = 0;
    for (std::uint32_t step = 0; step < 20; ++step) {
      INFO("step " << step);
      inputs s(step);
      std::vector<std::uint8_t> flags(s.b.view_mask);
      flags.resize(static_cast<std::size_t>(sessions * s.count), std::uint8_t{1});
      // Every fifth view, and every seventh place, holds a non-finite number; some of them are absent anyway.
      index_t here = 0;
      for (index_t i = 0; i < sessions * s.count; ++i) {
        bool const bad_view = (i + step) % 5 == 0, bad_place = (i + step) % 7 == 0;
        if (bad_view) s.b.view[static_cast<std::size_t>(i * V + i % V)] = i % 2 == 0 ? nan : -infinity;
        if (bad_place) s.b.place[static_cast<std::size_t>(i * P + i % P)] = nan;
        auto& flag = flags[static_cast<std::size_t>(i)];
        if ((bad_view || bad_place) && flag != 0) ++here, flag = 0;
      }
      non_finite += here;
      REQUIRE(expected.step(s.views(), s.places(), s.query(), flags.data()) == observed::yes);
      there const view(be, s.b.view), place(be, s.b.place), query(be, s.b.query_place);
      there const mask(be, s.b.view_mask);
      auto const on_it = [&](auto& all) {
        return all.step(on_device, {view.data(), s.views().shape}, {place.data(), s.places().shape},
                        {query.data(), s.query().shape}, mask.data());
      };
      REQUIRE(on_it(lenient) == observed::yes);
      CHECK(lenient.left_out() == non_finite);
      auto const y = expected.predictions();
      CHECK(same_bits(lenient.predictions().data, y.data, y.size()));
      auto const before = strict.state(1);
      CHECK(on_it(strict) == (here > 0 ? observed::not_finite : observed::yes));
      CHECK(strict.left_out() == 0);
      if (here > 0) {
        CHECK(strict.state(1) == before);
        CHECK(strict.predictions().shape[1] == 0);
      }
    }
    CHECK(non_finite > 20);
  });
}

#if defined(S2RM_TEST_THRUST)
TEST_CASE("step: asynchronous steps equal synchronous ones") {
  using plain = backend::thrust_on<backend::system::cpp>;
  test::separate device;
  plain host;
  auto const weights = weights_on<net, T>(device);
  auto const same = weights_on<net, T>(host);
  streams<net, test::separate, T> many(device, weights, sessions, {5, 3});
  streams<net, plain, T> expected(host, same, sessions, {5, 3});
  stream<net, test::separate, T> one(device, weights, {5, 3});
  stream<net, plain, T> alone(host, same, {5, 3});
  for (std::uint32_t step = 0; step < 30; ++step) {
    INFO("step " << step);
    inputs const s(step);
    auto const* const present = s.or_null(s.b.view_mask);
    auto const step_all = [&](auto& all) {
      REQUIRE(all.step(s.views(), s.places(), s.query(), present, s.or_null(s.active), s.or_null(s.reset)) ==
              observed::yes);
    };
    auto const step_one = [&](auto& it) {
      REQUIRE(it.step({s.b.view.data(), {s.count, V}}, {s.b.place.data(), {s.count, P}},
                      {s.b.query_place.data(), {s.queries, P}}, present) == observed::yes);
    };
    step_all(many), step_all(expected);
    step_one(one), step_one(alone);
    if (step % 10 != 9) continue;
    CHECK(same_bits(one.predictions().data, alone.predictions().data, s.queries * net::outputs));
    CHECK(one.state() == alone.state());
    for (index_t i = 0; i < sessions; ++i) CHECK(many.state(i) == expected.state(i));
  }
}

TEST_CASE("step: one graph launch and one copy a step, without waiting") {
  test::separate device;
  auto const weights = weights_on<net, T>(device);
  stream<net, test::separate> one(device, weights, {3, 2});
  streams<net, test::separate> many(device, weights, 2, {3, 2}),
      there_alone(device, weights, 2, {3, 2, non_finite_views::absent});
  std::vector<T> const x(100, T(0.5));
  there const far(device, x);
  auto const *const p = x.data(), *const q = far.data();
  auto const step_one = [&] { return one.step({p, {2, 3}}, {p, {2, 2}}, {p, {1, 2}}); };
  auto const step_many = [&] { return many.step({p, {2, 2, 3}}, {p, {2, 2, 2}}, {p, {2, 1, 2}}); };
  auto const step_there = [&] { return there_alone.step(on_device, {q, {2, 2, 3}}, {q, {2, 2, 2}}, {q, {2, 1, 2}}); };
  auto& c = *device.context;
  auto const costs = [&](auto const& step, index_t copies) {
    // Twice for either block of the host's memory that a step is copied from.
    for (int i = 0; i < 4; ++i) REQUIRE(step() == observed::yes);
    c.finish();
    index_t const launched = c.launched, waits = c.waits, held = c.held, allocations = c.allocations;
    index_t const queued = c.queued;
    for (int i = 0; i < 2; ++i) REQUIRE(step() == observed::yes);
    CHECK(c.launched == launched + 2);
    CHECK(c.waits == waits);
    CHECK(c.held == held);
    CHECK(c.allocations == allocations);
    CHECK(c.queued > queued);
    index_t const enqueued = c.asked, copied = c.copied_in;
    REQUIRE(step() == observed::yes);
    // Beside the graph only copies on the device, their flags and the check are enqueued.
    CHECK(c.asked == enqueued + copies);
    CHECK(c.copied_in == copied);
  };
  costs(step_one, 0);
  CHECK(one.predictions().shape[0] == 1);
  costs(step_many, 0);
  CHECK(many.predictions().shape[1] == 1);
  costs(step_there, 5);
  index_t const waits = c.waits, held = c.held;
  CHECK(there_alone.predictions(on_device).shape[1] == 2);
  CHECK(c.waits + c.held == waits + held);
  CHECK(there_alone.predictions().shape[1] == 1);
  CHECK(c.waits + c.held == waits + held + 1);
}

TEST_CASE("step: several sessions without flags cost no work beside the model's; idle ones are saved and put back") {
  test::separate device;
  auto const weights = weights_on<net, T>(device);
  stream<net, test::separate> one(device, weights, {3, 2});
  streams<net, test::separate> many(device, weights, 2, {3, 2});
  std::vector<T> const x(100, T(0.5));
  auto const* const p = x.data();
  auto const work = [&](auto const& step) {
    index_t const before = device.context->asked;
    REQUIRE(step() == observed::yes);
    return device.context->asked - before;
  };
  auto const step_one = [&] { return one.step({p, {2, 3}}, {p, {2, 2}}, {p, {1, 2}}); };
  auto const step_many = [&](std::uint8_t const* active = nullptr, std::uint8_t const* reset = nullptr) {
    return [&, active, reset] {
      return many.step({p, {2, 2, 3}}, {p, {2, 2, 2}}, {p, {2, 1, 2}}, nullptr, active, reset);
    };
  };
  std::uint8_t const second[] = {0, 1};
  auto const first_step = work(step_one), next_step = work(step_one);
  CHECK(first_step == next_step);
  CHECK(work(step_many()) == first_step);
  CHECK(work(step_many()) == next_step);
  CHECK(work(step_many(nullptr, second)) == next_step);
  CHECK(work(step_many(second)) == next_step + 2);
  // One session is to start anew: the flags are read where they lie.
  many.reset(0);
  CHECK(work(step_many()) == next_step);
  // Flags of both kinds are combined, and filled in before.
  CHECK(work(step_many(second, second)) == next_step + 4);
}
#endif

}  // namespace s2rm
