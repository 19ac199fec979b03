#pragma once
/// \file
/// Batches of plain numbers for the tests of training and streaming, and small models to run them through.

#include <algorithm>
#include <limits>
#include <vector>

#include "s2rm/runtime/owned_batch.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/tested.hpp"

namespace s2rm::test {

/// Few modules, a view of three numbers of which a query predicts the first two.
struct small_shape : shape {
  static constexpr index_t modules = 5, hidden = 8, heads = 2, head_width = 4, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 12;
  using view = features<3>;
  using target = features<2>;
};
template <class Shape, class... Policies>
using small_net_of = world_model<Shape, encoder::mlp<9, 6>, decoder::mlp<10>, likelihood::gaussian, Policies...>;
using small_net = small_net_of<small_shape>;
/// With side inputs, and besides with the policies of time.
struct fields_shape : small_shape {
  static constexpr index_t context = 2;
};
template <class... Policies>
using fields_net_of = small_net_of<fields_shape, Policies...>;
using fields_net = fields_net_of<time::elapsed<>, lead::learned<>>;

/// Which optional members of a batch `random_batch` fills; `times`: elapsed times and leads, some of them 0.
struct with {
  bool view_mask = false, target_mask = false, reset = false, blind = false, times = false;
};

/// Elements [first, first + count) alone.
template <class Net, class T>
owned_batch<T> elements_of(owned_batch<T> const& all, index_t first, index_t count) {
  owned_batch<T> some;
  copy_elements<typename Net::shape>(all.look(), first, count, some);
  return some;
}

/// Views N(0, 1), places in [-1, 1], targets N(0, 1) (0 or 1 for a Bernoulli), every third slot masked, every eleventh
/// (step, element) reset, every seventh blind. Masked slots hold NaN.
template <class Net, class T>
owned_batch<T> random_batch(index_t time, index_t batch, index_t views, index_t queries, std::uint32_t stream,
                            with more = {}) {
  random const r{99, stream};
  owned_batch<T> b{.time = time, .batch = batch, .views = views, .queries = queries};
  index_t const R = time * batch;
  std::uint32_t field = 0;
  auto const fill = [&](auto& x, index_t n, auto const& draw) {
    x.resize(static_cast<std::size_t>(n));
    ++field;
    for (index_t i = 0; i < n; ++i) {
      x[static_cast<std::size_t>(i)] =
          static_cast<typename std::decay_t<decltype(x)>::value_type>(draw(static_cast<std::uint64_t>(i)));
    }
  };
  auto const normal = [&](std::uint64_t i) { return r.normal(field, i); };
  auto const place = [&](std::uint64_t i) { return r.uniform(field, i, -1, 1); };
  auto const one_in = [&](std::uint64_t n) {
    return [&r, &field, n](std::uint64_t i) { return r.uniform(field, i) * static_cast<double>(n) < 1.0; };
  };
  // With addresses of their own: without them a batch has the numbers that it has always had.
  field = 100;
  fill(b.view_context, R * views * Net::K, normal);
  fill(b.query_context, R * queries * Net::K, normal);
  if (more.times) {
    auto const time = [&](std::uint64_t i) { return std::max(0.0, r.uniform(field, i, -1, 4)); };
    fill(b.elapsed, R, time);
    if (Net::lead::active) fill(b.query_lead, R * queries, time);
  }
  field = 0;
  fill(b.view, R * views * Net::view::size, normal);
  fill(b.place, R * views * Net::P, place);
  fill(b.query_place, R * queries * Net::P, place);
  if (Net::likelihood::parameters == 1) {
    fill(b.target, R * queries * Net::target::size, one_in(3));
  } else {
    fill(b.target, R * queries * Net::target::size, normal);
  }
  auto const poison = [](auto& x, std::size_t slot, index_t width) {
    for (index_t i = 0; i < width; ++i) {
      x[slot * static_cast<std::size_t>(width) + static_cast<std::size_t>(i)] = std::numeric_limits<T>::quiet_NaN();
    }
  };
  if (more.view_mask) {
    fill(b.view_mask, R * views, [&](std::uint64_t i) { return !one_in(3)(i); });
    for (std::size_t i = 0; i < b.view_mask.size(); ++i) {
      if (b.view_mask[i] != 0) continue;
      poison(b.view, i, Net::view::size);
      poison(b.place, i, Net::P);
      poison(b.view_context, i, Net::K);
    }
  }
  if (more.target_mask) {
    fill(b.target_mask, R * queries, [&](std::uint64_t i) { return !one_in(3)(i); });
    for (std::size_t i = 0; i < b.target_mask.size(); ++i) {
      if (b.target_mask[i] != 0) continue;
      poison(b.target, i, Net::target::size);
      poison(b.query_context, i, Net::K);
      if (!b.query_lead.empty()) poison(b.query_lead, i, 1);
    }
  }
  if (more.reset) fill(b.reset, R, one_in(11));
  for (std::size_t i = 0; more.times && i < b.reset.size(); ++i) {
    if (b.reset[i] != 0) poison(b.elapsed, i, 1);
  }
  if (more.blind) fill(b.blind, R, one_in(7));
  return b;
}

/// A reading at places of a wave that travels over [-1, 1]^2: what small models can learn in seconds.
template <class Net, class T>
owned_batch<T> wave_batch(index_t time, index_t batch, index_t views, index_t queries, std::uint32_t stream) {
  static_assert(Net::view::size == 1 && Net::target::size == 1 && Net::P == 2);
  random const r{7, stream};
  auto b = random_batch<Net, T>(time, batch, views, queries, stream);
  auto const value = [](double phase, T const* x, index_t t) {
    return static_cast<T>(
        std::sin(2.0 * static_cast<double>(x[0]) + static_cast<double>(x[1]) + 0.7 * static_cast<double>(t) + phase));
  };
  for (index_t e = 0; e < batch; ++e) {
    double const phase = r.uniform(0, static_cast<std::uint64_t>(e), 0, 6.28318);
    for (index_t t = 0; t < time; ++t) {
      for (index_t a = 0; a < views; ++a) {
        // The sensors stay where they are.
        auto const at = static_cast<std::size_t>((t * batch + e) * views + a);
        for (std::size_t i = 0; i < 2; ++i) {
          b.place[at * 2 + i] = static_cast<T>(r.uniform(1, static_cast<std::uint64_t>(a) * 2 + i, -1, 1));
        }
        b.view[at] = value(phase, &b.place[at * 2], t);
      }
      for (index_t q = 0; q < queries; ++q) {
        auto const at = static_cast<std::size_t>((t * batch + e) * queries + q);
        b.target[at] = value(phase, &b.query_place[at * 2], t + 1);
      }
    }
  }
  return b;
}

/// The trainer's weights on the host.
template <class Trainer>
std::vector<typename Trainer::scalar> weights_of(Trainer const& learner) {
  return learner.state().weights;
}

/// Whether two trainers are in the same state, to the bit.
template <class State>
bool same_state(State const& a, State const& b) {
  return same_bits(a.weights, b.weights) && same_bits(a.average, b.average) && same_bits(a.moments, b.moments) &&
         same_bits(a.carried, b.carried) && a.steps == b.steps && a.applied == b.applied && a.skipped == b.skipped;
}

}  // namespace s2rm::test
