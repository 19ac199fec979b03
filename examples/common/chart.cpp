#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "report.hpp"

namespace examples::report {
namespace {

constexpr double width = 860, left = 64, right = 16, top = 34, plot_height = 280, bottom = 44;

struct range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double x) {
    if (std::isfinite(x)) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  void settle(double margin) {
    if (!(low <= high)) {
      low = 0;
      high = 1;
    }
    auto const size = high - low;
    auto const extra = size > 0 ? margin * size : std::max(std::abs(low) * 0.1, 1e-12);
    low -= size > 0 || margin > 0 ? extra : 0;
    high += size > 0 && margin == 0 ? 0 : extra;
  }
};

std::string text_of(double value, char const* format = "%.1f") {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Steps of 1, 2 or 5 times a power of ten, at most `most` of them.
std::vector<double> round_ticks(range const& r, int most) {
  auto const rough = (r.high - r.low) / most;
  auto const power = std::pow(10.0, std::floor(std::log10(rough)));
  auto const share = rough / power;
  auto const step = power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  std::vector<double> ticks;
  for (auto i = std::ceil(r.low / step - 1e-9); i * step <= r.high + 1e-9 * step; ++i) {
    ticks.push_back(i * step);
  }
  return ticks;
}

struct frame {
  range x;
  range y;
  bool log_y;
  [[nodiscard]] double value(double v) const {
    return !log_y ? v : v > 0 ? std::log10(v) : std::numeric_limits<double>::quiet_NaN();
  }
  [[nodiscard]] double across(double v) const { return left + (v - x.low) / (x.high - x.low) * (width - left - right); }
  [[nodiscard]] double down(double v) const { return top + (y.high - value(v)) / (y.high - y.low) * plot_height; }
  [[nodiscard]] std::string point(double a, double b) const { return text_of(across(a)) + ',' + text_of(down(b)); }
};

void check(chart const& source, line const& one) {
  auto const n = one.x.size();
  auto const band = one.low.empty() && one.high.empty();
  if (one.y.size() != n || (!band && (one.low.size() != n || one.high.size() != n))) {
    throw std::runtime_error{"chart '" + source.title + "', line '" + one.label +
                             "': x, y, low and high must have one length, found " + std::to_string(n) + ", " +
                             std::to_string(one.y.size()) + ", " + std::to_string(one.low.size()) + ", " +
                             std::to_string(one.high.size())};
  }
}

/// A band falls into pieces where a bound is not finite.
std::string band(frame const& f, line const& one, std::string const& colour) {
  std::string out;
  for (std::size_t i = 0; i < one.low.size();) {
    auto end = i;
    while (end < one.low.size() && std::isfinite(f.value(one.low[end])) && std::isfinite(f.value(one.high[end]))) {
      ++end;
    }
    if (end > i) {
      out += "<polygon fill=\"" + colour + "\" fill-opacity=\".18\" points=\"";
      for (auto k = i; k < end; ++k) {
        out += f.point(one.x[k], one.high[k]) + ' ';
      }
      for (auto k = end; k-- > i;) {
        out += f.point(one.x[k], one.low[k]) + ' ';
      }
      out += "\"/>";
    }
    i = end + 1;
  }
  return out;
}

std::string curve(frame const& f, line const& one, std::string const& colour) {
  std::string out;
  std::string path;
  auto pen_down = false;
  for (std::size_t i = 0; i < one.x.size(); ++i) {
    auto const good = std::isfinite(f.value(one.y[i])) && std::isfinite(one.x[i]);
    if (good && one.dots) {
      out += "<circle r=\"2.4\" fill=\"" + colour + "\" cx=\"" + text_of(f.across(one.x[i])) + "\" cy=\"" +
             text_of(f.down(one.y[i])) + "\"/>";
    } else if (good) {
      path += (pen_down ? " L" : " M") + f.point(one.x[i], one.y[i]);
    }
    pen_down = good;
  }
  if (!path.empty()) {
    out += "<path fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\" stroke=\"" + colour + "\"" +
           (one.dashed ? " stroke-dasharray=\"6 4\"" : "") + " d=\"" + path.substr(1) + "\"/>";
  }
  return out;
}

}  // namespace

std::string svg(chart const& source) {
  frame f{{}, {}, source.log_y};
  for (auto const& one : source.lines) {
    check(source, one);
    for (std::size_t i = 0; i < one.x.size(); ++i) {
      f.x.take(one.x[i]);
      f.y.take(f.value(one.y[i]));
      if (!one.low.empty()) {
        f.y.take(f.value(one.low[i]));
        f.y.take(f.value(one.high[i]));
      }
    }
  }
  f.x.settle(0);
  f.y.settle(0.05);
  auto const foot = top + plot_height;
  auto const legend_rows = (source.lines.size() + 3) / 4;
  auto const height = foot + bottom + 18.0 * static_cast<double>(legend_rows);
  auto out = "<svg viewBox=\"0 0 " + text_of(width, "%.0f") + ' ' + text_of(height, "%.0f") +
             "\" role=\"img\" aria-label=\"" + escape(source.title) + "\"><text class=\"title\" x=\"" + text_of(left) +
             "\" y=\"16\">" + escape(source.title) + "</text>";
  for (auto const tick : round_ticks(f.y, 6)) {
    auto const y = text_of(foot - (tick - f.y.low) / (f.y.high - f.y.low) * plot_height);
    out += "<line class=\"grid\" x1=\"" + text_of(left) + "\" x2=\"" + text_of(width - right) + "\" y1=\"" + y +
           "\" y2=\"" + y + "\"/><text text-anchor=\"end\" dy=\".35em\" x=\"" + text_of(left - 6) + "\" y=\"" + y +
           "\">" +
           text_of(source.log_y             ? std::pow(10.0, tick)
                   : std::abs(tick) < 1e-12 ? 0.0
                                            : tick,
                   "%.4g") +
           "</text>";
  }
  auto ticks = source.x_ticks;
  if (ticks.empty()) {
    for (auto const tick : round_ticks(f.x, 10)) {
      ticks.emplace_back(tick, text_of(std::abs(tick) < 1e-12 ? 0.0 : tick, "%.6g"));
    }
  }
  for (auto const& [at, label] : ticks) {
    out += "<text text-anchor=\"middle\" x=\"" + text_of(f.across(at)) + "\" y=\"" + text_of(foot + 16) + "\">" +
           escape(label) + "</text>";
  }
  out += "<text text-anchor=\"middle\" x=\"" + text_of((left + width - right) / 2) + "\" y=\"" + text_of(foot + 34) +
         "\">" + escape(source.x_label) + "</text><text text-anchor=\"middle\" transform=\"translate(14 " +
         text_of(top + plot_height / 2) + ") rotate(-90)\">" + escape(source.y_label) + "</text>";
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    out += band(f, source.lines[i], hex(line_colour(i)));
  }
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    auto const colour = hex(line_colour(i));
    auto const x = left + static_cast<double>(i % 4) * (width - left - right) / 4;
    auto const line_number = i / 4;
    auto const y = foot + bottom + 18.0 * static_cast<double>(line_number) + 4;
    out += curve(f, source.lines[i], colour);
    out += "<rect width=\"14\" height=\"4\" fill=\"" + colour + "\" x=\"" + text_of(x) + "\" y=\"" + text_of(y) +
           "\"/><text dy=\".35em\" x=\"" + text_of(x + 20) + "\" y=\"" + text_of(y + 2) + "\">" +
           escape(source.lines[i].label) + "</text>";
  }
  return out + "</svg>";
}

std::string svg_file(chart const& source) {
  static constexpr char const* head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" style=\"background:#fff;font:12px sans-serif\" ";
  auto text = svg(source);
  text.replace(0, 5, head);
  text.insert(text.find('>') + 1, "<style>.grid{stroke:#d9dee3}.title{font-weight:600;font-size:14px}</style>");
  return text + "\n";
}

}  // namespace examples::report
