#include "s2rm/dynamics/tto.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"
namespace s2rm {
using test::check_gradient_everywhere;
using test::tiny_net;
TEST_CASE("an observer") {
  using net = tiny_net<dynamics::tto<7, 8, 2, 5, 2>>;
  check_gradient_everywhere<net>("tto", backend::eigen{});
}
}
