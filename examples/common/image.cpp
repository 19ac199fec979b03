#include "image.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "font.hpp"

namespace examples {

image::image(int width_, int height_, colour fill_)
    : width{width_},
      height{height_},
      pixels(static_cast<std::size_t>(std::max(width_, 0)) * static_cast<std::size_t>(std::max(height_, 0)), fill_) {}

void image::put(int x, int y, colour c) {
  if (x >= 0 && y >= 0 && x < width && y < height) {
    at(x, y) = c;
  }
}

void image::fill(int x, int y, int w, int h, colour c) {
  for (int row = std::max(y, 0); row < std::min(y + h, height); ++row) {
    for (int column = std::max(x, 0); column < std::min(x + w, width); ++column) {
      at(column, row) = c;
    }
  }
}

namespace {

/// Blends c over the pixels where `cover(distance from the centre)` is positive: one-pixel soft edges.
template <class Cover>
void round_shape(image& picture, double x, double y, double reach, colour c, Cover const& cover) {
  for (int row = static_cast<int>(std::floor(y - reach)); row <= static_cast<int>(std::ceil(y + reach)); ++row) {
    for (int column = static_cast<int>(std::floor(x - reach)); column <= static_cast<int>(std::ceil(x + reach));
         ++column) {
      if (row >= 0 && column >= 0 && row < picture.height && column < picture.width) {
        auto const share = std::clamp(cover(std::hypot(column - x, row - y)), 0.0, 1.0);
        picture.at(column, row) = mix(picture.at(column, row), c, share);
      }
    }
  }
}

}  // namespace

void image::disc(double x, double y, double radius, colour c) {
  round_shape(*this, x, y, radius + 1, c, [=](double d) { return radius + 0.5 - d; });
}

void image::ring(double x, double y, double radius, double thickness, colour c) {
  round_shape(*this, x, y, radius + thickness + 1, c,
              [=](double d) { return thickness / 2 + 0.5 - std::abs(d - radius); });
}

void image::text(int x, int y, std::string_view words, colour c, int scale) {
  for (auto const letter : words) {
    auto const& columns = font::glyph(letter);
    for (int i = 0; i < font::width; ++i) {
      for (int j = 0; j < font::height; ++j) {
        if (columns[static_cast<std::size_t>(i)] >> j & 1) {
          fill(x + i * scale, y + j * scale, scale, scale, c);
        }
      }
    }
    x += (font::width + 1) * scale;
  }
}

void image::paste(int x, int y, image const& other) {
  for (int row = 0; row < other.height; ++row) {
    for (int column = 0; column < other.width; ++column) {
      put(x + column, y + row, other.at(column, row));
    }
  }
}

image enlarge(image const& source, int factor) {
  image result{source.width * factor, source.height * factor};
  for (int row = 0; row < result.height; ++row) {
    for (int column = 0; column < result.width; ++column) {
      result.at(column, row) = source.at(column / factor, row / factor);
    }
  }
  return result;
}

image framed(image const& source, int factor) {
  image made{source.width * factor + 2, source.height * factor + 2, {0x9a, 0xa4, 0xae}};
  made.paste(1, 1, enlarge(source, factor));
  return made;
}

image headed(image const& source, std::string_view words) {
  image made{source.width, source.height + 12};
  made.text(1, 2, words, {0x33, 0x33, 0x33});
  made.paste(0, 12, source);
  return made;
}

image beside(std::span<image const> pictures, int gap, colour background) {
  int width = 0;
  int height = 0;
  for (auto const& one : pictures) {
    width += one.width + (width > 0 ? gap : 0);
    height = std::max(height, one.height);
  }
  image result{width, height, background};
  int x = 0;
  for (auto const& one : pictures) {
    result.paste(x, 0, one);
    x += one.width + gap;
  }
  return result;
}

image below(std::span<image const> pictures, int gap, colour background) {
  int width = 0;
  int height = 0;
  for (auto const& one : pictures) {
    height += one.height + (height > 0 ? gap : 0);
    width = std::max(width, one.width);
  }
  image result{width, height, background};
  int y = 0;
  for (auto const& one : pictures) {
    result.paste(0, y, one);
    y += one.height + gap;
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr char const* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto const left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      word = word << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= left ? digits[word >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

}  // namespace examples
