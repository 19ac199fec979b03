#pragma once
/// \file
/// What needs no training to be compared with. All peers answer the queries of a batch, from its views alone but where
/// the name says otherwise.

#include <map>

#include "score.hpp"

namespace skirmish {

/// The middle of a raster's cell on the map.
[[nodiscard]] inline point cell_middle(point place, int row, int column) {
  auto const offset = [](int bin) { return (2 * bin + 1 - raster_side) * sight_range / raster_side; };
  return {place.x + offset(column), place.y + offset(row)};
}

/// The map in squares half a cell long.
struct map_grid {
  static constexpr int per_cell = 2;
  int width = 0, height = 0;

  explicit map_grid(recording const& of);
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
  [[nodiscard]] bool inside(int x, int y) const { return x >= 0 && y >= 0 && x < width && y < height; }
  [[nodiscard]] std::size_t offset(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  /// The grid cell that holds a point.
  [[nodiscard]] static int index(std::int32_t along) { return along >= 0 ? along / side : -1 - (-1 - along) / side; }
  [[nodiscard]] static std::int32_t middle(int i) { return i * side + side / 2; }
  static constexpr std::int32_t side = one / per_cell;

  /// f(cell, offset) for the cells of the raster around a place whose middles are within sight of it and on the map. The
  /// other cells are hardly ever occupied: what is out of sight is not drawn.
  template <class F>
  void for_cells(point place, F const& f) const {
    for (int cell = 0; cell < raster_cells; ++cell) {
      if (!in_disc(cell / raster_side, cell % raster_side)) continue;
      auto const m = cell_middle(place, cell / raster_side, cell % raster_side);
      auto const x = index(m.x), y = index(m.y);
      if (inside(x, y)) f(cell, offset(x, y));
    }
  }
};

/// How often each marker is set, and what the fractions are where one is: over everything, and around each place.
class habits {
 public:
  /// From some battles of a source, all their steps.
  static habits learn(source const& from, index_t battles);

  /// The best constant raster.
  [[nodiscard]] std::vector<float> const& constant() const { return constant_; }
  /// What is usual around a place.
  void draw(point place, std::span<float> raster) const;

 private:
  explicit habits(map_grid grid) : grid_{grid} {}

  map_grid grid_;
  std::vector<float> constant_;  ///< (9, 11, 11)
  std::vector<float> usual_;     ///< (grid, 9)
};

/// What each place last showed in the views so far, by where in a view's raster it lay: of several views of one step that
/// whose cell has its middle nearest.
class memory {
 public:
  explicit memory(recording const& of);
  void forget();
  /// The views of row (t, b) of a batch, whose `view` must outlive this object's answers.
  void see(batch const& b, index_t t, index_t e);
  /// Empty where nothing was seen yet.
  void draw(point place, std::span<float> raster) const;

 private:
  struct sight {
    float const* cell = nullptr;  ///< of a view's first channel; null: never seen
    index_t step = -1;
    std::int64_t distance = 0;
  };
  map_grid grid_;
  std::vector<sight> seen_;
};

/// The peers, all on the same queries:
///   all empty      nobody anywhere; its probability is the marker's share of training rasters, the best constant;
///                  fractions: their mean where somebody is
///   place alone    the same shares and means around that place of the map
///   last seen      what the place last showed in a view, empty where it never did; decisions without a probability
///   nothing moves  the whole state before, which nobody sees whole: what standing still would be worth
[[nodiscard]] std::map<std::string, battle_score> score_peers(batch const& b, habits const& known);

/// The order in which tables list them.
inline constexpr char const* peer_names[] = {"all empty", "place alone", "last seen", "nothing moves"};

}  // namespace skirmish
