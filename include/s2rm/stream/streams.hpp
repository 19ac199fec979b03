#pragma once
/// \file
/// Many streams of one model that step together: one piece of work for all of them, which is what keeps a GPU busy.
/// Sessions do not see each other: each gives what a `stream` of its own gives (to the bit where a backend's rows do not
/// depend on how many there are, docs/backend.md; else up to rounding).

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>
#include <vector>

#include "s2rm/stream/stream.hpp"

namespace s2rm {

namespace detail {

/// Where a session took part its state goes on, else it stays as it was, also for the queries.
template <class T, index_t Width>
struct keep_state {
  using scalar = T;
  std::uint8_t const* blind_session;  ///< (B): did not take part
  T* out;                             ///< (B, M, state)
  T* state;                           ///< (B, M, state)
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    bool const stays = blind_session != nullptr && blind_session[b] != 0;
    T* const from = (stays ? state : out) + b * Width + j;
    T* const to = (stays ? out : state) + b * Width + j;
    L::store(to, L::load(from));
  }
};

}  // namespace detail

/// B sessions. Nothing is allocated and nothing throws after construction (but for recordings of a backend that makes
/// them, at the first calls).
template <class Net, class Backend, class T = float>
class streams {
 public:
  using flow = sequence<Net, Backend, T>;
  static constexpr std::size_t view_rank = Net::view::rank + 2;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 2>;  ///< (B, Q, ...)
  static constexpr index_t state_count = Net::M * Net::state_size;

  /// Reads `weights` as `stream` does. `limits`: views and queries of one session.
  template <class Weights>
    requires requires(Weights const& w) {
      { w.view() } -> std::same_as<typename flow::weights>;
    }
  streams(Backend backend, Weights const& weights, index_t sessions, stream_limits limits = {})
      : backend_(std::move(backend)),
        weights_(weights.view()),
        limits_(limits),
        sessions_(checked(sessions, limits)),
        shown_(limits.views, 0),
        asked_(0, limits.queries),
        gate_(sessions * limits.views, limits.odd),
        starts_(static_cast<std::size_t>(sessions), std::uint8_t{1}),
        idle_(static_cast<std::size_t>(sessions), std::uint8_t{0}) {
    extent const e{1, sessions, limits.views, limits.queries, ops::pieces<Backend>};
    memory_ = backend_.template allocate<std::byte>(tape_bytes<Net, T>(e, false));
    arena real{memory_.data()};
    tape_ = tape<Net, T>::lay_out(real, e, false);
    state_ = backend_.template allocate<T>(sessions * state_count);
    backend_.fill(sessions * state_count, T(0), state_.data());
    shown_.reserve(backend_, 1, sessions);
    asked_.reserve(backend_, 1, sessions);
    if constexpr (!shares) answer_.resize(backend_, sessions * limits.queries * Net::outputs);
    refresh();
  }

  [[nodiscard]] index_t sessions() const { return sessions_; }
  /// Views that were left out because a number was not finite (`odd_views::absent`), since construction.
  [[nodiscard]] index_t left_out() const { return gate_.odd(); }

  /// Derives what depends on the weights alone.
  void refresh() noexcept { flow::place_modules(backend_, weights_, tape_); }

  /// The next step of a session starts from h_0.
  void reset(index_t session) noexcept {
    backend_.fill(state_count, T(0), state_.data() + session * state_count);
    starts_[static_cast<std::size_t>(session)] = 1;
  }
  void reset() noexcept {
    for (index_t b = 0; b < sessions_; ++b) reset(b);
  }

  /// One time step: views (B, A, view...), places (B, A, P), `present` (B, A) flags or null. `active` (B) flags or null:
  /// a session that is not active stays as it is (its views too must be finite, or absent).
  observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                   std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr) noexcept {
    index_t const count = views.shape[1];
    bool fits = views.shape[0] == sessions_ && places.shape[0] == sessions_ && count >= 0 && places.shape[1] == count;
    for (std::size_t i = 2; i < view_rank; ++i) {
      fits = fits && (count == 0 || views.shape[i] == Net::view::extents[i - 2]);
    }
    if (count > 0) fits = fits && places.shape[2] == Net::P && views.data != nullptr && places.data != nullptr;
    if (!fits) return observed::wrong_shape;
    if (count > limits_.views) return observed::too_many_views;
    if (!gate_.passes(sessions_ * count, views.data, places.data, present)) return observed::not_finite;
    batch_view<T> seen;
    seen.time = 1;
    seen.batch = sessions_;
    seen.views = count;
    seen.view = views.data;
    seen.place = places.data;
    seen.view_mask = present;
    seen.reset = starts_.data();
    for (std::size_t b = 0; b < idle_.size(); ++b) idle_[b] = active != nullptr && active[b] == 0 ? 1 : 0;
    seen.blind = idle_.data();
    auto const shown = shown_.bring(backend_, seen);
    views_ = shown.views;
    observe_(backend_, {shown.views, 0}, [&] {
      auto const kept = flow::observe(backend_, weights_, tape_, shown, state_.data());
      if constexpr (shares) views_ = kept.views;
      backend_.template for_rows<state_count>(
          sessions_, detail::keep_state<T, state_count>{shown.blind, tape_.dynamics.state_out, state_.data()});
    });
    for (std::size_t b = 0; b < idle_.size(); ++b) starts_[b] = idle_[b] != 0 ? starts_[b] : std::uint8_t{0};
    return observed::yes;
  }

  /// What the places (B, Q, P) will show one step after the last step of each session, (B, Q, ...). Valid until the next
  /// call; empty where there were too many queries or nothing was ever observed. What is said for a session that never
  /// took part has no meaning.
  array_view<T const, prediction_rank> predict(array_view<T const, 3> places) noexcept {
    ask(places);
    return answer();
  }
  /// The first half of `predict`, as of `stream`.
  bool ask(array_view<T const, 3> places) noexcept {
    index_t const count = places.shape[1];
    bool const fits = places.shape[0] == sessions_ && places.shape[2] == Net::P && places.data != nullptr;
    asked_count_ = answer_room_ = 0;
    if (views_ < 0 || !fits || count <= 0 || count > limits_.queries) return false;
    batch_view<T> question;
    question.time = 1;
    question.batch = sessions_;
    question.queries = count;
    question.query_place = places.data;
    auto asked = asked_.bring(backend_, question);
    asked.views = views_;
    predict_(backend_, {asked.queries, asked.views}, [&] {
      flow::query(backend_, weights_, tape_, asked);
      if constexpr (!shares) {
        ops::copy_out_later(backend_, sessions_ * asked.queries * Net::outputs, tape_.output, answer_.data());
      }
    });
    answered_.set(backend_);
    asked_count_ = count;
    answer_room_ = asked.queries;
    return true;
  }
  /// The second half: waits for what was last asked.
  array_view<T const, prediction_rank> answer() noexcept {
    answered_.wait(backend_);
    if constexpr (!shares) {
      // The rows of each session, once, without those that were filled up.
      index_t const row = asked_count_ * Net::outputs, room = answer_room_ * Net::outputs;
      for (index_t b = 1; b < sessions_ && row < room; ++b) {
        std::copy_n(answer_.data() + b * room, row, answer_.data() + b * row);
      }
      answer_room_ = asked_count_;
    }
    return prediction(asked_count_);
  }

  /// The state of one session, (M, state): hand it to another session, or keep it.
  [[nodiscard]] std::vector<T> state(index_t session) const {
    std::vector<T> numbers(static_cast<std::size_t>(state_count));
    backend_.copy_out(state_count, state_.data() + session * state_count, numbers.data());
    return numbers;
  }
  /// The session goes on from a state. \throws value_error where it is that of another model.
  void restore(index_t session, std::vector<T> const& numbers) {
    require_value(static_cast<index_t>(numbers.size()) == state_count,
                  "streams: state: expected " + std::to_string(state_count) + " numbers, found " +
                      std::to_string(numbers.size()));
    backend_.copy_in(state_count, numbers.data(), state_.data() + session * state_count);
    starts_[static_cast<std::size_t>(session)] = 0;
  }

 private:
  static constexpr bool shares = ops::host_memory<Backend>;

  static index_t checked(index_t sessions, stream_limits const& limits) {
    require_value(sessions >= 1, "streams: sessions: expected >= 1");
    require_value(limits.views >= 0 && limits.queries >= 0, "stream_limits: views, queries: expected >= 0");
    return sessions;
  }

  array_view<T const, prediction_rank> prediction(index_t count) const {
    if constexpr (shares) {
      return detail::predictions_at<Net>(static_cast<T const*>(tape_.output), std::array{sessions_, count});
    } else {
      return detail::predictions_at<Net>(answer_.data(), std::array{sessions_, count});
    }
  }

  Backend backend_;
  typename flow::weights weights_;
  stream_limits limits_;
  index_t sessions_;
  resident_batch<Net, Backend, T> shown_, asked_;
  detail::view_gate<Net, T> gate_;
  ops::repeated<Backend, 2> observe_, predict_;
  ops::mark_of<Backend> answered_;
  index_t asked_count_ = 0, answer_room_ = 0;  ///< queries of a session, and rows that lie in the answer for them
  struct nothing {};
  std::conditional_t<shares, nothing, host_block<Backend, T>> answer_;
  std::vector<std::uint8_t> starts_, idle_;  ///< (B): starts anew at its next step; took no part in the last call
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) state_;
  tape<Net, T> tape_{};
  index_t views_ = -1;  ///< of the last step as the tape holds it
};

}  // namespace s2rm
