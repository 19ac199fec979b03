// Parity with PyTorch: the options of the recurrence.
#include "support/golden.hpp"

namespace s2rm {

using test::tiny_net;

// In double only: this case's gradient of epsilon cancels to a thousandth of its terms, so that PyTorch's own float32
// result is off by 2e-4.
TEST_CASE("interaction after the update") {
  test::compare<tiny_net<interaction::after_update>, double>("after_update");
}

TEST_CASE("no interaction") { test::compare<tiny_net<interaction::none>, double>("none"); }

TEST_CASE("paper-like") { test::compare<tiny_net<carry::residual, state_norm::none>>("paper_like"); }

TEST_CASE("shared weights") { test::compare<tiny_net<weights::shared>>("shared"); }

}  // namespace s2rm
