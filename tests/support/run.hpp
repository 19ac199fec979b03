#pragma once
/// \file
/// One batch through a model and back, as values that can be compared to the bit.

#include <vector>

#include "s2rm/backend/eigen/backend.hpp"
#include "support/conforms.hpp"
#include "support/model_fixture.hpp"

namespace s2rm::test {

/// What one batch gives, forward and backward.
template <class T>
struct result {
  std::vector<T> states, outputs, gradient;
  double loss = 0, count = 0;
  friend bool operator==(result const& a, result const& b) {
    return same_bits(a.states, b.states) && same_bits(a.outputs, b.outputs) && same_bits(a.gradient, b.gradient) &&
           a.loss == b.loss && a.count == b.count;
  }
};

/// One batch in activations that fit it, or in those laid out for `e`.
template <class Net, class T, class Backend = backend::eigen>
result<T> run(std::vector<double> const& values, batch_view<T> const& b, Backend const& be = {}, extent e = {}) {
  if (e == extent{}) e = {b.time, b.batch, b.views, b.queries};
  model<Net, Backend, T> m(be, values, e);
  double const loss = m.loss(b), count = m.count();
  auto const g = m.backward(b);
  return {m.states(b), m.outputs(b), g, loss, count};
}

}  // namespace s2rm::test
