// The whole model against finite differences: side inputs, elapsed and lead times, in every combination with the cells;
// without S2RM_TEST_ALL_MODELS in those that share least code.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

struct fields : test::tiny {
  static constexpr index_t context = 2;
};
struct guessed : fields {
  using target = features<1>;
};
struct memory : fields {
  static constexpr index_t hidden = 12;
};
template <class... Policies>
using net = world_model<fields, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;

}  // namespace

TEST_CASE("context") { test::check_gradient_everywhere<net<>>("context", backend::eigen{}); }

TEST_CASE("a guess that comes with the query") {
  using guess = world_model<guessed, encoder::mlp<6, 4>, decoder::mlp<8>, likelihood::gaussian, residual::context<1>>;
  test::check_gradient_everywhere<guess>("residual::context", backend::eigen{});
}

TEST_CASE("elapsed time") {
  auto const check = []<class Net>(Net const*, std::string const& name) {
    std::uint64_t seed_value = 0;
    for (test::batch_options o :
         {test::batch_options{.time = 1}, test::batch_options{.time = 4, .present = test::slots::some, .reset = true},
          test::batch_options{.time = 2, .views = 0},
          test::batch_options{.time = 17, .batch = 1, .views = 2, .queries = 1, .blind = true}}) {
      for (bool const times : {false, true}) {
        o.times = times;
        o.seed = ++seed_value;
        test::check_gradient<Net>(name, backend::eigen{}, o);
        test::check_gradient<Net>(name + ", carried", backend::eigen{}, o, true);
      }
    }
  };
  check(static_cast<test::tiny_net<time::elapsed<>>*>(nullptr), "elapsed");
  check(static_cast<net<time::elapsed<std::ratio<1>, time::features::off>, initial_state::fixed>*>(nullptr),
        "elapsed, fixed, context");
  check(static_cast<test::tiny_net<time::elapsed<std::ratio<3, 2>>, cell::lstm, interaction::after_update>*>(nullptr),
        "elapsed, lstm");
  check(static_cast<test::tiny_net<time::elapsed<>, weights::shared>*>(nullptr), "elapsed, shared weights");
  check(static_cast<world_model<memory, encoder::mlp<6, 4>, decoder::mlp<8>, cell::rmc<3, 2>, time::elapsed<>,
                                carry::residual>*>(nullptr),
        "elapsed, rmc, context");
}

namespace {

template <class Net>
void check_leads(std::string const& name) {
  std::uint64_t seed_value = 0;
  for (test::batch_options o :
       {test::batch_options{.time = 1, .batch = 1, .views = 1, .queries = 1},
        test::batch_options{.time = 3, .present = test::slots::some, .asked = test::slots::some, .reset = true},
        test::batch_options{.time = 2, .queries = 0},
        test::batch_options{.time = 4, .views = 0, .asked = test::slots::some}}) {
    for (bool const times : {false, true}) {
      o.times = times;
      o.seed = ++seed_value;
      test::check_gradient<Net>(name, backend::eigen{}, o);
    }
  }
}

}  // namespace

TEST_CASE("lead time") { check_leads<test::tiny_net<lead::learned<>>>("lead"); }
TEST_CASE("elapsed, lead time and context") {
  using all = net<time::elapsed<>, lead::learned<std::ratio<3>>>;
  check_leads<all>("all");
  // More queries than states are read at a time, also across rows.
  test::check_gradient<all>("all, many queries", backend::eigen{},
                            {.time = 2, .batch = 2, .views = 2, .queries = 75, .times = true, .seed = 5});
  test::check_gradient<all>("all, one lead a row", backend::eigen{}, {.times = true, .one_lead = true, .seed = 6});
}
TEST_CASE("elapsed and lead time, LSTM, state not normalised, kernel mean") {
  check_leads<test::tiny_net<time::elapsed<>, lead::learned<>, cell::lstm, state_norm::none, readout::kernel_mean,
                             initial_state::fixed>>("lstm");
}
TEST_CASE("elapsed, lead time and context, shared weights, memory") {
  check_leads<world_model<memory, encoder::mlp<6, 4>, decoder::mlp<8>, cell::rmc<3, 2>, time::elapsed<>,
                          lead::learned<>, weights::shared>>("rmc");
}

#if S2RM_TEST_ALL_MODELS
namespace {
struct plain_memory : test::tiny {
  static constexpr index_t hidden = 12;
};
template <class Cell, class Time, class Lead>
void check_with(std::string const& name) {
  using plain = world_model<plain_memory, encoder::mlp<6, 4>, decoder::mlp<8>, Cell, Time, Lead>;
  using with_context = world_model<memory, encoder::mlp<6, 4>, decoder::mlp<8>, Cell, Time, Lead>;
  check_leads<plain>(name);
  check_leads<with_context>(name + ", context");
}
template <class Cell>
void check_cell(std::string const& name) {
  check_with<Cell, time::uniform, lead::none>(name);
  check_with<Cell, time::uniform, lead::learned<>>(name + ", lead");
  check_with<Cell, time::elapsed<>, lead::none>(name + ", elapsed");
  check_with<Cell, time::elapsed<>, lead::learned<>>(name + ", elapsed, lead");
}
}  // namespace

TEST_CASE("every combination: GRU") { check_cell<cell::gru>("gru"); }
TEST_CASE("every combination: LSTM") { check_cell<cell::lstm>("lstm"); }
TEST_CASE("every combination: RMC") { check_cell<cell::rmc<3, 2>>("rmc"); }
#endif

TEST_CASE("context, comparison models") {
  test::batch_options const o{.present = test::slots::some, .asked = test::slots::some, .reset = true, .blind = true};
  test::check_gradient<net<dynamics::gru<6>>>("pooled", backend::eigen{}, o);
  test::check_gradient<net<dynamics::lstm<6, dynamics::pool::film, 2>>>("film", backend::eigen{}, o);
  test::check_gradient<net<dynamics::gru<6, dynamics::pool::mean>>>("mean", backend::eigen{}, o);
  test::check_gradient<net<dynamics::rim<2>>>("rim", backend::eigen{}, o);
  test::check_gradient<net<dynamics::rmc<3, 8, 2>>>("rmc", backend::eigen{}, o);
  test::check_gradient<net<dynamics::tto<7, 8, 2, 5, 2>>>("tto", backend::eigen{}, o);
  auto timed = o;
  timed.times = true;
  test::check_gradient<net<dynamics::gru<6, dynamics::pool::mean>, time::elapsed<>>>("pooled, elapsed",
                                                                                     backend::eigen{}, timed, true);
  test::check_gradient<net<dynamics::lstm<6, dynamics::pool::attention, 3>, time::elapsed<>, lead::learned<>>>(
      "pooled, elapsed, lead", backend::eigen{}, timed);
  test::check_gradient<net<dynamics::rim<2>, time::elapsed<>, lead::learned<>, cell::lstm>>("rim, elapsed, lead",
                                                                                            backend::eigen{}, timed);
  test::check_gradient<net<dynamics::rmc<3, 8, 2>, lead::learned<>>>("rmc, lead", backend::eigen{}, timed);
}

}  // namespace s2rm
