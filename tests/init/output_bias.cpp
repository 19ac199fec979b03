// Training that starts at a constant prediction: the bias of the decoder's last layer.
#include "s2rm/init/output_bias.hpp"

#include <limits>

#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_bits;
using test::same_state;

using net = test::small_net;

/// A raster of 2 x 3 x 3, written by convolutions: one bias for each of its maps.
struct raster_shape : test::small_shape {
  using target = raster<2, 3, 3>;
};
using raster_net = world_model<raster_shape, encoder::mlp<9, 6>,
                               decoder::conv<layer::linear<4, 2, 2>, layer::conv_transpose2d<2, 2, 1, 0>>>;

template <class Net>
trainer<Net, test::tested, double> learner_of(double average = 0) {
  return trainer<Net, test::tested, double>{{}, {}, seed{3}, {.average = average}};
}

/// Predictions for one batch.
template <class Net>
std::vector<double> predictions_of(trainer<Net, test::tested, double>& learner) {
  auto const b = test::random_batch<Net, double>(3, 2, 3, 2, 5, {.view_mask = true, .blind = true});
  static_cast<void>(learner.evaluate(b.look()));
  auto const* const o = learner.predictions();
  return {o, o + 3 * 2 * 2 * Net::likelihood::outputs};
}

/// Whether the predictions moved by the bias and by nothing else; each of its numbers is of `share` outputs.
template <class Net>
void check_moves_outputs(std::size_t share) {
  constexpr auto field = init::output_bias_field<Net>;
  auto learner = learner_of<Net>(0.5);
  auto const before = learner.state();
  auto const predicted = predictions_of(learner);
  std::vector<double> bias;
  for (index_t i = 0; i < field.size; ++i) bias.push_back(-3 + 0.5 * static_cast<double>(i));
  learner.output_bias(bias);
  auto const after = learner.state();
  CHECK(same_bits(after.weights, after.average));
  auto const now = predictions_of(learner);
  auto const outputs = bias.size() * share;
  REQUIRE(predicted.size() % outputs == 0);
  for (std::size_t i = 0; i < now.size(); ++i) {
    auto const of = (i % outputs) / share;
    auto const old = before.weights[static_cast<std::size_t>(field.offset) + of];
    CHECK(now[i] - predicted[i] == Approx(bias[of] - old).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("output bias: every prediction changes by as much as the bias") {
  STATIC_REQUIRE(init::output_bias_field<net>.name == "decoder.1.bias");
  STATIC_REQUIRE(init::output_bias_field<net>.size == net::likelihood::outputs);
  check_moves_outputs<net>(1);
}

TEST_CASE("output bias: a convolution has one number per map") {
  STATIC_REQUIRE(init::output_bias_field<raster_net>.size == 2);
  check_moves_outputs<raster_net>(9);
}

TEST_CASE("output bias: a wrong count or a non-finite number is rejected and changes nothing") {
  auto learner = learner_of<net>();
  auto const before = learner.state();
  std::vector<double> bias(4, 1.0);
  bias[2] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(learner.output_bias(bias), "s2rm: output_bias: number 2: expected a finite number, found inf");
  CHECK_THROWS_WITH(learner.output_bias({1, 2, 3}),
                    "s2rm: output_bias: expected 4 numbers, one for each of decoder.1.bias, found 3");
  CHECK_THROWS_AS(learner.output_bias({}), value_error);
  CHECK(same_state(before, learner.state()));
}

TEST_CASE("logit: log(p / (1 - p)), and finite at base rates 0 and 1") {
  CHECK(init::logit(0.5) == 0.0);
  CHECK(init::logit(0.01) == Approx(std::log(1.0 / 99.0)).epsilon(1e-14));
  CHECK(init::logit(0.99) == Approx(std::log(99.0)).epsilon(1e-12));
  CHECK(init::logit(0) == Approx(std::log(1e-4 / (1 - 1e-4))).epsilon(1e-14));
  CHECK(init::logit(1) == Approx(-init::logit(0)).epsilon(1e-11));
  CHECK(init::logit(0, 0.1) == Approx(std::log(1.0 / 9.0)).epsilon(1e-14));
}

}  // namespace s2rm
