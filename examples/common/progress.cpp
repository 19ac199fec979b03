#include "progress.hpp"

#include "ranks.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace examples {

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) {
    return "?";
  }
  auto const whole = static_cast<long>(std::lround(seconds));
  char text[48];
  if (whole < 60) {
    std::snprintf(text, sizeof text, "%ld s", whole);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
  }
  return text;
}

progress::progress(std::string label_, std::int64_t total_, std::string unit_, std::int64_t before_,
                   double quiet_seconds_)
    : label{std::move(label_)},
      total{total_},
      unit{std::move(unit_)},
      before{before_},
      quiet_seconds{quiet_seconds_},
      terminal{isatty(STDERR_FILENO) != 0},
      start{clock::now()},
      last_drawn{start} {}

progress::~progress() { finish(); }

void progress::update(std::int64_t done, std::string_view note) {
  last_done = done;
  last_note = note;
  auto const now = clock::now();
  auto const since = std::chrono::duration<double>(now - (shown ? last_drawn : start)).count();
  auto const wait = !shown ? quiet_seconds : terminal ? 0.1 : 10.0;
  if (since >= wait && ranks::first()) {
    draw(now);
  }
}

void progress::finish() {
  if (finished) {
    return;
  }
  finished = true;
  if (shown) {
    draw(clock::now());
    if (terminal) {
      std::fputc('\n', stderr);
    }
  }
}

void progress::draw(clock::time_point now) {
  auto const seconds = std::chrono::duration<double>(now - start).count();
  auto const text = line(label, last_done, total, unit, seconds, last_note, before);
  if (terminal) {
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());  // erase what a longer line left behind
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
  shown = true;
  last_drawn = now;
}

std::string progress::line(std::string_view label, std::int64_t done, std::int64_t total, std::string_view unit,
                           double seconds, std::string_view note, std::int64_t before) {
  auto text = std::string{label};
  auto const rate = seconds > 0 ? static_cast<double>(done - before) / seconds : 0.0;
  char part[96];
  if (total > 0) {
    auto const share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
    constexpr int width = 24;
    auto const filled = static_cast<std::size_t>(std::lround(share * width));
    text += " [" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
    std::snprintf(part, sizeof part, " %3.0f %% %lld/%lld %.*s", 100 * share, static_cast<long long>(done),
                  static_cast<long long>(total), static_cast<int>(unit.size()), unit.data());
  } else {
    std::snprintf(part, sizeof part, " %lld %.*s", static_cast<long long>(done), static_cast<int>(unit.size()),
                  unit.data());
  }
  text += part;
  std::snprintf(part, sizeof part, rate >= 100 ? ", %.0f/s" : rate >= 1 ? ", %.1f/s" : ", %.3f/s", rate);
  text += part;
  if (total > 0 && done >= total) {
    text += ", took " + duration_text(seconds);
  } else if (total > 0 && rate > 0) {
    text += ", " + duration_text(static_cast<double>(total - done) / rate) + " left";
  }
  if (!note.empty()) {
    text += ", ";
    text += note;
  }
  return text;
}

}  // namespace examples
