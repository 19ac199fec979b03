// Batches with side inputs and times: what is refused, what changes no bit, files that go on.
#include <cmath>
#include <string>

#include "s2rm/adapters/xtensor.hpp"
#include "s2rm/cell/lstm.hpp"
#include "s2rm/train/trainer.hpp"
#include "support/files.hpp"
#include "support/refused.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::fields_net;
using test::fields_net_of;
using test::refused;
using test::same_bits;

using context_net = fields_net_of<>;
using elapsed_net = fields_net_of<time::elapsed<>>;
using elapsed_lstm = fields_net_of<time::elapsed<std::ratio<2>>, cell::lstm>;
using lead_net = fields_net_of<lead::learned<std::ratio<2>>>;

constexpr test::with everything{.view_mask = true, .target_mask = true, .reset = true, .blind = true, .times = true};
constexpr optim::adam adam{.rate = 0.01};

template <class Net>
using learner_of = trainer<Net, backend::eigen>;

/// Every number that a mask or flag hides becomes `value`.
template <class Net>
owned_batch<float> hidden_become(owned_batch<float> b, float value) {
  auto const set = [value](auto& x, std::size_t slot, index_t width) {
    for (index_t i = 0; i < width; ++i) x[slot * static_cast<std::size_t>(width) + static_cast<std::size_t>(i)] = value;
  };
  for (std::size_t i = 0; i < b.view_mask.size(); ++i) {
    if (b.view_mask[i] == 0) set(b.view_context, i, Net::K);
  }
  for (std::size_t i = 0; i < b.reset.size(); ++i) {
    if (b.reset[i] != 0) set(b.elapsed, i, 1);
  }
  // A finite lead or context of a masked query is answered, and not counted.
  for (std::size_t i = 0; i < b.target_mask.size(); ++i) {
    if (b.target_mask[i] != 0) continue;
    set(b.query_context, i, Net::K);
    if (Net::lead::active) set(b.query_lead, i, 1);
  }
  return b;
}

}  // namespace

TEMPLATE_TEST_CASE("fields: what is masked changes no bit", "", context_net, elapsed_net, elapsed_lstm, lead_net,
                   fields_net) {
  learner_of<TestType> learner({}, adam, seed{3});
  auto const b = test::random_batch<TestType, float>(5, 3, 4, 2, 1, everything);
  auto const values = [&](owned_batch<float> const& batch) {
    double const loss = learner.differentiate(batch.look());
    CHECK(std::isfinite(loss));
    return std::vector<float>(learner.gradient(), learner.gradient() + TestType::parameter_count);
  };
  auto const expected = values(hidden_become<TestType>(b, 0.5F));
  CHECK(same_bits(values(hidden_become<TestType>(b, NAN)), expected));
  CHECK(same_bits(values(hidden_become<TestType>(b, -INFINITY)), expected));
}

TEMPLATE_TEST_CASE("fields: learns, and goes on from its file to the bit", "", context_net, elapsed_net, elapsed_lstm,
                   lead_net, fields_net) {
  test::temporary_folder const folder;
  auto const batch = test::random_batch<TestType, float>(6, 3, 4, 2, 1, everything);
  training const options{.truncation = {.window = 3, .carry_batches = true}, .recompute = 2};
  learner_of<TestType> a{{}, adam, seed{3}, options}, b{{}, adam, seed{4}, options};
  double const before = a.step(batch.look()).loss;
  for (int i = 0; i < 40; ++i) a.step(batch.look());
  CHECK(a.skipped() == 0);
  CHECK(a.step(batch.look()).loss < 0.9 * before);
  a.save(folder / "model.safetensors");
  b.resume(folder / "model.safetensors");
  a.step(batch.look());
  b.step(batch.look());
  CHECK(test::same_state(a.state(), b.state()));
}

TEMPLATE_TEST_CASE("fields: windows, segments and micro-batches cut their arrays too", "", context_net, elapsed_net,
                   elapsed_lstm) {
  auto const batch = test::random_batch<TestType, float>(6, 4, 3, 2, 2, everything);
  learner_of<TestType> whole{{}, adam, seed{3}};
  for (training const& options : {training{.recompute = 2}, training{.microbatches = 2}}) {
    learner_of<TestType> cut{{}, adam, seed{3}, options};
    CHECK(cut.step(batch.look()).gradient_norm ==
          Approx(learner_of<TestType>({}, adam, seed{3}).step(batch.look()).gradient_norm).epsilon(1e-4));
  }
}

TEMPLATE_TEST_CASE("fields: no views, one step, one element, no queries", "", context_net, elapsed_net, elapsed_lstm,
                   lead_net, fields_net) {
  learner_of<TestType> learner{{}, adam, seed{3}};
  for (auto const& [time, batch, views, queries] :
       {std::array<index_t, 4>{1, 1, 0, 1}, {1, 1, 1, 1}, {3, 1, 0, 2}, {2, 2, 3, 0}}) {
    auto const b = test::random_batch<TestType, float>(time, batch, views, queries, 5, {.times = true});
    CHECK(std::isfinite(learner.step(b.look()).loss));
  }
  CHECK(learner.skipped() == 0);
}

TEST_CASE("fields: missing context and improper times are named") {
  learner_of<lead_net> learner{{}, adam, seed{3}};
  auto const good = test::random_batch<lead_net, float>(3, 2, 4, 2, 1, {.target_mask = true, .times = true});
  auto const with = [&](auto const& change) {
    auto b = good;
    change(b);
    return refused<error>([&] { learner.step(b); });
  };
  CHECK(with([](auto& b) { b.view_context.clear(); }) ==
        "s2rm: batch: view_context: expected (T, B, A, ...), found null");
  CHECK(with([](auto& b) { b.query_context.clear(); }) ==
        "s2rm: batch: query_context: expected (T, B, Q, ...), found null");
  CHECK(with([](auto& b) { b.query_context.pop_back(); }) ==
        "s2rm: batch: query_context: expected 24 numbers, found 23");
  CHECK(with([](auto& b) { b.elapsed.pop_back(); }) == "s2rm: batch: elapsed: expected 6 numbers, found 5");
  CHECK(with([](auto& b) { b.elapsed[4] = -1; }) ==
        "s2rm: batch: elapsed: expected finite numbers >= 0, found -1.000000 at entry 4");
  CHECK(with([](auto& b) { b.elapsed[0] = NAN; }) ==
        "s2rm: batch: elapsed: expected finite numbers >= 0, found one that is not finite at entry 0");
  std::size_t asked = 0, masked = 0;
  while (good.target_mask[asked] == 0) ++asked;
  while (good.target_mask[masked] != 0) ++masked;
  CHECK(with([&](auto& b) { b.query_lead[asked] = -0.5F; }) ==
        "s2rm: batch: query_lead: expected finite numbers >= 0, found -0.500000 at entry " + std::to_string(asked));
  // A masked query's lead is not looked at, nor the time before a step that starts anew.
  auto b = good;
  b.query_lead[masked] = NAN;
  b.reset.assign(6, 0);
  b.reset[5] = 1;
  b.elapsed[5] = -3;
  CHECK(std::isfinite(learner.step(b).loss));
  // A model that answers one step ahead refuses leads, and passes over elapsed times.
  learner_of<context_net> one_step{{}, adam, seed{3}};
  CHECK(refused<error>([&] { one_step.step(b); }) ==
        "s2rm: batch: query_lead: expected null: this model answers one step ahead (lead::none)");
  b.query_lead.clear();
  auto untimed = b;
  untimed.elapsed.clear();
  CHECK(one_step.evaluate(b) == one_step.evaluate(untimed));
  // Without context in the shape an array of it is wrong.
  trainer<test::small_net, backend::eigen> plain{{}, adam, seed{3}};
  auto other = test::random_batch<test::small_net, float>(3, 2, 4, 2, 1);
  other.view_context.assign(48, 0.F);
  CHECK(refused<error>([&] { plain.step(other); }) == "s2rm: batch: view_context: expected 0 numbers, found 48");
}

TEST_CASE("fields: xtensor members") {
  batch<float, 1> b;
  b.views = make_tensor<float>(4, 3, 5, 3), b.places = make_tensor<float>(4, 3, 5, 2);
  b.query_places = make_tensor<float>(4, 3, 2, 2), b.targets = make_tensor<float>(4, 3, 2, 2);
  auto const refusal = [&] { return refused<error>([&] { (void)as_batch_view<test::fields_shape>(b); }); };
  CHECK(refusal() == "s2rm: view_context: expected (T=4, B=3, A=5, K=2), found (0, 0, 0, 0)");
  b.view_context = make_tensor<float>(4, 3, 5, 2);
  CHECK(refusal() == "s2rm: query_context: expected (T=4, B=3, Q=2, K=2), found (0, 0, 0, 0)");
  b.query_context = make_tensor<float>(4, 3, 2, 2);
  auto v = as_batch_view<test::fields_shape>(b);
  CHECK((v.view_context == b.view_context.data() && v.query_context == b.query_context.data()));
  CHECK((v.elapsed == nullptr && v.query_lead == nullptr));
  b.elapsed = make_tensor<float>(4, 3), b.query_lead = make_tensor<float>(4, 3, 2);
  v = as_batch_view<test::fields_shape>(b);
  CHECK((v.elapsed == b.elapsed.data() && v.query_lead == b.query_lead.data()));
  b.elapsed = make_tensor<float>(3, 4);
  CHECK(refusal() == "s2rm: elapsed: expected (T=4, B=3), found (3, 4)");
  b.elapsed = make_tensor<float>(4, 3), b.query_lead = make_tensor<float>(4, 3, 5);
  CHECK(refusal() == "s2rm: query_lead: expected (T=4, B=3, Q=2), found (4, 3, 5)");
  b.query_lead = {};
  CHECK(refused<error>([&] { (void)as_batch_view<test::small_shape>(b); }) ==
        "s2rm: view_context: expected (T=4, B=3, A=5, K=0), found (4, 3, 5, 2)");
}

}  // namespace s2rm
