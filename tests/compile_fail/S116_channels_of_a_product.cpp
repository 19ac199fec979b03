// expect: S116
// Channel 2 of the target is nobody's.
#include <s2rm/layer/mixed_likelihood.hpp>
#include <s2rm/model/world_model.hpp>

struct field : s2rm::shape {
  using view = s2rm::raster<3, 2, 2>;
};

namespace likelihood = s2rm::likelihood;
using net =
    s2rm::world_model<field, likelihood::product<likelihood::part<likelihood::channels<0>, likelihood::bernoulli>,
                                                 likelihood::part<likelihood::channels<1>, likelihood::gaussian>>>;
static_assert(net::parameter_count > 0);
