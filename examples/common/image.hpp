#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colour_map.hpp"

namespace examples {

/// An RGB picture, row 0 at the top.
struct image {
  int width = 0;
  int height = 0;
  std::vector<colour> pixels;  ///< (height, width)

  image() = default;
  image(int width, int height, colour fill = {255, 255, 255});

  [[nodiscard]] colour& at(int x, int y) { return pixels[offset(x, y)]; }
  [[nodiscard]] colour at(int x, int y) const { return pixels[offset(x, y)]; }

  /// Draws outside the picture are cut off, so callers need no checks.
  void put(int x, int y, colour c);
  void fill(int x, int y, int width, int height, colour c);
  void disc(double x, double y, double radius, colour c);
  void ring(double x, double y, double radius, double thickness, colour c);

  /// Writes `text` with a 5 by 7 bitmap font (printable ASCII; others become '?'), each dot `scale` pixels wide,
  /// with (x, y) the upper left corner. Characters are 6 * scale apart.
  void text(int x, int y, std::string_view text, colour c, int scale = 1);
  [[nodiscard]] static int text_width(std::string_view text, int scale = 1) {
    return text.empty() ? 0 : (6 * static_cast<int>(text.size()) - 1) * scale;
  }

  /// Copies `other` with its upper left corner at (x, y).
  void paste(int x, int y, image const& other);

 private:
  [[nodiscard]] std::size_t offset(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};

/// Each pixel becomes factor x factor pixels.
[[nodiscard]] image enlarge(image const& source, int factor);

/// The same with a thin grey border.
[[nodiscard]] image framed(image const& source, int factor);

/// With a line of words above.
[[nodiscard]] image headed(image const& source, std::string_view words);

/// Pictures side by side (top-aligned) with `gap` pixels of `background` between them.
[[nodiscard]] image beside(std::span<image const> pictures, int gap = 8, colour background = {255, 255, 255});

/// Pictures one below the other (left-aligned).
[[nodiscard]] image below(std::span<image const> pictures, int gap = 8, colour background = {255, 255, 255});

/// The bytes of a PNG file. Throws std::runtime_error when the picture is empty or libpng refuses.
[[nodiscard]] std::string png(image const& source);

/// The bytes of an endlessly looping GIF; frames must have one size and are shown for `hundredths` / 100 s each.
/// Colours are reduced to the 256 most useful ones of all frames.
[[nodiscard]] std::string gif(std::span<image const> frames, int hundredths = 10);

/// png() and gif() into a file, written atomically.
void write_png(std::filesystem::path const& path, image const& source);
void write_gif(std::filesystem::path const& path, std::span<image const> frames, int hundredths = 10);

/// Base64 (RFC 4648, with padding), for data: addresses.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace examples
