#include "calendar.hpp"

#include <charconv>
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

std::optional<written_time> read_time(std::string_view text) {
  bool fits = true;
  // Exactly this many digits from the front.
  auto const digits = [&](int count) {
    int value = 0;
    for (; count > 0; --count) {
      fits = fits && !text.empty() && text.front() >= '0' && text.front() <= '9';
      if (!fits) return 0;
      value = 10 * value + (text.front() - '0');
      text.remove_prefix(1);
    }
    return value;
  };
  auto const take = [&](std::string_view any) {
    if (text.empty() || any.find(text.front()) == std::string_view::npos) return '\0';
    auto const found = text.front();
    text.remove_prefix(1);
    return found;
  };
  civil_date date{digits(4)};
  auto const separator = take("-/");
  auto whole_day = false;
  if (separator != '\0') {
    date.month = digits(2);
    whole_day = text.starts_with(separator);
    if (whole_day) {
      text.remove_prefix(1);
      date.day = digits(2);
    }
  }
  // 2020/01 may be a fraction, 2020-01 is not.
  if (!fits || !calendar_date(date).ok() || (separator == '/' && !whole_day)) return std::nullopt;
  written_time result{midnight(date), false};
  if (text.empty()) return result;
  if (!whole_day || take("T ") == '\0') return std::nullopt;

  auto const hour = digits(text.find(':') == 1 ? 1 : 2), minute = take(":") != '\0' ? digits(2) : 0;
  auto const with_seconds = minute >= 0 && take(":") != '\0';
  auto const second = with_seconds ? digits(2) : 0;
  auto rounded = 0;
  if (with_seconds && take(".,") != '\0') {
    rounded = digits(1) >= 5 ? 1 : 0;
    while (take("0123456789") != '\0') continue;
  }
  // 60 is a leap second.
  if (!fits || minute > 59 || second > 60 || hour > 24 || (hour == 24 && minute + second + rounded > 0))
    return std::nullopt;
  result.utc += hour * 3600 + minute * 60 + second + rounded;

  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty()) return result;
  result.zoned = true;
  if (text == "Z" || text == "z" || text == "UTC" || text == "GMT") return result;
  auto const sign = take("+-");
  if (sign == '\0') return std::nullopt;
  auto const hours = digits(2), minutes = text.empty() ? 0 : (static_cast<void>(take(":")), digits(2));
  if (!fits || !text.empty() || hours > 15 || minutes > 59) return std::nullopt;
  result.utc -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return result;
}

std::optional<time_stamp> parse_time(std::string_view text) {
  auto const time = read_time(text);
  return time ? std::optional{time->utc} : std::nullopt;
}

time_stamp time_step::after(time_stamp first, std::int64_t count) const {
  if (months == 0) return first + count * seconds;
  auto const date = date_of(first);
  auto const month = date.year * std::int64_t{12} + date.month - 1 + count * months;
  auto const year = (month >= 0 ? month : month - 11) / 12;
  return midnight({static_cast<int>(year), static_cast<int>(month - 12 * year) + 1, 1});
}

double time_step::position(time_stamp time) const {
  if (months == 0) {
    auto const whole = time / seconds;  // apart: a double has not the digits for seconds of thousands of years
    return static_cast<double>(whole) + static_cast<double>(time - whole * seconds) / static_cast<double>(seconds);
  }
  auto const date = date_of(time);
  auto const month = (date.year - 1970) * std::int64_t{12} + date.month - 1;
  auto const whole = month >= 0 ? month / months : -((months - 1 - month) / months);
  auto const begin = of_months(months).after(0, whole), end = of_months(months).after(0, whole + 1);
  return static_cast<double>(whole) + static_cast<double>(time - begin) / static_cast<double>(end - begin);
}

namespace {

struct named_step {
  char const* name;
  time_step step;
};

named_step const named_steps[] = {{"year", time_step::of_months(12)},  {"month", time_step::of_months(1)},
                                  {"d", time_step::of_seconds(86400)}, {"h", time_step::of_seconds(3600)},
                                  {"min", time_step::of_seconds(60)},  {"s", time_step::of_seconds(1)}};

}  // namespace

std::optional<time_step> parse_step(std::string_view text) {
  int count = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  auto const unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || count < 1 || count > 1'000'000) return std::nullopt;
  for (auto const& one : named_steps) {
    if (unit != one.name) continue;
    if (one.step.months == 0) return time_step::of_seconds(count * one.step.seconds);
    if (count <= 12'000) return time_step::of_months(count * one.step.months);
  }
  return std::nullopt;
}

std::string step_text(time_step step) {
  for (auto const& one : named_steps) {
    auto const whole = step.months > 0 ? step.months : step.seconds;
    auto const unit = step.months > 0 ? one.step.months : one.step.months > 0 ? 0 : one.step.seconds;
    if (unit > 0 && whole % unit == 0) return std::to_string(whole / unit) + " " + one.name;
  }
  return std::to_string(step.seconds) + " s";
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
