// The whole model against finite differences: modules that share their weights, every cell with every interaction and
// carry.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

struct shape_of_6 : test::tiny {
  static constexpr index_t hidden = 6;
};
template <class... Policies>
using net = world_model<shape_of_6, encoder::mlp<6, 4>, decoder::mlp<8>, weights::shared, Policies...>;

/// A sequence with all that a step may meet.
template <class Net>
void sequence(std::string const& name) {
  test::batch_options const o{.time = 4,
                              .batch = 2,
                              .views = 3,
                              .queries = 2,
                              .present = test::slots::some,
                              .asked = test::slots::some,
                              .reset = true,
                              .blind = true,
                              .seed = 2};
  test::check_gradient<Net>(name, backend::eigen{}, o);
  test::check_gradient<Net>(name + ", carried state", backend::eigen{.threads = 2}, o, true);
}

}  // namespace

TEST_CASE("shared weights, gru") { test::check_gradient_everywhere<net<>>("gru", backend::eigen{}); }
TEST_CASE("shared weights, gru, fixed initial state, read-out by the kernel's mean") {
  sequence<net<initial_state::fixed, readout::kernel_mean, state_norm::none>>("fixed");
}
TEST_CASE("shared weights, gru, residual") { sequence<net<carry::residual>>("gru, residual"); }
TEST_CASE("shared weights, gru, after the update") { sequence<net<interaction::after_update>>("gru, after"); }
TEST_CASE("shared weights, lstm") { sequence<net<cell::lstm>>("lstm"); }
TEST_CASE("shared weights, lstm, after the update") {
  sequence<net<cell::lstm, interaction::after_update>>("lstm, after");
}
TEST_CASE("shared weights, rmc") { sequence<net<cell::rmc<3, 2>>>("rmc"); }
TEST_CASE("shared weights, rmc, after the update, residual") {
  sequence<net<cell::rmc<2, 1>, interaction::after_update, carry::residual>>("rmc, after, residual");
}
#if S2RM_TEST_ALL_MODELS
TEST_CASE("shared weights, gru, after the update, residual") {
  sequence<net<interaction::after_update, carry::residual>>("gru, after, residual");
}
TEST_CASE("shared weights, gru, no interaction") { sequence<net<interaction::none>>("gru, none"); }
TEST_CASE("shared weights, gru, no interaction, residual") {
  sequence<net<interaction::none, carry::residual>>("gru, none, residual");
}
TEST_CASE("shared weights, lstm, residual") { sequence<net<cell::lstm, carry::residual>>("lstm, residual"); }
TEST_CASE("shared weights, lstm, after the update, residual") {
  sequence<net<cell::lstm, interaction::after_update, carry::residual>>("lstm, after, residual");
}
TEST_CASE("shared weights, lstm, no interaction") { sequence<net<cell::lstm, interaction::none>>("lstm, none"); }
TEST_CASE("shared weights, lstm, no interaction, residual") {
  sequence<net<cell::lstm, interaction::none, carry::residual>>("lstm, none, residual");
}
TEST_CASE("shared weights, rmc, residual") { sequence<net<cell::rmc<3, 2>, carry::residual>>("rmc, residual"); }
TEST_CASE("shared weights, rmc, after the update") {
  sequence<net<cell::rmc<2, 1>, interaction::after_update>>("rmc, after");
}
TEST_CASE("shared weights, rmc, no interaction") { sequence<net<cell::rmc<3, 2>, interaction::none>>("rmc, none"); }
TEST_CASE("shared weights, rmc, no interaction, residual") {
  sequence<net<cell::rmc<3, 2>, interaction::none, carry::residual>>("rmc, none, residual");
}
#endif

}  // namespace s2rm
