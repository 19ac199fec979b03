// Trainers and streams behind virtual functions give what they give without.
#include "s2rm/any/trainer.hpp"

#include <unistd.h>

#include <filesystem>

#include "train/batches.hpp"

namespace s2rm {
namespace {

using net = test::small_net;
using test::same_bits;

}  // namespace

TEST_CASE("any_trainer: the bits of the trainer it holds") {
  trainer<net, backend::eigen> plain({}, optim::adam{.rate = 0.01}, seed{3}, {.average = 0.9});
  std::unique_ptr<any_trainer<net>> const any =
      erased(trainer<net, backend::eigen>({}, optim::adam{.rate = 0.01}, seed{3}, {.average = 0.9}));
  auto const b = test::random_batch<net, float>(4, 2, 3, 2, 1);
  for (int step = 0; step < 3; ++step) CHECK(any->step(b.look()).loss == plain.step(b.look()).loss);
  CHECK(any->steps() == 3);
  auto const number = any->step_async(b.look());
  CHECK(number == 3);
  CHECK(any->reported(number));
  CHECK(any->report(number).loss == plain.step(b.look()).loss);
  CHECK_THROWS_AS(any->report(4), value_error);
  CHECK(any->differentiate(b.look()) == plain.differentiate(b.look()));
  std::vector<float> gradient(net::parameter_count), outputs(4 * 2 * 2 * net::outputs),
      states(4 * 2 * net::M * net::state_size);
  any->gradient(net::parameter_count, gradient.data());
  any->predictions(static_cast<index_t>(outputs.size()), outputs.data());
  any->states(static_cast<index_t>(states.size()), states.data());
  CHECK(same_bits(gradient.data(), plain.gradient(), net::parameter_count));
  CHECK(same_bits(outputs.data(), plain.predictions(), static_cast<index_t>(outputs.size())));
  CHECK(same_bits(states.data(), plain.states(), static_cast<index_t>(states.size())));
  CHECK(any->evaluate(b.look()) == plain.evaluate(b.look()));

  // Through a file into another, and on.
  auto const path =
      std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "-s2rm_any_trainer.safetensors");
  any->save(path);
  auto const other = erased(trainer<net, backend::eigen>({}, optim::adam{.rate = 0.01}, seed{4}, {.average = 0.9}));
  other->load(path);
  std::filesystem::remove(path);
  CHECK(other->step(b.look()).loss == plain.step(b.look()).loss);
  auto const state = other->state();
  any->restore(state);
  CHECK(same_bits(any->state().weights, plain.state().weights));
  any->assign(state.average.data());
  any->whiten({0.1, 0.2, -0.3, 0.4, 0.5, -0.6});
  plain.assign(state.average.data());
  plain.whiten({0.1, 0.2, -0.3, 0.4, 0.5, -0.6});
  CHECK(same_bits(any->state().weights, plain.state().weights));
  std::vector<double> const bias(static_cast<std::size_t>(init::output_bias_field<net>.size), -3.0);
  any->output_bias(bias);
  CHECK_FALSE(same_bits(any->state().weights, plain.state().weights));
  plain.output_bias(bias);
  CHECK(same_bits(any->state().weights, plain.state().weights));
}

TEST_CASE("any_trainer: its streams are streams over its averaged weights") {
  trainer<net, backend::eigen> plain({}, optim::adam{.rate = 0.01}, seed{3});
  auto const any = erased(trainer<net, backend::eigen>({}, optim::adam{.rate = 0.01}, seed{3}));
  stream<net, backend::eigen> expected(backend::eigen{}, plain.averaged(), {4, 3});
  auto const one = any->stream({4, 3});
  auto const many = any->streams(2, {4, 3});
  auto const b = test::random_batch<net, float>(5, 2, 4, 3, 2);
  for (index_t t = 0; t < 5; ++t) {
    if (t == 3) one->reset(), expected.reset(), many->reset(0);
    float const *view = b.view.data() + t * 24, *place = b.place.data() + t * 16,
                *query = b.query_place.data() + t * 12;
    REQUIRE(one->observe({view, {4, 3}}, {place, {4, 2}}) == observed::yes);
    REQUIRE(expected.observe({view, {4, 3}}, {place, {4, 2}}) == observed::yes);
    REQUIRE(many->observe({view, {2, 4, 3}}, {place, {2, 4, 2}}) == observed::yes);
    auto const x = one->predict({query, {3, 2}}), y = expected.predict({query, {3, 2}});
    CHECK(same_bits(x.data, y.data, y.size()));
    CHECK(same_bits(many->predict({query, {2, 3, 2}}).data, y.data, y.size()));
    // In two halves.
    REQUIRE(one->predict_async({query, {3, 2}}));
    REQUIRE(many->predict_async({query, {2, 3, 2}}));
    CHECK(same_bits(one->predictions().data, y.data, y.size()));
    CHECK(same_bits(many->predictions().data, y.data, y.size()));
  }
  // Both at once.
  for (index_t t = 0; t < 4; ++t) {
    float const *view = b.view.data() + t * 24, *place = b.place.data() + t * 16,
                *query = b.query_place.data() + t * 12;
    REQUIRE(expected.step({view, {4, 3}}, {place, {4, 2}}, {query, {3, 2}}) == observed::yes);
    REQUIRE(one->step({view, {4, 3}}, {place, {4, 2}}, {query, {3, 2}}) == observed::yes);
    if (t % 2 == 0) {
      REQUIRE(many->step({view, {2, 4, 3}}, {place, {2, 4, 2}}, {query, {2, 3, 2}}) == observed::yes);
    } else {
      REQUIRE(many->step(on_device, {view, {2, 4, 3}}, {place, {2, 4, 2}}, {query, {2, 3, 2}}) == observed::yes);
      many->wait();
    }
    auto const y = expected.predictions();
    CHECK(same_bits(one->predictions().data, y.data, y.size()));
    CHECK(same_bits(many->predictions().data, y.data, y.size()));
    CHECK(same_bits(many->predictions(on_device).data, y.data, y.size()));
  }
  CHECK(one->state() == expected.state());
  auto const saved = one->state();
  one->reset();
  one->restore(saved);
  one->refresh(), many->refresh();
  CHECK(one->state() == saved);
  CHECK(many->state(0) == saved.numbers);
  many->restore(1, saved.numbers);
  CHECK(many->state(1) == saved.numbers);
  many->reset();
  CHECK(many->state(1) == std::vector<float>(saved.numbers.size()));
  CHECK(one->left_out() == 0);
  CHECK(many->left_out() == 0);
}

}  // namespace s2rm
