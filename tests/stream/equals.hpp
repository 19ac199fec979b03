#pragma once
/// \file
/// Compares a stream with whole sequences, to the bit.

#include <vector>

#include "s2rm/stream/stream.hpp"
#include "train/batches.hpp"

namespace s2rm::test {

template <class Net, class T>
using stream_of = stream<Net, tested, T>;

/// The views or places of one step of one element, as a stream takes them.
template <class Net, class T>
auto views_of(T const* data, index_t count) {
  array_view<T const, stream_of<Net, T>::view_rank> v{data, {count}};
  std::copy(Net::view::extents.begin(), Net::view::extents.end(), v.shape.begin() + 1);
  return v;
}
template <index_t P = 2, class T>
array_view<T const, 2> places_of(T const* data, index_t count) {
  return {data, {count, P}};
}

/// Step t of a batch of one through a stream. `compact`: absent views are not passed at all.
template <class Net, class T>
void observe(stream_of<Net, T>& live, owned_batch<T> const& b, index_t t, bool compact) {
  auto const a = b.views;
  constexpr index_t V = Net::view::size, P = Net::P;
  if (!b.reset.empty() && b.reset[static_cast<std::size_t>(t)] != 0) live.reset();
  std::vector<std::uint8_t> present(static_cast<std::size_t>(a), std::uint8_t{1});
  if (!b.view_mask.empty()) present.assign(b.view_mask.begin() + t * a, b.view_mask.begin() + (t + 1) * a);
  if (!b.blind.empty() && b.blind[static_cast<std::size_t>(t)] != 0)
    std::fill(present.begin(), present.end(), std::uint8_t{0});
  T const *view = b.view.data() + t * a * V, *place = b.place.data() + t * a * P;
  step_details<T> more{.present = present.data()};
  // A step that starts anew has no time before it; NaN in the batch.
  if (!b.elapsed.empty()) more.elapsed = b.elapsed[static_cast<std::size_t>(t)];
  if (!math::is_finite(more.elapsed)) more.elapsed = 0;
  if (!compact) {
    if (Net::K > 0) more.context = {b.view_context.data() + t * a * Net::K, {a, Net::K}};
    REQUIRE(live.observe(views_of<Net>(view, a), places_of<P>(place, a), more) == observed::yes);
    return;
  }
  std::vector<T> v, x, c;
  for (index_t i = 0; i < a; ++i) {
    if (present[static_cast<std::size_t>(i)] == 0) continue;
    v.insert(v.end(), view + i * V, view + (i + 1) * V);
    x.insert(x.end(), place + i * P, place + (i + 1) * P);
    auto const of_view = b.view_context.begin() + (t * a + i) * Net::K;
    c.insert(c.end(), of_view, of_view + Net::K);
  }
  auto const count = static_cast<index_t>(x.size()) / P;
  more.present = nullptr;
  if (Net::K > 0) more.context = {c.data(), {count, Net::K}};
  REQUIRE(live.observe(views_of<Net>(v.data(), count), places_of<P, T>(x.data(), count), more) == observed::yes);
}

/// What the queries of step t of a batch of one have beside their places.
template <class Net, class T>
query_details<T> asked(owned_batch<T> const& b, index_t t) {
  query_details<T> more;
  if (Net::K > 0) more.context = {b.query_context.data() + t * b.queries * Net::K, {b.queries, Net::K}};
  if (!b.query_lead.empty()) more.lead = {b.query_lead.data() + t * b.queries, {b.queries}};
  return more;
}

/// Every element of a batch of five, run with the others and alone, against a stream of it.
template <class Net, class T>
void equals_sequence(int threads, bool compact, with more) {
  constexpr index_t time = 50, batch = 5, views = 6, queries = 3, state = Net::M * Net::state_size;
  tested const cpu = tested_with(threads);
  auto const all = random_batch<Net, T>(time, batch, views, queries, 1, more);
  trainer<Net, tested, T> together{cpu, {}, seed{5}}, alone{cpu, {}, seed{5}};
  together.evaluate(all.look());
  T const *states = together.states(), *predictions = together.predictions();
  for (index_t e = 0; e < batch; ++e) {
    auto const one = elements_of<Net>(all, e, 1);
    alone.evaluate(one.look());
    stream_of<Net, T> live{cpu, together.parameters(), {.views = views, .queries = queries + 1}};
    index_t wrong_states = 0, wrong_predictions = 0;
    for (index_t t = 0; t < time; ++t) {
      observe<Net, T>(live, one, t, compact);
      auto const s = live.state();
      wrong_states += same_bits(s.numbers.data(), states + (t * batch + e) * state, state) ? 0 : 1;
      wrong_states += same_bits(s.numbers.data(), alone.states() + t * state, state) ? 0 : 1;
      auto const y =
          live.predict(places_of<Net::P>(one.query_place.data() + t * queries * Net::P, queries), asked<Net>(one, t));
      index_t const n = queries * Net::outputs;
      REQUIRE(y.size() == n);
      wrong_predictions += same_bits(y.data, predictions + (t * batch + e) * n, n) ? 0 : 1;
      wrong_predictions += same_bits(y.data, alone.predictions() + t * n, n) ? 0 : 1;
    }
    INFO("element " << e << ", " << threads << " threads, " << (compact ? "present views alone" : "all slots"));
    CHECK(wrong_states == 0);
    CHECK(wrong_predictions == 0);
  }
}

}  // namespace s2rm::test
