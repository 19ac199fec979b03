#pragma once
/// \file
/// Results on their way from a backend to the host, read while later work is already enqueued.

#include <array>
#include <cstddef>

#include "s2rm/runtime/event.hpp"
#include "s2rm/runtime/host_buffer.hpp"

namespace s2rm {

/// The results of the last `Slots` of a series of steps, numbered 0, 1, ...; each is copied, for the backend's memory
/// has room for one.
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
