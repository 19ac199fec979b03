#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace examples {

/// Progress of one long task on stderr: bar, count, rate and time left.
/// On a terminal one line is redrawn at most ten times a second; elsewhere (a log file) a plain line is written every
/// ten seconds. Nothing is shown for a task shorter than `quiet_seconds`, so short tasks stay silent. Of several ranks
/// the first one draws.
class progress {
 public:
  /// `total` steps; 0 or less means unknown (no bar, no time left). `unit` names one step, for example "steps".
  /// `before` of them were done earlier, by the run that this one goes on from: they count as done, not for the rate.
  progress(std::string label, std::int64_t total, std::string unit = "steps", std::int64_t before = 0,
           double quiet_seconds = 1.0);
  ~progress();
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;

  /// `done` steps are behind us; `note` is shown at the end of the line, for example "loss 0.42".
  void update(std::int64_t done, std::string_view note = {});

  /// Ends the line. Called by the destructor; calling it twice does nothing.
  void finish();

  /// The text of one line without colours or cursor movements (what a test can look at).
  [[nodiscard]] static std::string line(std::string_view label, std::int64_t done, std::int64_t total,
                                        std::string_view unit, double seconds, std::string_view note,
                                        std::int64_t before = 0);

 private:
  using clock = std::chrono::steady_clock;
  std::string label;
  std::int64_t total;
  std::string unit;
  std::int64_t before;
  double quiet_seconds;
  bool terminal;
  bool shown = false;
  bool finished = false;
  std::int64_t last_done = 0;
  std::string last_note;
  clock::time_point start;
  clock::time_point last_drawn;

  void draw(clock::time_point now);
};

/// "47 s", "3 min 05 s", "2 h 10 min".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace examples
