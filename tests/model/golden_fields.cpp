// Parity with PyTorch: side inputs.
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "support/golden.hpp"

namespace s2rm {
namespace {

struct tiny_fields : test::tiny {
  static constexpr index_t context = 2;
};
template <class... Policies>
using fields_net = world_model<tiny_fields, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

}  // namespace

TEST_CASE("context") { test::compare<fields_net<>>("context"); }
TEST_CASE("context, pooled GRU") { test::compare<fields_net<dynamics::gru<6>>>("pooled_context"); }

}  // namespace s2rm
