// Other cells and the comparison models, places on the globe: streams equal whole sequences, training learns, files go on.
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "s2rm/train/training_file.hpp"
#include "stream/equals.hpp"
#include "support/files.hpp"

namespace s2rm {
namespace {

template <class... Policies>
using net = world_model<test::small_shape, encoder::mlp<9, 6>, decoder::mlp<10>, Policies...>;

using s2lstm = net<cell::lstm>;
using s2rmc = net<cell::rmc<2, 2>>;
using shared = net<weights::shared>;
using shared_lstm = net<weights::shared, cell::lstm, interaction::after_update>;
using pooled_gru = net<dynamics::gru<12>>;
using pooled_lstm = net<dynamics::lstm<9, dynamics::pool::mean>>;
using mechanisms = net<dynamics::rim<2>>;
using memory = net<dynamics::rmc<3, 8, 2>>;
using chunks = net<dynamics::lstm<12, dynamics::pool::attention, 3>>;
using observer = net<dynamics::tto<9, 12, 2, 0, 3>>;
struct globe_shape : test::small_shape {
  static constexpr index_t place = 3;
};
using on_the_globe =
    world_model<globe_shape, places::harmonics<5>, encoder::mlp<9, 6>, decoder::mlp<10>, likelihood::gaussian>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

}  // namespace

TEMPLATE_TEST_CASE("compared: a stream equals the whole sequence to the last bit", "", s2lstm, s2rmc, shared,
                   shared_lstm, pooled_gru, pooled_lstm, mechanisms, memory, chunks, observer, on_the_globe) {
  test::equals_sequence<TestType, float>(2, true, masks);
}

TEMPLATE_TEST_CASE("compared: learns, and goes on from its file to the bit", "", s2lstm, s2rmc, shared, pooled_gru,
                   pooled_lstm, mechanisms, memory, chunks, observer, on_the_globe) {
  using learner = trainer<TestType, backend::eigen>;
  test::temporary_folder const folder;
  auto const batch = test::random_batch<TestType, float>(6, 3, 4, 2, 1, masks);
  optim::adam const adam{.rate = 0.01};
  learner a{{}, adam, seed{3}, {.recompute = 2}};
  double const before = a.evaluate(batch.look());
  for (int i = 0; i < 60; ++i) a.step(batch.look());
  CHECK(a.skipped() == 0);
  CHECK(a.evaluate(batch.look()) < 0.9 * before);
  a.save(folder / "model.safetensors");
  learner b{{}, adam, seed{4}, {.recompute = 2}};
  b.load(folder / "model.safetensors");
  a.step(batch.look());
  b.step(batch.look());
  CHECK(test::same_bits(a.state().weights, b.state().weights));
}

}  // namespace s2rm
