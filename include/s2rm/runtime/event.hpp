#pragma once
/// \file
/// Events: points in the work that was enqueued on a backend, which the host can wait for or query (`record_event`,
/// `wait`, `completed` of ops/capabilities.hpp). A backend without events has completed all work when a call returns: every event is
/// completed.

#include "s2rm/ops/capabilities.hpp"

namespace s2rm::ops {

/// Backends whose calls return before their work is done.
template <class B>
concept has_events = capabilities<B>::events;

/// One event; before the first `set` it is completed.
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

}  // namespace s2rm::ops
