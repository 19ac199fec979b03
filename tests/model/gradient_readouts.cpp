// The whole model against finite differences: read-outs, likelihoods, residuals, place features.
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

TEST_CASE("read-out by kernel alone") {
  test::check_gradient_everywhere<test::tiny_net<readout::kernel_mean>>("kernel mean", backend::eigen{});
}

TEST_CASE("Gaussian, residual of the own reading, no state norm after the update") {
  test::check_gradient_everywhere<
      test::tiny_net<likelihood::gaussian, residual::own_reading<>, interaction::after_update, state_norm::none>>(
      "Gaussian", backend::eigen{});
}

TEST_CASE("spherical harmonics") {
  test::check_gradient_everywhere<test::globe_net<>>("spherical harmonics", backend::eigen{});
}

}  // namespace s2rm
