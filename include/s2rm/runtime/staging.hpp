#pragma once
/// \file
/// Staging: a caller's batch to where the backend can read it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "s2rm/core/arena.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/runtime/transfer.hpp"

S2RM_NAMESPACE_BEGIN

/// Memory of a backend that holds a batch (`trainer::upload`).
struct resident_block {
  void const* owner;      ///< the backend's context
  std::byte const* data;  ///< where the batch's arrays lie
  index_t bytes;
};

/// A batch where a backend can read it, for as long as this or a copy of it lives.
template <class T>
class resident_batch {
 public:
  template <class Memory>
  resident_batch(std::shared_ptr<Memory> memory, batch_view<T> const& view) : memory_(std::move(memory)), view_(view) {}
  /// What the trainer that uploaded it takes in place of a batch in host memory.
  [[nodiscard]] batch_view<T> const& view() const { return view_; }

 private:
  std::shared_ptr<void const> memory_;
  batch_view<T> view_;
};

template <class T>
using kept_batch [[deprecated("renamed: resident_batch")]] = resident_batch<T>;

namespace detail {
/// Rows of `given` numbers to the front of rows of `padded` numbers.
template <class T>
struct spread_slots {
  T const* from;
  index_t given, padded;
  T* to;
  S2RM_HD void operator()(index_t i) const { to[i / given * padded + i % given] = from[i]; }
};
/// Flags (R, slots), null: all set, to the front of (R, padded) flags; 0 in the slots beyond.
struct spread_flags {
  std::uint8_t const* from;
  index_t slot_count, padded;
  std::uint8_t* to;
  S2RM_HD void operator()(index_t i) const {
    index_t const row = i / padded, slot = i - row * padded;
    to[i] = slot < slot_count && (from == nullptr || from[row * slot_count + slot] != 0) ? 1 : 0;
  }
};
}  // namespace detail

/// Batches where a backend can read them. Where memory is shared a batch is read where it is, and nothing is copied.
///
/// Else a batch is laid out in one block of the host's and copied in one piece. Slots are padded with absent views to
/// as many views as were ever seen, and at least `views`, so that batches of different A enqueue the same work; queries
/// are padded to `queries`. Padding changes no number but by the rounding of sums over rows, which are summed in
/// groups.
template <class Net, class Backend, class T>
class staging {
 public:
  /// `targets`: whether batches have any.
  explicit staging(index_t views = 0, index_t queries = 0, bool targets = true)
      : views_(views), queries_(queries), targets_(targets) {}

  /// The batch as the backend may read it, until the next call. Copies, and allocates where it is larger than any
  /// before. Blocks only where the batch before the last one has not been copied yet. Of a resident batch nothing is
  /// copied from the host.
  /// \throws value_error where the batch is resident on another backend.
  batch_view<T> to_backend(Backend& be, batch_view<T> const& b) {
    if (b.resident != nullptr && b.resident->owner != ops::memory_owner(be)) {
      throw_error<value_error>("s2rm: batch: resident on another backend than the trainer's");
    }
    if constexpr (ops::host_memory<Backend>) {
      return b;
    } else {
      views_ = (std::max)(views_, b.views);
      // A captured graph reads one block, whichever batch it is launched for.
      if (b.resident != nullptr) {
        be.copy(b.resident->bytes, b.resident->data, device(be, b.resident->bytes));
        return moved(b, b.resident->data, device_.data());
      }
      auto const one = stage(be, b);
      upload(be, one);
      uploaded(be, one);
      return one.batch;
    }
  }

  /// A batch that lies in host memory, ready to be copied.
  struct staged {
    batch_view<T> batch;              ///< as the backend may read it once the copy is done
    std::byte const* host = nullptr;  ///< what is copied from: the part of a graph's key that stands for the copy
    index_t bytes = 0;
    std::size_t slot = 0;
  };
  /// `to_backend` in three steps, for work that is captured together with its copy. `stage` lays the batch out in host
  /// memory; it blocks where the batch staged before the last one has not been copied yet.
  staged stage(Backend& be, batch_view<T> const& b) {
    if constexpr (ops::host_memory<Backend>) {
      return {b};
    } else {
      views_ = (std::max)(views_, b.views);
      std::size_t const at = next_;
      next_ = (next_ + 1) % slots_.size();
      slot& to = slots_[at];
      to.copied.wait(be);
      index_t const bytes = lay_out_on_host(be, b, to.host);
      arena there{device(be, bytes)};
      return {lay_out(there, b, no_copy), to.host.data(), bytes, at};
    }
  }
  /// Enqueues the copy.
  void upload(Backend& be, staged const& one) {
    if constexpr (!ops::host_memory<Backend>) ops::copy_in_later(be, one.bytes, one.host, device_.data());
  }
  /// After the work that has the copy in it was enqueued: its host memory may be reused once that work is done.
  void uploaded(Backend& be, staged const& one) {
    if constexpr (!ops::host_memory<Backend>) slots_[one.slot].copied.set(be);
  }

  /// `to_backend` for arrays in the backend's memory: enqueues their copies, in the order of its work. The arrays are the
  /// host's where memory is shared.
  batch_view<T> gather(Backend& be, batch_view<T> const& b) {
    if constexpr (ops::host_memory<Backend>) {
      return b;
    } else {
      views_ = (std::max)(views_, b.views);
      index_t const R = b.time * b.batch;
      arena cutting{device(be, bytes_of(b))};
      return lay_out(cutting, b, [&](auto array, auto const* from, auto* to) {
        index_t const slot_count = array.slot_count(b), padded = padded_slots(array, b);
        if constexpr (array.null == null_is::present) {
          be.for_each(R * padded, detail::spread_flags{from, slot_count, padded, to});
        } else {
          spread_there(be, from, R, slot_count, padded, array.width, to);
        }
      });
    }
  }

  /// A copy of the batch in the backend's memory (the host's where memory is shared), to be given in its place as often
  /// as wanted. Allocates, and blocks until the copy is done.
  [[nodiscard]] resident_batch<T> make_resident(Backend& be, batch_view<T> const& b) {
    views_ = (std::max)(views_, b.views);
    host_buffer<Backend, std::byte> host;
    index_t const bytes = lay_out_on_host(be, b, host);
    if constexpr (ops::host_memory<Backend>) {
      auto const memory = std::make_shared<host_buffer<Backend, std::byte>>(std::move(host));
      arena here{memory->data()};
      return {memory, lay_out(here, b, no_copy)};
    } else {
      auto const memory = std::make_shared<resident_memory>(be.template allocate<std::byte>(bytes));
      be.copy_in(bytes, host.data(), memory->device.data());
      memory->block = {ops::memory_owner(be), memory->device.data(), bytes};
      arena there{memory->device.data()};
      auto view = lay_out(there, b, no_copy);
      view.resident = &memory->block;
      return {memory, view};
    }
  }

  /// Room for this many time steps and elements, with the views and queries given to the constructor. Allocates.
  void reserve(Backend& be, index_t time, index_t batch) {
    if constexpr (!ops::host_memory<Backend>) {
      index_t const bytes = bytes_of({.time = time, .batch = batch});
      for (slot& one : slots_) one.host.resize(be, bytes);
      static_cast<void>(device(be, bytes));
    }
  }

 private:
  /// Host memory that a batch is copied from, and whether it was.
  struct slot {
    host_buffer<Backend, std::byte> host;
    ops::event_of<Backend> copied;
  };
  using device_block = decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{}));
  struct resident_memory {
    explicit resident_memory(device_block d) : device(std::move(d)) {}
    device_block device;
    resident_block block{};
  };
  /// Calls copy(array, given, to) for every array of a batch, `to` being its place in a block that begins at `memory`;
  /// returns the padded batch whose arrays lie there. With a null `memory` it only counts bytes.
  template <class Copy>
  batch_view<T> lay_out(arena& memory, batch_view<T> const& b, Copy const& copy) const {
    batch_view<T> laid{.time = b.time, .batch = b.batch, .views = views_, .queries = (std::max)(b.queries, queries_)};
    for_each_array<typename Net::shape>(
        [&](auto array, auto const* given, auto const*& to) {
          bool const present = array.slots_are != per::target || targets_;
          using number = std::remove_const_t<std::remove_pointer_t<decltype(given)>>;
          auto* const at = memory.template take<number>(present ? array.size(laid) : 0);
          copy(array, present ? given : nullptr, at);
          // Padding makes views of a batch that has none: a captured graph reads them when it is launched for another
          // one.
          to = given != nullptr || array.slots_are == per::view ? at : nullptr;
        },
        b, laid);
    return laid;
  }
  /// Bytes of a batch laid out.
  [[nodiscard]] index_t bytes_of(batch_view<T> const& b) const {
    arena counting;
    static_cast<void>(lay_out(counting, b, no_copy));
    return counting.used;
  }
  static constexpr auto no_copy = [](auto, auto const*, auto*) {};

  /// The batch in one block of the host, padding at the end of every row. Returns the block's bytes.
  index_t lay_out_on_host(Backend& be, batch_view<T> const& b, host_buffer<Backend, std::byte>& host) const {
    index_t const bytes = bytes_of(b), R = b.time * b.batch;
    host.resize(be, bytes);
    arena cutting{host.data()};
    lay_out(cutting, b, [&](auto array, auto const* from, auto* to) {
      index_t const slot_count = array.slot_count(b), padded = padded_slots(array, b);
      if constexpr (array.null == null_is::present) {
        std::fill_n(to, R * padded, std::uint8_t{0});
        for (index_t r = 0; from == nullptr && r < R; ++r) std::fill_n(to + r * padded, slot_count, std::uint8_t{1});
      }
      spread(from, R, slot_count, padded, array.width, to);
    });
    return bytes;
  }
  template <class Array>
  [[nodiscard]] index_t padded_slots(Array array, batch_view<T> const& b) const {
    return array.slot_count(batch_view<T>{.views = views_, .queries = (std::max)(b.queries, queries_)});
  }
  template <class U>
  static void spread(U const* from, index_t R, index_t slot_count, index_t padded, index_t width, U* to) {
    if (from == nullptr || R * slot_count == 0) return;
    if (slot_count == padded) {
      std::memcpy(to, from, static_cast<std::size_t>(R * slot_count * width) * sizeof(U));
      return;
    }
    for (index_t r = 0; r < R; ++r) {
      std::memcpy(to + r * padded * width, from + r * slot_count * width,
                  static_cast<std::size_t>(slot_count * width) * sizeof(U));
    }
  }
  template <class U>
  static void spread_there(Backend& be, U const* from, index_t R, index_t slot_count, index_t padded, index_t width,
                           U* to) {
    if (from == nullptr || R * slot_count == 0) return;
    if (slot_count == padded) {
      be.copy(R * slot_count * width, from, to);
    } else {
      be.for_each(R * slot_count * width, detail::spread_slots<U>{from, slot_count * width, padded * width, to});
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
    b.resident = nullptr;
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

S2RM_NAMESPACE_END
