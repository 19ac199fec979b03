// One relational memory for the whole model against finite differences.
#include "s2rm/dynamics/rmc.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

using test::check_gradient_everywhere;
using test::tiny_net;

TEST_CASE("a memory of four slots") {
  using net = tiny_net<dynamics::rmc<4, 6, 2>>;
  static_assert(net::M == 4 && net::H == 6 && net::state_size == 6);
  check_gradient_everywhere<net>("rmc", backend::eigen{});
}

TEST_CASE("a memory of two slots with wide keys, fixed initial state, read by their mean") {
  using net = tiny_net<dynamics::rmc<2, 5, 1, 7>, initial_state::fixed, state_norm::none, readout::kernel_mean>;
  check_gradient_everywhere<net>("rmc, two slots", ops::reference{});
}

}  // namespace s2rm
