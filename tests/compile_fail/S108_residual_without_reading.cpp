// expect: S108
// expect-text: features<2>.*features<3>
// A residual where more is predicted than is seen.
#include <s2rm/model/world_model.hpp>

struct wide_target : s2rm::shape {
  using view = s2rm::features<2>;
  using target = s2rm::features<3>;
};

using net = s2rm::world_model<wide_target, s2rm::likelihood::gaussian, s2rm::residual::inverse_distance<>>;
static_assert(net::parameter_count > 0);
