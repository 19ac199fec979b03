#pragma once
/// \file
/// One step at a time: `observe` what is seen now, `predict` what any place will show next; `step` is both. The state is apart
/// from the weights, which any number of streams share. After construction nothing is allocated (but for recordings of a
/// backend that makes them, at the first calls) and nothing throws. Results equal those of a whole sequence: to the bit where
/// a backend's rows do not depend on how many there are (docs/backend.md), else up to rounding.

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>
#include <vector>

#include "s2rm/runtime/executor.hpp"
#include "s2rm/runtime/staging.hpp"
#include "s2rm/stream/view_gate.hpp"

namespace s2rm {

/// The most views and queries one call may bring; memory is set aside for them.
struct stream_limits {
  index_t views = 64;
  index_t queries = 64;
  non_finite_views non_finite = non_finite_views::refuse;
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
  using flow = forward_backward<Net, Backend, T>;
  using parameters_type = s2rm::parameters<typename Net::params, Backend, T>;
  static constexpr std::size_t view_rank = Net::view::rank + 1;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 1>;
  static constexpr index_t state_count = Net::M * Net::state_size;
  static_assert(ops::captures_copies<Backend>, "a backend that captures has memory of its own and `copy_in_later`");

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
        shown_(limits.views, limits.queries, false),
        asked_(0, limits.queries, false),
        gate_(limits.views, limits.non_finite) {
    require_value(limits.views >= 0 && limits.queries >= 0, "stream_limits: views, queries: expected >= 0");
    extent const e{1, 1, limits.views, limits.queries, ops::chunks<Backend>};
    memory_ = backend_.template allocate<std::byte>(tape_bytes<Net, T>(e, false));
    arena real{memory_.data()};
    tape_ = tape<Net, T>::lay_out(real, e, false);
    backend_.fill(state_count, T(0), last_state());
    shown_.reserve(backend_, 1, 1);
    asked_.reserve(backend_, 1, 1);
    if constexpr (!shares) predictions_.resize(backend_, limits.queries * Net::outputs);
    refresh();
  }

  /// Derives what depends on the weights alone. No allocation.
  void refresh() noexcept { flow::derive(backend_, weights_, tape_); }

  /// The next step starts from h_0; until then there is nothing to predict from, as after construction.
  void reset() noexcept {
    backend_.fill(state_count, T(0), last_state());
    seen_views_ = 0;
    started_ = false;
  }

  /// One time step: `views` (A, view...), `places` (A, P), `present` (A) flags or null. A may be 0.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                   std::uint8_t const* present = nullptr) noexcept {
    return take(views, places, {}, present);
  }

  /// What the places (Q, P) will show one step after the last `observe`: the likelihood's parameters, (Q, ...). Valid
  /// until the next call; empty where there were too many queries or nothing was observed yet.
  array_view<T const, prediction_rank> predict(array_view<T const, 2> places) noexcept {
    predict_async(places);
    return predictions();
  }
  /// The first half of `predict`: returns without waiting for a backend that does its work later. False where the answer
  /// will be empty.
  bool predict_async(array_view<T const, 2> places) noexcept {
    query_count_ = 0;
    if (!started_ || !accepts(places)) return false;
    auto const staged = asked_.pack(backend_, question(places));
    auto asked = staged.batch;
    asked.views = shares ? seen_views_ : limits_.views;  // a residual reads them from the tape
    predict_(backend_, {asked.queries, asked.views, ops::word_of(staged.host)}, [&] {
      asked_.send(backend_, staged);
      read_out(asked);
    });
    asked_.sent(backend_, staged);
    predicted_.set(backend_);
    query_count_ = places.shape[0];
    return true;
  }
  /// The second half: waits for what was last asked. `observe` may come between; the answer is that of before.
  array_view<T const, prediction_rank> predictions() noexcept {
    predicted_.wait(backend_);
    return prediction(query_count_);
  }

  /// `observe` and `predict_async` in one piece of work: one copy to a GPU and one start. `predictions` has what the places `asked` (Q, P)
  /// will show after this step; it is empty where `predict_async` would refuse them, or the step was refused.
  observed step(array_view<T const, view_rank> views, array_view<T const, 2> places, array_view<T const, 2> asked,
                std::uint8_t const* present = nullptr) noexcept {
    query_count_ = 0;
    bool const good = accepts(asked);
    auto const found = take(views, places, good ? asked : array_view<T const, 2>{}, present);
    if (found == observed::yes && good) {
      predicted_.set(backend_);
      query_count_ = asked.shape[0];
    }
    return found;
  }

  /// Anything that `view_traits` knows how to look at (xtensor arrays with adapters/xtensor.hpp).
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
  template <class Views, class Places, class Asked>
    requires viewable<Views> && viewable<Places> && viewable<Asked>
  observed step(Views const& views, Places const& places, Asked const& asked) noexcept {
    return step(array_view<T const, view_rank>(view_traits<Views>::view(views)),
                array_view<T const, 2>(view_traits<Places>::view(places)),
                array_view<T const, 2>(view_traits<Asked>::view(asked)));
  }

  /// Views that were left out because a number was not finite (`non_finite_views::absent`), since construction.
  [[nodiscard]] index_t left_out() const { return gate_.non_finite(); }

  using state_type = stream_state<T>;
  [[nodiscard]] state_type state() const {
    state_type s{std::vector<T>(static_cast<std::size_t>(state_count)), started_};
    backend_.copy_out(state_count, last_state(), s.numbers.data());
    if constexpr (Net::residual::active) {
      index_t const count = seen_views_;
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
    if constexpr (!shares) backend_.fill(limits_.views, std::uint8_t{0}, tape_.present);
    backend_.copy_in(state_count, s.numbers.data(), last_state());
    backend_.copy_in(count * Net::view::size, s.view.data(), tape_.view);
    backend_.copy_in(count * Net::P, s.place.data(), tape_.place);
    backend_.copy_in(count, s.present.data(), tape_.present);
    seen_views_ = count;
    started_ = s.started;
  }

 private:
  static constexpr bool shares = ops::host_memory<Backend>;

  /// Of the last step, (M, state), where the tape has it: the next step goes on from it, queries read it.
  [[nodiscard]] T* last_state() const { return tape_.dynamics.state_out; }
  [[nodiscard]] bool accepts(array_view<T const, 2> places) const {
    index_t const count = places.shape[0];
    return count > 0 && count <= limits_.queries && places.shape[1] == Net::P && places.data != nullptr;
  }
  static batch_view<T> question(array_view<T const, 2> places) {
    batch_view<T> b;
    b.time = b.batch = 1;
    b.queries = places.shape[0];
    b.query_place = places.data;
    return b;
  }
  /// A step, and its question where there is one (`asked` that can be).
  observed take(array_view<T const, view_rank> views, array_view<T const, 2> places, array_view<T const, 2> asked,
                std::uint8_t const* present) {
    index_t const count = views.shape[0];
    if (!view_shape(views.shape) || places.shape[0] != count || (count > 0 && places.shape[1] != Net::P)) {
      return observed::wrong_shape;
    }
    if (count > 0 && (views.data == nullptr || places.data == nullptr)) return observed::wrong_shape;
    if (count > limits_.views) return observed::too_many_views;
    if (!gate_.passes(count, views.data, places.data, present)) return observed::not_finite;
    auto seen = question(asked);
    seen.views = count;
    seen.view = views.data;
    seen.place = places.data;
    seen.view_mask = present;
    auto const staged = shown_.pack(backend_, seen);
    seen_views_ = count;
    bool const reads_out = asked.data != nullptr;
    T const* const carried = started_ ? last_state() : nullptr;
    observe_(backend_, {staged.batch.views, started_ ? 1 : 0, reads_out ? 1 : 0, ops::word_of(staged.host)}, [&] {
      shown_.send(backend_, staged);
      auto const kept = flow::observe(backend_, weights_, tape_, staged.batch, carried);
      if constexpr (shares) seen_views_ = kept.views;
      if (reads_out) read_out(kept);
    });
    shown_.sent(backend_, staged);
    started_ = true;
    return observed::yes;
  }
  void read_out(batch_view<T> const& asked) {
    flow::query(backend_, weights_, tape_, asked);
    if constexpr (!shares) {
      ops::copy_out_later(backend_, asked.queries * Net::outputs, tape_.output, predictions_.data());
    }
  }

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
      return detail::predictions_at<Net>(predictions_.data(), std::array{count});
    }
  }

  Backend backend_;
  typename flow::weights weights_;
  stream_limits limits_;
  staging<Net, Backend, T> shown_, asked_;
  detail::view_gate<Net, T> gate_;
  ops::graph_cache<Backend, 4> observe_;
  ops::graph_cache<Backend, 3> predict_;
  ops::event_of<Backend> predicted_;
  index_t query_count_ = 0;
  struct nothing {};
  std::conditional_t<shares, nothing, host_block<Backend, T>>
      predictions_;  ///< predictions where the caller can read them
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  tape<Net, T> tape_{};
  index_t seen_views_ = 0;  ///< of the last step as the tape holds them
  bool started_ = false;
};

}  // namespace s2rm
