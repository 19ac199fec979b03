#pragma once
/// \file
/// Weights and arrays where a backend computes.

#include <vector>

#include "train/batches.hpp"

namespace s2rm::test {

/// Random weights, h_0 among them.
template <class Net, class T, class Backend>
parameters<typename Net::params, Backend, T> weights_on(Backend& be) {
  parameters<typename Net::params, Backend, T> weights(be);
  std::vector<T> values(Net::parameter_count);
  Net::initialise(values.data(), seed{4});
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += T(0.1) * static_cast<T>(random(5, 1).normal(0, i));
  weights.assign(be, values.data());
  return weights;
}

/// Arrays where a backend computes.
template <class Backend, class U>
struct there {
  decltype(std::declval<Backend&>().template allocate<U>(index_t{})) memory;
  there(Backend& be, std::vector<U> const& from)
      : memory(be.template allocate<U>(static_cast<index_t>(from.size()))), empty(from.empty()) {
    be.copy_in(static_cast<index_t>(from.size()), from.data(), memory.data());
  }
  [[nodiscard]] U const* data() const { return empty ? nullptr : memory.data(); }
  bool empty;
};
template <class Backend, class U>
there(Backend&, std::vector<U> const&) -> there<Backend, U>;

}  // namespace s2rm::test
