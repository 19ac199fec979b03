#pragma once

#include "model_nets.hpp"

namespace sensors {

/// The `plain_forecast_net` that is told how long ago the step before was and how far ahead it is asked.
using timed_forecast_net =
    s2rm::world_model<forecast_shape, s2rm::cell::gru, s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<6>>,
                      s2rm::encoder::mlp<32, 32>, s2rm::decoder::mlp<48>, s2rm::likelihood::gaussian,
                      s2rm::residual::own_reading<std::ratio<11, 20>>, s2rm::time::elapsed<>, s2rm::lead::learned<>>;

}  // namespace sensors
