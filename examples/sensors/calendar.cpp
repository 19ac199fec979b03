#include "calendar.hpp"

#include <chrono>
#include <cstdio>

namespace sensors {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

time_stamp floor_day(time_stamp time) {
  auto const rest = time % seconds_per_day;
  return time - (rest < 0 ? rest + seconds_per_day : rest);
}

/// Reads exactly `digits` digits and moves on.
std::optional<int> take(std::string_view& text, int digits) {
  int value = 0;
  if (text.size() < static_cast<std::size_t>(digits)) {
    return std::nullopt;
  }
  for (int i = 0; i < digits; ++i) {
    auto const c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = 10 * value + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(digits));
  return value;
}

bool take(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text.front()) == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

time_stamp midnight(civil_date date) {
  auto const days =
      sys_days{year{date.year} / month{static_cast<unsigned>(date.month)} / day{static_cast<unsigned>(date.day)}};
  return time_stamp{days.time_since_epoch().count()} * seconds_per_day;
}

civil_date date_of(time_stamp time) {
  auto const days = std::chrono::days{floor_day(time) / seconds_per_day};
  auto const date = year_month_day{sys_days{days}};
  return {int{date.year()}, static_cast<int>(unsigned{date.month()}), static_cast<int>(unsigned{date.day()})};
}

int day_of_year(time_stamp time) {
  auto const first = midnight({date_of(time).year, 1, 1});
  return static_cast<int>((floor_day(time) - first) / seconds_per_day) + 1;
}

std::optional<time_stamp> parse_time(std::string_view text) {
  auto const y = take(text, 4);
  if (!y || !take(text, "-")) {
    return std::nullopt;
  }
  auto const m = take(text, 2);
  if (!m || !take(text, "-")) {
    return std::nullopt;
  }
  auto const d = take(text, 2);
  if (!d || !(year{*y} / month{static_cast<unsigned>(*m)} / day{static_cast<unsigned>(*d)}).ok()) {
    return std::nullopt;
  }
  auto time = midnight({*y, *m, *d});
  if (take(text, "T ")) {
    auto const hour = take(text, 2);
    auto const colon = take(text, ":");
    auto const minute = colon ? take(text, 2) : std::nullopt;
    if (!hour || !minute || *hour > 23 || *minute > 59) {
      return std::nullopt;
    }
    time += *hour * 3600 + *minute * 60;
    if (take(text, ":")) {
      auto const second = take(text, 2);
      if (!second || *second > 59) {
        return std::nullopt;
      }
      time += *second;
    }
    take(text, "Z");
  }
  return text.empty() ? std::optional{time} : std::nullopt;
}

std::string time_text(time_stamp time) {
  auto const date = date_of(time);
  auto const rest = static_cast<int>(time - floor_day(time));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", date.year, date.month, date.day);
  auto result = std::string{text};
  if (rest != 0) {
    std::snprintf(text, sizeof text, "T%02d:%02d:%02d", rest / 3600, rest / 60 % 60, rest % 60);
    result += text;
  }
  return result;
}

}  // namespace sensors
