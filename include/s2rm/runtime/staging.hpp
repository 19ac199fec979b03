#pragma once
/// \file
/// Batches where the backend can read them: as they are where it shares the host's memory, else copied, in one piece.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
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
      index_t const bytes = lay_out_on_host(be, b, to.host);
      arena there{device(be, bytes)};
      return {lay_out(there, b, no_copy), to.host.data(), bytes, at};
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
      index_t const R = b.time * b.batch;
      arena cutting{device(be, bytes_of(b))};
      return lay_out(cutting, b, [&](auto array, auto const* from, auto* to) {
        index_t const slots = array.slots(b), padded = padded_slots(array, b);
        if constexpr (array.null == null_is::present) {
          be.for_each(R * padded, detail::spread_flags{from, slots, padded, to});
        } else {
          spread_there(be, from, R, slots, padded, array.width, to);
        }
      });
    }
  }
  /// A copy of the batch where the backend can read it. Allocates, and waits for the copy.
  [[nodiscard]] resident_batch<T> upload(Backend& be, batch_view<T> const& b) {
    views_ = std::max(views_, b.views);
    host_block<Backend, std::byte> host;
    index_t const bytes = lay_out_on_host(be, b, host);
    if constexpr (ops::host_memory<Backend>) {
      auto const memory = std::make_shared<host_block<Backend, std::byte>>(std::move(host));
      arena here{memory->data()};
      return {memory, lay_out(here, b, no_copy)};
    } else {
      auto const memory = std::make_shared<resident_memory>(be.template allocate<std::byte>(bytes));
      be.copy_in(bytes, host.data(), memory->device.data());
      memory->block = {owner(be), memory->device.data(), bytes};
      arena there{memory->device.data()};
      auto view = lay_out(there, b, no_copy);
      view.kept = &memory->block;
      return {memory, view};
    }
  }
  /// Room for this many time steps and elements, with the views and queries given at first. Allocates.
  void reserve(Backend& be, index_t time, index_t batch) {
    if constexpr (!ops::host_memory<Backend>) {
      index_t const bytes = bytes_of({.time = time, .batch = batch});
      for (slot& one : slots_) one.host.resize(be, bytes);
      static_cast<void>(device(be, bytes));
    }
  }

 private:
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
  /// Calls copy(array, given, to) for every array of a batch, `to` being its place in a block that begins at `memory`;
  /// returns the batch that has its arrays there, padded. A null arena is told how many bytes that is.
  template <class Copy>
  batch_view<T> lay_out(arena& memory, batch_view<T> const& b, Copy const& copy) const {
    batch_view<T> laid{.time = b.time, .batch = b.batch, .views = views_, .queries = std::max(b.queries, queries_)};
    for_each_array<typename Net::shape>(
        [&](auto array, auto const* given, auto const*& to) {
          bool const room = array.slots_are != per::target || targets_;
          auto* const at = memory.take<std::remove_const_t<std::remove_pointer_t<decltype(given)>>>(
              room ? array.size(laid) : 0);
          copy(array, room ? given : nullptr, at);
          to = given != nullptr || array.null == null_is::present ? at : nullptr;
        },
        b, laid);
    return laid;
  }
  /// Bytes that `lay_out` needs.
  [[nodiscard]] index_t bytes_of(batch_view<T> const& b) const {
    arena counting;
    static_cast<void>(lay_out(counting, b, no_copy));
    return counting.used;
  }
  static constexpr auto no_copy = [](auto, auto const*, auto*) {};

  /// The batch in one block of the host, absent slots at the end of every row. Returns the block's bytes.
  index_t lay_out_on_host(Backend& be, batch_view<T> const& b, host_block<Backend, std::byte>& host) const {
    index_t const bytes = bytes_of(b), R = b.time * b.batch;
    host.resize(be, bytes);
    arena cutting{host.data()};
    lay_out(cutting, b, [&](auto array, auto const* from, auto* to) {
      index_t const slots = array.slots(b), padded = padded_slots(array, b);
      if constexpr (array.null == null_is::present) {
        std::fill_n(to, R * padded, std::uint8_t{0});
        for (index_t r = 0; from == nullptr && r < R; ++r) std::fill_n(to + r * padded, slots, std::uint8_t{1});
      }
      spread(from, R, slots, padded, array.width, to);
    });
    return bytes;
  }
  template <class Array>
  [[nodiscard]] index_t padded_slots(Array array, batch_view<T> const& b) const {
    return array.slots(batch_view<T>{.views = views_, .queries = std::max(b.queries, queries_)});
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
  /// The batch with its arrays at the same offsets of another block.
  static batch_view<T> moved(batch_view<T> b, std::byte const* from, std::byte const* to) {
    for_each_array<typename Net::shape>(
        [from, to](auto, auto const*& p) {
          using pointer = std::remove_reference_t<decltype(p)>;
          if (p != nullptr) p = reinterpret_cast<pointer>(to + (reinterpret_cast<std::byte const*>(p) - from));
        },
        b);
    b.kept = nullptr;
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
