#pragma once
/// \file
/// Transfers between host and backend: events, copies that the host need not wait for, host memory for them, and
/// results that travel to the host while later work is already enqueued. Where host and backend share memory nothing is
/// copied, and where calls return when their work is done nothing is waited for.

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN

namespace ops {

/// Backends whose calls return before their work is done.
template <class B> concept has_events = capabilities<B>::events;

/// A point in the work that was enqueued on a backend. Before the first `set`, and on a backend without events, it is
/// completed.
template <class B>
class event_of {
 public:
  /// Records: the event stands for all work enqueued so far.
  void set(B& be) {
    if constexpr (has_events<B>) be.record_event(event_);
    recorded_ = true;
  }
  /// Returns when that work is done.
  void wait(B const& be) const {
    if constexpr (has_events<B>) {
      if (recorded_) be.wait(event_);
    }
  }
  /// Whether that work is done.
  [[nodiscard]] bool completed(B const& be) const {
    if constexpr (has_events<B>) {
      return !recorded_ || be.completed(event_);
    } else {
      return true;
    }
  }

 private:
  struct none {};
  template <class Backend>
  struct type_of {
    using type = none;
  };
  template <has_events Backend>
  struct type_of<Backend> {
    using type = typename Backend::event;
  };
  typename type_of<B>::type event_{};
  bool recorded_ = false;
};

/// `copy_in` that may return before the copy is done: the source stays as it is until an event recorded later is
/// completed, and lies in a `host_buffer`. Where the backend has no asynchronous copies, the copy is done at once.
template <class B, class T>
void copy_in_later(B& be, index_t n, T const* from, T* to) {
  if constexpr (capabilities<B, T>::deferred_copy_in) {
    be.copy_in_later(n, from, to);
  } else {
    be.copy_in(n, from, to);
  }
}

/// `copy_out` that may return before the copy is done: it is done when an event recorded later is completed, or after
/// `wait`. The target lies in a `host_buffer`.
template <class B, class T>
void copy_out_later(B& be, index_t n, T const* from, T* to) {
  if constexpr (capabilities<B, T>::deferred_copy_out) {
    be.copy_out_later(n, from, to);
  } else {
    be.copy_out(n, from, to);
  }
}

}  // namespace ops

/// Host memory for copies: page-locked where the backend allocates such memory (`allocate_host<T>(n)`).
template <class Backend, class T>
class host_buffer {
 public:
  /// Room for n numbers. Allocates where that is more than ever before; the contents are undefined then.
  void resize(Backend& be, index_t n) {
    if (n <= size_) return;
    if constexpr (ops::capabilities<Backend, T>::pinned_memory) {
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
    requires ops::capabilities<B, T>::pinned_memory
  struct memory_of<B> {
    using type = decltype(std::declval<B&>().template allocate_host<T>(index_t{}));
  };
  typename memory_of<Backend>::type memory_{};
  index_t size_ = 0;
};

/// A function of the host on numbers of the backend: it works on them where they are if memory is shared, else on a
/// copy.
template <class Backend, class T>
class host_function {
 public:
  /// f(from, to) on the host, `from` (n) being backend memory; of what it writes, the first `written` numbers are in
  /// `to` afterwards, in backend memory. `to` may be `from`. On a copy, f is given one buffer for both.
  template <class F>
  void operator()(Backend& be, index_t n, T* from, index_t written, T* to, F const& f) {
    if constexpr (ops::host_memory<Backend>) {
      f(from, to);
    } else {
      buffer_.resize(be, (std::max)(n, written));
      be.copy_out(n, from, buffer_.data());
      f(buffer_.data(), buffer_.data());
      be.copy_in(written, buffer_.data(), to);
    }
  }
  template <class F>
  void operator()(Backend& be, index_t n, T* x, F const& f) {
    (*this)(be, n, x, n, x, [&f](T*, T* numbers) { f(numbers); });
  }

 private:
  host_buffer<Backend, T> buffer_;
};

/// Calls f(numbers) with x (n), backend memory, where the host can read it: x itself if memory is shared, else a copy.
template <class Backend, class T, class F>
auto on_host(Backend const& be, index_t n, T const* x, F const& f) {
  if constexpr (ops::host_memory<Backend>) {
    return f(x);
  } else {
    std::vector<T> copy(static_cast<std::size_t>(n));
    be.copy_out(n, x, copy.data());
    return f(static_cast<T const*>(copy.data()));
  }
}

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

S2RM_NAMESPACE_END
