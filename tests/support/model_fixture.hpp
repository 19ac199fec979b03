#pragma once
/// \file
/// Whole models for tests: tiny shapes, random batches that the test owns, and an object that runs a sequence both ways.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "s2rm/runtime/executor.hpp"
#include "s2rm/runtime/owned_batch.hpp"

namespace s2rm::test {

/// The shape of the golden files (python/make_goldens.py).
struct tiny : shape {
  static constexpr index_t modules = 3, hidden = 5, heads = 2, head_width = 3, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 7;
  using view = raster<1, 3, 3>;
};

template <class... Policies>
using tiny_net = world_model<tiny, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

/// The same on the globe.
struct tiny_globe : tiny {
  static constexpr index_t place = 3;
};
template <class... Policies>
using globe_net = world_model<tiny_globe, places::harmonics<3>, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

/// A kernel so wide that every pair has Z = 1: no cut, and epsilon about e^-700.
using no_cut = kernel::truncated_gaussian<std::ratio<-2>>;

/// Which slots of a batch there are.
enum class slots { all, some, none };

struct batch_options {
  index_t time = 3, batch = 2, views = 4, queries = 3;
  slots present = slots::all, asked = slots::all;
  bool reset = false, blind = false;
  bool times = false;     ///< elapsed times and leads; else they are null
  bool one_lead = false;  ///< all queries of a row ask for the same time
  std::uint64_t seed = 1;
};

/// Normal views, uniform places, targets that suit the likelihood: 0 or 1, real, or class indices.
template <class Net, class T = double>
owned_batch<T> random_batch(batch_options const& o) {
  index_t const R = o.time * o.batch;
  owned_batch<T> b{.time = o.time, .batch = o.batch, .views = o.views, .queries = o.queries};
  std::uint32_t stream = 1;
  auto const draw = [&](std::vector<T>& to, index_t n, auto const& f) {
    random const r{o.seed, stream++};
    to.resize(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i)
      to[static_cast<std::size_t>(i)] = static_cast<T>(f(r, static_cast<std::uint64_t>(i)));
  };
  auto const normal = [](random r, std::uint64_t i) { return r.normal(0, i); };
  auto const place = [](random r, std::uint64_t i) { return r.uniform(0, i, -1, 1); };
  using l = typename Net::likelihood;
  auto const target = [](random r, std::uint64_t i) {
    if constexpr (l::has_location) return r.normal(0, i);
    else return static_cast<double>(r.below(0, i, std::max<index_t>(2, l::parameters)));
  };
  draw(b.view, R * o.views * Net::view::size, normal);
  draw(b.place, R * o.views * Net::P, place);
  draw(b.query_place, R * o.queries * Net::P, place);
  draw(b.target, R * o.queries * Net::target::size, target);
  auto const mask = [&](std::vector<std::uint8_t>& to, slots which, index_t n) {
    random const r{o.seed, stream++};
    if (which == slots::all) return;
    to.resize(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) to[static_cast<std::size_t>(i)] = which == slots::some && r.below(0, i, 3) != 0;
  };
  mask(b.view_mask, o.present, R * o.views);
  mask(b.target_mask, o.asked, R * o.queries);
  if (o.reset) {
    b.reset.assign(static_cast<std::size_t>(R), 0);
    b.reset[static_cast<std::size_t>((o.time / 2) * o.batch)] = 1;  // element 0 in the middle, the last element later
    b.reset[static_cast<std::size_t>((o.time - 1) * o.batch + o.batch - 1)] = 1;
  }
  if (o.blind) {
    b.blind.assign(static_cast<std::size_t>(R), 0);
    random const r{o.seed, stream};
    for (auto i = std::size_t{0}; i < b.blind.size(); ++i) b.blind[i] = r.below(0, i, 3) == 0;
    b.blind.back() = 1;
  }
  stream = 100;
  draw(b.view_context, R * o.views * Net::K, normal);
  draw(b.query_context, R * o.queries * Net::K, normal);
  if (o.times) {
    auto const time = [](random r, std::uint64_t i) { return std::max(0.0, r.uniform(0, i, -1, 4)); };
    draw(b.elapsed, R, time);
    draw(b.query_lead, R * o.queries, time);
    for (index_t i = 0; o.one_lead && i < R * o.queries; ++i) {
      b.query_lead[static_cast<std::size_t>(i)] = b.query_lead[static_cast<std::size_t>(i / o.queries * o.queries)];
    }
  }
  return b;
}

/// The field of that name.
template <class Net>
constexpr field_info field_named(std::string_view name) {
  for (auto const& f : Net::fields) {
    if (f.name == name) return f;
  }
  return {};
}

/// Random parameters of the size of an ordinary start, with no zero among them.
template <class Net>
std::vector<double> random_parameters(std::uint64_t seed_value) {
  std::vector<double> values(Net::parameter_count);
  Net::initialise(values.data(), seed{seed_value});
  random const r{seed_value, 99};
  for (index_t i = 0; i < Net::parameter_count; ++i) values[static_cast<std::size_t>(i)] += 0.2 * r.normal(0, i);
  if constexpr (Net::spatial &&
                !std::is_same_v<typename Net::kernel, typename no_cut::template on<typename Net::shape>>) {
    values[static_cast<std::size_t>(Net::at_kernel)] = std::log(1.5);
  }
  // Rates at which a state relaxes in a few steps.
  constexpr auto rates = field_named<Net>("time.rate");
  for (index_t i = 0; i < rates.size; ++i) values[static_cast<std::size_t>(rates.offset + i)] += 3.5;
  // A memory's ReLU: every unit well on one side of its kink.
  constexpr auto bend = field_named<Net>("cell.mlp.0.bias");
  for (index_t i = 0; i < bend.size; ++i) values[static_cast<std::size_t>(bend.offset + i)] = i % 2 == 0 ? 8 : -8;
  return values;
}

/// The same numbers in another precision.
template <class T, class U>
owned_batch<T> converted(owned_batch<U> const& b) {
  owned_batch<T> to{.time = b.time, .batch = b.batch, .views = b.views, .queries = b.queries};
  for_each_array<s2rm::detail::any_shape>(
      [](auto, auto const& from, auto& x) {
        for (auto const one : from) x.push_back(static_cast<typename std::decay_t<decltype(x)>::value_type>(one));
      },
      b, to);
  return to;
}

/// One model on one backend: weights, activations and what a sequence gives.
template <class Net, class Backend, class T = double>
class model {
 public:
  using sequence_type = forward_backward<Net, Backend, T>;

  model(Backend be, std::vector<double> const& values, extent const& e)
      : backend_(be), weights_(backend_), gradients_(static_cast<std::size_t>(Net::parameter_count)) {
    arena counting;
    (void)activations<Net, T>::lay_out(counting, e, true);
    memory_.resize(static_cast<std::size_t>(counting.used) + 64);
    auto const misplaced = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64;
    arena cutting{memory_.data() + (misplaced == 0 ? 0 : 64 - misplaced)};
    activations_ = activations<Net, T>::lay_out(cutting, e, true);
    poison();
    set(values);
  }
  model(model const&) = delete;

  /// All bits of the activations set: every floating-point number in it is NaN, every flag is 255.
  void poison() { std::memset(memory_.data(), 0xFF, memory_.size()); }

  void set(std::vector<double> const& values) {
    std::vector<T> const host(values.begin(), values.end());
    weights_.assign(backend_, host.data());
    sequence_type::derive(backend_, weights_.view(), activations_);
  }

  /// Forward; the loss summed over unmasked target elements, and their number in `count()`.
  double forward(batch_view<T> const& b, T const* carried = nullptr) {
    sequence_type::derive(backend_, weights_.view(), activations_);
    auto const kept = sequence_type::observe(backend_, weights_.view(), activations_, b, carried);
    query_reach_.clear();
    each_read_out<Net>(kept, activations_.chunks, [&](batch_view<T> const& some, index_t first) {
      sequence_type::query(backend_, weights_.view(), activations_, some, first);
      auto const reach = copy(activations_.query_reach, some.time * some.batch * some.queries * Net::M);
      query_reach_.insert(query_reach_.end(), reach.begin(), reach.end());
    });
    sequence_type::measure(backend_, activations_, b);
    sequence_type::count(backend_, activations_, b);
    return activations_.sums->segment_loss;
  }
  [[nodiscard]] double count() const { return activations_.sums->count; }
  /// The mean loss; 0 without any target.
  double loss(batch_view<T> const& b, T const* carried = nullptr) {
    double const sum = forward(b, carried);
    return count() > 0 ? sum / count() : 0.0;
  }

  /// The loss of every target element, 0 where it is masked, after `forward`.
  [[nodiscard]] std::vector<double> losses(batch_view<T> const& b) const {
    std::vector<double> all(static_cast<std::size_t>(b.time * b.batch * b.queries * Net::target::size));
    likelihood::loss_term<typename Net::likelihood, typename Net::target, T> const term{activations_.output, b.target,
                                                                                        b.target_mask};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = term(static_cast<index_t>(i));
    return all;
  }

  /// Gradient of the mean loss, after `forward`.
  std::vector<T> const& backward(batch_view<T> const& b, T const* carried = nullptr) {
    std::fill(gradients_.begin(), gradients_.end(), T(0));
    sequence_type::begin_backward(backend_, activations_);
    T const scale = count() > 0 ? static_cast<T>(1.0 / count()) : T(1);
    auto const kept = sequence_type::compacted(b);
    each_read_out<Net>(kept, activations_.chunks, [&](batch_view<T> const& some, index_t first) {
      sequence_type::query(backend_, weights_.view(), activations_, some, first);
      sequence_type::query_backward(backend_, weights_.view(), activations_, some, first, scale, {gradients_.data()});
    });
    sequence_type::backward(backend_, weights_.view(), activations_, kept, carried, false, {gradients_.data()});
    return gradients_;
  }

  [[nodiscard]] activations<Net, T> const& memory() const { return activations_; }
  [[nodiscard]] std::vector<T> states(batch_view<T> const& b) const {
    return copy(activations_.dynamics.state_out, b.time * b.batch * Net::M * Net::state_size);
  }
  [[nodiscard]] std::vector<T> outputs(batch_view<T> const& b) const {
    return copy(activations_.output, b.time * b.batch * b.queries * Net::outputs);
  }
  /// What every module read of the views, (R, M, N C).
  [[nodiscard]] std::vector<T> reads(batch_view<T> const& b) const {
    return copy(activations_.dynamics.u, b.time * b.batch * Net::M * Net::NC);
  }
  [[nodiscard]] std::vector<T> last_state(batch_view<T> const& b) const {
    return copy(sequence_type::last_state(activations_, b), b.batch * Net::M * Net::state_size);
  }
  /// Reach of every pair there is, views, modules, queries: what a finite difference must not change.
  [[nodiscard]] std::vector<std::uint8_t> reach(batch_view<T> const& b) const {
    auto all = copy(activations_.view_reach, all_views(b) * Net::M);
    auto const modules = copy(activations_.module_reach, Net::M * Net::M);
    all.insert(all.end(), modules.begin(), modules.end());
    all.insert(all.end(), query_reach_.begin(), query_reach_.end());
    if constexpr (requires { activations_.dynamics.active; }) {  // which mechanisms took part
      auto const active = copy(activations_.dynamics.active, b.time * b.batch * Net::M);
      all.insert(all.end(), active.begin(), active.end());
    }
    return all;
  }
  /// Distance of the nearest cosine from the cut. A module's distance to itself does not count.
  [[nodiscard]] double margin(batch_view<T> const& b) const
    requires(Net::spatial)
  {
    double const epsilon = std::exp(static_cast<double>(weights_.values()[Net::at_kernel]));
    double nearest = std::numeric_limits<double>::infinity();
    auto const look = [&](T log_z) {
      nearest = std::min(nearest, std::abs(1 + static_cast<double>(log_z) / (2 * epsilon) - Net::kernel::tau));
    };
    for (index_t i = 0; i < all_views(b) * Net::M; ++i) {
      if (activations_.view_reach[i] != kernel::absent) look(activations_.view_log_weight[i]);
    }
    for (index_t i = 0; i < Net::M * Net::M; ++i) {
      if (i / Net::M != i % Net::M) look(activations_.module_log_weight[i]);
    }
    for (index_t i = 0; i < all_queries(b) * Net::M; ++i) look(activations_.query_log_weight[i]);
    return nearest;
  }
  /// Without places: ten times what the mechanisms that take part look away less than those that do not; a share moves
  /// by less than a cosine.
  [[nodiscard]] double margin(batch_view<T> const& b) const
    requires(!Net::spatial)
  {
    double nearest = std::numeric_limits<double>::infinity();
    if constexpr (requires { activations_.dynamics.active; }) {
      constexpr index_t M = Net::M, N = Net::dynamics::N;
      for (index_t r = 0; r < b.time * b.batch; ++r) {
        double last = 0, next = N;
        for (index_t i = r * M; i < (r + 1) * M; ++i) {
          double away = 0;
          for (index_t n = i * N; n < (i + 1) * N; ++n)
            away += activations_.dynamics.weights[(n + 1) * (b.views + 1) - 1];
          if (activations_.dynamics.active[i] != 0) last = std::max(last, away);
          else next = std::min(next, away);
        }
        if (last < N) nearest = std::min(nearest, 10 * (next - last));  // else nobody saw anything
      }
    }
    return nearest;
  }

  /// The shortest place code before it is projected to the sphere: near 0 the projection is not smooth.
  [[nodiscard]] double shortest_code(batch_view<T> const& b) const {
    using places = typename Net::places;
    double shortest = std::numeric_limits<double>::infinity();
    auto const look = [&](T const* saved, index_t n) {
      T const* const z = saved + n * (places::features + places::mlp::saved);
      for (index_t i = 0; i < n; ++i) {
        shortest =
            std::min(shortest, std::sqrt(static_cast<double>(math::dot<Net::S>(z + i * Net::S, z + i * Net::S))));
      }
    };
    look(activations_.view_places, all_views(b));
    look(activations_.query_places, all_queries(b));
    return shortest;
  }

 private:
  /// Queries of a batch that is read out at once, as those of these tests are: the activations then hold them all.
  [[nodiscard]] index_t all_queries(batch_view<T> const& b) const {
    if (ops::chunk_rows::steps(activations_.chunks.read_out, b.time, b.batch) < b.time)
      throw std::logic_error("the activations hold the last queries only");
    return b.time * b.batch * b.queries;
  }
  static index_t all_views(batch_view<T> const& b) { return b.time * b.batch * sequence_type::compacted(b).views; }
  template <class U>
  static std::vector<U> copy(U const* from, index_t n) {
    return n == 0 ? std::vector<U>{} : std::vector<U>(from, from + n);
  }

  Backend backend_;
  parameters<typename Net::params, Backend, T> weights_;
  std::vector<std::byte> memory_;
  activations<Net, T> activations_;
  std::vector<T> gradients_;
  std::vector<std::uint8_t> query_reach_;
};

}  // namespace s2rm::test
