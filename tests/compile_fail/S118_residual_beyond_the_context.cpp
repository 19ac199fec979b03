// expect: S118
// expect-text: residual::context<1.*size<3.*size<2
// A guess of two numbers from the second of two numbers of context.
#include <s2rm/model/world_model.hpp>

struct two_side_inputs : s2rm::shape {
  static constexpr s2rm::index_t context = 2;
  using view = s2rm::features<1>;
  using target = s2rm::features<2>;
};

using net = s2rm::world_model<two_side_inputs, s2rm::likelihood::gaussian, s2rm::residual::context<1>>;
static_assert(net::parameter_count > 0);
