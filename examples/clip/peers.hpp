#pragma once

#include <span>
#include <vector>

#include "scene.hpp"

namespace clip {

/// The crops of frame t in a draw of the views: the first `count` of always the same ones, so fewer are a part of more.
[[nodiscard]] std::vector<centre> views_of(extent frame, index_t draw, index_t t, index_t count);

/// z of each pixel as any view last showed it, 0 (the background) where none did: the peer *last value*.
class canvas {
 public:
  explicit canvas(extent of) : of_(of), z_(static_cast<std::size_t>(of.pixels()), 0.0F) {}
  void see(std::span<float const> z, std::span<centre const> crops);
  [[nodiscard]] std::span<float const> z() const { return z_; }

 private:
  extent of_;
  std::vector<float> z_;
};

/// What a method is called: the model, what needs nothing but the views or less, and what no method here has.
inline constexpr char const* model_name = "S2GRU";
inline constexpr char const* last_value = "last value";
inline constexpr char const* background_mean = "background mean";
inline constexpr char const* last_frame = "true last frame";  ///< a ceiling for what only copies
inline constexpr char const* method_names[] = {model_name, last_value, background_mean, last_frame};

}  // namespace clip
