#pragma once

#include <vector>

#include "common/image.hpp"
#include "scene.hpp"

namespace clip {

/// What is drawn of one frame: its truth, what the views showed of the frame before, and what was believed of it.
struct moment {
  std::vector<float> truth, shown, believed, blind;  ///< grey (H, W)
  std::vector<centre> views;                         ///< in `shown`
  index_t dark = 0;                                  ///< so many frames without views lie behind `blind`
};

/// truth | seen | believed | difference, and below them blind | its difference; `factor` pixels a pixel.
[[nodiscard]] examples::image panels(extent of, moment const& now, int factor);

/// Some moments one below the other.
[[nodiscard]] examples::image film_strip(extent of, std::vector<moment> const& all);

}  // namespace clip
