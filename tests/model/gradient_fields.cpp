// The whole model against finite differences: side inputs.
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

struct fields : test::tiny {
  static constexpr index_t context = 2;
};
template <class... Policies>
using net = world_model<fields, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

}  // namespace

TEST_CASE("context") { test::check_gradient_everywhere<net<>>("context", backend::eigen{}); }

TEST_CASE("context, comparison models") {
  test::batch_options const o{.present = test::slots::some, .asked = test::slots::some, .reset = true, .blind = true};
  test::check_gradient<net<dynamics::gru<6>>>("pooled", backend::eigen{}, o);
  test::check_gradient<net<dynamics::lstm<6, dynamics::pool::film, 2>>>("film", backend::eigen{}, o);
  test::check_gradient<net<dynamics::gru<6, dynamics::pool::mean>>>("mean", backend::eigen{}, o);
  test::check_gradient<net<dynamics::rim<2>>>("rim", backend::eigen{}, o);
  test::check_gradient<net<dynamics::rmc<3, 8, 2>>>("rmc", backend::eigen{}, o);
  test::check_gradient<net<dynamics::tto<7, 8, 2, 5, 2>>>("tto", backend::eigen{}, o);
}

}  // namespace s2rm
