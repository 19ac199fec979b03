// The models that the examples compare: each can be built, and has as many parameters as S2GRU, within a tenth.
#include "skirmish/nets.hpp"
#include "balls/ablations.hpp"
#include "support/catch.hpp"

namespace {

template <class Model>
constexpr s2rm::index_t parameters = Model::net::parameter_count;

template <class Base, class... Models>
constexpr bool alike =
    ((10 * parameters<Models> >= 9 * parameters<Base> && 10 * parameters<Models> <= 11 * parameters<Base>) && ...);

namespace of_balls = balls::nets;
namespace of_skirmish = skirmish::nets;

static_assert(alike<of_balls::s2gru, of_balls::s2lstm, of_balls::s2rmc, of_balls::gru, of_balls::lstm, of_balls::rmc,
                    of_balls::rim, of_balls::tto>);
static_assert(alike<of_skirmish::s2gru, of_skirmish::s2lstm, of_skirmish::s2rmc, of_skirmish::gru, of_skirmish::lstm,
                    of_skirmish::rmc, of_skirmish::rim, of_skirmish::tto>);
// Ablations differ in one option: in what it takes away or adds.
static_assert(alike<of_balls::s2gru, of_balls::after_update, of_balls::residual, of_balls::raw_state,
                    of_balls::paper_like, of_balls::fixed_start, of_balls::product, of_balls::straight_through,
                    of_balls::no_cut, of_balls::narrow, of_balls::epsilon_1>);

}  // namespace

TEST_CASE("README.md of the balls says how many parameters the models have") {
  CHECK(parameters<of_balls::s2gru> == 624'586);
  CHECK(parameters<of_balls::s2lstm> == 612'906);
  CHECK(parameters<of_balls::s2rmc> == 623'626);
  CHECK(parameters<of_balls::gru> == 615'737);
  CHECK(parameters<of_balls::lstm> == 603'257);
  CHECK(parameters<of_balls::rmc> == 601'833);
  CHECK(parameters<of_balls::rim> == 624'425);
  CHECK(parameters<of_balls::tto> == 615'977);
  CHECK(parameters<of_balls::no_interaction> < parameters<of_balls::s2gru>);
  CHECK(parameters<of_balls::kernel_mean> < parameters<of_balls::s2gru>);
  CHECK(parameters<of_balls::conv> > 0);
}
