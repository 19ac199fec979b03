#pragma once

#include <ratio>

#include "s2rm/s2rm.hpp"
#include "scene_shape.hpp"

/// The models of the two tasks, read by nvcc too where there is one.
namespace sensors {

/// Many small modules with a sharp kernel, few octaves: a few fixed sensors, where more would only memorise the sites.
struct forecast_shape : s2rm::shape {
  static constexpr s2rm::index_t modules = 12, hidden = 24, heads = 4, head_width = 8, sphere = 16, place = 2,
                                 frequencies = 2, place_hidden = 32;
  using view = s2rm::features<3>;
  using target = s2rm::features<1>;
};

template <class Shape, class Guess>
using forecast_net_of =
    s2rm::world_model<Shape, s2rm::cell::gru, s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<6>>,
                      s2rm::encoder::mlp<32, 32>, s2rm::decoder::mlp<48>, s2rm::likelihood::gaussian, Guess>;

/// Numbers of context, of a query for the step that it asks for, of a view for its own: forecast by lagged statistics, log of its
/// deviation, the reading of the step before (0 where there is none), mean and mean square of
/// that step's readings.
inline constexpr s2rm::index_t forecast_context = 5;

struct lagged_shape : forecast_shape {
  static constexpr s2rm::index_t context = forecast_context;
};

/// The decoder predicts the difference from the lagged statistics' forecast.
using forecast_net = forecast_net_of<lagged_shape, s2rm::residual::context<0>>;

/// Without them: the change from 0.55 of today's own reading.
using plain_forecast_net = forecast_net_of<forecast_shape, s2rm::residual::own_reading<std::ratio<11, 20>>>;

/// The latter for `sensors live`: a view also says the time of day, steps are irregular, and a query says how far ahead it asks.
struct live_shape : forecast_shape {
  using view = s2rm::features<5>;
};
using live_net =
    s2rm::world_model<live_shape, s2rm::cell::gru, s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<6>>,
                      s2rm::encoder::mlp<32, 32>, s2rm::decoder::mlp<48>, s2rm::likelihood::gaussian,
                      s2rm::residual::own_reading<std::ratio<11, 20>>, s2rm::time::elapsed<>, s2rm::lead::learned<>>;

/// Places that nobody reads: on the globe or a plane, views and queries with side inputs (scenes.hpp). The decoder predicts the
/// difference from the first of a query's, the estimate of linear statistics.
template <class Shape, class... Places>
using scene_net = s2rm::world_model<Shape, s2rm::cell::gru, s2rm::encoder::mlp<24, 24>, s2rm::decoder::mlp<32>,
                                    s2rm::likelihood::gaussian, s2rm::residual::context<0>, Places...>;
using globe_net = scene_net<globe_shape, s2rm::places::harmonics<3>>;
using ground_net = scene_net<ground_shape>;
using network_net = scene_net<network_shape>;

}  // namespace sensors
