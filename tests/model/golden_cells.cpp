// Parity with PyTorch: S2LSTM and S2RMC.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "support/golden.hpp"

namespace s2rm {

using test::tiny;
using test::tiny_net;

namespace {

template <index_t H>
struct tiny_memory : tiny {
  static constexpr index_t hidden = H;
};
template <index_t H, class... Policies>
using memory_net = world_model<tiny_memory<H>, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

}  // namespace

TEST_CASE("S2LSTM") { test::compare<tiny_net<cell::lstm>>("lstm"); }

TEST_CASE("S2LSTM, interaction after the update") {
  test::compare<tiny_net<cell::lstm, interaction::after_update>, double>("lstm_after_update");
}

TEST_CASE("S2RMC") { test::compare<memory_net<6, cell::rmc<2, 1>>>("rmc"); }

TEST_CASE("S2RMC, residual carry, fixed initial state") {
  test::compare<memory_net<12, cell::rmc<3, 2, 3>, carry::residual, initial_state::fixed>, double>("rmc_residual");
}

TEST_CASE("S2LSTM, shared weights, interaction after the update") {
  test::compare<tiny_net<weights::shared, cell::lstm, interaction::after_update>, double>("shared_lstm");
}

TEST_CASE("S2RMC, shared weights, residual carry, fixed initial state, read-out by the kernel's mean") {
  test::compare<
      memory_net<6, weights::shared, cell::rmc<2, 1>, carry::residual, initial_state::fixed, readout::kernel_mean>,
      double>("shared_rmc");
}

}  // namespace s2rm
