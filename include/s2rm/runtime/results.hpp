#pragma once
/// \file
/// Results on their way from a backend to the host, read while later work is already enqueued.

#include <array>
#include <cstddef>

#include "s2rm/runtime/event.hpp"
#include "s2rm/runtime/host_buffer.hpp"

namespace s2rm {

/// Numbers where the caller can read them: where the backend computed them if memory is shared (then nothing here does
/// anything), else in a copy.
template <class Backend, class T>
class answer {
 public:
  /// Whether the numbers are copied; if not they are overwritten with the memory they were computed in.
  static constexpr bool copies = !ops::host_memory<Backend>;

  /// Room for n numbers.
  void reserve(Backend& be, index_t n) {
    if constexpr (copies) buffer_.resize(be, n);
  }
  /// Enqueues the copy of n numbers. May be captured in a graph.
  void copy_out(Backend& be, index_t n, T const* computed) {
    if constexpr (copies) ops::copy_out_later(be, n, computed, buffer_.data());
  }
  /// After the work that has the copy in it was enqueued.
  void enqueued(Backend& be) {
    if constexpr (copies) copied_.set(be);
  }
  /// Returns when the last copy is done: the numbers, which lie at `computed` in backend memory.
  T const* wait(Backend const& be, T const* computed) const {
    if constexpr (copies) {
      copied_.wait(be);
      return buffer_.data();
    } else {
      return computed;
    }
  }

 private:
  host_buffer<Backend, T> buffer_;
  ops::event_of<Backend> copied_;
};

/// The results of the last `Slots` of a series of steps, numbered 0, 1, ...; each is copied, for the backend's memory has
/// room for one.
template <class Backend, class T, index_t Slots>
class result_ring {
 public:
  explicit result_ring(Backend& be) { numbers_.resize(be, Slots); }

  /// Enqueues the copy of *computed, in backend memory, as the next result. Returns its number.
  index_t enqueue(Backend& be, T const* computed) {
    ops::copy_out_later(be, 1, computed, numbers_.data() + count_ % Slots);
    copied_[slot(count_)].set(be);
    return count_++;
  }
  [[nodiscard]] index_t count() const { return count_; }
  /// Whether the result of that number was enqueued, and not overwritten since.
  [[nodiscard]] bool holds(index_t number) const { return number >= 0 && number < count_ && number >= count_ - Slots; }
  /// Returns when a result that it holds is there.
  [[nodiscard]] T const& wait(Backend const& be, index_t number) const {
    copied_[slot(number)].wait(be);
    return numbers_.data()[number % Slots];
  }
  /// Whether `wait` would return at once.
  [[nodiscard]] bool completed(Backend const& be, index_t number) const { return copied_[slot(number)].completed(be); }

 private:
  static std::size_t slot(index_t number) { return static_cast<std::size_t>(number % Slots); }
  host_buffer<Backend, T> numbers_;
  std::array<ops::event_of<Backend>, static_cast<std::size_t>(Slots)> copied_;
  index_t count_ = 0;
};

}  // namespace s2rm
