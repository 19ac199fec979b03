#pragma once
/// \file
/// What a stream exchanges with its caller. In: the arrays of a step and of its queries, checked for numbers that are
/// not finite and staged where the backend reads them. Out: predictions, copied to where the caller reads them. A
/// backend that shares the host's memory reads and writes the caller's arrays and its own in place; nothing is copied
/// then.

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/runtime/graph_cache.hpp"
#include "s2rm/runtime/non_finite_views.hpp"
#include "s2rm/runtime/staging.hpp"
#include "s2rm/runtime/transfer.hpp"

S2RM_NAMESPACE_BEGIN

/// Tag of calls whose arrays lie where the backend computes: in a GPU's memory, written by work that was enqueued
/// before on the stream of the backend's context.
struct on_device_t {};
inline constexpr on_device_t on_device{};

template <class Net, class Backend, class T>
class stream_io {
  using staging_type = staging<Net, Backend, T>;

 public:
  static_assert(ops::captures_copies<Backend>, "a backend that captures has memory of its own and `copy_in_later`");

  /// Arrays as the backend reads them once they were sent.
  struct input {
    batch_view<T> batch;
    typename staging_type::staged block;
    staging_type* from;  ///< null: nothing is to be sent
    /// What work that sends them depends on, beside extents: a word of a key of `ops::graph_cache`.
    [[nodiscard]] std::int64_t word() const { return ops::word_of(block.host); }
  };

  /// `views`, `queries`: the most of one session at one step. All memory is allocated here.
  stream_io(Backend& be, index_t sessions, index_t views, index_t queries, non_finite_views policy)
      : sessions_(sessions),
        views_(views),
        step_(views, queries, false),
        queries_(0, queries, false),
        gate_(sessions * views, policy) {
    step_.reserve(be, 1, sessions);
    queries_.reserve(be, 1, sessions);
    if constexpr (!shares) {
      predictions_.resize(be, sessions * queries * Net::outputs);
      times_ = be.template allocate<std::uint32_t>(sessions * views);
      be.fill(sessions * views, std::uint32_t{0}, times_.data());
      found_ = be.template allocate<double>(1);
    }
  }

  /// Slots of a session that hold `views` views: a backend with memory of its own has its batches filled up.
  [[nodiscard]] index_t slot_count(index_t views) const { return shares ? views : views_; }

  /// The host's arrays of a step. Waits while the staging block is still read by the step before the last one. Empty
  /// where a present view is not finite and is to be refused.
  std::optional<input> stage(Backend& be, batch_view<T> b) {
    if (!gate_.passes(sessions_ * b.views, b.view, b.place, b.view_context, b.view_mask)) return std::nullopt;
    return packed(be, step_, b);
  }
  /// Arrays that lie where the backend computes, copied there in the order of the work that it was given. Waits for the
  /// outcome of the check alone, and only where such views are refused.
  std::optional<input> stage(on_device_t, Backend& be, batch_view<T> const& b) {
    if constexpr (shares) {
      return stage(be, b);
    } else {
      auto const there = step_.gather(be, b);
      if (!passes_there(be, there)) return std::nullopt;
      return input{there, {}, nullptr};
    }
  }
  /// The host's arrays of queries without a step.
  input stage_queries(Backend& be, batch_view<T> const& b) { return packed(be, queries_, b); }

  /// The copy of `stage`, as part of the work that reads it: it may be captured.
  void send(Backend& be, input const& in) {
    if (in.from != nullptr) in.from->upload(be, in.block);
  }
  /// After that work was enqueued.
  void sent(Backend& be, input const& in) {
    if (in.from != nullptr) in.from->uploaded(be, in.block);
  }

  /// Views left out since construction. Waits where some were the device's.
  [[nodiscard]] index_t left_out(Backend const& be) const {
    index_t sum = gate_.non_finite();
    if constexpr (!shares) {
      if (!counted_there_) return sum;
      std::vector<std::uint32_t> times(static_cast<std::size_t>(times_.size()));
      be.copy_out(times_.size(), times_.data(), times.data());
      for (auto const n : times) sum += n;
    }
    return sum;
  }

  /// Copies predictions of `queries` queries a session to the host, as part of the work that computes them: it may be
  /// captured.
  void deliver(Backend& be, index_t queries, T const* output) {
    if constexpr (!shares) {
      ops::copy_out_later(be, sessions_ * queries * Net::outputs, output, predictions_.data());
    }
  }
  /// There are no predictions any more.
  void drop_predictions() { count_ = rows_ = 0; }
  /// After that work was enqueued: the output has `rows` rows a session, the first `count` of which answer queries;
  /// `delivered`: it has `deliver` in it.
  void predicted(Backend& be, index_t count, index_t rows, bool delivered) {
    count_ = count;
    rows_ = rows;
    delivered_ = delivered;
    dense_ = false;
    if (delivered) computed_.set(be);
  }
  [[nodiscard]] index_t count() const { return count_; }
  [[nodiscard]] index_t rows() const { return rows_; }
  /// (B, count, ...) in the host's memory, once they are computed.
  T const* predictions(Backend& be, T const* output) {
    if constexpr (shares) {
      return output;
    } else {
      if (!delivered_) {
        deliver(be, rows_, output);
        predicted(be, count_, rows_, true);
      }
      computed_.wait(be);
      index_t const row = count_ * Net::outputs, room = rows_ * Net::outputs;
      // Closes the gaps that rows without a query leave between sessions, once.
      for (index_t b = 1; b < sessions_ && row < room && !dense_; ++b) {
        std::copy_n(predictions_.data() + b * room, row, predictions_.data() + b * row);
      }
      dense_ = true;
      return predictions_.data();
    }
  }

 private:
  static constexpr bool shares = ops::host_memory<Backend>;
  template <class U>
  using device_block = decltype(std::declval<Backend&>().template allocate<U>(index_t{}));
  struct nothing {};
  /// What a backend needs that has memory of its own.
  template <class U>
  using where_apart = std::conditional_t<shares, nothing, U>;

  static input packed(Backend& be, staging_type& by, batch_view<T> const& b) {
    auto const block = by.stage(be, b);
    return {block.batch, block, &by};
  }
  /// The check of views that lie on the device. Some may become absent: the flags are those that `gather` wrote.
  bool passes_there(Backend& be, batch_view<T> const& there) {
    index_t const n = sessions_ * there.views;
    counted_there_ = true;
    be.for_each(
        n, detail::leave_out_non_finite<Net::view::size, Net::P, Net::K, T>{
               there.view, there.place, there.view_context, const_cast<std::uint8_t*>(there.view_mask), times_.data()});
    if (gate_.policy() == non_finite_views::absent) return true;
    double found = 0;
    be.reduce(n, detail::non_finite_count{times_.data()}, found_.data());
    be.copy_out(1, found_.data(), &found);
    if (found > 0) be.fill(n, std::uint32_t{0}, times_.data());
    return !(found > 0);
  }

  index_t sessions_, views_;
  staging_type step_, queries_;
  detail::view_gate<Net, T> gate_;
  where_apart<device_block<std::uint32_t>> times_;  ///< (B A), see `leave_out_non_finite`
  where_apart<device_block<double>> found_;
  bool counted_there_ = false;  ///< `times_` may hold counts

  where_apart<host_buffer<Backend, T>> predictions_;
  ops::event_of<Backend> computed_;  ///< of the predictions, and their copy
  index_t count_ = 0, rows_ = 0;     ///< queries of a session, and rows of the output for them
  bool delivered_ = true;            ///< the copy to the host was enqueued
  bool dense_ = true;                ///< `predictions_` has the rows of queries alone
};

S2RM_NAMESPACE_END
