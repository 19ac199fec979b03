// Parity with PyTorch: gradients straight through the cut, which finite differences can not see.
#include "support/golden.hpp"

namespace s2rm {

using test::tiny_net;

using through = kernel::truncated_gaussian<std::ratio<0>, std::ratio<4>, kernel::cut::straight_through>;

TEST_CASE("straight through in log space") { test::compare<tiny_net<through>, double>("straight_through"); }

TEST_CASE("straight through in product form") {
  test::compare<tiny_net<through, normalisation::product>>("straight_through_product");
}

}  // namespace s2rm
