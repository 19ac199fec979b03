// Parity with PyTorch: side inputs, elapsed and lead times.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "support/golden.hpp"

namespace s2rm {
namespace {

struct tiny_fields : test::tiny {
  static constexpr index_t context = 2;
};
struct tiny_memory : test::tiny {
  static constexpr index_t hidden = 6;
};
template <class... Policies>
using fields_net = world_model<tiny_fields, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

}  // namespace

TEST_CASE("context") { test::compare<fields_net<>>("context"); }
TEST_CASE("elapsed time") { test::compare<test::tiny_net<time::elapsed<>>>("elapsed"); }
TEST_CASE("elapsed time, LSTM, without features") {
  using net = test::tiny_net<time::elapsed<std::ratio<1>, time::features::off>, cell::lstm, interaction::after_update>;
  test::compare<net>("elapsed_lstm");
}
TEST_CASE("elapsed time in a unit of its own, memory") {
  test::compare<
      world_model<tiny_memory, encoder::mlp<6, 4>, decoder::mlp<8>, cell::rmc<2, 1>, time::elapsed<std::ratio<2>>>>(
      "elapsed_rmc");
}
TEST_CASE("elapsed time, fixed initial state, residual carry") {
  test::compare<test::tiny_net<time::elapsed<>, initial_state::fixed, carry::residual>, double>("elapsed_zero_state");
}
TEST_CASE("lead time in a unit of its own") { test::compare<test::tiny_net<lead::learned<std::ratio<2>>>>("lead"); }
TEST_CASE("context, elapsed and lead time") { test::compare<fields_net<time::elapsed<>, lead::learned<>>>("fields"); }
TEST_CASE("elapsed and lead time, shared weights") {
  test::compare<test::tiny_net<weights::shared, time::elapsed<>, lead::learned<>>>("shared_fields");
}
TEST_CASE("context, elapsed and lead time, LSTM, kernel mean, Gaussian") {
  test::compare<fields_net<time::elapsed<>, lead::learned<>, cell::lstm, readout::kernel_mean, likelihood::gaussian>>(
      "fields_lstm");
}
TEST_CASE("context, pooled GRU") { test::compare<fields_net<dynamics::gru<6>>>("pooled_context"); }
TEST_CASE("context, elapsed and lead time, pooled LSTM in chunks") {
  test::compare<fields_net<dynamics::lstm<6, dynamics::pool::attention, 3>, time::elapsed<>, lead::learned<>>>(
      "pooled_fields");
}
TEST_CASE("context, elapsed and lead time, RIM") {
  test::compare<fields_net<dynamics::rim<2>, time::elapsed<>, lead::learned<>>>("rim_fields");
}
TEST_CASE("context and lead time, observer") {
  test::compare<fields_net<dynamics::tto<7, 8, 1, 5, 2>, lead::learned<>>>("observer_lead");
}

}  // namespace s2rm
