// Recurrent independent mechanisms against finite differences.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

using test::check_gradient_everywhere;
using test::tiny_net;

TEST_CASE("two of three mechanisms") {
  using net = tiny_net<dynamics::rim<2>>;
  static_assert(net::M == 3 && !net::params::has<"modules.embedding"> && net::params::has<"readout.query.weight">);
  check_gradient_everywhere<net>("rim", backend::eigen{});
}

TEST_CASE("one of three mechanisms, LSTM cells, state not normalised") {
  using net = tiny_net<dynamics::rim<1>, cell::lstm, state_norm::none>;
  check_gradient_everywhere<net>("rim, lstm", ops::reference{});
}

}  // namespace s2rm
