#include "calendar.hpp"

#include <chrono>
#include <cstdio>

namespace sensors {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

sys_seconds point(time_stamp time) { return sys_seconds{std::chrono::seconds{time}}; }
sys_days day_of(time_stamp time) { return std::chrono::floor<days>(point(time)); }

year_month_day calendar_date(civil_date date) { return std::chrono::year{date.year} / date.month / date.day; }

}  // namespace

time_stamp midnight(civil_date date) { return sys_seconds{sys_days{calendar_date(date)}}.time_since_epoch().count(); }

civil_date date_of(time_stamp time) {
  year_month_day const date{day_of(time)};
  return {int{date.year()}, static_cast<int>(unsigned{date.month()}), static_cast<int>(unsigned{date.day()})};
}

int day_of_year(time_stamp time) {
  auto const first = sys_days{calendar_date({date_of(time).year, 1, 1})};
  return static_cast<int>((day_of(time) - first).count()) + 1;
}

std::optional<time_stamp> parse_time(std::string_view text) {
  constexpr std::size_t date_only = 10, minutes = 16, seconds = 19;
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (text.size() > date_only + 1 && text.back() == 'Z') text.remove_suffix(1);
  if (text.size() != date_only && text.size() != minutes && text.size() != seconds) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const digit = text[i] >= '0' && text[i] <= '9';
    bool const fits = form[i] == '0' ? digit : text[i] == form[i] || (form[i] == 'T' && text[i] == ' ');
    if (!fits) return std::nullopt;
  }
  auto const number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (auto const c : text.substr(at, digits)) value = 10 * value + (c - '0');
    return value;
  };
  civil_date const date{number(0, 4), number(5, 2), number(8, 2)};
  if (!calendar_date(date).ok()) return std::nullopt;
  if (text.size() == date_only) return midnight(date);
  auto const hour = number(11, 2), minute = number(14, 2), second = text.size() == seconds ? number(17, 2) : 0;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return midnight(date) + hour * 3600 + minute * 60 + second;
}

std::string time_text(time_stamp time) {
  auto const date = date_of(time);
  std::chrono::hh_mm_ss const clock{point(time) - day_of(time)};
  char text[48];
  auto length = std::snprintf(text, sizeof text, "%04d-%02d-%02d", date.year, date.month, date.day);
  if (clock.to_duration().count() != 0) {
    length += std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), "T%02d:%02d:%02d",
                            static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                            static_cast<int>(clock.seconds().count()));
  }
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace sensors
