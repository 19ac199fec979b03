// A wave runs over a square. Six sensors read it, in every sequence at other places. The model learns what any place shows
// one step later: make data, train, save, load, and stream a prediction for a place where no sensor stands.
#include <s2rm/adapters/xtensor.hpp>
#include <s2rm/eigen.hpp>

#include <cmath>
#include <cstdio>

using s2rm::index_t;

// Sizes are constants of one type: 6 recurrent modules of 16 numbers each; a view is one number, a place is (x, y).
struct sensors : s2rm::shape {
  static constexpr index_t modules = 6, hidden = 16, heads = 2, head_width = 8, sphere = 8, place = 2, frequencies = 1,
                           place_hidden = 16;
  using view = s2rm::features<1>;
};
using net = s2rm::world_model<sensors, s2rm::encoder::mlp<16, 16>, s2rm::decoder::mlp<16>, s2rm::likelihood::gaussian>;
using cpu = s2rm::backend::eigen;

float wave(float x, float y, float t) { return std::sin(2 * x + y - 0.5f * t); }

// T time steps, B sequences, A views and Q queries per step; a target is what its query's place shows one step later.
s2rm::batch<float, 1> draw(std::uint32_t number) {
  constexpr index_t T = 12, B = 8, A = 6, Q = 4;
  s2rm::batch<float, 1> b;
  b.views = s2rm::make_tensor<float>(T, B, A, 1), b.places = s2rm::make_tensor<float>(T, B, A, 2);
  b.query_places = s2rm::make_tensor<float>(T, B, Q, 2), b.targets = s2rm::make_tensor<float>(T, B, Q, 1);
  s2rm::random const source{2024};  // counter-based: a number depends on its address alone
  auto const uniform = [&](index_t i) {
    return static_cast<float>(source.uniform(number, static_cast<std::uint64_t>(i), -1, 1));
  };
  for (index_t t = 0; t < T; ++t) {
    for (index_t s = 0; s < B; ++s) {
      float const now = 10 * uniform(s) + static_cast<float>(t);
      for (index_t a = 0; a < A; ++a) {
        float const x = uniform(100 + 2 * (s * A + a)), y = uniform(101 + 2 * (s * A + a));  // sensors do not move
        b.places(t, s, a, 0) = x, b.places(t, s, a, 1) = y, b.views(t, s, a, 0) = wave(x, y, now);
      }
      for (index_t q = 0; q < Q; ++q) {
        index_t const at = 1000 + 2 * ((t * B + s) * Q + q);
        float const x = uniform(at), y = uniform(at + 1);
        b.query_places(t, s, q, 0) = x, b.query_places(t, s, q, 1) = y, b.targets(t, s, q, 0) = wave(x, y, now + 1);
      }
    }
  }
  return b;
}

int main() {
  s2rm::optim::adam const adam{.rate = 1e-2, .clip = 1.0, .schedule = {.warm_up = 10, .total = 300}};
  s2rm::trainer<net, cpu> learner{cpu{}, adam, s2rm::seed{7}};
  for (std::uint32_t n = 0; n < 300; ++n) {
    auto const report = learner.step(draw(n));
    if (n % 100 == 0) std::printf("step %3u: loss %6.3f\n", n, report.loss);
  }
  learner.save("hello.safetensors");

  s2rm::trainer<net, cpu> restored{cpu{}, adam};
  restored.load("hello.safetensors");
  s2rm::stream<net, cpu> live{cpu{}, restored.parameters()};
  auto readings = s2rm::make_tensor<float>(2, 1), places = s2rm::make_tensor<float>(2, 2);  // two sensors
  auto const middle = s2rm::make_tensor<float>(1, 2);                                       // (0, 0), where none stands
  places(0, 0) = 0.5f, places(1, 1) = -0.5f;
  float error = 0;
  std::printf("the middle of the square, one step ahead:\n predicted   truth\n");
  for (int t = 0; t < 12; ++t) {
    for (int a = 0; a < 2; ++a) readings(a, 0) = wave(places(a, 0), places(a, 1), static_cast<float>(t));
    live.observe(readings, places);
    float const predicted = live.predict(middle).data[0], truth = wave(0, 0, static_cast<float>(t + 1));
    std::printf("%10.3f %7.3f\n", static_cast<double>(predicted), static_cast<double>(truth));
    error = std::abs(predicted - truth);
  }
  return error < 0.3f ? 0 : 1;
}
