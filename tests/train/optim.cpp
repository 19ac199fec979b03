// Optimisers against plain loops and against PyTorch, clipping, and the schedule.
#include <numbers>
#include <vector>

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/train/optim.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace s2rm {
namespace {

using test::approx_equal;

constexpr index_t count = 6;

double start_of(index_t i) { return 0.5 - 0.2 * static_cast<double>(i); }
double gradient_of(index_t step, index_t i) {
  return std::sin(0.7 * static_cast<double>(i) + 1.3 * static_cast<double>(step)) * (1.0 + static_cast<double>(step));
}

/// Weights after `steps` updates through the library's functors; gradients from `gradient_of`.
template <class Optimiser>
std::vector<double> run(Optimiser o, index_t steps) {
  std::vector<double> w(count), g(count), moments(static_cast<std::size_t>(count * Optimiser::moments));
  for (index_t i = 0; i < count; ++i) w[static_cast<std::size_t>(i)] = start_of(i);
  for (index_t step = 0; step < steps; ++step) {
    auto c = o.begin(step, step);
    for (index_t i = 0; i < count; ++i) {
      double const gi = gradient_of(step, i);
      g[static_cast<std::size_t>(i)] = gi;
      c.norm2 += gi * gi;
    }
    typename Optimiser::template update<double> const update{o, &c, count, g.data(), w.data(), moments.data()};
    for (index_t i = 0; i < count; ++i) update(i);
  }
  return w;
}

/// The gradient of one step, clipped to norm `clip` by its definition.
std::vector<double> clipped(index_t step, double clip) {
  std::vector<double> g(count);
  double square = 0;
  for (index_t i = 0; i < count; ++i) {
    g[static_cast<std::size_t>(i)] = gradient_of(step, i);
    square += gradient_of(step, i) * gradient_of(step, i);
  }
  double const norm = std::sqrt(square);
  if (clip > 0 && norm > clip) {
    for (double& x : g) x = x * clip / norm;
  }
  return g;
}

}  // namespace

TEST_CASE("adam: equals a plain loop") {
  for (double const clip : {0.0, 2.5, 1e3}) {
    optim::adam const o{.rate = 0.03,
                        .beta1 = 0.8,
                        .beta2 = 0.95,
                        .epsilon = 1e-6,
                        .weight_decay = 0.2,
                        .clip = clip,
                        .schedule = {.warm_up = 3, .total = 10, .floor = 0.1}};
    std::vector<double> m(count), v(count), w(count);
    for (std::size_t i = 0; i < count; ++i) w[i] = start_of(static_cast<index_t>(i));
    for (index_t step = 0; step < 12; ++step) {
      auto const g = clipped(step, clip);
      double const rate = 0.03 * o.schedule(step);
      for (std::size_t i = 0; i < count; ++i) {
        m[i] = 0.8 * m[i] + 0.2 * g[i];
        v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
        double const m_hat = m[i] / (1 - std::pow(0.8, step + 1)), v_hat = v[i] / (1 - std::pow(0.95, step + 1));
        w[i] = w[i] - rate * 0.2 * w[i] - rate * m_hat / (std::sqrt(v_hat) + 1e-6);
      }
      INFO("clip " << clip << ", step " << step);
      CHECK(approx_equal(run(o, step + 1), w, 1e-12, 1e-14));
    }
  }
}

TEST_CASE("sgd: equals a plain loop") {
  for (double const clip : {0.0, 2.5}) {
    optim::sgd const o{
        .rate = 0.02, .momentum = 0.7, .weight_decay = 0.1, .clip = clip, .schedule = {.warm_up = 2, .total = 8}};
    std::vector<double> m(count), w(count);
    for (std::size_t i = 0; i < count; ++i) w[i] = start_of(static_cast<index_t>(i));
    for (index_t step = 0; step < 10; ++step) {
      auto const g = clipped(step, clip);
      for (std::size_t i = 0; i < count; ++i) {
        m[i] = 0.7 * m[i] + g[i] + 0.1 * w[i];
        w[i] -= 0.02 * o.schedule(step) * m[i];
      }
      INFO("clip " << clip << ", step " << step);
      CHECK(approx_equal(run(o, step + 1), w, 1e-12, 1e-14));
    }
  }
}

/// Weights and moments after three steps of n parameters; `each` runs the update on all of them.
template <class Optimiser, class T, class Each>
std::vector<T> many(Optimiser const& o, index_t n, Each const& each) {
  std::vector<T> all(static_cast<std::size_t>(n * (1 + Optimiser::moments))), g(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) all[static_cast<std::size_t>(i)] = static_cast<T>(start_of(i % 17));
  for (index_t step = 0; step < 3; ++step) {
    for (index_t i = 0; i < n; ++i) g[static_cast<std::size_t>(i)] = static_cast<T>(gradient_of(step, i));
    auto c = o.begin(step, step);
    c.norm2 = 3.7;
    each(typename Optimiser::template update<T>{o, &c, n, g.data(), all.data(), all.data() + n});
  }
  return all;
}

/// Registers, single numbers and chunks of any length give the same bits.
template <class T, class Optimiser>
void check_pieces(Optimiser const& o) {
  for (index_t const n : {1, 15, 16, 1001, 5003}) {
    INFO(n << " parameters of " << sizeof(T) << " bytes");
    auto const one = many<Optimiser, T>(o, n, [n](auto const& update) {
      for (index_t i = 0; i < n; ++i) update(i);
    });
    for (int const threads : {1, 2, 3}) {
      backend::eigen be{.threads = threads};
      CHECK(test::same_bits(many<Optimiser, T>(o, n, [&](auto const& update) { be.for_each(n, update); }), one));
    }
  }
}

TEST_CASE("optimisers: a parameter's bits do not depend on how the block is cut") {
  optim::adam const adam{.rate = 0.03, .weight_decay = 0.1, .clip = 1.5};
  optim::sgd const sgd{.rate = 0.02, .weight_decay = 0.1, .clip = 1.5};
  check_pieces<float>(adam);
  check_pieces<double>(adam);
  check_pieces<float>(sgd);
  check_pieces<double>(sgd);
}

// python3 -c "
// import math, torch
// for make in (lambda w: torch.optim.AdamW([w], lr=0.03, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2),
//              lambda w: torch.optim.SGD([w], lr=0.02, momentum=0.7, weight_decay=0.1)):
//   w = torch.tensor([0.5 - 0.2 * i for i in range(6)], dtype=torch.float64, requires_grad=True)
//   o = make(w)
//   for s in range(7):
//     w.grad = torch.tensor([math.sin(0.7 * i + 1.3 * s) * (1 + s) for i in range(6)], dtype=torch.float64); o.step()
//   print(', '.join(map(repr, w.tolist())))"
TEST_CASE("adam and sgd: equal PyTorch's AdamW and SGD") {
  optim::adam const adam{.rate = 0.03, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.2};
  optim::sgd const sgd{.rate = 0.02, .momentum = 0.7, .weight_decay = 0.1};
  CHECK(approx_equal(run(adam, 7),
                     std::vector<double>{0.445303131404336, 0.2270372254022908, 0.0466943062248925,
                                         -0.11462960181390836, -0.2857502732998444, -0.4147080408394686},
                     1e-12));
  CHECK(approx_equal(run(sgd, 7),
                     std::vector<double>{0.4348559029243989, 0.1803660361521697, -0.022389363751968813,
                                         -0.169093552050927, -0.2817915446498706, -0.3985220026531492},
                     1e-12));
}

TEST_CASE("clipping: by the norm of the whole gradient, and only what is longer") {
  CHECK(optim::clip_factor(25.0, 0.0) == 1.0);
  CHECK(optim::clip_factor(25.0, 5.0) == 1.0);
  CHECK(optim::clip_factor(25.0, 6.0) == 1.0);
  CHECK(optim::clip_factor(25.0, 2.0) == Approx(0.4).epsilon(1e-15));
  // What is left has the norm asked for.
  for (index_t step = 0; step < 5; ++step) {
    double square = 0;
    for (index_t i = 0; i < count; ++i) square += gradient_of(step, i) * gradient_of(step, i);
    CHECK(std::sqrt(square) * optim::clip_factor(square, 0.1) == Approx(0.1).epsilon(1e-14));
  }
}

TEST_CASE("optimisers: a non-finite norm changes nothing") {
  double const nan = std::nan("");
  double w = 1.5, g = nan, moments[2] = {0.25, 0.5};
  for (double const norm2 : {nan, std::numeric_limits<double>::infinity()}) {
    optim::control const c{norm2, 0.1, 0.5, 0.5};
    optim::adam::update<double>{{}, &c, 1, &g, &w, moments}(0);
    optim::sgd::update<double>{{}, &c, 1, &g, &w, moments}(0);
    CHECK(w == 1.5);
    CHECK(moments[0] == 0.25);
    CHECK(moments[1] == 0.5);
  }
}

TEST_CASE("optimisers: options outside their domain are refused") {
  double const nan = std::nan("");
  for (auto const& bad : {optim::adam{.rate = -1}, optim::adam{.rate = nan}, optim::adam{.beta1 = 1},
                          optim::adam{.beta2 = -0.1}, optim::adam{.beta2 = nan}, optim::adam{.epsilon = 0},
                          optim::adam{.weight_decay = -1}, optim::adam{.clip = -1}, optim::adam{.clip = nan}}) {
    CHECK_THROWS_AS(bad.check(), value_error);
  }
  for (auto const& bad : {optim::sgd{.rate = nan}, optim::sgd{.momentum = 1}, optim::sgd{.momentum = nan},
                          optim::sgd{.weight_decay = -1}, optim::sgd{.clip = -1}}) {
    CHECK_THROWS_AS(bad.check(), value_error);
  }
  CHECK_NOTHROW(optim::adam{}.check());
  CHECK_NOTHROW(optim::sgd{}.check());
}

TEST_CASE("schedule: linear rise, half a cosine, floor") {
  schedule::warm_up_cosine const constant{};
  for (index_t const step : {0, 1, 1000000}) CHECK(constant(step) == 1.0);

  schedule::warm_up_cosine const s{.warm_up = 4, .total = 12, .floor = 0.2};
  double const rise[] = {0.25, 0.5, 0.75, 1.0};
  for (index_t step = 0; step < 4; ++step) CHECK(s(step) == Approx(rise[step]).epsilon(1e-15));
  // Quarters of the way down: (1 + cos(k pi / 4)) / 2 is 1, .85355, .5, .14645, 0.
  double const fall[] = {1.0, 0.8535533905932737, 0.5, 0.14644660940672627, 0.0};
  for (index_t k = 0; k <= 4; ++k) CHECK(s(4 + 2 * k) == Approx(0.2 + 0.8 * fall[k]).epsilon(1e-14));
  CHECK(s(13) == Approx(0.2));
  CHECK(s(100000) == Approx(0.2));

  schedule::warm_up_cosine const rise_only{.warm_up = 10};
  CHECK(rise_only(0) == Approx(0.1));
  CHECK(rise_only(9) == 1.0);
  CHECK(rise_only(500) == 1.0);
  schedule::warm_up_cosine const fall_only{.total = 2};
  CHECK(fall_only(0) == 1.0);
  CHECK(fall_only(1) == Approx(0.5));
  CHECK(fall_only(2) == Approx(0.0).margin(1e-16));
}

}  // namespace s2rm
