// expect: S206
// A variance of 0.
#include <s2rm/layer/mixed_likelihood.hpp>
#include <s2rm/model/world_model.hpp>

struct pair : s2rm::shape {
  using view = s2rm::features<2>;
};

using net = s2rm::world_model<pair, s2rm::likelihood::fixed_gaussian<std::ratio<0>>>;
static_assert(net::parameter_count > 0);
