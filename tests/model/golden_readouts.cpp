// Parity with PyTorch: read-out, likelihoods, fixed initial state.
#include "support/golden.hpp"

namespace s2rm {

using test::tiny_net;

TEST_CASE("read-out by kernel alone") { test::compare<tiny_net<readout::kernel_mean>, double>("kernel_mean"); }

TEST_CASE("Gaussian") { test::compare<tiny_net<likelihood::gaussian>>("gaussian"); }

TEST_CASE("classes, fixed initial state") {
  test::compare<tiny_net<likelihood::categorical<3>, initial_state::fixed>, double>("categorical_zero_state");
}

}  // namespace s2rm
