#pragma once
/// \file
/// A model one step at a time: `observe` takes in the views of a step, `predict` computes what any place will show
/// next, `step` does both. `stream` is `streams` (stream/streams.hpp) with one session: its arrays have no extent B,
/// and its state also holds the views of the last step where a residual read-out reads them.

#include <algorithm>
#include <array>
#include <concepts>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/stream/streams.hpp"

S2RM_NAMESPACE_BEGIN

namespace detail {
/// One session's array as one of B = 1 sessions, and back.
template <class T, std::size_t Rank>
array_view<T, Rank + 1> with_sessions(array_view<T, Rank> const& x) {
  array_view<T, Rank + 1> y{x.data, {1}};
  std::copy(x.shape.begin(), x.shape.end(), y.shape.begin() + 1);
  return y;
}
template <class T, std::size_t Rank>
array_view<T, Rank - 1> without_sessions(array_view<T, Rank> const& x) {
  array_view<T, Rank - 1> y{x.data, {}};
  std::copy(x.shape.begin() + 1, x.shape.end(), y.shape.begin());
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

  /// Reads `weights` (`parameters`, or `bf16_weights` made from them): they must outlive the stream. Call `refresh`
  /// after they changed.
  template <class Weights>
    requires requires(Weights const& w) {
      { w.view() } -> std::same_as<typename flow::weights>;
    }
  stream(Backend backend, Weights const& weights, stream_limits limits = {})
      : session_(std::move(backend), weights, 1, limits) {}

  /// Derives what depends on the weights alone. No allocation.
  void refresh() noexcept { session_.refresh(); }

  /// The next step starts from h_0; until then there is nothing to predict from, as after construction.
  void reset() noexcept {
    session_.reset();
    views_ = 0;
  }

  /// One time step: `views` (A, view...), `places` (A, P), `present` (A) flags or null. A may be 0.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                   std::uint8_t const* present = nullptr) noexcept {
    return observe(views, places, step_details<T>{.present = present});
  }
  /// One step, `elapsed` >= 0 after the one before.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places, T elapsed) noexcept {
    return observe(views, places, step_details<T>{.elapsed = elapsed});
  }
  /// One step with all that it may bring (stream/limits.hpp): flags, elapsed time, context.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                   step_details<T> const& more) noexcept {
    return noted(views, session_.observe(detail::with_sessions(views), detail::with_sessions(places), of_step(more)));
  }

  /// What the places (Q, P) will show one step after the last `observe`: the likelihood's parameters, (Q, ...). Valid
  /// until the next call; empty where there were too many queries (`predict_into` takes any number) or nothing was observed
  /// yet.
  /// With leads (Q) each place is answered for its own time after the step; with context (Q, K) for what is known of it.
  array_view<T const, prediction_rank> predict(array_view<T const, 2> places,
                                               query_details<T> const& more = {}) noexcept {
    predict_async(places, more);
    return predictions();
  }
  /// `predict` of any number of places (Q, P), to the caller's memory `to` (Q, ...): Q times `Net::outputs` numbers. Works
  /// through chunks of `stream_limits::queries`: bounded memory, time linear in Q. False where there is nothing to predict
  /// from, the places do not belong to this model, or `to` is of another size. See `streams::predict_into`.
  bool predict_into(array_view<T const, 2> places, std::span<T> to, query_details<T> const& more = {}) noexcept {
    return session_.predict_into(started() ? detail::with_sessions(places) : array_view<T const, 3>{}, to,
                                 of_queries(more));
  }
  /// The first half of `predict`: enqueues the work and returns. False where there will be no predictions.
  bool predict_async(array_view<T const, 2> places, query_details<T> const& more = {}) noexcept {
    return session_.predict_async(started() ? detail::with_sessions(places) : array_view<T const, 3>{},
                                  of_queries(more));
  }
  /// The second half: waits for the predictions that were last enqueued. `observe` may come between; it does not change
  /// them.
  array_view<T const, prediction_rank> predictions() noexcept {
    return detail::without_sessions(session_.predictions());
  }

  /// `observe` and `predict_async` at once: on a GPU one copy and one graph launch. `predictions` are those of the
  /// places `queries` (Q, P) after the step; there are none where `predict_async` would refuse the queries, or the step
  /// was refused.
  observed step(array_view<T const, view_rank> views, array_view<T const, 2> places, array_view<T const, 2> queries,
                std::uint8_t const* present = nullptr) noexcept {
    return step(views, places, queries, step_details<T>{.present = present});
  }
  observed step(array_view<T const, view_rank> views, array_view<T const, 2> places, array_view<T const, 2> queries,
                step_details<T> const& more, query_details<T> const& asked = {}) noexcept {
    return noted(views, session_.step(detail::with_sessions(views), detail::with_sessions(places),
                                      detail::with_sessions(queries), of_step(more), of_queries(asked)));
  }

  /// Anything that `view_traits` can view (xtensor arrays with adapters/xtensor.hpp).
  template <class Views, class Places>
    requires viewable<Views> && viewable<Places>
  observed observe(Views const& views, Places const& places, step_details<T> const& more = {}) noexcept {
    return observe(array_view<T const, view_rank>(view_traits<Views>::view(views)),
                   array_view<T const, 2>(view_traits<Places>::view(places)), more);
  }
  template <class Views, class Places>
    requires viewable<Views> && viewable<Places>
  observed observe(Views const& views, Places const& places, T elapsed) noexcept {
    return observe(views, places, step_details<T>{.elapsed = elapsed});
  }
  template <class Places>
    requires viewable<Places>
  auto predict(Places const& places, query_details<T> const& more = {}) noexcept {
    return predict(array_view<T const, 2>(view_traits<Places>::view(places)), more);
  }
  template <class Places>
    requires viewable<Places>
  bool predict_into(Places const& places, std::span<T> to, query_details<T> const& more = {}) noexcept {
    return predict_into(array_view<T const, 2>(view_traits<Places>::view(places)), to, more);
  }
  template <class Views, class Places, class Queries>
    requires viewable<Views> && viewable<Places> && viewable<Queries>
  observed step(Views const& views, Places const& places, Queries const& queries, step_details<T> const& more = {},
                query_details<T> const& asked = {}) noexcept {
    return step(array_view<T const, view_rank>(view_traits<Views>::view(views)),
                array_view<T const, 2>(view_traits<Places>::view(places)),
                array_view<T const, 2>(view_traits<Queries>::view(queries)), more, asked);
  }

  /// Views that were left out because a number was not finite (`non_finite_views::absent`), since construction.
  [[nodiscard]] index_t left_out() const { return session_.left_out(); }

  using state_type = stream_state<T>;
  [[nodiscard]] state_type state() const {
    state_type s{session_.state(0), started()};
    if constexpr (Net::residual::active) {
      auto const& seen = session_.activations_;
      index_t const count = (std::min)(views_, (std::max)(session_.views_, index_t{0}));
      s.view.resize(static_cast<std::size_t>(count * Net::view::size));
      s.place.resize(static_cast<std::size_t>(count * Net::P));
      s.present.resize(static_cast<std::size_t>(count));
      session_.backend_.copy_out(count * Net::view::size, seen.view, s.view.data());
      session_.backend_.copy_out(count * Net::P, seen.place, s.place.data());
      session_.backend_.copy_out(count, seen.present, s.present.data());
    }
    return s;
  }
  /// Throws value_error where the state is that of another model or holds more views than `stream_limits`; the stream
  /// is then as it was.
  void restore(state_type const& s) {
    require_value(
        static_cast<index_t>(s.numbers.size()) == state_count,
        {"stream: state: expected ", state_count, " numbers, found ", static_cast<index_t>(s.numbers.size())});
    index_t const max_views = session_.limits_.views;
    auto const count = static_cast<index_t>(s.present.size());
    require_value(count <= max_views && static_cast<index_t>(s.view.size()) == count * Net::view::size &&
                      static_cast<index_t>(s.place.size()) == count * Net::P,
                  {"stream: state: views: expected at most ", max_views, " whole ones, found ", count});
    session_.restore(0, s.numbers);
    if (!s.started) session_.starts_ = sessions::starts::all;
    auto const& seen = session_.activations_;
    auto& be = session_.backend_;
    views_ = count;
    session_.views_ = session_.io_.slot_count(count);
    be.fill(session_.views_, std::uint8_t{0}, seen.present);
    be.copy_in(count * Net::view::size, s.view.data(), seen.view);
    be.copy_in(count * Net::P, s.place.data(), seen.place);
    be.copy_in(count, s.present.data(), seen.present);
  }

  [[deprecated("renamed: predict_async")]] bool ask(array_view<T const, 2> places) noexcept {
    return predict_async(places);
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer() noexcept {
    return predictions();
  }

 private:
  using sessions = streams<Net, Backend, T>;
  [[nodiscard]] bool started() const { return session_.starts_ != sessions::starts::all; }
  /// Of one session; points to `more`, which lives as long as the call.
  static sessions_details<T> of_step(step_details<T> const& more) {
    return {.present = more.present, .elapsed = &more.elapsed, .context = detail::with_sessions(more.context)};
  }
  static queries_details<T> of_queries(query_details<T> const& more) {
    return {detail::with_sessions(more.lead), detail::with_sessions(more.context)};
  }
  /// The outcome of a step, and how many views it brought.
  observed noted(array_view<T const, view_rank> const& views, observed found) {
    if (found == observed::yes) views_ = views.shape[0];
    return found;
  }

  sessions session_;
  index_t views_ = 0;  ///< of the last step as the caller gave them
};

S2RM_NAMESPACE_END
