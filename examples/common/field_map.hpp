#pragma once

#include <string>
#include <vector>

#include "image.hpp"

namespace examples {

/// A station on a field map. Places are in [-1, 1] x [-1, 1], x to the east and y to the north.
struct field_dot {
  double x = 0;
  double y = 0;
  double value = 0;     ///< its reading in the unit of the map; NaN draws an open ring (no reading)
  bool hidden = false;  ///< drawn as a diamond: a station the model never saw
  std::string label;    ///< may be empty
};

/// Values over the square [-reach, reach]^2 with stations on top, to be drawn with the viridis map.
struct field_map {
  std::string title;
  std::string unit;
  double reach = 1.15;  ///< half the side, in the units of places: a margin around the outermost stations
  int columns = 0;
  int rows = 0;
  std::vector<double> values;  ///< (rows, columns), cell centres, row 0 at the northern edge; NaN is drawn grey
  std::vector<field_dot> dots;
  double low = 0;   ///< value of the darkest colour
  double high = 1;  ///< value of the lightest colour
  bool colour_bar = true;

  /// Place of the centre of one cell.
  [[nodiscard]] double x_of(int column) const { return reach * (-1.0 + (2.0 * column + 1.0) / columns); }
  [[nodiscard]] double y_of(int row) const { return reach * (1.0 - (2.0 * row + 1.0) / rows); }
};

/// Draws the map on a square of `pixels` x `pixels` (bilinear between cell centres), a title above and a colour bar at
/// the right. Throws std::runtime_error when values.size() is not rows * columns.
[[nodiscard]] image draw(field_map const& map, int pixels = 320);

}  // namespace examples
