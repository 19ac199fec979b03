#pragma once
/// \file
/// Sessions of one model that step together, each with a state of its own. One batch for all of them keeps a GPU busy.
///
/// A step is a sequence of length one: `forward_backward::observe` from the state that the step before left in the
/// activations, then `forward_backward::query`. Sessions do not read each other. Each gives what it would give alone: to the
/// bit where a backend's result for a row does not depend on how many rows there are (docs/backend.md), else up to
/// rounding.
///
/// After construction nothing is allocated, but for the graphs that a backend captures at the first calls, and nothing
/// throws.

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/model/forward_backward.hpp"
#include "s2rm/ops/work_size.hpp"
#include "s2rm/runtime/graph_cache.hpp"
#include "s2rm/runtime/stream_io.hpp"
#include "s2rm/stream/call_checks.hpp"
#include "s2rm/stream/idle_sessions.hpp"
#include "s2rm/stream/limits.hpp"
#include "s2rm/stream/query_chunks.hpp"

S2RM_NAMESPACE_BEGIN

template <class Net, class Backend, class T>
class stream;

/// B sessions.
template <class Net, class Backend, class T = float>
class streams {
 public:
  using flow = forward_backward<Net, Backend, T>;
  static constexpr std::size_t view_rank = Net::view::rank + 2;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 2>;  ///< (B, Q, ...)
  static constexpr index_t state_count = Net::M * Net::state_size;

  /// Reads `weights` (`parameters`, or `bf16_weights` made from them): they must outlive this object. Call `refresh`
  /// after they changed. `limits`: views and queries of one session.
  template <class Weights>
    requires requires(Weights const& w) {
      { w.view() } -> std::same_as<typename flow::weights>;
    }
  streams(Backend backend, Weights const& weights, index_t sessions, stream_limits limits = {})
      : backend_(std::move(backend)),
        weights_(weights.view()),
        limits_(limits),
        sessions_(checked(sessions, limits)),
        checks_{sessions, limits.views, limits.queries},
        io_(backend_, sessions, limits.views, limits.queries, limits.policy()),
        chunks_(sessions, limits.queries),
        idle_of_host_(static_cast<std::size_t>(sessions)) {
    extent const e{1, sessions, limits.views, limits.queries, ops::chunks<Backend>, ops::encoded_views<Backend>};
    memory_ = backend_.template allocate<std::byte>(activation_bytes<Net, T>(e, false));
    arena real{memory_.data()};
    activations_ = activations<Net, T>::lay_out(real, e, false);
    saved_ = backend_.template allocate<T>(sessions * state_count);
    pending_ = backend_.template allocate<std::uint8_t>(sessions);
    start_ = backend_.template allocate<std::uint8_t>(sessions);
    idle_ = backend_.template allocate<std::uint8_t>(sessions);
    reset();
    refresh();
  }

  [[nodiscard]] index_t sessions() const { return sessions_; }
  /// Views that were left out because a number was not finite (`non_finite_views::absent`), since construction. Waits
  /// where they were the device's.
  [[nodiscard]] index_t left_out() const { return io_.left_out(backend_); }

  /// Derives what depends on the weights alone.
  void refresh() noexcept { flow::derive(backend_, weights_, activations_); }

  /// The next step of a session starts from h_0.
  void reset(index_t session) noexcept {
    backend_.fill(state_count, T(0), state_of(session));
    set_pending(session, true);
  }
  void reset() noexcept {
    backend_.fill(sessions_ * state_count, T(0), state_of(0));
    starts_ = starts::all;
  }

  /// One time step: views (B, A, view...), places (B, A, P), `present` (B, A) flags or null. `active` (B) flags or
  /// null: a session that is not active stays as it is (its views too must be finite, or absent).
  observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                   std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr) noexcept {
    return observe(views, places, details{.present = present, .active = active});
  }
  /// The same with all that a step may bring (stream/limits.hpp): elapsed times, context, sessions that start anew.
  observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                   sessions_details<T> const& more) noexcept {
    return take(views, places, {}, more, {});
  }

  /// What the places (B, Q, P) will show one step after the last step of each session, (B, Q, ...). Valid until the
  /// next call; empty where there were too many queries (`predict_into` takes any number) or nothing was ever observed.
  /// Predictions for a session that never took part have no meaning.
  /// With leads each place is answered for its own time after the step; with context for what is known of it.
  array_view<T const, prediction_rank> predict(array_view<T const, 3> places,
                                               queries_details<T> const& more = {}) noexcept {
    predict_async(places, more);
    return predictions();
  }
  /// The first half of `predict`: enqueues the work and returns. False where there will be no predictions.
  bool predict_async(array_view<T const, 3> places, queries_details<T> const& more = {}) noexcept {
    io_.drop_predictions();
    if (views_ < 0 || !checks_.few(places, more) || !checks_.leads(places, more)) return false;
    enqueue(batch_of(places, more), state_keys::computed);
    return true;
  }
  /// `predict` of any number of places (B, Q, P), to the caller's memory `to` (B, Q, ...): B Q times `Net::outputs` numbers.
  /// Works through chunks of `stream_limits::queries` places of each session, so the memory is theirs and the time linear
  /// in Q; the state is read once. The predictions are those of one `predict`: to the bit where a backend's result for a row
  /// does not depend on how many rows there are. False where `predict` would refuse the places for another reason than their
  /// number, or `to` is of another size. Waits; drops what `predictions` would have returned.
  bool predict_into(array_view<T const, 3> places, std::span<T> to, queries_details<T> const& more = {}) noexcept {
    io_.drop_predictions();
    index_t const count = places.shape[1], most = limits_.queries;
    if (views_ < 0 || most == 0 || !checks_.queries(places, more) || !checks_.leads(places, more) ||
        static_cast<index_t>(to.size()) != sessions_ * count * Net::outputs) {
      return false;
    }
    for (index_t first = 0; first < count; first += most) {
      index_t const n = (std::min)(most, count - first);
      // A lead may change the state that a query reads.
      bool const first_or_led = first == 0 || more.lead.data != nullptr;
      enqueue(chunks_.cut(batch_of(places, more), first, n), first_or_led ? state_keys::computed : state_keys::reused);
      T const* const y = io_.predictions(backend_, activations_.output);
      for (index_t b = 0; b < sessions_; ++b) {
        std::copy_n(y + b * n * Net::outputs, n * Net::outputs, to.data() + (b * count + first) * Net::outputs);
      }
    }
    io_.drop_predictions();
    return true;
  }
  /// The second half: waits for the predictions that were last enqueued. Steps may come between; they do not change
  /// them.
  array_view<T const, prediction_rank> predictions() noexcept {
    auto const* const data = io_.predictions(backend_, activations_.output);
    return detail::predictions_at<Net>(data, std::array{sessions_, io_.count()});
  }
  /// The same where the backend computes them: (B, Q', ...) with Q' >= Q, `stream_limits::queries` on a device; the
  /// first Q of each session are the predictions. Does not wait: they are ready for work that is enqueued next on the
  /// stream of the backend's context. Valid until `predict_async`, `predict` or `step`.
  array_view<T const, prediction_rank> predictions(on_device_t) noexcept {
    return detail::predictions_at<Net>(static_cast<T const*>(activations_.output), std::array{sessions_, io_.rows()});
  }

  /// `observe` and `predict_async` at once: on a GPU one copy and one graph launch. `reset` (B) flags or null: sessions
  /// that start from h_0 at this step. `predictions` are those of the places `queries` (B, Q, P) after the step; there
  /// are none where `predict_async` would refuse the queries, or the step was refused.
  observed step(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> queries,
                std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr,
                std::uint8_t const* reset = nullptr) noexcept {
    return step(views, places, queries, details{.present = present, .active = active, .reset = reset});
  }
  observed step(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> queries,
                sessions_details<T> const& more, queries_details<T> const& of_queries = {}) noexcept {
    io_.drop_predictions();
    bool const answers = checks_.few(queries, of_queries) && checks_.leads(queries, of_queries);
    return take(views, places, answers ? queries : array_view<T const, 3>{}, more, of_queries);
  }
  /// The same with all arrays on the device; work that is enqueued later may change them. Views are checked there: with
  /// `non_finite_views::absent` nothing waits, with `refuse` this call waits for the outcome. Predictions stay on the
  /// device (`predictions(on_device)`) until `predictions` copies them to the host.
  observed step(on_device_t, array_view<T const, view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> queries, std::uint8_t const* present = nullptr,
                std::uint8_t const* active = nullptr, std::uint8_t const* reset = nullptr) noexcept {
    return step(on_device, views, places, queries, details{.present = present, .active = active, .reset = reset});
  }
  /// Times on the device are not checked: one that is negative or not finite is taken as 0.
  observed step(on_device_t, array_view<T const, view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> queries, sessions_details<T> const& more,
                queries_details<T> const& of_queries = {}) noexcept {
    io_.drop_predictions();
    if (auto const found = checks_.step(views, places, more); found != observed::yes) return found;
    if (!checks_.few(queries, of_queries)) queries = {};
    auto in = io_.stage(on_device, backend_, batch_of(views, places, queries, more, of_queries));
    if (!in) return observed::not_finite;
    if (more.active != nullptr) {
      backend_.for_each(sessions_, detail::idle_sessions{more.active, idle_.data()});
      in->batch.blind = idle_.data();
    }
    advance(*in, queries, false);
    return observed::yes;
  }
  /// Returns when all enqueued work is done.
  void wait() noexcept { backend_.wait(); }

  /// The state of one session, (M, state): hand it to another session, or store it.
  [[nodiscard]] std::vector<T> state(index_t session) const {
    std::vector<T> numbers(static_cast<std::size_t>(state_count));
    backend_.copy_out(state_count, state_of(session), numbers.data());
    return numbers;
  }
  /// The session goes on from a state. \throws value_error where it is that of another model.
  void restore(index_t session, std::vector<T> const& numbers) {
    require_value(static_cast<index_t>(numbers.size()) == state_count,
                  {"streams: state: expected ", state_count, " numbers, found ", static_cast<index_t>(numbers.size())});
    backend_.copy_in(state_count, numbers.data(), state_of(session));
    set_pending(session, false);
  }

  [[deprecated("renamed: predict_async")]] bool ask(array_view<T const, 3> places) noexcept {
    return predict_async(places);
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer() noexcept {
    return predictions();
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer(on_device_t) noexcept {
    return predictions(on_device);
  }

 private:
  friend class stream<Net, Backend, T>;
  using details = sessions_details<T>;
  /// Sessions that start from h_0 at their next step. `some`: those whose flag `pending_` is set; else the flags mean
  /// nothing, and a step needs no work for them.
  enum class starts { none, some, all };

  static index_t checked(index_t sessions, stream_limits const& limits) {
    require_value(sessions >= 1, {"streams: sessions: expected >= 1"});
    require_value(limits.views >= 0 && limits.queries >= 0, {"stream_limits: views, queries: expected >= 0"});
    return sessions;
  }

  /// (M, state) in the activations: the next step goes on from it, queries read it.
  [[nodiscard]] T* state_of(index_t session) const { return activations_.dynamics.state_out + session * state_count; }
  /// Makes `pending_` say what `starts_` does.
  void spell_out_pending() {
    if (starts_ == starts::some) return;
    backend_.fill(sessions_, std::uint8_t{starts_ == starts::all}, pending_.data());
    starts_ = starts::some;
  }
  void set_pending(index_t session, bool anew) {
    if (starts_ == (anew ? starts::all : starts::none)) return;
    if (sessions_ == 1) {
      starts_ = anew ? starts::all : starts::none;
      return;
    }
    spell_out_pending();
    backend_.fill(1, std::uint8_t{anew}, pending_.data() + session);
  }

  [[nodiscard]] batch_view<T> batch_of(array_view<T const, 3> queries, queries_details<T> const& more) const {
    batch_view<T> b;
    b.time = 1;
    b.batch = sessions_;
    b.queries = queries.shape[1];
    b.query_place = queries.data;
    if (queries.data == nullptr) return b;
    b.query_lead = more.lead.data;
    b.query_context = more.context.data;
    return b;
  }
  [[nodiscard]] batch_view<T> batch_of(array_view<T const, view_rank> views, array_view<T const, 3> places,
                                       array_view<T const, 3> queries, details const& more,
                                       queries_details<T> const& of_queries) const {
    auto b = batch_of(queries, of_queries);
    b.views = views.shape[1];
    b.view = views.data;
    b.place = places.data;
    b.view_mask = more.present;
    b.reset = more.reset;
    b.elapsed = more.elapsed;
    b.view_context = more.context.data;
    return b;
  }

  /// Enqueues the predictions of queries of the host, after the last step.
  void enqueue(batch_view<T> const& asked, state_keys keys) {
    auto const in = io_.stage_queries(backend_, asked);
    auto queries = in.batch;
    queries.views = views_;  // a residual read-out reads them from the activations
    std::int64_t const kind = (queries.query_lead != nullptr ? 1 : 0) + (keys == state_keys::reused ? 2 : 0);
    predict_(backend_, {queries.queries, queries.views, kind, in.word()}, [&] {
      io_.send(backend_, in);
      read_out(queries, true, keys);
    });
    io_.sent(backend_, in);
    io_.predicted(backend_, asked.queries, queries.queries, true);
  }

  /// A step from the host's arrays, and its predictions where there are queries.
  observed take(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> queries,
                details const& more, queries_details<T> const& of_queries) {
    if (auto const found = checks_.step(views, places, more); found != observed::yes) return found;
    if (!checks_.times(more)) return observed::wrong_time;
    auto b = batch_of(views, places, queries, more, of_queries);
    if (more.active != nullptr) {
      detail::idle_sessions const idle{more.active, idle_of_host_.data()};
      for (index_t i = 0; i < sessions_; ++i) idle(i);
      b.blind = idle_of_host_.data();
    }
    auto const in = io_.stage(backend_, b);
    if (!in) return observed::not_finite;
    advance(*in, queries, true);
    return observed::yes;
  }
  /// From views and flags to new states and, where there are queries, predictions: one piece of work for the backend.
  /// `delivered`: it copies the predictions to the host.
  void advance(typename stream_io<Net, Backend, T>::input const& in, array_view<T const, 3> queries, bool delivered) {
    auto b = in.batch;
    std::uint8_t const *const idle = b.blind, *const reset = b.reset;
    bool const reads_out = queries.data != nullptr, idles = idle != nullptr;
    // Where more than one array says which sessions start anew, or idle ones are to start later.
    bool const combines =
        idles ? reset != nullptr || starts_ != starts::none : reset != nullptr && starts_ == starts::some;
    if (combines) spell_out_pending();
    if (combines || starts_ == starts::some) b.reset = combines ? start_.data() : pending_.data();
    T* const state = state_of(0);
    T const* const carried = starts_ == starts::all ? nullptr : state;
    views_ = b.views;
    std::int64_t const kind = (idles ? 1 : 0) + (reset != nullptr ? 2 : 0) + (reads_out ? 4 : 0) +
                              8 * static_cast<std::int64_t>(starts_) + (b.elapsed != nullptr ? 32 : 0) +
                              (b.query_lead != nullptr ? 64 : 0);
    observe_(backend_, {b.views, kind, in.word()}, [&] {
      io_.send(backend_, in);
      if (combines) {
        backend_.for_each(sessions_, detail::starting_sessions{idle, reset, pending_.data(), start_.data()});
      }
      if (idles) {
        backend_.template for_rows<state_count>(sessions_,
                                                detail::save_idle<T, state_count>{idle, state, saved_.data()});
      }
      auto const compacted = flow::observe(backend_, weights_, activations_, b, carried);
      views_ = compacted.views;  // fewer where masks are read; such a backend captures nothing
      if (idles) {
        backend_.template for_rows<state_count>(
            sessions_, detail::restore_idle<T, state_count>{idle, b.reset, saved_.data(), state});
      }
      if (reads_out) read_out(compacted, delivered);
    });
    io_.sent(backend_, in);
    if (reads_out) io_.predicted(backend_, queries.shape[1], b.queries, delivered);
    // Idle sessions may still have to start: the flags say which.
    starts_ = combines && idles ? starts::some : starts::none;
  }
  void read_out(batch_view<T> const& queries, bool delivered, state_keys keys = state_keys::computed) {
    flow::query(backend_, weights_, activations_, queries, 0, keys);
    if (delivered) io_.deliver(backend_, queries.queries, activations_.output);
  }

  template <class U>
  using block = decltype(std::declval<Backend&>().template allocate<U>(index_t{}));

  Backend backend_;
  typename flow::weights weights_;
  stream_limits limits_;
  index_t sessions_;
  detail::call_checks<Net, T> checks_;
  stream_io<Net, Backend, T> io_;
  ops::graph_cache<Backend, 3> observe_;
  ops::graph_cache<Backend, 4> predict_;
  block<std::byte> memory_;
  activations<Net, T> activations_{};
  block<T> saved_;                       ///< (B, M, state), see `save_idle`
  block<std::uint8_t> pending_, start_;  ///< (B), see `starting_sessions`
  block<std::uint8_t> idle_;             ///< (B), of steps whose arrays are the device's
  detail::query_chunks<Net, T> chunks_;
  std::vector<std::uint8_t> idle_of_host_;  ///< (B), of steps whose arrays are the host's
  starts starts_ = starts::all;
  index_t views_ = -1;  ///< of the last step as the activations hold them; -1: nothing was observed yet
};

S2RM_NAMESPACE_END
