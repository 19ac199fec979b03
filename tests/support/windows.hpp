#pragma once
/// \file
/// A sequence cut into windows that carry the state over: a stream is windows of one step.

#include "support/catch.hpp"
#include "support/conforms.hpp"
#include "support/model_fixture.hpp"

namespace s2rm::test {

/// Steps [first, last) of a sequence.
inline owned_batch<double> window(owned_batch<double> const& all, index_t first, index_t last) {
  auto some = all;
  some.time = last - first;
  for_each_array<s2rm::detail::any_shape>(
      [&](auto, auto& to, auto const& from) {
        index_t const width = static_cast<index_t>(from.size()) / all.time;
        to.assign(from.begin() + first * width, from.begin() + last * width);
      },
      some, all);
  return some;
}

/// Windows of `length` steps with the state carried over give the bits of the whole sequence.
template <class Net, class T, class Backend>
void check_windows(index_t length, Backend const& be) {
  index_t const steps = 6;
  auto const owned = random_batch<Net>(
      {.time = steps, .batch = 2, .views = 4, .present = slots::some, .reset = true, .blind = true, .seed = 9});
  auto const all = converted<T>(owned);
  auto const b = all.look();
  auto const values = random_parameters<Net>(9);
  model<Net, Backend, T> whole(be, values, {b.time, b.batch, b.views, b.queries});
  (void)whole.forward(b);
  model<Net, Backend, T> live(be, values, {length, b.batch, b.views, b.queries});
  std::vector<T> states, outputs, carried;
  for (index_t t = 0; t < steps; t += length) {
    auto const part_of = converted<T>(window(owned, t, std::min(steps, t + length)));
    auto const w = part_of.look();
    (void)live.forward(w, t == 0 ? nullptr : carried.data());
    auto const s = live.states(w), o = live.outputs(w);
    states.insert(states.end(), s.begin(), s.end());
    outputs.insert(outputs.end(), o.begin(), o.end());
    carried = live.last_state(w);
  }
  CHECK(same_bits(states, whole.states(b)));
  CHECK(same_bits(outputs, whole.outputs(b)));
}

}  // namespace s2rm::test
