#pragma once
/// \file
/// Points in what a backend was asked for, for hosts that do not wait at every step (`record_event`, `copy_out_later` of
/// ops.hpp). A backend without them has done everything when a call returns.

#include "s2rm/ops/ops.hpp"

namespace s2rm::ops {

/// Backends that are asked now and do later.
template <class B>
concept has_events = requires(B& be, B const& same, typename B::event& m) {
  be.record_event(m);
  same.wait(m);
  { same.completed(m) } -> std::convertible_to<bool>;
};

/// What was asked for before `set`.
template <class B>
class event_of {
 public:
  void set(B& be) {
    if constexpr (has_events<B>) be.record_event(event_);
    set_ = true;
  }
  /// Returns when it is done; at once where nothing was marked.
  void wait(B const& be) const {
    if constexpr (has_events<B>) {
      if (set_) be.wait(event_);
    }
  }
  /// Whether it is done.
  [[nodiscard]] bool completed(B const& be) const {
    if constexpr (has_events<B>) {
      return !set_ || be.completed(event_);
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
  bool set_ = false;
};

/// `copy_in` that need not be done when it returns: the host's memory stays as it is until a later mark is passed, and is
/// that of `allocate_host`, where there is one.
template <class B, class T>
void copy_in_later(B& be, index_t n, T const* from, T* to) {
  if constexpr (requires { be.copy_in_later(n, from, to); }) {
    be.copy_in_later(n, from, to);
  } else {
    be.copy_in(n, from, to);
  }
}

/// `copy_out` that need not be done when it returns, but with everything else that a later mark stands for, or `wait`. The
/// host's memory is that of `allocate_host`, where there is one.
template <class B, class T>
void copy_out_later(B& be, index_t n, T const* from, T* to) {
  if constexpr (requires { be.copy_out_later(n, from, to); }) {
    be.copy_out_later(n, from, to);
  } else {
    be.copy_out(n, from, to);
  }
}

}  // namespace s2rm::ops
