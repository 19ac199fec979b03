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

/// Which sessions start anew at this step and which stay as they are; a session that is to start anew does so when it
/// next takes part.
struct begin_sessions {
  std::uint8_t const* active;  ///< (B), null: all take part
  std::uint8_t const* reset;   ///< (B), null: none
  std::uint8_t* starts;        ///< (B): is to start anew, before and after the step
  std::uint8_t* start;         ///< (B): starts anew at this step
  std::uint8_t* idle;          ///< (B): takes no part
  S2RM_HD void operator()(index_t b) const {
    bool const stays = active != nullptr && active[b] == 0;
    bool const anew = starts[b] != 0 || (reset != nullptr && reset[b] != 0);
    idle[b] = stays ? 1 : 0;
    start[b] = anew ? 1 : 0;
    starts[b] = stays && anew ? 1 : 0;
  }
};

/// Where a session took part its state goes on, else it stays as it was, also for the queries; or becomes zeros, where it
/// is to start anew.
template <class T, index_t Width>
struct keep_state {
  using scalar = T;
  std::uint8_t const* start;  ///< (B), see `begin_sessions`
  std::uint8_t const* idle;   ///< (B)
  T* out;                     ///< (B, M, state)
  T* state;                   ///< (B, M, state)
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    T *const here = out + b * Width + j, *const kept = state + b * Width + j;
    if (idle[b] == 0) {
      L::store(kept, L::load(here));
    } else if (start[b] == 0) {
      L::store(here, L::load(kept));
    } else {
      L::store(kept, L::all(T(0)));
      L::store(here, L::all(T(0)));
    }
  }
};

}  // namespace detail

/// Says of the arrays of a call that they lie where the backend computes: in a GPU's memory, written by what was asked for
/// on the stream of the backend's context before.
struct on_device_t {};
inline constexpr on_device_t on_device{};

/// B sessions. Nothing is allocated and nothing throws after construction (but for recordings of a backend that makes
/// them, at the first calls).
template <class Net, class Backend, class T = float>
class streams {
 public:
  using flow = forward_backward<Net, Backend, T>;
  static constexpr std::size_t view_rank = Net::view::rank + 2;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 2>;  ///< (B, Q, ...)
  static constexpr index_t state_count = Net::M * Net::state_size;
  static_assert(ops::captures_copies<Backend>, "a backend that captures has memory of its own and `copy_in_later`");

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
        shown_(limits.views, limits.queries, false),
        asked_(0, limits.queries, false),
        gate_(sessions * limits.views, limits.non_finite) {
    extent const e{1, sessions, limits.views, limits.queries, ops::chunks<Backend>};
    memory_ = backend_.template allocate<std::byte>(tape_bytes<Net, T>(e, false));
    arena real{memory_.data()};
    tape_ = tape<Net, T>::lay_out(real, e, false);
    state_ = backend_.template allocate<T>(sessions * state_count);
    starts_ = backend_.template allocate<std::uint8_t>(sessions);
    start_ = backend_.template allocate<std::uint8_t>(sessions);
    idle_ = backend_.template allocate<std::uint8_t>(sessions);
    reset();
    if constexpr (!shares) {
      non_finite_ = backend_.template allocate<std::uint32_t>(sessions * limits.views);
      non_finite_sum_ = backend_.template allocate<double>(1);
      backend_.fill(sessions * limits.views, std::uint32_t{0}, non_finite_.data());
    }
    shown_.reserve(backend_, 1, sessions);
    asked_.reserve(backend_, 1, sessions);
    if constexpr (!shares) predictions_.resize(backend_, sessions * limits.queries * Net::outputs);
    refresh();
  }

  [[nodiscard]] index_t sessions() const { return sessions_; }
  /// Views that were left out because a number was not finite (`non_finite_views::absent`), since construction. Waits where
  /// they were the device's.
  [[nodiscard]] index_t left_out() const {
    index_t found = gate_.non_finite();
    if constexpr (!shares) {
      std::vector<std::uint32_t> times(static_cast<std::size_t>(non_finite_.size()));
      backend_.copy_out(non_finite_.size(), non_finite_.data(), times.data());
      for (auto const n : times) found += n;
    }
    return found;
  }

  /// Derives what depends on the weights alone.
  void refresh() noexcept { flow::derive(backend_, weights_, tape_); }

  /// The next step of a session starts from h_0.
  void reset(index_t session) noexcept {
    backend_.fill(state_count, T(0), state_.data() + session * state_count);
    backend_.fill(1, std::uint8_t{1}, starts_.data() + session);
  }
  void reset() noexcept {
    backend_.fill(sessions_ * state_count, T(0), state_.data());
    backend_.fill(sessions_, std::uint8_t{1}, starts_.data());
  }

  /// One time step: views (B, A, view...), places (B, A, P), `present` (B, A) flags or null. `active` (B) flags or null:
  /// a session that is not active stays as it is (its views too must be finite, or absent).
  observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                   std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr) noexcept {
    return take(views, places, {}, present, active, nullptr);
  }

  /// What the places (B, Q, P) will show one step after the last step of each session, (B, Q, ...). Valid until the next
  /// call; empty where there were too many queries or nothing was ever observed. What is said for a session that never
  /// took part has no meaning.
  array_view<T const, prediction_rank> predict(array_view<T const, 3> places) noexcept {
    predict_async(places);
    return predictions();
  }
  /// The first half of `predict`, as of `stream`.
  bool predict_async(array_view<T const, 3> places) noexcept {
    query_count_ = query_room_ = 0;
    if (views_ < 0 || !accepts(places)) return false;
    auto const staged = asked_.pack(backend_, question(places));
    auto asked = staged.batch;
    asked.views = views_;
    predict_(backend_, {asked.queries, asked.views, ops::word_of(staged.host)}, [&] {
      asked_.send(backend_, staged);
      read_out(asked, true);
    });
    asked_.sent(backend_, staged);
    was_queried(places.shape[1], true);
    return true;
  }
  /// The second half: waits for what was last asked.
  array_view<T const, prediction_rank> predictions() noexcept {
    if constexpr (!shares) {
      index_t const row = query_count_ * Net::outputs, room = query_room_ * Net::outputs;
      if (!predicted_to_host_) {
        ops::copy_out_later(backend_, sessions_ * room, tape_.output, predictions_.data());
        predicted_.set(backend_);
        predicted_to_host_ = true;
        packed_ = false;
      }
      predicted_.wait(backend_);
      // The rows of each session, once, without those that were filled up.
      for (index_t b = 1; b < sessions_ && row < room && !packed_; ++b) {
        std::copy_n(predictions_.data() + b * room, row, predictions_.data() + b * row);
      }
      packed_ = true;
      return detail::predictions_at<Net>(static_cast<T const*>(predictions_.data()),
                                         std::array{sessions_, query_count_});
    } else {
      return predictions(on_device);
    }
  }
  /// What was last asked, where the backend computes it: (B, Q', ...) with Q' >= Q, `stream_limits::queries` on a device, of
  /// which each session's first Q are the answer. Waits for nothing: it is there for what is asked for next on the stream of
  /// the backend's context. Valid until `predict_async`, `predict` or `step`.
  array_view<T const, prediction_rank> predictions(on_device_t) noexcept {
    return detail::predictions_at<Net>(static_cast<T const*>(tape_.output), std::array{sessions_, query_room_});
  }

  /// `observe` and `predict_async` in one piece of work: one copy to a GPU and one start. `reset` (B) flags or null: sessions that
  /// start anew at this step. `predictions` has what the places `asked` (B, Q, P) will show after it; it is empty where `predict_async`
  /// would refuse them, or the step was refused.
  observed step(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> asked,
                std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr,
                std::uint8_t const* reset = nullptr) noexcept {
    query_count_ = query_room_ = 0;
    bool const good = accepts(asked);
    auto const found = take(views, places, good ? asked : array_view<T const, 3>{}, present, active, reset);
    if (found == observed::yes && good) was_queried(asked.shape[1], true);
    return found;
  }
  /// The same where all arrays are the device's; they may change behind it, in the order of what is asked for. Views are
  /// looked through there: with `non_finite_views::absent` nothing waits, with `refuse` this call waits for what was found. The
  /// answer stays there (`predictions(on_device)`) until `predictions` copies it to the host.
  observed step(on_device_t, array_view<T const, view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> asked, std::uint8_t const* present = nullptr,
                std::uint8_t const* active = nullptr, std::uint8_t const* reset = nullptr) noexcept {
    if constexpr (shares) {
      return step(views, places, asked, present, active, reset);
    } else {
      query_count_ = query_room_ = 0;
      if (auto const found = fits(views, places); found != observed::yes) return found;
      bool const good = accepts(asked);
      auto const there =
          shown_.gather(backend_, seen(views, places, good ? asked : array_view<T const, 3>{}, present, active, reset));
      if (!passes_there(there)) return observed::not_finite;
      advance(there, good, nullptr);
      if (good) was_queried(asked.shape[1], false);
      return observed::yes;
    }
  }
  /// Returns when everything that was asked for is done.
  void wait() noexcept { backend_.wait(); }

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
    backend_.fill(1, std::uint8_t{0}, starts_.data() + session);
  }

 private:
  static constexpr bool shares = ops::host_memory<Backend>;
  using staged_type = typename staging<Net, Backend, T>::staged;

  static index_t checked(index_t sessions, stream_limits const& limits) {
    require_value(sessions >= 1, "streams: sessions: expected >= 1");
    require_value(limits.views >= 0 && limits.queries >= 0, "stream_limits: views, queries: expected >= 0");
    return sessions;
  }

  [[nodiscard]] observed fits(array_view<T const, view_rank> views, array_view<T const, 3> places) const {
    index_t const count = views.shape[1];
    bool good = views.shape[0] == sessions_ && places.shape[0] == sessions_ && count >= 0 && places.shape[1] == count;
    for (std::size_t i = 2; i < view_rank; ++i) {
      good = good && (count == 0 || views.shape[i] == Net::view::extents[i - 2]);
    }
    if (count > 0) good = good && places.shape[2] == Net::P && views.data != nullptr && places.data != nullptr;
    if (!good) return observed::wrong_shape;
    return count > limits_.views ? observed::too_many_views : observed::yes;
  }
  [[nodiscard]] bool accepts(array_view<T const, 3> places) const {
    index_t const count = places.shape[1];
    return places.shape[0] == sessions_ && places.shape[2] == Net::P && places.data != nullptr && count > 0 &&
           count <= limits_.queries;
  }
  batch_view<T> question(array_view<T const, 3> places) const {
    batch_view<T> b;
    b.time = 1;
    b.batch = sessions_;
    b.queries = places.shape[1];
    b.query_place = places.data;
    return b;
  }
  /// A step as a batch that brings `active` in the place of `blind`: the model is never given it so, `advance` puts idle
  /// sessions there.
  batch_view<T> seen(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> asked,
                     std::uint8_t const* present, std::uint8_t const* active, std::uint8_t const* reset) const {
    auto b = question(asked);
    b.views = views.shape[1];
    b.view = views.data;
    b.place = places.data;
    b.view_mask = present;
    b.blind = active;
    b.reset = reset;
    return b;
  }
  /// A step of the host's, and its question where there is one (`asked` that can be).
  observed take(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> asked,
                std::uint8_t const* present, std::uint8_t const* active, std::uint8_t const* reset) {
    if (auto const found = fits(views, places); found != observed::yes) return found;
    if (!gate_.passes(sessions_ * views.shape[1], views.data, places.data, present)) return observed::not_finite;
    auto const staged = shown_.pack(backend_, seen(views, places, asked, present, active, reset));
    advance(staged.batch, asked.data != nullptr, &staged);
    shown_.sent(backend_, staged);
    return observed::yes;
  }
  /// Whether the views of a step that lies on the device may be taken in; some may have become absent.
  bool passes_there(batch_view<T> const& there) {
    index_t const n = sessions_ * there.views;
    // The flags are this object's: `gather` wrote them.
    backend_.for_each(n, detail::leave_out_non_finite<Net::view::size, Net::P, T>{
                             there.view, there.place, const_cast<std::uint8_t*>(there.view_mask), non_finite_.data()});
    if (limits_.non_finite == non_finite_views::absent) return true;
    double found = 0;
    backend_.reduce(n, detail::non_finite_count{non_finite_.data()}, non_finite_sum_.data());
    backend_.copy_out(1, non_finite_sum_.data(), &found);
    if (found > 0) backend_.fill(n, std::uint32_t{0}, non_finite_.data());
    return found == 0;
  }
  /// From views and flags to new states and, where there is a question, its answer: one piece of work. Where the views are
  /// `from` the host (null: they are the device's) it begins with sending them, and brings the answer there.
  void advance(batch_view<T> const& shown, bool reads_out, staged_type const* from) {
    views_ = shown.views;
    bool const to_host = from != nullptr;
    std::int64_t const which =
        (shown.blind != nullptr ? 1 : 0) + (shown.reset != nullptr ? 2 : 0) + (reads_out ? 4 : 0);
    // The device's steps have no address of the host in their key.
    observe_(backend_, {shown.views, which, to_host ? ops::word_of(from->host) : 0}, [&] {
      if (to_host) shown_.send(backend_, *from);
      backend_.for_each(sessions_,
                        detail::begin_sessions{shown.blind, shown.reset, starts_.data(), start_.data(), idle_.data()});
      auto given = shown;
      given.reset = start_.data();
      given.blind = idle_.data();
      auto const kept = flow::observe(backend_, weights_, tape_, given, state_.data());
      if constexpr (shares) views_ = kept.views;
      backend_.template for_rows<state_count>(
          sessions_,
          detail::keep_state<T, state_count>{start_.data(), idle_.data(), tape_.dynamics.state_out, state_.data()});
      if (reads_out) read_out(kept, to_host);
    });
  }
  void read_out(batch_view<T> const& asked, bool to_host) {
    flow::query(backend_, weights_, tape_, asked);
    if constexpr (!shares) {
      if (to_host) {
        ops::copy_out_later(backend_, sessions_ * asked.queries * Net::outputs, tape_.output, predictions_.data());
      }
    }
  }
  void was_queried(index_t count, bool to_host) {
    query_count_ = count;
    query_room_ = shares ? count : limits_.queries;  // a device's are filled up
    predicted_to_host_ = to_host;
    packed_ = false;
    if (to_host) predicted_.set(backend_);
  }

  Backend backend_;
  typename flow::weights weights_;
  stream_limits limits_;
  index_t sessions_;
  staging<Net, Backend, T> shown_, asked_;
  detail::view_gate<Net, T> gate_;
  ops::graph_cache<Backend, 3> observe_, predict_;
  ops::event_of<Backend> predicted_;
  index_t query_count_ = 0, query_room_ = 0;  ///< queries of a session, and rows that lie in the output for them
  bool predicted_to_host_ = true;             ///< the answer was, or is being, copied there
  bool packed_ = true;                        ///< and lies there without rows that were filled up
  struct nothing {};
  std::conditional_t<shares, nothing, host_block<Backend, T>>
      predictions_;  ///< predictions where the caller can read them
  using flag_block = decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{}));
  flag_block starts_, start_, idle_;  ///< (B), see `begin_sessions`
  decltype(std::declval<Backend&>().template allocate<std::uint32_t>(
      index_t{})) non_finite_;  ///< (B A), see `leave_out_non_finite`
  decltype(std::declval<Backend&>().template allocate<double>(index_t{})) non_finite_sum_;
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) state_;
  tape<Net, T> tape_{};
  index_t views_ = -1;  ///< of the last step as the tape holds it
};

}  // namespace s2rm
