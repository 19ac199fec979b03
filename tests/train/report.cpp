// Reach, dead modules and unreached views of a step, against a count over all pairs by the model's formulas.
#include <limits>
#include <numbers>
#include <ratio>

#include "train/batches.hpp"

namespace s2rm {
namespace {

/// A sphere of four dimensions and a high cut: few pairs are in reach.
template <class Tau>
struct nets {
  using net = world_model<test::small_shape, kernel::truncated_gaussian<Tau>, encoder::mlp<4>, decoder::mlp<>,
                          likelihood::gaussian>;
};
using net = nets<std::ratio<3, 4>>::net;

struct counts {
  index_t present = 0, reached = 0, dead = 0, unreached = 0;
  double nearest = 1;  ///< to the cut: of any pair
};

/// p_m . s_a of every pair, in long double, from the weights by name.
template <class Net>
counts count(std::vector<double> const& w, owned_batch<double> const& b) {
  using real = long double;
  constexpr index_t P = Net::P, F = Net::shape::frequencies, K = Net::shape::place_hidden, S = Net::S, M = Net::M;
  auto const at = [&](std::string_view name) {
    for (auto const& f : Net::fields) {
      if (f.name == name) return w.data() + f.offset;
    }
    throw std::runtime_error("no such parameter");
  };
  double const *w0 = at("place.0.weight"), *b0 = at("place.0.bias"), *w1 = at("place.1.weight"),
               *b1 = at("place.1.bias"), *v = at("modules.embedding");
  counts c;
  std::vector<bool> alive(static_cast<std::size_t>(M));
  for (index_t i = 0; i < b.time * b.batch * b.views; ++i) {
    bool const blind = !b.blind.empty() && b.blind[static_cast<std::size_t>(i / b.views)] != 0;
    bool const masked = !b.view_mask.empty() && b.view_mask[static_cast<std::size_t>(i)] == 0;
    if (blind || masked) continue;
    real gamma[2 * P * F], s[S], length = 0;
    for (index_t p = 0; p < P; ++p) {
      for (index_t k = 0; k < F; ++k) {
        real const angle = std::ldexp(std::numbers::pi_v<real> * b.place[static_cast<std::size_t>(i * P + p)] / 2,
                                      static_cast<int>(k));
        gamma[(p * F + k) * 2] = std::sin(angle);
        gamma[(p * F + k) * 2 + 1] = std::cos(angle);
      }
    }
    for (index_t j = 0; j < S; ++j) {
      s[j] = b1[j];
      for (index_t h = 0; h < K; ++h) {
        real a = b0[h];
        for (index_t g = 0; g < 2 * P * F; ++g) a += w0[h * 2 * P * F + g] * gamma[g];
        s[j] += w1[j * K + h] * (a / 2) *
                (1 + std::tanh(std::sqrt(2 / std::numbers::pi_v<real>) * (a + 0.044715L * a * a * a)));
      }
      length += s[j] * s[j];
    }
    bool any = false;
    ++c.present;
    for (index_t m = 0; m < M; ++m) {
      real dot = 0, norm = 0;
      for (index_t j = 0; j < S; ++j) {
        dot += v[m * S + j] * s[j];
        norm += v[m * S + j] * v[m * S + j];
      }
      real const cosine = dot / std::sqrt(norm * length), tau = Net::kernel::tau;
      c.nearest = std::min(c.nearest, static_cast<double>(std::abs(cosine - tau)));
      if (cosine < tau) continue;
      any = true;
      alive[static_cast<std::size_t>(m)] = true;
      ++c.reached;
    }
    if (!any) ++c.unreached;
  }
  for (bool const a : alive) c.dead += a ? 0 : 1;
  return c;
}

}  // namespace

TEST_CASE("report: reach, dead modules and unreached views equal a count over all pairs") {
  constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};
  index_t some_dead = 0, some_alive = 0, some_unreached = 0;
  for (std::uint32_t stream = 0; stream < 12; ++stream) {
    index_t const views = stream % 4;
    auto const b = test::random_batch<net, double>(5, 2, views, 2, stream, stream % 3 == 0 ? test::with{} : masks);
    for (index_t const window : {0, 2, 5}) {
      trainer<net, test::tested, double> learner{{}, {.rate = 0.0}, seed{stream}, {.truncation = {.window = window}}};
      auto const expected = count<net>(test::weights_of(learner), b);
      INFO("batch " << stream << ", window " << window << ", " << expected.reached << " of " << expected.present
                    << " x 5");
      REQUIRE(expected.nearest > 1e-9);
      auto const report = learner.step(b.look());
      double const pairs = static_cast<double>(expected.present * net::M);
      CHECK(report.reach == Approx(pairs > 0 ? static_cast<double>(expected.reached) / pairs : 0.0).epsilon(1e-14));
      CHECK(report.dead_modules == expected.dead);
      CHECK(report.unreached_views == expected.unreached);
      some_dead += expected.dead;
      some_alive += net::M - expected.dead;
      some_unreached += expected.unreached;
    }
  }
  // The cases are not all trivial.
  CHECK(some_dead > 0);
  CHECK(some_alive > 0);
  CHECK(some_unreached > 0);
}

TEST_CASE("report: a module reached in a later window only is not dead") {
  // One view a step, in one place; the other element's place is seen from step 3 on.
  auto b = test::random_batch<net, double>(6, 1, 1, 1, 1);
  trainer<net, test::tested, double> learner{{}, {.rate = 0.0}, seed{1}, {.truncation = {.window = 3}}};
  auto const w = test::weights_of(learner);
  // Two places with different sets of modules in reach.
  index_t found = -1;
  for (std::uint32_t stream = 0; stream < 200 && found < 0; ++stream) {
    auto const candidate = test::random_batch<net, double>(2, 1, 1, 1, stream);
    auto early = candidate, late = candidate;
    for (std::size_t i = 0; i < 2; ++i) early.place[2 + i] = candidate.place[i];
    for (std::size_t i = 0; i < 2; ++i) late.place[i] = candidate.place[2 + i];
    if (count<net>(w, candidate).dead < std::min(count<net>(w, early).dead, count<net>(w, late).dead)) {
      found = static_cast<index_t>(stream);
      for (std::size_t t = 0; t < 6; ++t) {
        for (std::size_t i = 0; i < 2; ++i) b.place[2 * t + i] = candidate.place[(t < 3 ? 0 : 2) + i];
      }
    }
  }
  REQUIRE(found >= 0);
  CHECK(learner.step(b.look()).dead_modules == count<net>(w, b).dead);
}

TEST_CASE("report: no views: all modules are dead; everything within reach: none is") {
  trainer<net, test::tested, double> learner{{}, {.rate = 0.0}};
  auto b = test::random_batch<net, double>(3, 2, 2, 2, 1, {.view_mask = true});
  std::fill(b.view_mask.begin(), b.view_mask.end(), std::uint8_t{0});
  for (auto const& report :
       {learner.step(b.look()), learner.step(test::random_batch<net, double>(3, 2, 0, 2, 1).look())}) {
    CHECK(report.reach == 0.0);
    CHECK(report.dead_modules == net::M);
    CHECK(report.unreached_views == 0);
  }
  using open = nets<std::ratio<-1>>::net;
  trainer<open, test::tested, double> all{{}, {.rate = 0.0}};
  auto const report = all.step(test::random_batch<open, double>(3, 2, 2, 2, 1).look());
  CHECK(report.reach == 1.0);
  CHECK(report.dead_modules == 0);
  CHECK(report.unreached_views == 0);
}

}  // namespace s2rm
