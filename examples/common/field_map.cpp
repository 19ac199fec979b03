#include "field_map.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace examples {
namespace {

constexpr colour ink{0x22, 0x22, 0x22};
constexpr colour paper{0xff, 0xff, 0xff};

/// Bilinear between the centres of cells; a NaN corner that counts makes the answer NaN.
double sample(field_map const& map, double column, double row) {
  column = std::clamp(column, 0.0, map.columns - 1.0);
  row = std::clamp(row, 0.0, map.rows - 1.0);
  auto const left = std::min(static_cast<int>(column), std::max(map.columns - 2, 0));
  auto const top = std::min(static_cast<int>(row), std::max(map.rows - 2, 0));
  double sum = 0;
  auto const add = [&](int c, int r, double weight) {
    if (weight > 0) {  // 0 * NaN would spread a gap beyond its cell
      sum +=
          weight *
          map.values[static_cast<std::size_t>(r) * static_cast<std::size_t>(map.columns) + static_cast<std::size_t>(c)];
    }
  };
  auto const across = column - left;
  auto const down = row - top;
  add(left, top, (1 - across) * (1 - down));
  add(left + 1, top, across * (1 - down));
  add(left, top + 1, (1 - across) * down);
  add(left + 1, top + 1, across * down);
  return sum;
}

std::string short_number(double value, double range) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", std::abs(value) < 1e-9 * range ? 0.0 : value);
  return text;
}

void diamond(image& picture, double x, double y, int radius, colour c) {
  for (int i = -radius; i <= radius; ++i) {
    auto const half = radius - std::abs(i);
    picture.fill(static_cast<int>(std::lround(x)) - half, static_cast<int>(std::lround(y)) + i, 2 * half + 1, 1, c);
  }
}

void draw_dot(image& picture, field_map const& map, field_dot const& dot, int left, int top, int pixels, int scale) {
  auto const x = left + (dot.x / map.reach + 1) / 2 * pixels - 0.5;
  auto const y = top + (1 - dot.y / map.reach) / 2 * pixels - 0.5;
  auto const radius = 4.0 * scale;
  auto const range = map.high - map.low;
  auto const inside = viridis(range > 0 ? (dot.value - map.low) / range : 0.5);
  if (dot.hidden) {
    diamond(picture, x, y, static_cast<int>(radius) + 3, paper);
    diamond(picture, x, y, static_cast<int>(radius) + 2, ink);
    if (!std::isnan(dot.value)) {
      diamond(picture, x, y, static_cast<int>(radius), inside);
    }
  } else {
    picture.disc(x, y, radius + 1.5, paper);
    picture.disc(x, y, radius + 0.5, ink);
    picture.disc(x, y, radius - 0.8, std::isnan(dot.value) ? paper : inside);
  }
  if (!dot.label.empty()) {
    auto const at_x = static_cast<int>(x + radius) + 4;
    auto const at_y = static_cast<int>(y) - 3 * scale;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        picture.text(at_x + dx, at_y + dy, dot.label, paper, scale);  // a halo, readable on every colour
      }
    }
    picture.text(at_x, at_y, dot.label, ink, scale);
  }
}

}  // namespace

image draw(field_map const& map, int pixels) {
  if (map.rows <= 0 || map.columns <= 0 ||
      map.values.size() != static_cast<std::size_t>(map.rows) * static_cast<std::size_t>(map.columns)) {
    throw std::runtime_error{"field map: expected rows * columns = " + std::to_string(map.rows * map.columns) +
                             " values, found " + std::to_string(map.values.size())};
  }
  auto const scale = std::max(1, pixels / 320);
  auto const head = map.title.empty() ? 0 : 20 * scale;
  auto const side = map.colour_bar ? 58 * scale : 0;
  image picture{pixels + side, pixels + head, paper};
  auto const title_scale = image::text_width(map.title, 2 * scale) <= pixels + side ? 2 * scale : scale;
  picture.text(0, std::max(0, head - 2 - 7 * title_scale) / 2, map.title, ink, map.title.empty() ? 1 : title_scale);
  auto const range = map.high - map.low;
  for (int y = 0; y < pixels; ++y) {
    for (int x = 0; x < pixels; ++x) {
      auto const value = sample(map, (x + 0.5) / pixels * map.columns - 0.5, (y + 0.5) / pixels * map.rows - 0.5);
      picture.at(x, y + head) = viridis(range > 0           ? (value - map.low) / range
                                        : std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                                                            : 0.5);
    }
  }
  for (auto const& dot : map.dots) {
    draw_dot(picture, map, dot, 0, head, pixels, scale);
  }
  if (map.colour_bar) {
    auto const x = pixels + 8 * scale;
    auto const bar = pixels - 24 * scale;
    for (int y = 0; y < bar; ++y) {
      picture.fill(x, head + y, 12 * scale, 1, viridis(1.0 - (y + 0.5) / bar));
    }
    for (int tick = 0; tick <= 4; ++tick) {
      auto const y = head + bar - 1 - tick * (bar - 1) / 4;
      picture.fill(x + 12 * scale, y, 3 * scale, 1, ink);
      auto const text_y = std::clamp(y - 3 * scale, head, head + pixels - 8 * scale);
      picture.text(x + 17 * scale, text_y, short_number(map.low + range * tick / 4, range), ink, scale);
    }
    auto const x_unit = std::min(x, pixels + side - image::text_width(map.unit, scale));
    picture.text(std::max(x_unit, 0), head + bar + 10 * scale, map.unit, ink, scale);
  }
  return picture;
}

}  // namespace examples
