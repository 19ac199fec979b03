// The place encoder: conformance, its features (octaves, spherical harmonics), the sphere, whitening.
#include "s2rm/layer/place_encoder.hpp"

#include "s2rm/core/shape.hpp"
#include "s2rm/layer/harmonics.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"

#include <cstring>

namespace s2rm {
using test::problem;

namespace {

template <index_t P, index_t F, index_t Hidden, index_t S>
struct sizes : shape {
  static constexpr index_t place = P, frequencies = F, place_hidden = Hidden, sphere = S;
};

template <class Shape, class Features = places::octaves, class B>
problem place_problem(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  using layer = s2rm::layer::place_encoder<Shape, Features>;
  constexpr index_t P = Shape::place, S = Shape::sphere;
  problem p;
  p.name = name;
  p.rows = n;
  auto x = test::normal_numbers(n * P, stream);
  for (auto& v : x) v = std::tanh(v);
  p.arguments = {{"x", P, false, x, false},
                 {"parameters", layer::params::size, true, test::normal_numbers(layer::params::size, stream + 1)}};
  p.output = S;
  p.saved = layer::saved;
  p.backward_scratch = layer::scratch;
  p.forward = [&be](index_t count, auto const& in, double* y, double* saved, double*) {
    test::plain_parameters<typename layer::params> const w(be, in[1]);
    layer::forward(be, w.view, count, in[0], {y, S}, saved);
  };
  p.backward = [&be](index_t count, auto const& in, double const* dy, double const* saved, double*, auto const& d,
                     double* scratch) {
    test::plain_parameters<typename layer::params> const w(be, in[1]);
    layer::backward(be, w.view, count, {dy, S}, saved, {d[1]}, scratch);
  };
  return p;
}

/// Mean and variance of every component of z over some places, by the layer's own forward pass.
template <class Shape, class Features = places::octaves>
void check_white(std::vector<double> const& w, std::vector<double> const& at) {
  using layer = s2rm::layer::place_encoder<Shape, Features>;
  constexpr index_t S = Shape::sphere;
  index_t const n = static_cast<index_t>(at.size()) / Shape::place;
  ops::reference be;
  test::plain_parameters<typename layer::params> const p(be, w.data());
  std::vector<double> s(static_cast<std::size_t>(n * S)), saved(static_cast<std::size_t>(n * layer::saved));
  layer::forward(be, p.view, n, at.data(), {s.data(), S}, saved.data());
  double const* const z = saved.data() + n * (layer::features + layer::mlp::saved);
  for (index_t k = 0; k < S; ++k) {
    double mean = 0, square = 0;
    for (index_t i = 0; i < n; ++i) mean += z[i * S + k] / static_cast<double>(n);
    for (index_t i = 0; i < n; ++i) square += std::pow(z[i * S + k] - mean, 2) / static_cast<double>(n);
    CHECK(std::abs(mean) < 1e-10);
    CHECK(square == Approx(1).epsilon(1e-9));
  }
}

}  // namespace

TEST_CASE("the place encoder conforms") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    for (index_t const n : {1, 5}) {
      test::conforms(place_problem<sizes<1, 2, 5, 3>>(be, "places in 1 dimension, " + name, n, 1), exact);
      test::conforms(place_problem<sizes<2, 3, 6, 4>>(be, "places in 2 dimensions, " + name, n, 2), exact);
    }
    test::conforms(place_problem<sizes<3, 1, 4, 2>>(be, "places in 3 dimensions, " + name, 2, 3), exact);
    for (index_t const n : {1, 19}) {
      test::conforms(place_problem<sizes<3, 1, 5, 3>, places::harmonics<3>>(be, "harmonics, " + name, n, 4), exact);
    }
  });
}

TEST_CASE("features: for each dimension, for each octave, sine and cosine") {
  double const x[] = {-1, 0.25, 1, -0.5};
  double gamma[2 * 2 * 2 * 3];
  layer::fourier_features<2, 3, double> const f{x, gamma};
  for (index_t i = 0; i < 4; ++i) f(i);
  for (int i = 0; i < 4; ++i) {
    for (int k = 0; k < 3; ++k) {
      CHECK(gamma[i * 6 + 2 * k] == Approx(std::sin(std::pow(2, k) * M_PI * x[i] / 2)).margin(1e-15));
      CHECK(gamma[i * 6 + 2 * k + 1] == Approx(std::cos(std::pow(2, k) * M_PI * x[i] / 2)).margin(1e-15));
    }
  }
  // The lowest octave has period 4: the two ends of [-1, 1] differ.
  CHECK(gamma[0] == Approx(-1));
  CHECK(gamma[12] == Approx(1));
}

TEST_CASE("features in float lose no digits to the octave") {
  constexpr index_t F = 9, n = 2001;
  std::vector<float> x(n), gamma(n * 2 * F);
  for (index_t i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<float>(i - 1000) / 999.0F;
  backend::eigen be;
  be.for_each(n, layer::fourier_features<1, F, float>{x.data(), gamma.data()});
  double worst = 0;
  for (index_t i = 0; i < n * F; ++i) {
    long double const turns =
        std::ldexp(static_cast<long double>(x[static_cast<std::size_t>(i / F)]), static_cast<int>(i % F));
    long double const angle = std::numbers::pi_v<long double> / 2 * turns;
    auto const at = [&](index_t k) { return static_cast<long double>(gamma[static_cast<std::size_t>(2 * i + k)]); };
    worst = std::max({worst, static_cast<double>(std::abs(at(0) - std::sin(angle))),
                      static_cast<double>(std::abs(at(1) - std::cos(angle)))});
  }
  CHECK(worst < 3e-7);
}

TEST_CASE("codes lie on the sphere, and a vanishing code stays finite") {
  using layer = s2rm::layer::place_encoder<sizes<2, 3, 6, 4>>;
  ops::reference be;
  auto const problem = place_problem<sizes<2, 3, 6, 4>>(be, "", 20, 4);
  std::vector<double> s(80), saved(20 * layer::saved);
  problem.forward(20, {problem.arguments[0].value.data(), problem.arguments[1].value.data()}, s.data(), saved.data(),
                  nullptr);
  for (int i = 0; i < 20; ++i) CHECK(math::dot<4>(&s[i * 4], &s[i * 4]) == Approx(1).epsilon(1e-14));

  double const zero[4] = {}, d[4] = {1, -2, 3, 4};
  double unit[4], back[4];
  s2rm::layer::project_row<4, double>{{zero, 4}, {unit, 4}}(0);
  s2rm::layer::project_row_backward<4, double>{{zero, 4}, {d, 4}, {back, 4}, false}(0);
  for (int i = 0; i < 4; ++i) {
    CHECK(unit[i] == 0);
    CHECK(back[i] == Approx(d[i] * 1e12));
  }
}

TEST_CASE("whitening: zero mean and unit variance over the features' own places, or over the given places") {
  std::vector<double> w(layer::place_encoder<sizes<2, 6, 32, 6>>::params::size);
  layer::place_encoder<sizes<2, 6, 32, 6>>::initialise(w.data(), {random{3, 0}, 0});
  check_white<sizes<2, 6, 32, 6>>(w, layer::place_encoder<sizes<2, 6, 32, 6>>::sample());

  auto sites = test::normal_numbers(2 * 12, 12);
  for (auto& v : sites) v = std::tanh(v);
  layer::place_encoder<sizes<2, 6, 32, 6>>::whiten(w.data(), sites);
  check_white<sizes<2, 6, 32, 6>>(w, sites);

  std::vector<double> line(layer::place_encoder<sizes<1, 2, 16, 4>>::params::size);
  layer::place_encoder<sizes<1, 2, 16, 4>>::initialise(line.data(), {random{4, 0}, 0});
  check_white<sizes<1, 2, 16, 4>>(line, layer::place_encoder<sizes<1, 2, 16, 4>>::sample());

  using globe_shape = sizes<3, 1, 16, 4>;
  using on_the_globe = layer::place_encoder<globe_shape, places::harmonics<4>>;
  std::vector<double> globe(on_the_globe::params::size);
  on_the_globe::initialise(globe.data(), {random{5, 0}, 0});
  check_white<globe_shape, places::harmonics<4>>(globe, on_the_globe::sample());
}

TEST_CASE("harmonics whiten over the sphere: every cap has its share of the places") {
  using shape_3 = sizes<3, 1, 4, 2>;
  auto const check = [](std::vector<double> const& at) {
    auto const n = at.size() / 3;
    for (double const cut : {-0.9, -0.5, 0.0, 0.5, 0.9}) {
      for (std::size_t c = 0; c < 3; ++c) {
        std::size_t inside = 0;
        for (std::size_t i = 0; i < n; ++i) inside += at[i * 3 + c] > cut ? 1 : 0;
        CHECK(static_cast<double>(inside) / static_cast<double>(n) == Approx((1 - cut) / 2).margin(0.01));
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(at[i * 3] * at[i * 3] + at[i * 3 + 1] * at[i * 3 + 1] + at[i * 3 + 2] * at[i * 3 + 2] ==
            Approx(1).epsilon(1e-14));
    }
    return n;
  };
  CHECK(check(layer::place_encoder<shape_3, places::harmonics<2>>::sample()) == 1024);
  CHECK(check(layer::place_encoder<shape_3, places::harmonics<32>>::sample()) == 2 * 33 * 33);
}

TEST_CASE("harmonics: a place has the same bits wherever it stands, on every backend") {
  constexpr index_t L = 9, count = 100, n = 77;
  auto const check = [&]<class T>(T) {
    std::vector<T> x(n * 3), one(count);
    random const r{6, 0};
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(r.normal(0, i));
    for (std::size_t c = 0; c < 3; ++c) x[30 + c] = T(0);
    ops::reference plain;
    using features = layer::place_encoder<sizes<3, 1, 4, 2>, places::harmonics<L>>::features_of_place;
    test::on_every_backend([&](auto& be, std::string const& name) {
      INFO(name);
      std::vector<T> gamma(n * count);
      features::forward(be, n, x.data(), gamma.data());
      for (index_t i = 0; i < n; ++i) {
        features::forward(plain, 1, x.data() + i * 3, one.data());
        CHECK(std::memcmp(one.data(), gamma.data() + i * count, sizeof(T) * count) == 0);
      }
    });
  };
  check(0.0F);
  check(0.0);
}

}  // namespace s2rm
