// Streams of models with side inputs and times: equal to the sequence to the bit; what is refused; all forms of a step.
#include <cmath>
#include <string>

#include "s2rm/adapters/xtensor.hpp"
#include "s2rm/any/trainer.hpp"
#include "s2rm/cell/lstm.hpp"
#include "stream/equals.hpp"
#include "stream/on_device.hpp"
#include "support/backends.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using test::fields_net;
using test::fields_net_of;
using test::same_bits;
using test::there;
using test::weights_on;

using context_net = fields_net_of<>;
using elapsed_net = fields_net_of<time::elapsed<>>;
using elapsed_lstm = fields_net_of<time::elapsed<std::ratio<1>, time::features::off>, cell::lstm>;
using lead_net = fields_net_of<lead::learned<std::ratio<2>>>;
struct guessed : test::fields_shape {
  using target = features<2>;
};
using guess_net = test::small_net_of<guessed, residual::context<>>;
constexpr test::with everything{.view_mask = true, .target_mask = false, .reset = true, .blind = true, .times = true};

template <class F>
void on_some_backends(F const& f) {
  f(backend::eigen{}, std::string("eigen"));
#if defined(S2RM_TEST_THRUST)
  f(backend::thrust_on<backend::system::cpp>{}, std::string("thrust, CPP"));
  f(test::separate{}, std::string("separate memory"));
#endif
}

constexpr index_t sessions = 3, K = 2;
using T = float;

/// The arrays of one step of some sessions, in the host's memory.
struct inputs {
  index_t count, queries;
  owned_batch<T> b;
  std::vector<std::uint8_t> active, reset;
  bool times, leads;
  template <class Net>
  inputs(std::uint32_t step, Net const*)
      : count(step % 5),
        queries(1 + step % 3),
        b(test::random_batch<Net, T>(1, sessions, count, queries, step, {.view_mask = step % 2 == 0, .times = true})),
        times(step % 5 != 2),
        leads(Net::lead::active && step % 7 != 3) {
    random const draw{8, 1};
    if (step % 4 != 3) active.resize(sessions);
    if (step % 3 == 0) reset.resize(sessions);
    for (std::size_t i = 0; i < active.size(); ++i) active[i] = step == 0 || draw.below(step, i, 3) != 0;
    for (std::size_t i = 0; i < reset.size(); ++i) reset[i] = draw.below(step, i + 10, 3) == 0;
  }
  template <class U>
  static U const* or_null(std::vector<U> const& x) {
    return x.empty() ? nullptr : x.data();
  }
  [[nodiscard]] array_view<T const, 3> views() const { return {b.view.data(), {sessions, count, 3}}; }
  [[nodiscard]] array_view<T const, 3> places() const { return {b.place.data(), {sessions, count, 2}}; }
  [[nodiscard]] array_view<T const, 3> asked() const { return {b.query_place.data(), {sessions, queries, 2}}; }
  [[nodiscard]] sessions_details<T> of_step() const {
    return {.present = or_null(b.view_mask),
            .active = or_null(active),
            .reset = or_null(reset),
            .elapsed = times ? b.elapsed.data() : nullptr,
            .context = {b.view_context.data(), {sessions, count, K}}};
  }
  [[nodiscard]] queries_details<T> of_queries() const {
    queries_details<T> more{.context = {b.query_context.data(), {sessions, queries, K}}};
    if (leads) more.lead = {b.query_lead.data(), {sessions, queries}};
    return more;
  }
};

/// `step` of the host's and of the device's arrays against `observe` and `predict`, and against a stream of each session.
template <class Net, class Backend>
void compare(Backend be, std::string const& name) {
  INFO(name);
  auto const weights = weights_on<Net, T>(be);
  streams<Net, Backend, T> apart(be, weights, sessions, {5, 3}), whole(be, weights, sessions, {5, 3}),
      device(be, weights, sessions, {5, 3, non_finite_views::absent});
  std::vector<stream<Net, Backend, T>> alone;
  for (index_t i = 0; i < sessions; ++i) alone.emplace_back(be, weights, stream_limits{5, 3});
  for (std::uint32_t step = 0; step < 30; ++step) {
    INFO("step " << step);
    inputs const s(step, static_cast<Net const*>(nullptr));
    auto const of_step = s.of_step();
    auto const of_queries = s.of_queries();
    REQUIRE(apart.observe(s.views(), s.places(), of_step) == observed::yes);
    REQUIRE(whole.step(s.views(), s.places(), s.asked(), of_step, of_queries) == observed::yes);
    {
      there const view(be, s.b.view), place(be, s.b.place), query(be, s.b.query_place), time(be, s.b.elapsed),
          lead(be, s.b.query_lead), context(be, s.b.view_context), of_query(be, s.b.query_context);
      there const mask(be, s.b.view_mask), active(be, s.active), reset(be, s.reset);
      sessions_details<T> const more{.present = mask.data(),
                                     .active = active.data(),
                                     .reset = reset.data(),
                                     .elapsed = s.times ? time.data() : nullptr,
                                     .context = {context.data(), of_step.context.shape}};
      queries_details<T> asked{.context = {of_query.data(), of_queries.context.shape}};
      if (s.leads) asked.lead = {lead.data(), of_queries.lead.shape};
      REQUIRE(device.step(on_device, {view.data(), s.views().shape}, {place.data(), s.places().shape},
                          {query.data(), s.asked().shape}, more, asked) == observed::yes);
      device.wait();
    }
    auto const expected = apart.predict(s.asked(), of_queries), found = whole.predictions(), far = device.predictions();
    REQUIRE(found.shape == expected.shape);
    REQUIRE(far.shape == expected.shape);
    index_t const row = s.queries * Net::outputs;
    for (index_t i = 0; i < sessions; ++i) {
      INFO("session " << i);
      auto const at = static_cast<std::size_t>(i);
      CHECK(apart.state(i) == whole.state(i));
      CHECK(apart.state(i) == device.state(i));
      if (!s.reset.empty() && s.reset[at] != 0) alone[at].reset();
      if (!s.active.empty() && s.active[at] == 0) continue;
      step_details<T> mine{.present = s.b.view_mask.empty() ? nullptr : s.b.view_mask.data() + i * s.count,
                           .context = {s.b.view_context.data() + i * s.count * K, {s.count, K}}};
      if (s.times) mine.elapsed = s.b.elapsed[at];
      query_details<T> asked{.context = {s.b.query_context.data() + i * s.queries * K, {s.queries, K}}};
      if (s.leads) asked.lead = {s.b.query_lead.data() + i * s.queries, {s.queries}};
      array_view<T const, 2> const view{s.b.view.data() + i * s.count * 3, {s.count, 3}},
          place{s.b.place.data() + i * s.count * 2, {s.count, 2}},
          query{s.b.query_place.data() + i * s.queries * 2, {s.queries, 2}};
      if (step % 2 == 0) {
        REQUIRE(alone[at].step(view, place, query, mine, asked) == observed::yes);
      } else {
        REQUIRE(alone[at].observe(view, place, mine) == observed::yes);
        REQUIRE(alone[at].predict_async(query, asked));
      }
      CHECK(same_bits(alone[at].predictions().data, expected.data + i * row, row));
      CHECK(alone[at].state().numbers == apart.state(i));
      CHECK(same_bits(found.data + i * row, expected.data + i * row, row));
      CHECK(same_bits(far.data + i * row, expected.data + i * row, row));
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("fields: a stream equals the whole sequence to the last bit", "", context_net, elapsed_net,
                   elapsed_lstm, guess_net) {
  for (bool const compact : {false, true}) test::equals_sequence<TestType, float>(compact ? 2 : 1, compact, everything);
}

TEMPLATE_TEST_CASE("fields: all forms of a step give the same bits", "", context_net, elapsed_net, elapsed_lstm,
                   lead_net, fields_net, guess_net) {
  on_some_backends([](auto be, std::string const& name) { compare<TestType>(be, name); });
}

TEST_CASE("fields: many queries of one state give what each gives alone, in memory that does not grow with them") {
  backend::eigen cpu;
  auto const weights = weights_on<fields_net, T>(cpu);
  constexpr index_t many = 300;
  stream<fields_net, backend::eigen> live(cpu, weights, {4, many});
  auto const b = test::random_batch<fields_net, T>(2, 1, 4, many, 3, {.times = true});
  for (index_t t = 0; t < 2; ++t) {
    REQUIRE(live.observe(test::views_of<fields_net>(b.view.data() + t * 12, 4),
                         test::places_of(b.place.data() + t * 8, 4),
                         {.context = {b.view_context.data() + t * 8, {4, 2}}}) == observed::yes);
  }
  auto const ask = [&](index_t first, index_t count) {
    auto const y = live.predict(
        {b.query_place.data() + 2 * first, {count, 2}},
        {.lead = {b.query_lead.data() + first, {count}}, .context = {b.query_context.data() + 2 * first, {count, 2}}});
    return std::vector<T>(y.data, y.data + y.size());
  };
  auto const all = ask(0, many);
  REQUIRE(static_cast<index_t>(all.size()) == many * fields_net::outputs);
  for (index_t const each : {1, 7, 128, 150}) {
    for (index_t i = 0; i + each <= many; i += each) {
      CHECK(same_bits(ask(i, each).data(), all.data() + i * fields_net::outputs, each * fields_net::outputs));
    }
  }
  // Keys, values and states of 128 queries at a time, the rest a few numbers for each query.
  auto const bytes = [](index_t queries) {
    return activation_bytes<fields_net, T>({1, 1, 4, queries, ops::chunks<backend::eigen>}, true);
  };
  index_t const per_state = fields_net::M * (fields_net::H + 2 * fields_net::NC) * static_cast<index_t>(sizeof(T));
  CHECK(bytes(100'000) - bytes(50'000) < 50'000 * 4 * per_state);
  // A map: one lead for all. It has one state, and the bits of queries with states of their own.
  std::vector<T> same(many + 1, T(1.5)), other = same;
  other.back() = 2;
  auto const map_of = [&](std::vector<T> const& leads, index_t count) {
    auto const y = live.predict({b.query_place.data(), {count, 2}}, {.lead = {leads.data() + many - count + 1, {count}},
                                                                     .context = {b.query_context.data(), {count, 2}}});
    return std::vector<T>(y.data, y.data + y.size());
  };
  auto const map = map_of(same, many), with_another = map_of(other, many);
  CHECK(same_bits(map.data(), with_another.data(), (many - 1) * fields_net::outputs));
  CHECK_FALSE(same_bits(map, with_another));
  // A lead of 0 is now, one of 1 is what is meant where none is given.
  std::vector<T> const ones(3, 1), zeros(3, 0);
  auto const with = [&](std::vector<T> const& leads) {
    query_details<T> more{.context = {b.query_context.data(), {3, 2}}};
    if (!leads.empty()) more.lead = {leads.data(), {3}};
    auto const y = live.predict({b.query_place.data(), {3, 2}}, more);
    return std::vector<T>(y.data, y.data + y.size());
  };
  CHECK(same_bits(with(ones), with({})));
  CHECK_FALSE(same_bits(with(zeros), with({})));
}

TEST_CASE("fields: wrong details are refused, and nothing changes") {
  backend::eigen cpu;
  auto const weights = weights_on<context_net, T>(cpu);
  stream<context_net, backend::eigen> one(cpu, weights, {3, 2});
  auto const weights_of_leads = weights_on<lead_net, T>(cpu);
  stream<lead_net, backend::eigen> ahead(cpu, weights_of_leads, {3, 2});
  std::vector<T> const x(100, T(0.5));
  auto const* const p = x.data();
  step_details<T> const good{.context = {p, {2, 2}}};
  query_details<T> const asked{.context = {p, {1, 2}}};
  REQUIRE(one.step({p, {2, 3}}, {p, {2, 2}}, {p, {1, 2}}, good, asked) == observed::yes);
  CHECK(one.predictions().shape[0] == 1);
  auto const state = one.state();
  auto const step = [&](step_details<T> const& more) { return one.observe({p, {2, 3}}, {p, {2, 2}}, more); };
  CHECK(one.observe({p, {2, 3}}, {p, {2, 2}}) == observed::wrong_shape);  // no context
  CHECK(step({.context = {p, {3, 2}}}) == observed::wrong_shape);
  CHECK(step({.context = {p, {2, 3}}}) == observed::wrong_shape);
  CHECK(step({.elapsed = -1, .context = {p, {2, 2}}}) == observed::wrong_time);
  CHECK(step({.elapsed = NAN, .context = {p, {2, 2}}}) == observed::wrong_time);
  CHECK(step({.elapsed = INFINITY, .context = {p, {2, 2}}}) == observed::wrong_time);
  std::vector<T> spoilt = x;
  spoilt[3] = NAN;
  CHECK(step({.context = {spoilt.data(), {2, 2}}}) == observed::not_finite);
  CHECK(one.predict({p, {1, 2}}).shape[0] == 0);  // no context
  CHECK(one.predict({p, {1, 2}}, {.context = {p, {2, 2}}}).shape[0] == 0);
  REQUIRE(ahead.observe({p, {2, 3}}, {p, {2, 2}}, good) == observed::yes);
  std::vector<T> const leads{-1, NAN, 2};
  auto const of_lead = [&](auto& live, std::size_t i, index_t count) {
    return live.predict({p, {1, 2}}, {.lead = {leads.data() + i, {count}}, .context = {p, {1, 2}}}).shape[0];
  };
  CHECK(of_lead(ahead, 0, 1) == 0);
  CHECK(of_lead(ahead, 1, 1) == 0);
  CHECK(of_lead(ahead, 1, 2) == 0);  // two leads for one query
  CHECK(of_lead(ahead, 2, 1) == 1);
  CHECK(of_lead(one, 2, 1) == 0);  // a model that answers one step ahead
  CHECK(ahead.step({p, {2, 3}}, {p, {2, 2}}, {p, {1, 2}}, good,
                   {.lead = {leads.data(), {1}}, .context = {p, {1, 2}}}) == observed::yes);
  CHECK(ahead.predictions().shape[0] == 0);
  CHECK(one.state() == state);
  // A view whose context is not finite is left out like one that is not finite itself.
  stream<context_net, backend::eigen> lenient(cpu, weights, {3, 2, non_finite_views::absent}),
      expected(cpu, weights, {3, 2});
  REQUIRE(lenient.observe({p, {2, 3}}, {p, {2, 2}}, {.context = {spoilt.data(), {2, 2}}}) == observed::yes);
  REQUIRE(expected.observe({p, {1, 3}}, {p, {1, 2}}, {.context = {p, {1, 2}}}) == observed::yes);
  CHECK(lenient.left_out() == 1);
  CHECK(lenient.state() == expected.state());
  // A model without side inputs takes none.
  auto const others = weights_on<test::small_net, T>(cpu);
  stream<test::small_net, backend::eigen> plain(cpu, others, {3, 2});
  CHECK(plain.observe({p, {2, 3}}, {p, {2, 2}}, good) == observed::wrong_shape);
  REQUIRE(plain.observe({p, {2, 3}}, {p, {2, 2}}, T(2)) == observed::yes);
  CHECK(plain.predict({p, {1, 2}}, asked).shape[0] == 0);
}

TEST_CASE("fields: through xtensor and behind virtual functions") {
  trainer<context_net, backend::eigen> plain({}, {}, seed{3});
  auto const any = erased(trainer<context_net, backend::eigen>({}, {}, seed{3}));
  stream<context_net, backend::eigen> expected(backend::eigen{}, plain.averaged(), {4, 3});
  auto const one = any->stream({4, 3});
  auto const many = any->streams(1, {4, 3});
  auto const views = make_tensor<float>(2, 3), places = make_tensor<float>(2, 2), query = make_tensor<float>(3, 2);
  auto context = make_tensor<float>(2, 2), of_query = make_tensor<float>(3, 2);
  context(0, 1) = 1, of_query(2, 0) = -1;
  for (int t = 0; t < 3; ++t) {
    step_details<float> const more{.elapsed = 2, .context = as_view(std::as_const(context))};
    query_details<float> const asked{.context = as_view(std::as_const(of_query))};
    REQUIRE(expected.observe(views, places, more) == observed::yes);
    REQUIRE(one->observe(as_view(views), as_view(places), more) == observed::yes);
    float const two = 2;
    sessions_details<float> const all{.elapsed = &two, .context = {context.data(), {1, 2, 2}}};
    REQUIRE(many->observe({views.data(), {1, 2, 3}}, {places.data(), {1, 2, 2}}, all) == observed::yes);
    auto const y = expected.predict(query, asked);
    REQUIRE(y.shape[0] == 3);
    CHECK(same_bits(one->predict(as_view(query), asked).data, y.data, y.size()));
    CHECK(same_bits(many->predict({query.data(), {1, 3, 2}}, {.context = {of_query.data(), {1, 3, 2}}}).data, y.data,
                    y.size()));
  }
}

}  // namespace s2rm
