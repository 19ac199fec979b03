#pragma once
/// \file
/// One step at a time: `observe` what is seen now, `predict` what any place will show next. The state is apart from the
/// weights, which any number of streams share. After construction nothing is allocated (but for recordings of a
/// backend that makes them, at the first calls) and nothing throws. Results equal those of a whole sequence: to the bit where
/// a backend's rows do not depend on how many there are (docs/backend.md), else up to rounding.

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>
#include <vector>

#include "s2rm/model/resident.hpp"
#include "s2rm/model/session.hpp"

namespace s2rm {

/// What a stream does with a present view of which a number is not finite. Taken in, it would stay in the state for good.
enum class odd_views {
  refuse,  ///< `observed::not_finite`: the state is unchanged
  absent   ///< goes on without that view, and counts it (`left_out`)
};

/// The most views and queries one call may bring; memory is set aside for them.
struct stream_limits {
  index_t views = 64;
  index_t queries = 64;
  odd_views odd = odd_views::refuse;
};

/// The outcome of `stream::observe`.
enum class observed {
  yes,
  too_many_views,  ///< more than `stream_limits::views`: the state is unchanged
  wrong_shape,     ///< extents that do not belong to this model: the state is unchanged
  not_finite       ///< a number of a present view or its place is not finite: the state is unchanged
};

/// Rank of predictions with `Leading` extents before those of one: (Q, target...), with the likelihood's parameters between
/// where it has several, (Q, 2, target...) for a Gaussian.
template <class Net, std::size_t Leading>
inline constexpr std::size_t prediction_rank = Leading + (Net::likelihood::parameters > 1 ? 1 : 0) + Net::target::rank;

namespace detail {
/// Predictions that lie at `data`.
template <class Net, class T, std::size_t Leading>
array_view<T const, prediction_rank<Net, Leading>> predictions_at(T const* data,
                                                                  std::array<index_t, Leading> const& leading) {
  array_view<T const, prediction_rank<Net, Leading>> y{data, {}};
  auto next = std::copy(leading.begin(), leading.end(), y.shape.begin());
  if constexpr (Net::likelihood::parameters > 1) *next++ = Net::likelihood::parameters;
  std::copy(Net::target::extents.begin(), Net::target::extents.end(), next);
  return y;
}

/// Looks through the views of a call for numbers that are not finite.
template <class Net, class T>
class view_gate {
 public:
  view_gate(index_t most, odd_views policy) : policy_(policy) {
    if (policy_ == odd_views::absent) flags_.resize(static_cast<std::size_t>(std::max<index_t>(most, 0)));
  }

  /// Views (n, view...), places (n, P), `present` (n) flags or null. False: refused. Else `present` may have become
  /// flags of this object, without the odd ones.
  bool passes(index_t n, T const* views, T const* places, std::uint8_t const*& present) noexcept {
    bool all = true;
    index_t found = 0;
    for (index_t i = 0; i < n; ++i) {
      bool const here = present == nullptr || present[i] != 0;
      bool const good =
          !here || (finite<Net::view::size>(views + i * Net::view::size) && finite<Net::P>(places + i * Net::P));
      all = all && good;
      found += good ? 0 : 1;
      if (policy_ == odd_views::absent) flags_[static_cast<std::size_t>(i)] = here && good ? 1 : 0;
    }
    if (all) return true;
    if (policy_ == odd_views::refuse) return false;
    odd_ += found;
    present = flags_.data();
    return true;
  }
  [[nodiscard]] index_t odd() const { return odd_; }

 private:
  /// x - x is 0 for finite numbers alone. Sums side by side: no number waits for the one before it, also where a compiler
  /// has no lanes (nvcc).
  template <index_t N>
  static bool finite(T const* x) {
    constexpr index_t side_by_side = std::min<index_t>(16, N), rest = N % side_by_side;
    std::array<T, static_cast<std::size_t>(side_by_side)> sums{};
    auto const add = [&sums](T const* from, index_t n) {
      for (index_t i = 0; i < n; ++i) {
        sums[static_cast<std::size_t>(i)] += from[i] - from[i];  // NOLINT(misc-redundant-expression)
      }
    };
    for (index_t i = 0; i < N - rest; i += side_by_side) add(x + i, side_by_side);
    add(x + N - rest, rest);
    T sum = 0;
    for (T const one : sums) sum += one;
    return sum == 0;
  }

  odd_views policy_;
  std::vector<std::uint8_t> flags_;
  index_t odd_ = 0;
};
}  // namespace detail

/// A copy of a stream's state: compare it, store it, hand it to another stream of the same model.
template <class T>
struct stream_state {
  std::vector<T> numbers;  ///< (M, state)
  bool started = false;
  /// A residual read-out also reads the step's views: (A, view...), (A, P), (A); empty without one.
  std::vector<T> view = {}, place = {};
  std::vector<std::uint8_t> present = {};
  friend bool operator==(stream_state const&, stream_state const&) = default;
};

template <class Net, class Backend, class T = float>
class stream {
 public:
  using flow = sequence<Net, Backend, T>;
  using parameters_type = s2rm::parameters<typename Net::params, Backend, T>;
  static constexpr std::size_t view_rank = Net::view::rank + 1;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 1>;
  static constexpr index_t state_count = Net::M * Net::state_size;

  /// Reads `weights` (`parameters`, or `bf16_weights` made from them): they must outlive the stream. Call `refresh`
  /// after they changed.
  template <class Weights>
    requires requires(Weights const& w) {
      { w.view() } -> std::same_as<typename flow::weights>;
    }
  stream(Backend backend, Weights const& weights, stream_limits limits = {})
      : backend_(std::move(backend)),
        weights_(weights.view()),
        limits_(limits),
        shown_(limits.views, 0),
        asked_(0, limits.queries),
        gate_(limits.views, limits.odd) {
    require_value(limits.views >= 0 && limits.queries >= 0, "stream_limits: views, queries: expected >= 0");
    extent const e{1, 1, limits.views, limits.queries, ops::pieces<Backend>};
    memory_ = backend_.template allocate<std::byte>(tape_bytes<Net, T>(e, false));
    arena real{memory_.data()};
    tape_ = tape<Net, T>::lay_out(real, e, false);
    state_ = backend_.template allocate<T>(state_count);
    backend_.fill(state_count, T(0), state_.data());
    shown_.reserve(backend_, 1, 1);
    asked_.reserve(backend_, 1, 1);
    if constexpr (!shares) answer_.resize(backend_, limits.queries * Net::outputs);
    refresh();
  }

  /// Derives what depends on the weights alone. No allocation.
  void refresh() noexcept { flow::place_modules(backend_, weights_, tape_); }

  /// The next step starts from h_0; until then there is nothing to predict from, as after construction.
  void reset() noexcept {
    backend_.fill(state_count, T(0), state_.data());
    seen_ = {};
    started_ = false;
  }

  /// One time step: `views` (A, view...), `places` (A, P), `present` (A) flags or null. A may be 0.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                   std::uint8_t const* present = nullptr) noexcept {
    index_t const count = views.shape[0];
    if (!view_shape(views.shape) || places.shape[0] != count || (count > 0 && places.shape[1] != Net::P)) {
      return observed::wrong_shape;
    }
    if (count > 0 && (views.data == nullptr || places.data == nullptr)) return observed::wrong_shape;
    if (count > limits_.views) return observed::too_many_views;
    if (!gate_.passes(count, views.data, places.data, present)) return observed::not_finite;
    seen_ = {};
    seen_.time = 1;
    seen_.batch = 1;
    seen_.views = count;
    seen_.view = views.data;
    seen_.place = places.data;
    seen_.view_mask = present;
    auto const shown = shown_.bring(backend_, seen_);
    T const* const carried = started_ ? state_.data() : nullptr;
    observe_(backend_, {shown.views, started_ ? 1 : 0}, [&] {
      auto const kept = flow::observe(backend_, weights_, tape_, shown, carried);
      if constexpr (shares) seen_.views = kept.views;
      backend_.copy(state_count, tape_.dynamics.state_out, state_.data());
    });
    seen_.view = seen_.place = nullptr;  // the tape has what was seen
    seen_.view_mask = nullptr;
    started_ = true;
    return observed::yes;
  }

  /// What the places (Q, P) will show one step after the last `observe`: the likelihood's parameters, (Q, ...). Valid
  /// until the next call; empty where there were too many queries or nothing was observed yet.
  array_view<T const, prediction_rank> predict(array_view<T const, 2> places) noexcept {
    ask(places);
    return answer();
  }
  /// The first half of `predict`: returns without waiting for a backend that does its work later. False where the answer
  /// will be empty.
  bool ask(array_view<T const, 2> places) noexcept {
    index_t const count = places.shape[0];
    asked_count_ = 0;
    if (!started_ || count <= 0 || count > limits_.queries || places.shape[1] != Net::P || places.data == nullptr) {
      return false;
    }
    batch_view<T> question;
    question.time = question.batch = 1;
    question.queries = count;
    question.query_place = places.data;
    auto asked = asked_.bring(backend_, question);
    asked.views = shares ? seen_.views : limits_.views;  // a residual reads them from the tape
    predict_(backend_, {asked.queries, asked.views}, [&] {
      flow::query(backend_, weights_, tape_, asked);
      if constexpr (!shares) {
        ops::copy_out_later(backend_, asked.queries * Net::outputs, tape_.output, answer_.data());
      }
    });
    answered_.set(backend_);
    asked_count_ = count;
    return true;
  }
  /// The second half: waits for what was last asked. `observe` may come between; the answer is that of before.
  array_view<T const, prediction_rank> answer() noexcept {
    answered_.wait(backend_);
    return prediction(asked_count_);
  }

  /// Anything that `view_traits` knows how to look at (xtensor arrays with data/xtensor.hpp).
  template <class Views, class Places>
    requires viewable<Views> && viewable<Places>
  observed observe(Views const& views, Places const& places) noexcept {
    return observe(array_view<T const, view_rank>(view_traits<Views>::view(views)),
                   array_view<T const, 2>(view_traits<Places>::view(places)));
  }
  template <class Places>
    requires viewable<Places>
  auto predict(Places const& places) noexcept {
    return predict(array_view<T const, 2>(view_traits<Places>::view(places)));
  }

  /// Views that were left out because a number was not finite (`odd_views::absent`), since construction.
  [[nodiscard]] index_t left_out() const { return gate_.odd(); }

  using state_type = stream_state<T>;
  [[nodiscard]] state_type state() const {
    state_type s{std::vector<T>(static_cast<std::size_t>(state_count)), started_};
    backend_.copy_out(state_count, state_.data(), s.numbers.data());
    if constexpr (Net::residual::active) {
      index_t const count = seen_.views;
      s.view.resize(static_cast<std::size_t>(count * Net::view::size));
      s.place.resize(static_cast<std::size_t>(count * Net::P));
      s.present.resize(static_cast<std::size_t>(count));
      backend_.copy_out(count * Net::view::size, tape_.view, s.view.data());
      backend_.copy_out(count * Net::P, tape_.place, s.place.data());
      backend_.copy_out(count, tape_.present, s.present.data());
    }
    return s;
  }
  /// Throws value_error where the state is that of another model or holds more views than `stream_limits`; the stream
  /// is then as it was.
  void restore(state_type const& s) {
    require_value(static_cast<index_t>(s.numbers.size()) == state_count,
                  "stream: state: expected " + std::to_string(state_count) + " numbers, found " +
                      std::to_string(s.numbers.size()));
    auto const count = static_cast<index_t>(s.present.size());
    require_value(count <= limits_.views && static_cast<index_t>(s.view.size()) == count * Net::view::size &&
                      static_cast<index_t>(s.place.size()) == count * Net::P,
                  "stream: state: views: expected at most " + std::to_string(limits_.views) + " whole ones, found " +
                      std::to_string(count));
    backend_.copy_in(state_count, s.numbers.data(), state_.data());
    if constexpr (!shares) backend_.fill(limits_.views, std::uint8_t{0}, tape_.present);
    // The queries of the next `predict` read the state from the tape.
    backend_.copy_in(state_count, s.numbers.data(), tape_.dynamics.state_out);
    backend_.copy_in(count * Net::view::size, s.view.data(), tape_.view);
    backend_.copy_in(count * Net::P, s.place.data(), tape_.place);
    backend_.copy_in(count, s.present.data(), tape_.present);
    seen_ = {};
    seen_.time = 1;
    seen_.batch = 1;
    seen_.views = count;
    started_ = s.started;
  }

 private:
  static constexpr bool shares = ops::host_memory<Backend>;

  static bool view_shape(std::array<index_t, view_rank> const& shape) {
    for (std::size_t i = 1; i < view_rank; ++i) {
      if (shape[0] > 0 && shape[i] != Net::view::extents[i - 1]) return false;
    }
    return shape[0] >= 0;
  }

  array_view<T const, prediction_rank> prediction(index_t count) const {
    if constexpr (shares) {
      return detail::predictions_at<Net>(static_cast<T const*>(tape_.output), std::array{count});
    } else {
      return detail::predictions_at<Net>(answer_.data(), std::array{count});
    }
  }

  Backend backend_;
  typename flow::weights weights_;
  stream_limits limits_;
  resident_batch<Net, Backend, T> shown_, asked_;
  detail::view_gate<Net, T> gate_;
  ops::repeated<Backend, 2> observe_, predict_;
  ops::mark_of<Backend> answered_;
  index_t asked_count_ = 0;
  struct nothing {};
  std::conditional_t<shares, nothing, host_block<Backend, T>> answer_;  ///< predictions where the caller can read them
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) state_;
  tape<Net, T> tape_{};
  batch_view<T> seen_{};
  bool started_ = false;
};

}  // namespace s2rm
