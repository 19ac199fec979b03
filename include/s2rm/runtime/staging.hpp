#pragma once
/// \file
/// Batches where the backend can read them: as they are where it shares the host's memory, else copied, in one piece.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "s2rm/core/arena.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/runtime/event.hpp"

namespace s2rm {

namespace detail {
/// (R, slots, width) numbers into the first slots of (R, room, width): `some` = slots width, `room` = room width.
template <class T>
struct spread_slots {
  T const* from;
  index_t some, room;
  T* to;
  S2RM_HD void operator()(index_t i) const { to[i / some * room + i % some] = from[i]; }
};
/// Flags (R, slots), null: all set, into (R, room): slots that are filled up are absent.
struct spread_flags {
  std::uint8_t const* from;
  index_t slots, room;
  std::uint8_t* to;
  S2RM_HD void operator()(index_t i) const {
    index_t const row = i / room, slot = i - row * room;
    to[i] = slot < slots && (from == nullptr || from[row * slots + slot] != 0) ? 1 : 0;
  }
};
}  // namespace detail

/// Host memory that a backend copies from and to: of its own kind where it has `allocate_host<T>(n)`.
template <class Backend, class T>
class host_block {
 public:
  void resize(Backend& be, index_t n) {
    if (n <= size_) return;
    if constexpr (requires { be.template allocate_host<T>(n); }) {
      memory_ = be.template allocate_host<T>(n);
    } else {
      memory_.resize(static_cast<std::size_t>(n));
    }
    size_ = n;
  }
  [[nodiscard]] T* data() { return memory_.data(); }
  [[nodiscard]] T const* data() const { return memory_.data(); }

 private:
  template <class B>
  struct memory_of {
    using type = std::vector<T>;
  };
  template <class B>
    requires requires(B& be) { be.template allocate_host<T>(index_t{}); }
  struct memory_of<B> {
    using type = decltype(std::declval<B&>().template allocate_host<T>(index_t{}));
  };
  typename memory_of<Backend>::type memory_{};
  index_t size_ = 0;
};

/// Brings batches to a backend. Slots are filled up with absent ones to as many views as were ever seen, and at least
/// `views`, so that batches of different A ask for the same work; queries are filled up to `queries`. What is filled up
/// changes no number but by the rounding of sums over rows, which are summed in groups.
template <class Net, class Backend, class T>
class staging {
 public:
  /// `targets`: whether batches have any.
  explicit staging(index_t views = 0, index_t queries = 0, bool targets = true)
      : views_(views), queries_(queries), targets_(targets) {}

  /// The batch as the backend may read it, until the next call. Copies, and allocates where it is larger than any before,
  /// unless the backend shares the host's memory: then it is `b`. Waits where the backend has not yet copied the batch
  /// before the last one, and for nothing else. Of a kept batch nothing is copied to the backend.
  /// \throws value_error where another backend keeps the batch.
  batch_view<T> bring(Backend& be, batch_view<T> const& b) {
    if (b.kept != nullptr && b.kept->owner != owner(be)) {
      throw value_error("s2rm: batch: it is kept by another backend than this one");
    }
    if constexpr (ops::host_memory<Backend>) {
      return b;
    } else {
      views_ = std::max(views_, b.views);
      // What is recorded reads one block.
      if (b.kept != nullptr) {
        be.copy(b.kept->bytes, b.kept->data, device(be, b.kept->bytes));
        return moved(b, b.kept->data, device_.data());
      }
      auto const one = pack(be, b);
      send(be, one);
      sent(be, one);
      return one.batch;
    }
  }
  /// A batch of the host's on its way: as the backend may read it once it was sent.
  struct staged {
    batch_view<T> batch;
    std::byte const* host = nullptr;  ///< what work that sends it depends on (`ops::repeated`)
    index_t bytes = 0;
    std::size_t slot = 0;
  };
  /// `bring` in three parts, for work that is recorded with its copy: the host's, which waits where what the batch before the
  /// last one was sent for is not done; the copy; and, behind all work that has the copy in it, that the host's memory is
  /// free again then.
  staged pack(Backend& be, batch_view<T> const& b) {
    if constexpr (ops::host_memory<Backend>) {
      return {b};
    } else {
      views_ = std::max(views_, b.views);
      std::size_t const at = next_;
      next_ = (next_ + 1) % slots_.size();
      slot& to = slots_[at];
      to.copied.wait(be);
      auto const copied = lay_out(be, b, to.host);
      return {moved(copied.host, to.host.data(), device(be, copied.bytes)), to.host.data(), copied.bytes, at};
    }
  }
  void send(Backend& be, staged const& one) {
    if constexpr (!ops::host_memory<Backend>) ops::copy_in_later(be, one.bytes, one.host, device_.data());
  }
  void sent(Backend& be, staged const& one) {
    if constexpr (!ops::host_memory<Backend>) slots_[one.slot].copied.set(be);
  }
  /// `bring` for arrays that lie where the backend computes: they are copied there, in the order of what is asked for.
  /// The batch is the host's where the backend shares its memory.
  batch_view<T> gather(Backend& be, batch_view<T> const& b) {
    if constexpr (ops::host_memory<Backend>) {
      return b;
    } else {
      views_ = std::max(views_, b.views);
      index_t const R = b.time * b.batch, Q = std::max(b.queries, queries_);
      arena counting;
      static_cast<void>(addresses(counting, R, views_, Q));
      arena cutting{device(be, counting.used)};
      auto const to = addresses(cutting, R, views_, Q);
      spread_all(b, R, Q, to, [&be](auto... one) { spread_there(be, one...); });
      be.for_each(R * views_, detail::spread_flags{b.view_mask, b.views, views_, to.view_mask});
      return named(b, Q, to);
    }
  }
  /// A copy of the batch where the backend can read it. Allocates, and waits for the copy.
  [[nodiscard]] resident_batch<T> upload(Backend& be, batch_view<T> const& b) {
    views_ = std::max(views_, b.views);
    host_block<Backend, std::byte> host;
    auto const copied = lay_out(be, b, host);
    if constexpr (ops::host_memory<Backend>) {
      auto const memory = std::make_shared<host_block<Backend, std::byte>>(std::move(host));
      return {memory, copied.host};
    } else {
      auto const memory = std::make_shared<resident_memory>(be.template allocate<std::byte>(copied.bytes));
      be.copy_in(copied.bytes, host.data(), memory->device.data());
      memory->block = {owner(be), memory->device.data(), copied.bytes};
      auto view = moved(copied.host, host.data(), memory->device.data());
      view.kept = &memory->block;
      return {memory, view};
    }
  }
  /// Room for this many time steps and elements, with the views and queries given at first. Allocates.
  void reserve(Backend& be, index_t time, index_t batch) {
    if constexpr (!ops::host_memory<Backend>) {
      arena counting;
      static_cast<void>(addresses(counting, time * batch, views_, queries_));
      for (slot& one : slots_) one.host.resize(be, counting.used);
      static_cast<void>(device(be, counting.used));
    }
  }

 private:
  static constexpr index_t V = Net::view::size, X = Net::target::size, P = Net::P;
  /// Memory of the host that a batch is copied from, and when it was.
  struct slot {
    host_block<Backend, std::byte> host;
    ops::event_of<Backend> copied;
  };
  using device_block = decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{}));
  struct resident_memory {
    explicit resident_memory(device_block d) : device(std::move(d)) {}
    device_block device;
    resident_block block{};
  };
  static void const* owner(Backend const& be) {
    if constexpr (requires { be.context.get(); }) {
      return be.context.get();
    } else {
      return nullptr;
    }
  }
  struct arrays {
    T *view, *place, *query_place, *target;
    std::uint8_t *view_mask, *target_mask, *reset, *blind;
  };
  struct laid_out {
    batch_view<T> host;
    index_t bytes;
  };

  [[nodiscard]] arrays addresses(arena& a, index_t R, index_t views, index_t queries) const {
    index_t const targets = targets_ ? R * queries : 0;
    return {a.take<T>(R * views * V), a.take<T>(R * views * P),        a.take<T>(R * queries * P),
            a.take<T>(targets * X),   a.take<std::uint8_t>(R * views), a.take<std::uint8_t>(targets),
            a.take<std::uint8_t>(R),  a.take<std::uint8_t>(R)};
  }
  /// The batch with these addresses, filled up.
  [[nodiscard]] batch_view<T> named(batch_view<T> const& b, index_t queries, arrays const& to) const {
    auto const where = [](auto const* given, auto const* copied) { return given == nullptr ? nullptr : copied; };
    return {b.time,
            b.batch,
            views_,
            queries,
            to.view,
            to.place,
            to.view_mask,
            where(b.query_place, to.query_place),
            where(b.target, to.target),
            where(b.target_mask, to.target_mask),
            where(b.reset, to.reset),
            where(b.blind, to.blind)};
  }

  /// Everything in one block of the host, absent slots at the end of every row.
  laid_out lay_out(Backend& be, batch_view<T> const& b, host_block<Backend, std::byte>& host) const {
    index_t const R = b.time * b.batch, Q = std::max(b.queries, queries_);
    arena counting;
    static_cast<void>(addresses(counting, R, views_, Q));
    host.resize(be, counting.used);
    arena cutting{host.data()};
    auto const to = addresses(cutting, R, views_, Q);
    spread_all(b, R, Q, to, [](auto... one) { spread(one...); });
    std::fill_n(to.view_mask, R * views_, std::uint8_t{0});
    if (b.view_mask != nullptr) {
      spread(b.view_mask, R, b.views, views_, 1, to.view_mask);
    } else {
      for (index_t r = 0; r < R; ++r) std::fill_n(to.view_mask + r * views_, b.views, std::uint8_t{1});
    }
    return {named(b, Q, to), counting.used};
  }
  /// Every array of a batch but the flags of its views: f(from, R, slots, room, width, to).
  template <class F>
  void spread_all(batch_view<T> const& b, index_t R, index_t Q, arrays const& to, F const& f) const {
    f(b.view, R, b.views, views_, V, to.view);
    f(b.place, R, b.views, views_, P, to.place);
    f(b.query_place, R, b.queries, Q, P, to.query_place);
    f(b.target, R, b.queries, Q, X, to.target);
    f(b.target_mask, R, b.queries, Q, index_t{1}, to.target_mask);
    f(b.reset, R, index_t{1}, index_t{1}, index_t{1}, to.reset);
    f(b.blind, R, index_t{1}, index_t{1}, index_t{1}, to.blind);
  }
  template <class U>
  static void spread(U const* from, index_t R, index_t slots, index_t room, index_t width, U* to) {
    if (from == nullptr || R * slots == 0) return;
    if (slots == room) {
      std::memcpy(to, from, static_cast<std::size_t>(R * slots * width) * sizeof(U));
      return;
    }
    for (index_t r = 0; r < R; ++r) {
      std::memcpy(to + r * room * width, from + r * slots * width, static_cast<std::size_t>(slots * width) * sizeof(U));
    }
  }
  template <class U>
  static void spread_there(Backend& be, U const* from, index_t R, index_t slots, index_t room, index_t width, U* to) {
    if (from == nullptr || R * slots == 0) return;
    if (slots == room) {
      be.copy(R * slots * width, from, to);
    } else {
      be.for_each(R * slots * width, detail::spread_slots<U>{from, slots * width, room * width, to});
    }
  }
  /// The same addresses in another block.
  static batch_view<T> moved(batch_view<T> b, std::byte const* from, std::byte const* to) {
    auto const shift = [from, to](auto*& p) {
      using pointer = std::remove_reference_t<decltype(p)>;
      if (p == nullptr) return;
      auto const offset = reinterpret_cast<std::byte const*>(p) - from;
      p = reinterpret_cast<pointer>(to + offset);
    };
    b.kept = nullptr;
    shift(b.view), shift(b.place), shift(b.view_mask), shift(b.query_place), shift(b.target), shift(b.target_mask);
    shift(b.reset), shift(b.blind);
    return b;
  }
  std::byte* device(Backend& be, index_t bytes) {
    if (device_bytes_ < bytes) {
      device_ = be.template allocate<std::byte>(bytes);
      device_bytes_ = bytes;
    }
    return device_.data();
  }

  index_t views_, queries_;
  bool targets_;
  std::array<slot, 2> slots_;  ///< one is filled while the other is copied
  std::size_t next_ = 0;
  device_block device_;
  index_t device_bytes_ = 0;
};

}  // namespace s2rm
