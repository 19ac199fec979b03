// The whole model against finite differences: every option of the recurrence, the attention and the state.
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

TEST_CASE("product form") {
  test::check_gradient_everywhere<test::tiny_net<normalisation::product>>("product form", backend::eigen{});
}

TEST_CASE("interaction after the update") {
  test::check_gradient_everywhere<test::tiny_net<interaction::after_update>>("after update", backend::eigen{});
}

TEST_CASE("no interaction, fixed initial state") {
  test::check_gradient_everywhere<test::tiny_net<interaction::none, initial_state::fixed>>("no interaction",
                                                                                           backend::eigen{});
}

TEST_CASE("paper-like: residual carry, no normalisation of the state") {
  test::check_gradient_everywhere<test::tiny_net<carry::residual, state_norm::none>>("paper-like", backend::eigen{});
}

TEST_CASE("residual carry of a normalised state") {
  test::check_gradient_everywhere<test::tiny_net<carry::residual>>("residual carry", backend::eigen{});
}

}  // namespace s2rm
