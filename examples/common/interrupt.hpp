#pragma once

namespace examples {

/// Turns the first Ctrl-C (SIGINT), SIGTERM or SIGUSR1 into a flag, so that a loop can end after its current step and leave
/// a valid checkpoint. A second signal ends the program at once, as without the handler. One object per program.
class interrupt {
 public:
  interrupt();
  ~interrupt();
  interrupt(interrupt const&) = delete;
  interrupt& operator=(interrupt const&) = delete;

  /// True once a signal has arrived; async-signal-safe, cheap enough to ask in every step.
  [[nodiscard]] static bool requested() noexcept;

  /// Forgets an earlier signal (for tests and for programs that run several tasks).
  static void clear() noexcept;

  /// Exit status a shell expects of a program ended by Ctrl-C.
  static constexpr int exit_status = 130;
};

}  // namespace examples
