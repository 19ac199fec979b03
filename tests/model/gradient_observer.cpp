// A transformer over tokens against finite differences.
#include "s2rm/dynamics/tto.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

using test::check_gradient_everywhere;
using test::tiny_net;

TEST_CASE("an observer of two layers") {
  using net = tiny_net<dynamics::tto<7, 8, 2, 5, 2>>;
  static_assert(net::M == 7 && net::H == 10 && net::state_size == 10 + 2 * 2 * 8 && !net::params::has<"initial_state">);
  check_gradient_everywhere<net>("tto", backend::eigen{});
}

TEST_CASE("an observer with fewer slots than a step has tokens, read by their mean") {
  check_gradient_everywhere<tiny_net<dynamics::tto<3, 6, 1, 9, 1>, readout::kernel_mean>>("tto, forgets",
                                                                                          ops::reference{});
}

}  // namespace s2rm
