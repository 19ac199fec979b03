// The comparison models of one state vector against finite differences.
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {

using test::check_gradient_everywhere;
using test::tiny_net;

TEST_CASE("a GRU behind attention pooling") {
  using net = tiny_net<dynamics::gru<7>>;
  static_assert(net::M == 1 && net::H == 7 && !net::params::has<"modules.embedding"> &&
                !net::params::has<"readout.query.weight">);
  check_gradient_everywhere<net>("pooled gru", backend::eigen{});
}

TEST_CASE("an LSTM behind attention pooling, fixed initial state, state not normalised") {
  using net = tiny_net<dynamics::lstm<6>, initial_state::fixed, state_norm::none>;
  check_gradient_everywhere<net>("pooled lstm", backend::eigen{.threads = 2});
}

TEST_CASE("the mean of encoded views") {
  check_gradient_everywhere<tiny_net<dynamics::lstm<6, dynamics::pool::mean>>>("mean", backend::eigen{});
}

TEST_CASE("a GRU and an LSTM whose state is read in chunks") {
  using chunks = tiny_net<dynamics::gru<6, dynamics::pool::attention, 3>>;
  static_assert(chunks::M == 3 && chunks::H == 2 && chunks::state_size == 2 &&
                chunks::params::has<"readout.query.weight">);
  check_gradient_everywhere<chunks>("gru in chunks", backend::eigen{});
  check_gradient_everywhere<tiny_net<dynamics::lstm<6, dynamics::pool::mean, 2>>>("lstm in chunks", backend::eigen{});
}

TEST_CASE("values modulated by their places") {
  check_gradient_everywhere<tiny_net<dynamics::gru<6, dynamics::pool::film>>>("film", ops::reference{});
  check_gradient_everywhere<tiny_net<dynamics::gru<6, dynamics::pool::film, 2>>>("film", backend::eigen{});
}

TEST_CASE("the sum of encoded views") {
  check_gradient_everywhere<tiny_net<dynamics::gru<6, dynamics::pool::sum>>>("sum", ops::reference{});
}

}  // namespace s2rm
