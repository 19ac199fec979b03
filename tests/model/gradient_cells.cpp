// The whole model against finite differences: S2LSTM and S2RMC.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

struct memory : test::tiny {
  static constexpr index_t hidden = 12;
};

}  // namespace

TEST_CASE("S2LSTM") { test::check_gradient_everywhere<test::tiny_net<cell::lstm>>("lstm", backend::eigen{}); }

TEST_CASE("S2LSTM, interaction after the update, fixed initial state") {
  test::check_gradient_everywhere<test::tiny_net<cell::lstm, interaction::after_update, initial_state::fixed>>(
      "lstm, after update", backend::eigen{.threads = 2});
}

TEST_CASE("S2RMC") {
  using net = world_model<memory, encoder::mlp<6, 4>, decoder::mlp<8>, cell::rmc<3, 2>>;
  test::check_gradient_everywhere<net>("rmc", backend::eigen{});
}

TEST_CASE("S2RMC, residual carry") {
  using net = world_model<memory, encoder::mlp<6, 4>, decoder::mlp<8>, cell::rmc<2, 1>, carry::residual>;
  test::check_gradient_everywhere<net>("rmc, residual carry", backend::eigen{});
}

}  // namespace s2rm
