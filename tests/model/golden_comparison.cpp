// Parity with PyTorch: the comparison models (python/comparison_reference.py).
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "support/golden.hpp"

namespace s2rm {

using test::compare;
using test::tiny_net;

namespace pool = dynamics::pool;

TEST_CASE("a GRU behind attention pooling") { compare<tiny_net<dynamics::gru<7>>>("pooled_gru"); }

TEST_CASE("an LSTM behind attention pooling") { compare<tiny_net<dynamics::lstm<6>, state_norm::none>>("pooled_lstm"); }

TEST_CASE("the mean of encoded views") { compare<tiny_net<dynamics::gru<6, pool::mean>>, double>("pooled_mean"); }

TEST_CASE("the sum of encoded views") {
  compare<tiny_net<dynamics::gru<6, pool::sum>, initial_state::fixed>, double>("pooled_sum");
}

TEST_CASE("one relational memory") { compare<tiny_net<dynamics::rmc<4, 6, 2>>>("memory"); }

TEST_CASE("one relational memory, wide keys, fixed initial state") {
  compare<tiny_net<dynamics::rmc<2, 5, 1, 7>, state_norm::none, initial_state::fixed, readout::kernel_mean>, double>(
      "memory_keys");
}

TEST_CASE("two of three mechanisms") { compare<tiny_net<dynamics::rim<2>>>("rim"); }

TEST_CASE("one of three mechanisms, LSTM cells") {
  compare<tiny_net<dynamics::rim<1>, cell::lstm, state_norm::none, readout::kernel_mean>, double>("rim_lstm");
}

TEST_CASE("an LSTM whose state is read in pieces") {
  compare<tiny_net<dynamics::lstm<6, pool::attention, 3>>>("pooled_pieces");
}

TEST_CASE("an observer") { compare<tiny_net<dynamics::tto<7, 8, 2, 5, 2>>>("observer"); }

TEST_CASE("an observer with fewer slots than a step has tokens, read by their mean") {
  compare<tiny_net<dynamics::tto<3, 6, 1, 9, 1>, readout::kernel_mean>, double>("observer_forgets");
}

}  // namespace s2rm
