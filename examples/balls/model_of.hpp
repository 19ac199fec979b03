#pragma once

#include "experiment/model_of.hpp"
#include "model.hpp"

namespace balls {

/// What all models of this example see and predict.
struct sizes : s2rm::shape {
  using view = s2rm::raster<2, crop::side, crop::side>;
  using target = s2rm::raster<1, crop::side, crop::side>;
};

template <class Net>
using model_of = examples::model_of<Net, condition::most_views>;

}  // namespace balls
