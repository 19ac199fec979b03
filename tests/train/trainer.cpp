// One training step: what it learns, what it reports, and that nothing but seed and data decides its bits.
#include <limits>
#include <memory>
#include <numbers>
#include <type_traits>

#include "support/refused.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::approx_equal;
using test::same_bits;
using test::same_state;

using net = test::small_net;
template <class Optimiser = optim::adam>
using learner_of = trainer<net, test::tested, double, Optimiser>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

struct wave_shape : shape {
  static constexpr index_t modules = 4, hidden = 16, heads = 2, head_width = 8, sphere = 4, place = 2, frequencies = 1,
                           place_hidden = 16;
  using view = features<1>;
};
using wave_net = world_model<wave_shape, encoder::mlp<16, 8>, decoder::mlp<16>, likelihood::gaussian>;

}  // namespace

static_assert(!std::is_copy_constructible_v<learner_of<>> && std::is_move_constructible_v<learner_of<>>);

TEST_CASE("trainer: a moved trainer continues with the same bits") {
  auto const b = test::random_batch<net, double>(4, 3, 3, 2, 1, masks);
  learner_of<> stays{{}, {.rate = 0.01}, seed{3}, {.truncation = {.window = 2, .carry_batches = true}}};
  auto first = std::make_unique<learner_of<>>(test::tested{}, optim::adam{.rate = 0.01}, seed{3},
                                              training{.truncation = {.window = 2, .carry_batches = true}});
  CHECK(stays.step(b.look()).loss == first->step(b.look()).loss);
  learner_of<> moved(std::move(*first));
  first.reset();
  CHECK(same_bits(moved.states(), stays.states(), 2 * 3 * net::M * net::state_size));
  CHECK(stays.step(b.look()).loss == moved.step(b.look()).loss);
  CHECK(stays.evaluate(b.look()) == moved.evaluate(b.look()));
  CHECK(same_state(stays.state(), moved.state()));
}

TEST_CASE("trainer: learns a travelling wave from a few sensors, also at places without a sensor") {
  for (std::uint64_t const from : {1U, 2U}) {
    trainer<wave_net, test::tested> learner{{}, optim::adam{.rate = 4e-3, .clip = 1.0}, seed{from}};
    auto const unseen = test::wave_batch<wave_net, float>(10, 16, 4, 4, 1000);
    double const before = learner.evaluate(unseen.look());
    double first = 0, last = 0;
    index_t const steps = 250;
    for (index_t step = 0; step < steps; ++step) {
      auto const batch = test::wave_batch<wave_net, float>(10, 8, 4, 4, static_cast<std::uint32_t>(step));
      auto const report = learner.step(batch.look());
      REQUIRE_FALSE(report.skipped);
      if (step < 10) first += report.loss / 10;
      if (step >= steps - 10) last += report.loss / 10;
    }
    double const after = learner.evaluate(unseen.look());
    CAPTURE(from, first, last, before, after);
    // A Gaussian with the targets' own mean and variance (1/2) has a loss of 1.07.
    CHECK(first > 1.0);
    CHECK(last < 0.4);
    CHECK(after < 0.2);
    CHECK(learner.steps() == steps);
    CHECK(learner.skipped() == 0);
  }
}

TEST_CASE("trainer: the loss is the mean over unmasked target elements, before the update") {
  auto const b = test::random_batch<net, double>(4, 3, 3, 2, 1, masks);
  learner_of<> learner{{}, {.rate = 0.002}, seed{5}};
  CHECK(learner.evaluate(b.look()) == learner.differentiate(b.look()));
  double const expected = learner.differentiate(b.look());
  double const* const o = learner.predictions();
  double sum = 0;
  index_t elements = 0;
  for (std::size_t q = 0; q < b.target_mask.size(); ++q) {
    if (b.target_mask[q] == 0) continue;
    for (std::size_t e = 0; e < 2; ++e, ++elements) {
      double const v = o[q * 4 + 2 + e], miss = b.target[q * 2 + e] - o[q * 4 + e];
      sum += 0.5 * (std::log(2 * std::numbers::pi) + v + miss * miss / std::exp(v));
    }
  }
  REQUIRE(elements > 0);
  REQUIRE(elements < 4 * 3 * 2 * 2);
  CHECK(expected == Approx(sum / static_cast<double>(elements)).epsilon(1e-13));

  double norm = 0;
  for (index_t i = 0; i < net::parameter_count; ++i) norm += learner.gradient()[i] * learner.gradient()[i];
  auto const report = learner.step(b.look());
  CHECK(report.loss == expected);
  CHECK(report.gradient_norm == Approx(std::sqrt(norm)).epsilon(1e-13));
  CHECK(report.updates == 1);
  CHECK(learner.evaluate(b.look()) < expected);
}

namespace {

/// Ten steps of a trainer against a plain loop over gradients that a second trainer computes at the loop's own weights.
template <class Optimiser, class Update>
void follows(Optimiser const& o, Update const& update) {
  auto const b = test::random_batch<net, double>(3, 2, 3, 2, 2, masks);
  learner_of<Optimiser> learner{{}, o, seed{3}};
  learner_of<> probe{{}, {}, seed{3}};
  auto w = test::weights_of(learner);
  std::vector<double> m(w.size()), v(w.size());
  index_t clipped = 0;
  for (index_t step = 0; step < 10; ++step) {
    probe.assign(w.data());
    probe.differentiate(b.look());
    std::vector<double> g(probe.gradient(), probe.gradient() + net::parameter_count);
    double norm = 0;
    for (double const x : g) norm += x * x;
    norm = std::sqrt(norm);
    if (norm > o.clip) {
      ++clipped;
      for (double& x : g) x *= o.clip / norm;
    }
    for (std::size_t i = 0; i < w.size(); ++i) update(step, o.rate * o.schedule(step), g[i], w[i], m[i], v[i]);
    auto const report = learner.step(b.look());
    INFO("step " << step);
    CHECK(report.gradient_norm == Approx(norm).epsilon(1e-10));
    CHECK(test::relative_error(test::weights_of(learner), w) < 1e-12);
  }
  CHECK(clipped > 0);
  CHECK(clipped < 10);
}

}  // namespace

TEST_CASE("trainer: ten steps of AdamW with clipping and a schedule equal a plain loop") {
  optim::adam const o{.rate = 0.02,
                      .beta1 = 0.8,
                      .beta2 = 0.9,
                      .epsilon = 1e-3,
                      .weight_decay = 0.05,
                      .clip = 0.35,
                      .schedule = {.warm_up = 3, .total = 8, .floor = 0.2}};
  follows(o, [](index_t step, double rate, double g, double& w, double& m, double& v) {
    m = 0.8 * m + 0.2 * g;
    v = 0.9 * v + 0.1 * g * g;
    double const up = 1 - std::pow(0.8, step + 1), square = 1 - std::pow(0.9, step + 1);
    w -= rate * (m / up / (std::sqrt(v / square) + 1e-3) + 0.05 * w);
  });
}

TEST_CASE("trainer: ten steps of SGD with clipping and a schedule equal a plain loop") {
  optim::sgd const o{
      .rate = 0.1, .momentum = 0.6, .weight_decay = 0.01, .clip = 0.35, .schedule = {.warm_up = 2, .total = 9}};
  follows(o, [](index_t, double rate, double g, double& w, double& m, double&) {
    m = 0.6 * m + g + 0.01 * w;
    w -= rate * m;
  });
}

TEST_CASE("trainer: the running average of the weights") {
  auto const b = test::random_batch<net, double>(3, 2, 3, 2, 3);
  learner_of<> learner{{}, {.rate = 0.01}, seed{3}, {.average = 0.75}};
  auto average = test::weights_of(learner);
  for (index_t step = 0; step < 5; ++step) {
    learner.step(b.look());
    auto const w = test::weights_of(learner);
    for (std::size_t i = 0; i < w.size(); ++i) average[i] = 0.75 * average[i] + 0.25 * w[i];
    CHECK(test::relative_error(learner.state().average, average) < 1e-14);
  }
  // What is evaluated are the averaged weights, and what is stepped are not.
  learner_of<> other{{}, {}, seed{4}};
  other.assign(learner.averaged().values());
  CHECK(learner.evaluate(b.look()) == other.evaluate(b.look()));
  other.assign(learner.parameters().values());
  CHECK(learner.evaluate(b.look()) != other.evaluate(b.look()));
  CHECK(learner.step(b.look()).loss == other.evaluate(b.look()));
  // Without an average, the weights themselves.
  CHECK(&other.averaged() == &other.parameters());
}

TEST_CASE("trainer: same seed and data, same bits; another seed, others") {
  learner_of<> a{{}, {.rate = 0.01, .clip = 1}, seed{3}, {.average = 0.9}};
  learner_of<> b{{}, {.rate = 0.01, .clip = 1}, seed{3}, {.average = 0.9}};
  learner_of<> c{{}, {.rate = 0.01, .clip = 1}, seed{4}, {.average = 0.9}};
  CHECK(same_state(a.state(), b.state()));
  CHECK_FALSE(same_bits(a.state().weights, c.state().weights));
  auto const start = a.state();
  for (std::uint32_t step = 0; step < 20; ++step) {
    auto const batch = test::random_batch<net, double>(5, 3, 3, 2, step, masks);
    auto const x = a.step(batch.look()), y = b.step(batch.look());
    CHECK(same_bits(&x.loss, &y.loss, 1));
    CHECK(same_bits(&x.gradient_norm, &y.gradient_norm, 1));
  }
  CHECK(same_state(a.state(), b.state()));
  CHECK_FALSE(same_bits(a.state().weights, start.weights));
}

TEST_CASE("trainer: any number of threads, the same bits") {
  // So many elements that every product of a step is shared between threads.
  auto const batch = test::random_batch<wave_net, float>(3, 72, 3, 3, 1, masks);
  using learner_type = trainer<wave_net, test::tested>;
  learner_type one{test::tested_with(1), {.rate = 0.003}, seed{3}, {.average = 0.9}};
  learner_type two{test::tested_with(2), {.rate = 0.003}, seed{3}, {.average = 0.9}};
  learner_type four{test::tested_with(4), {.rate = 0.003}, seed{3}, {.average = 0.9}};
  for (index_t step = 0; step < 20; ++step) {
    auto const report = one.step(batch.look());
    CHECK(two.step(batch.look()).loss == report.loss);
    CHECK(four.step(batch.look()).loss == report.loss);
  }
  CHECK(same_state(one.state(), two.state()));
  CHECK(same_state(one.state(), four.state()));
}

TEST_CASE("trainer: a non-finite batch is skipped, counted, and changes no state") {
  auto const good = test::random_batch<net, double>(4, 3, 3, 2, 1, masks);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const spoil = [&](auto what) {
    auto bad = test::random_batch<net, double>(4, 3, 3, 2, 2);
    what(bad);
    return bad;
  };
  auto const bad_batches = {
      spoil([&](auto& b) { b.view[7] = nan; }),
      spoil([&](auto& b) { b.target[3] = nan; }),
      spoil([&](auto& b) { b.place[5] = nan; }),
      spoil([&](auto& b) { b.query_place[0] = std::numeric_limits<double>::infinity(); }),
      spoil([&](auto& b) { b.target[9] = std::numeric_limits<double>::infinity(); }),
  };
  for (auto const carry : {false, true}) {
    training const options{.truncation = {.window = 3, .carry_batches = carry}, .average = 0.9};
    learner_of<> learner{{}, {.rate = 0.01}, seed{3}, options};
    for (index_t step = 0; step < 3; ++step) learner.step(good.look());
    index_t skipped = 0;
    for (auto const& bad : bad_batches) {
      INFO("bad batch " << skipped << ", carry_batches " << carry);
      auto const before = learner.state();
      // All of it in one window.
      auto one = bad.look();
      one.time = 3;
      auto const report = learner.step(one);
      auto after = learner.state();
      CHECK(report.skipped);
      CHECK(report.updates == 0);
      CHECK(report.skipped_total == ++skipped);
      CHECK(learner.skipped() == skipped);
      // A view whose place is no number reaches nothing: the loss looks well, its gradient does not.
      CHECK(std::isfinite(report.loss) == std::isnan(bad.place[5]));
      CHECK(same_bits(after.weights, before.weights));
      CHECK(same_bits(after.moments, before.moments));
      CHECK(same_bits(after.average, before.average));
      CHECK(after.applied == before.applied);

      // The next good step is what it would have been had the bad one never run: also the carried state is.
      learner_of<> fresh{{}, {.rate = 0.01}, seed{77}, options};
      fresh.restore(after);
      auto const x = learner.step(good.look()), y = fresh.step(good.look());
      CHECK_FALSE(x.skipped);
      CHECK(std::isfinite(x.loss));
      CHECK(x.loss == y.loss);
      CHECK(same_state(learner.state(), fresh.state()));
      if (!carry) {
        fresh.restore(before);
        CHECK(fresh.step(good.look()).loss == x.loss);
        CHECK(same_bits(fresh.state().moments, learner.state().moments) ==
              same_bits(fresh.state().weights, learner.state().weights));
      }
    }
  }
}

TEST_CASE("trainer: a class index out of range is skipped although its gradient is finite") {
  struct class_shape : test::small_shape {
    using target = features<1>;
  };
  using class_net = world_model<class_shape, encoder::mlp<4>, decoder::mlp<>, likelihood::categorical<3>>;
  auto b = test::random_batch<class_net, float>(2, 2, 2, 2, 1);
  for (std::size_t i = 0; i < b.target.size(); ++i) b.target[i] = static_cast<float>(i % 3);
  trainer<class_net, test::tested> learner{{}, {.rate = 0.01}};
  CHECK_FALSE(learner.step(b.look()).skipped);
  b.target[2] = 3;
  auto const before = learner.state();
  CHECK(learner.step(b.look()).skipped);
  CHECK(same_bits(learner.state().weights, before.weights));
  CHECK(same_bits(learner.state().moments, before.moments));
}

TEST_CASE("trainer: a batch without an unmasked target updates nothing") {
  learner_of<> learner{{}, {.rate = 0.01, .weight_decay = 0.1}, seed{3}, {.average = 0.5}};
  auto b = test::random_batch<net, double>(4, 3, 3, 2, 1, masks);
  learner.step(b.look());
  auto const before = learner.state();
  auto const untouched = [&](batch_view<double> const& batch) {
    auto const report = learner.step(batch);
    CHECK(report.updates == 0);
    CHECK(report.loss == 0.0);
    CHECK(report.gradient_norm == 0.0);
    CHECK_FALSE(report.skipped);
    CHECK(same_state(learner.state(), before));
  };
  std::fill(b.target_mask.begin(), b.target_mask.end(), std::uint8_t{0});
  untouched(b.look());
  CHECK(learner.step(b.look()).reach > 0);
  CHECK(learner.evaluate(b.look()) == 0.0);
  CHECK(learner.differentiate(b.look()) == 0.0);
  for (index_t i = 0; i < net::parameter_count; ++i) REQUIRE(learner.gradient()[i] == 0.0);
  untouched(test::random_batch<net, double>(4, 3, 3, 0, 1).look());
  untouched(test::random_batch<net, double>(0, 3, 3, 2, 1).look());
  untouched(test::random_batch<net, double>(4, 0, 3, 2, 1).look());
  untouched({});
}

TEST_CASE("trainer: batches of any extents one after the other, each as if it were the only one") {
  learner_of<> learner{{}, {.rate = 0.0}};
  learner_of<> const only{{}, {.rate = 0.0}};
  index_t const extents[][4] = {{2, 2, 2, 2}, {7, 1, 4, 0}, {1, 5, 0, 3}, {3, 3, 9, 1}, {2, 2, 2, 2}, {17, 2, 1, 1}};
  std::uint32_t stream = 0;
  for (auto const& e : extents) {
    auto const b = test::random_batch<net, double>(e[0], e[1], e[2], e[3], ++stream, masks);
    learner_of<> fresh{{}, {.rate = 0.0}};
    auto const x = learner.step(b.look()), y = fresh.step(b.look());
    CHECK(x.loss == y.loss);
    CHECK(x.gradient_norm == y.gradient_norm);
    CHECK(same_bits(learner.predictions(), fresh.predictions(), e[0] * e[1] * e[3] * net::outputs));
    CHECK(learner.evaluate(b.look()) == fresh.evaluate(b.look()));
  }
  CHECK(same_bits(learner.state().weights, only.state().weights));
}

TEST_CASE("trainer: members of a batch that are missing are named") {
  learner_of<> learner{{}};
  auto const b = test::random_batch<net, double>(4, 3, 3, 2, 1);
  auto const before = learner.state();
  auto const refused = [&](auto spoil, char const* name) {
    auto bad = b.look();
    spoil(bad);
    INFO(name);
    try {
      learner.step(bad);
      FAIL("was taken");
    } catch (shape_error const& e) {
      CHECK_THAT(e.what(), test::contains(name));
    }
  };
  refused([](auto& x) { x.view = nullptr; }, "view");
  refused([](auto& x) { x.place = nullptr; }, "place");
  refused([](auto& x) { x.query_place = nullptr; }, "query_place");
  refused([](auto& x) { x.target = nullptr; }, "target");
  refused([](auto& x) { x.views = -1; }, "views");
  CHECK(same_state(learner.state(), before));
  // Without targets there are predictions and no loss.
  auto unlabelled = b.look();
  learner.evaluate(unlabelled);
  std::vector<double> const expected(learner.predictions(), learner.predictions() + 4 * 3 * 2 * net::outputs);
  unlabelled.target = nullptr;
  CHECK(learner.evaluate(unlabelled) == 0.0);
  CHECK(same_bits(expected.data(), learner.predictions(), 4 * 3 * 2 * net::outputs));
}

TEST_CASE("trainer: an owned batch is a batch, and the sizes of its vectors are checked") {
  learner_of<> learner{{}}, by_view{{}};
  auto const b = test::random_batch<net, double>(4, 3, 3, 2, 1, masks);
  CHECK(learner.step(b).loss == by_view.step(b.look()).loss);
  CHECK(learner.evaluate(b) == by_view.evaluate(b.look()));
  auto const before = learner.state();
  auto const refusal = [&](auto spoil) {
    auto bad = b;
    spoil(bad);
    return test::refused<shape_error>([&] { learner.step(bad); });
  };
  CHECK_THAT(refusal([](auto& x) { x.view.pop_back(); }),
             test::contains("batch: view: expected 108 numbers, found 107"));
  CHECK_THAT(refusal([](auto& x) { x.blind.push_back(0); }),
             test::contains("batch: blind: expected 12 numbers, found 13"));
  CHECK_THAT(refusal([](auto& x) { x.place.clear(); }), test::contains("batch: place: expected (T, B, A, ...)"));
  CHECK(same_state(learner.state(), before));
  // The elements of a batch, copied, are those elements of it.
  owned_batch<double> some;
  auto const view = copy_elements<net::shape>(b.look(), 1, 2, some);
  CHECK(view.batch == 2);
  CHECK(some.batch == 2);
  for (index_t t = 0; t < 4; ++t) {
    CHECK(same_bits(view.view + t * 2 * 9, b.view.data() + (t * 3 + 1) * 9, 2 * 9));
    CHECK(same_bits(view.blind + t * 2, b.blind.data() + t * 3 + 1, 2));
  }
}

TEST_CASE("trainer: options outside their domain are refused") {
  auto const make = [](optim::adam o, training t) { learner_of<> const l{{}, o, {}, t}; };
  CHECK_THROWS_AS(make({.rate = -1}, {}), value_error);
  CHECK_THROWS_AS(make({}, {.average = 1.0}), value_error);
  CHECK_THROWS_AS(make({}, {.average = -0.1}), value_error);
  CHECK_THROWS_AS(make({}, {.truncation = {.window = -1}}), value_error);
}

TEST_CASE("trainer: whitening on known places gives codes of mean 0 and variance 1, and the average follows") {
  learner_of<> learner{{}, {}, seed{3}, {.average = 0.9}};
  std::vector<double> const places{0.1, 0.2, -0.4, 0.9, 0.7, -0.3, -0.8, -0.6, 0.0, 0.5};
  auto const before = learner.state();
  learner.whiten(places);
  auto const after = learner.state();
  CHECK_FALSE(same_bits(before.weights, after.weights));
  CHECK(same_bits(after.weights, after.average));
  // The codes by the formula of the place encoder, over the new weights.
  using enc = net::places;
  auto const* const w = after.weights.data() + net::at_place;
  std::vector<double> mean(4), square(4);
  for (std::size_t j = 0; j < 5; ++j) {
    double gamma[8];
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t k = 0; k < 2; ++k) {
        double const angle = std::pow(2.0, k) * std::numbers::pi * places[j * 2 + i] / 2;
        gamma[i * 4 + k * 2] = std::sin(angle);
        gamma[i * 4 + k * 2 + 1] = std::cos(angle);
      }
    }
    for (index_t s = 0; s < 4; ++s) {
      double z = w[enc::params::offset<"1.bias"> + s];
      for (index_t h = 0; h < 12; ++h) {
        double a = w[enc::params::offset<"0.bias"> + h];
        for (index_t i = 0; i < 8; ++i) a += w[enc::params::offset<"0.weight"> + h * 8 + i] * gamma[i];
        double const gelu = 0.5 * a * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (a + 0.044715 * a * a * a)));
        z += w[enc::params::offset<"1.weight"> + s * 12 + h] * gelu;
      }
      mean[static_cast<std::size_t>(s)] += z / 5;
      square[static_cast<std::size_t>(s)] += z * z / 5;
    }
  }
  for (std::size_t s = 0; s < 4; ++s) {
    CHECK(mean[s] == Approx(0.0).margin(1e-9));
    CHECK(square[s] - mean[s] * mean[s] == Approx(1.0).epsilon(1e-9));
  }
}

}  // namespace s2rm
