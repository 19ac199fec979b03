#pragma once

#include "experiment/model_of.hpp"
#include "model.hpp"

namespace skirmish {

/// What all models of this example see and predict.
struct sizes : s2rm::shape {
  using view = s2rm::features<model_view>;
  using target = s2rm::raster<model_channels, raster_side, raster_side>;
};

/// Unit types and sides are there or not; the fractions are asked where a friend or an enemy is.
using cells = s2rm::likelihood::product<
    s2rm::likelihood::part<s2rm::likelihood::channels<0, 1, 2, 3, 4>, s2rm::likelihood::bernoulli>,
    s2rm::likelihood::part<s2rm::likelihood::channels<5, 6, 7, 8>, s2rm::likelihood::fixed_gaussian<>,
                           s2rm::likelihood::channels<3, 4>>>;
static_assert(model_markers == 5 && model_channels == 9);

template <class Net>
using model_of = examples::model_of<Net, most_views>;

}  // namespace skirmish
