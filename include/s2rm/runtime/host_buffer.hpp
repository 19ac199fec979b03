#pragma once
/// \file
/// Memory of the host that a backend copies from and to, and copies that the host need not wait for.

#include <algorithm>
#include <utility>
#include <vector>

#include "s2rm/ops/capabilities.hpp"

namespace s2rm {

namespace ops {

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

template <class Backend, class T>
using host_block = host_buffer<Backend, T>;

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
      buffer_.resize(be, std::max(n, written));
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

}  // namespace s2rm
