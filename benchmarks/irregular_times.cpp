// What being told the times is worth: a wave along a line, read by two moving, noisy sensors at random times (0 to 6 units apart,
// a period is 15.7), asked at random places one unit ahead, or 0 to 6 ahead. RMSE on sequences that no model has seen, three seeds.
// Takes about five minutes on one core: s2rm_irregular_times
#include <cmath>
#include <cstdio>
#include <string>

#include "s2rm/adapters/xtensor.hpp"
#include "s2rm/eigen.hpp"

namespace {

using s2rm::index_t;
using s2rm::make_tensor;

struct line : s2rm::shape {
  static constexpr index_t modules = 6, hidden = 24, heads = 2, head_width = 8, sphere = 6, place = 1, frequencies = 1,
                           place_hidden = 12;
  using view = s2rm::features<1>;
};
template <class... Policies>
using net =
    s2rm::world_model<line, s2rm::encoder::mlp<12, 8>, s2rm::decoder::mlp<24>, s2rm::likelihood::gaussian, Policies...>;
using cpu = s2rm::backend::eigen;

constexpr index_t T = 20, B = 16, A = 2, Q = 4, begin = 5;  // RMSE from step `begin` on
float wave(float x, float time) { return std::sin(2 * x - 0.4F * time); }

s2rm::batch<float, 1> draw(std::uint32_t number, bool leads) {
  s2rm::batch<float, 1> b;
  b.views = make_tensor<float>(T, B, A, 1), b.places = make_tensor<float>(T, B, A, 1);
  b.query_places = make_tensor<float>(T, B, Q, 1), b.targets = make_tensor<float>(T, B, Q, 1);
  b.elapsed = make_tensor<float>(T, B);
  if (leads) b.query_lead = make_tensor<float>(T, B, Q);
  s2rm::random const source{5};
  std::uint64_t drawn = 0;
  auto const uniform = [&](double from, double to) {
    return static_cast<float>(source.uniform(number, drawn++, from, to));
  };
  for (index_t s = 0; s < B; ++s) {
    float now = uniform(0, 20);
    for (index_t t = 0; t < T; ++t) {
      now += b.elapsed(t, s) = uniform(0, 6);
      for (index_t a = 0; a < A; ++a) {
        float const x = uniform(-1, 1);
        b.places(t, s, a, 0) = x, b.views(t, s, a, 0) = wave(x, now) + uniform(-0.3, 0.3);
      }
      for (index_t q = 0; q < Q; ++q) {
        float const x = uniform(-1, 1), lead = leads ? uniform(0, 6) : 1;
        if (leads) b.query_lead(t, s, q) = lead;
        b.query_places(t, s, q, 0) = x, b.targets(t, s, q, 0) = wave(x, now + lead);
      }
    }
  }
  return b;
}

template <class Net>
void run(char const* name, bool leads) {
  auto const told = [leads](std::uint32_t number) {
    auto b = draw(number, leads);
    if (!Net::lead::active) b.query_lead = {};
    return b;
  };
  double sum = 0;
  std::string seeds;
  for (std::uint64_t const seed : {1, 2, 3}) {
    s2rm::optim::adam const adam{.rate = 5e-3, .clip = 1.0, .schedule = {.warm_up = 20, .total = 1500}};
    s2rm::trainer<Net, cpu> learner{cpu{.threads = 1}, adam, s2rm::seed{seed}};
    for (std::uint32_t n = 0; n < 1500; ++n) learner.step(told(n));
    double squares = 0;
    for (std::uint32_t n = 0; n < 20; ++n) {
      auto const b = told(1'000'000 + n);
      learner.evaluate(b);
      for (index_t i = begin * B * Q; i < T * B * Q; ++i) {
        double const miss = static_cast<double>(learner.predictions()[i * 2] - b.targets.data()[i]);
        squares += miss * miss;
      }
    }
    double const rmse = std::sqrt(squares / static_cast<double>(20 * (T - begin) * B * Q));
    sum += rmse;
    seeds += (seeds.empty() ? "" : ", ") + std::to_string(rmse).substr(0, 5);
  }
  std::printf("| %s | %.3f | %s |\n", name, sum / 3, seeds.c_str());
  std::fflush(stdout);
}

}  // namespace

int main() {
  using namespace s2rm;
  std::printf("| model | RMSE | seeds |\n|---|---|---|\n");
  run<net<>>("one unit ahead, `time::uniform`", false);
  run<net<time::elapsed<>>>("`time::elapsed<>`", false);
  run<net<time::elapsed<std::ratio<1>, time::features::off>>>("the same without features for the cell", false);
  run<net<time::elapsed<std::ratio<3>>>>("0 to 6 ahead, `time::elapsed<std::ratio<3>>`, leads not told", true);
  run<net<lead::learned<std::ratio<3>>>>("`lead::learned<std::ratio<3>>`, elapsed time not told", true);
  run<net<time::elapsed<std::ratio<3>>, lead::learned<std::ratio<3>>>>("both", true);
}
