#pragma once

#include "s2rm/core/shape.hpp"

namespace sensors {

/// Numbers of a view: reading, another channel's, what the reading has beyond its estimate (in the unit of readings, and over the
/// estimate's deviation). Numbers of context, of views and queries: estimate, log of its deviation, two facts about the place, two
/// about the time.
inline constexpr s2rm::index_t scene_view = 4, scene_context = 6;

/// The model of a set with draws, on the globe or on a plane.
struct globe_shape : s2rm::shape {
  static constexpr s2rm::index_t modules = 12, hidden = 16, heads = 2, head_width = 8, sphere = 8, place = 3,
                                 place_hidden = 32, context = scene_context;
  using view = s2rm::features<scene_view>;
  using target = s2rm::features<1>;
};
struct ground_shape : globe_shape {
  static constexpr s2rm::index_t place = 2, frequencies = 2;
};

/// The model of stations that are read for long (site_statistics.hpp). Numbers of context: estimate, log of its deviation, the part of the
/// site's climate in it, log of the deviation of that, two about the time, two side inputs. The second number of a view is the
/// station's anomaly of its own climate. A small sphere and one octave: what is learned must hold between the stations.
struct network_shape : ground_shape {
  static constexpr s2rm::index_t modules = 8, hidden = 32, sphere = 4, frequencies = 1, context = 8;
};

}  // namespace sensors
