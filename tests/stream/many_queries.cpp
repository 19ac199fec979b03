// Any number of queries in chunks: the bits of one big `predict`, whatever the size of a chunk, on streams of one and of several
// sessions; what is refused.
#include <algorithm>
#include <string>
#include <vector>

#include "s2rm/adapters/xtensor.hpp"
#include "s2rm/any/trainer.hpp"
#include "s2rm/cell/lstm.hpp"
#include "stream/equals.hpp"
#include "stream/on_device.hpp"
#include "support/backends.hpp"
#include "support/tolerance.hpp"
#if defined(S2RM_TEST_THRUST)
#include "support/separate_memory.hpp"
#endif

namespace s2rm {
namespace {

using test::same_bits;
using test::weights_on;
using T = float;

using context_net = test::fields_net_of<>;
/// The state that a query reads depends on its lead.
using lead_net = test::fields_net;
using other_net =
    world_model<test::small_shape, cell::lstm, readout::kernel_mean, state_norm::none, normalisation::product,
                residual::inverse_distance<>, encoder::mlp<6>, decoder::mlp<7>, likelihood::gaussian>;

constexpr index_t views = 4, queries = 23;

/// One step of some sessions and the places they are asked for.
template <class Net>
struct asked_of {
  index_t sessions;
  owned_batch<T> b;
  asked_of(index_t count, std::uint32_t step)
      : sessions(count), b(test::random_batch<Net, T>(1, count, views, queries, step, {.times = Net::K > 0})) {}
  [[nodiscard]] sessions_details<T> of_step() const {
    sessions_details<T> more;
    if (Net::K > 0) more.context = {b.view_context.data(), {sessions, views, Net::K}};
    return more;
  }
  [[nodiscard]] queries_details<T> of_queries(bool leads = true) const {
    queries_details<T> more;
    if (Net::lead::active && leads) more.lead = {b.query_lead.data(), {sessions, queries}};
    if (Net::K > 0) more.context = {b.query_context.data(), {sessions, queries, Net::K}};
    return more;
  }
  [[nodiscard]] array_view<T const, 3> at() const { return {b.query_place.data(), {sessions, queries, Net::P}}; }
  template <class Streams>
  void observe(Streams& s) const {
    REQUIRE(s.observe({b.view.data(), {sessions, views, Net::view::size}}, {b.place.data(), {sessions, views, Net::P}},
                      of_step()) == observed::yes);
  }
};

template <class Net, class Backend>
void compare(Backend be, std::string const& name, index_t sessions, bool to_the_bit) {
  INFO(name << ", " << sessions << " sessions");
  auto const weights = weights_on<Net, T>(be);
  streams<Net, Backend, T> big(be, weights, sessions, {views, queries});
  for (index_t const most : {1, 2, 7, 22, 23, 64}) {
    INFO("chunks of " << most);
    streams<Net, Backend, T> small(be, weights, sessions, {views, most});
    big.reset();
    std::vector<T> to(static_cast<std::size_t>(sessions * queries * Net::outputs));
    for (std::uint32_t step = 1; step < 4; ++step) {  // the state that is read once is that of the last step
      asked_of<Net> const d(sessions, step);
      d.observe(big);
      d.observe(small);
      auto const before = small.state(sessions - 1);
      bool const leads = step != 2;
      auto const expected = big.predict(d.at(), d.of_queries(leads));
      REQUIRE(expected.size() == static_cast<index_t>(to.size()));
      for (int repeat = 0; repeat < 3; ++repeat) {  // a device launches what it captured
        std::fill(to.begin(), to.end(), T(-7));
        REQUIRE(small.predict_into(d.at(), to, d.of_queries(leads)));
        if (to_the_bit) {
          CHECK(same_bits(to.data(), expected.data, expected.size()));
        } else {
          std::vector<double> const found(to.begin(), to.end()), exact(expected.data, expected.data + expected.size());
          CHECK(test::relative_error(found, exact) < 1e-6);
        }
      }
      CHECK(small.state(sessions - 1) == before);
      CHECK(small.predictions().shape[1] == 0);
    }
  }
}

template <class Net>
void everywhere(index_t sessions) {
  compare<Net>(backend::eigen{.threads = 1}, "eigen", sessions, true);
  compare<Net>(backend::eigen{.threads = 2}, "eigen, 2 threads", sessions, true);
#if defined(S2RM_TEST_THRUST)
  compare<Net>(backend::thrust_on<backend::system::cpp>{}, "thrust, CPP", sessions, false);
  compare<Net>(test::separate{}, "separate memory", sessions, false);
#endif
}

}  // namespace

TEMPLATE_TEST_CASE("many queries: the bits of one prediction", "", test::small_net, context_net, other_net, lead_net) {
  everywhere<TestType>(1);
  everywhere<TestType>(3);
}

TEST_CASE("many queries: a stream, xtensor's arrays, behind virtual functions") {
  using net = context_net;
  trainer<net, backend::eigen> plain({}, {}, seed{3});
  auto const any = erased(trainer<net, backend::eigen>({}, {}, seed{3}));
  stream<net, backend::eigen> big(backend::eigen{}, plain.averaged(), {views, queries}),
      small(backend::eigen{}, plain.averaged(), {views, 5});
  auto const one = any->stream({views, 4});
  auto const many = any->streams(1, {views, 9});
  asked_of<net> const d(1, 5);
  array_view<T const, 2> const view{d.b.view.data(), {views, 3}}, place{d.b.place.data(), {views, 2}};
  step_details<T> const more{.context = {d.b.view_context.data(), {views, 2}}};
  REQUIRE(big.observe(view, place, more) == observed::yes);
  REQUIRE(small.observe(view, place, more) == observed::yes);
  REQUIRE(one->observe(view, place, more) == observed::yes);
  d.observe(*many);
  array_view<T const, 2> const at{d.b.query_place.data(), {queries, 2}};
  query_details<T> const asked{.context = {d.b.query_context.data(), {queries, 2}}};
  auto const expected = big.predict(at, asked);
  std::vector<T> to(static_cast<std::size_t>(queries * net::outputs));
  auto const check = [&](bool answered) {
    CHECK(answered);
    CHECK(same_bits(to.data(), expected.data, expected.size()));
    std::fill(to.begin(), to.end(), T(0));
  };
  check(small.predict_into(at, to, asked));
  check(one->predict_into(at, to, asked));
  check(many->predict_into(d.at(), to, d.of_queries()));
  auto places = make_tensor<T>(queries, 2);
  std::copy(d.b.query_place.begin(), d.b.query_place.end(), places.begin());
  check(small.predict_into(places, to, asked));
  // What was enqueued before is dropped.
  REQUIRE(small.predict({at.data, {3, 2}}, {.context = {asked.context.data, {3, 2}}}).shape[0] == 3);
  check(small.predict_into(at, to, asked));
  CHECK(small.predictions().shape[0] == 0);
}

TEST_CASE("many views: a stream encodes them in chunks, and has the bits of the whole sequence") {
  using net = context_net;
  constexpr index_t many = 1300;  // more than two chunks
  for (int const threads : {1, 2}) {
    backend::eigen const cpu{.threads = threads};
    auto const b = test::random_batch<net, T>(2, 1, many, 3, 7, {.view_mask = true, .times = true});
    trainer<net, backend::eigen, T> whole{cpu, {}, seed{5}};
    whole.evaluate(b.look());
    stream<net, backend::eigen, T> live(cpu, whole.parameters(), {many, 3});
    for (index_t t = 0; t < 2; ++t) {
      test::observe<net>(live, b, t, t == 1);
      auto const y = live.predict(test::places_of(b.query_place.data() + t * 6, 3), test::asked<net>(b, t));
      CHECK(same_bits(y.data, whole.predictions() + t * y.size(), y.size()));
    }
  }
}

TEST_CASE("many queries: leads of several sessions are cut like places") {
  backend::eigen cpu;
  auto const weights = weights_on<lead_net, T>(cpu);
  streams<lead_net, backend::eigen> s(cpu, weights, 2, {views, 4});
  asked_of<lead_net> d(2, 1);
  d.observe(s);
  std::vector<T> to(static_cast<std::size_t>(2 * queries * lead_net::outputs));
  CHECK(s.predict_into(d.at(), to, d.of_queries()));
  auto fewer = d.of_queries();
  fewer.lead.shape[1] = queries - 1;
  CHECK_FALSE(s.predict_into(d.at(), to, fewer));
  d.b.query_lead[30] = -1;
  CHECK_FALSE(s.predict_into(d.at(), to, d.of_queries()));
}

TEST_CASE("many queries: what is refused, and leaves the caller's memory as it is") {
  backend::eigen cpu;
  using net = test::small_net;
  auto const weights = weights_on<net, T>(cpu);
  stream<net, backend::eigen> s(cpu, weights, {views, 4}), none(cpu, weights, {views, 0});
  asked_of<net> const d(1, 1);
  array_view<T const, 2> const at{d.b.query_place.data(), {queries, 2}};
  std::vector<T> to(static_cast<std::size_t>(queries * net::outputs), T(-7));
  auto const untouched = to;
  array_view<T const, 2> const view{d.b.view.data(), {views, 3}}, place{d.b.place.data(), {views, 2}};
  CHECK_FALSE(s.predict_into(at, to));  // nothing was observed
  REQUIRE(s.observe(view, place) == observed::yes);
  REQUIRE(none.observe(view, place) == observed::yes);
  CHECK_FALSE(none.predict_into(at, to));
  CHECK_FALSE(s.predict_into(at, std::span(to).first(to.size() - 1)));
  CHECK_FALSE(s.predict_into({at.data, {queries + 1, 2}}, to));
  CHECK_FALSE(s.predict_into({at.data, {queries, 3}}, to));
  CHECK_FALSE(s.predict_into({nullptr, {queries, 2}}, to));
  CHECK_FALSE(s.predict_into({at.data, {0, 2}}, std::span<T>{}));
  s.reset();
  CHECK_FALSE(s.predict_into(at, to));
  CHECK(to == untouched);
  REQUIRE(s.observe(view, place) == observed::yes);
  CHECK(s.predict_into(at, to));
  CHECK(to != untouched);
}

}  // namespace s2rm
