// Scalar functions in float against long double, and their behaviour at the ends.
#include "s2rm/math/scalar.hpp"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "s2rm/math/row.hpp"
#include "support/catch.hpp"
#include "support/finite_difference.hpp"
#include "support/tolerance.hpp"

namespace s2rm {

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Worst |f - exact| / max(|exact|, floor) over a dense sample of [low, high].
template <class F, class G>
double worst_error(F const& f, G const& exact, double low, double high, double floor) {
  double worst = 0;
  constexpr int count = 400'000;
  for (int i = 0; i <= count; ++i) {
    auto const x = static_cast<float>(low + (high - low) * i / count);
    auto const truth = exact(static_cast<long double>(x));
    auto const error =
        std::abs(static_cast<long double>(f(x)) - truth) / std::max(std::abs(truth), static_cast<long double>(floor));
    worst = std::isnan(error) ? INFINITY : std::max(worst, static_cast<double>(error));
  }
  return worst;
}

long double sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }
long double gelu(long double x) {
  return x / 2 * (1 + std::tanh(0.797884560802865355879892119868763737L * (x + 0.044715L * x * x * x)));
}

}  // namespace

TEST_CASE("float functions are close to the exact ones") {
  double const smallest = std::numeric_limits<float>::min();
  double const e = worst_error([](float x) { return math::exp(x); }, [](long double x) { return std::exp(x); }, -87.3,
                               88.7, smallest);
  double const t =
      worst_error([](float x) { return math::tanh(x); }, [](long double x) { return std::tanh(x); }, -12, 12, smallest);
  double const t0 = worst_error([](float x) { return math::tanh(x); }, [](long double x) { return std::tanh(x); },
                                -1e-3, 1e-3, smallest);
  double const s = worst_error([](float x) { return math::sigmoid(x); }, [](long double x) { return sigmoid(x); }, -80,
                               80, smallest);
  double const p = worst_error([](float x) { return math::softplus(x); },
                               [](long double x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0L); },
                               -60, 60, smallest);
  double const g =
      worst_error([](float x) { return math::gelu(x); }, [](long double x) { return gelu(x); }, 0, 12, smallest);
  // Below 0 gelu is a small difference of x/2 and x/2: its error is held against |x|.
  double const below =
      worst_error([](float x) { return math::gelu(x) / x; }, [](long double x) { return gelu(x) / x; }, -12, -1e-3, 1);
  std::printf(
      "float against long double, worst relative error: exp %.1e, tanh %.1e (near 0: %.1e), sigmoid %.1e, "
      "softplus %.1e, gelu %.1e (x < 0: %.1e of |x|)\n",
      e, t, t0, s, p, g, below);
  CHECK(e < test::tolerance::scalar);
  CHECK(t < test::tolerance::scalar);
  CHECK(t0 < test::tolerance::scalar);
  CHECK(s < test::tolerance::scalar);
  CHECK(p < test::tolerance::scalar);
  CHECK(g < test::tolerance::scalar);
  CHECK(below < test::tolerance::scalar);
}

TEST_CASE("double functions are the standard library's, gelu and its slope agree") {
  for (double x = -6; x <= 6; x += 0.01) {
    CHECK(math::exp(x) == std::exp(x));
    CHECK(math::tanh(x) == std::tanh(x));
    REQUIRE(math::gelu(x) == Approx(static_cast<double>(gelu(x))).epsilon(1e-13).margin(1e-15 * std::abs(x)));
    double const fd = test::slope([x](double h) { return math::gelu(x + h); }, 1e-3);
    REQUIRE(math::gelu_derivative(x) == Approx(fd).epsilon(1e-9).margin(1e-11));
    REQUIRE(static_cast<double>(math::gelu_derivative(static_cast<float>(x))) ==
            Approx(math::gelu_derivative(static_cast<double>(static_cast<float>(x)))).epsilon(1e-5).margin(1e-6));
  }
}

TEST_CASE("ends of the float functions") {
  CHECK(math::exp(inf) == inf);
  CHECK(math::exp(-inf) == 0.0F);
  CHECK(math::exp(1e4F) == inf);
  CHECK(math::exp(-1e4F) == 0.0F);
  CHECK(math::exp(88.9F) == inf);
  CHECK(std::isfinite(math::exp(88.72F)));
  CHECK(math::exp(-88.0F) == 0.0F);
  CHECK(math::exp(0.0F) == 1.0F);
  CHECK(std::isnan(math::exp(nan_value)));

  for (float const x : {inf, 1e4F, 40.0F, 10.0F}) {
    CHECK(math::tanh(x) == 1.0F);
    CHECK(math::tanh(-x) == -1.0F);
  }
  CHECK(std::isnan(math::tanh(nan_value)));
  CHECK(std::isnan(math::tanh(-nan_value)));
  CHECK(math::tanh(0.0F) == 0.0F);
  CHECK(math::tanh(-0.0F) == 0.0F);
  CHECK(math::tanh(1e-40F) == 1e-40F);

  CHECK(math::sigmoid(inf) == 1.0F);
  CHECK(math::sigmoid(-inf) == 0.0F);
  CHECK(math::sigmoid(1e4F) == 1.0F);
  CHECK(math::sigmoid(-1e4F) == 0.0F);
  CHECK(math::sigmoid(1e-40F) == 0.5F);
  CHECK(std::isnan(math::sigmoid(nan_value)));

  CHECK(math::softplus(1e4F) == 1e4F);
  CHECK(math::softplus(-1e4F) == 0.0F);
  CHECK(math::softplus(inf) == inf);
  CHECK(math::softplus(-inf) == 0.0F);
  CHECK(std::isnan(math::softplus(nan_value)));

  CHECK(math::gelu(1e4F) == 1e4F);
  CHECK(math::gelu(-1e4F) == 0.0F);
  CHECK(math::gelu(inf) == inf);
  CHECK(math::gelu(1e-40F) == Approx(0.5e-40F).epsilon(1e-3));
  CHECK(std::isnan(math::gelu(nan_value)));
  CHECK(math::gelu_derivative(1e4F) == 1.0F);
  CHECK(math::gelu_derivative(-1e4F) == 0.0F);
  CHECK(std::isnan(math::gelu_derivative(nan_value)));
}

TEST_CASE("every float in between is finite, monotone in exp and bounded in tanh") {
  float last = 0;
  for (float x = -90; x < 88.7F; x += 1e-3F) {
    float const y = math::exp(x);
    REQUIRE(y >= last);
    last = y;
    REQUIRE(std::abs(math::tanh(x)) <= 1.0F);
  }
}

TEST_CASE("a whole array gives the bits of single numbers") {
  // The loop is vectorised where the compiler can; a stream computes the same numbers one by one.
  constexpr int n = 1003;
  std::vector<float> x(n), e(n), t(n), g(n);
  for (int i = 0; i < n; ++i) x[i] = static_cast<float>(std::sin(i * 0.37) * (i % 50));
  for (int i = 0; i < n; ++i) e[i] = math::exp(x[i]);
  for (int i = 0; i < n; ++i) t[i] = math::tanh(x[i]);
  for (int i = 0; i < n; ++i) g[i] = math::gelu(x[i]);
  for (int i = 0; i < n; ++i) {
    float const volatile alone = x[i];
    REQUIRE(std::bit_cast<std::uint32_t>(math::exp(alone)) == std::bit_cast<std::uint32_t>(e[i]));
    REQUIRE(std::bit_cast<std::uint32_t>(math::tanh(alone)) == std::bit_cast<std::uint32_t>(t[i]));
    REQUIRE(std::bit_cast<std::uint32_t>(math::gelu(alone)) == std::bit_cast<std::uint32_t>(g[i]));
  }
}

TEST_CASE("dot products of every length") {
  double a[19], b[19];
  for (int i = 0; i < 19; ++i) a[i] = std::sin(i + 1.0), b[i] = std::cos(2.0 * i);
  auto const check = [&]<int... N>(std::integer_sequence<int, N...>) {
    auto const one = [&]<int L>(std::integral_constant<int, L>) {
      double sum = 0;
      for (int i = 0; i < L; ++i) sum += a[i] * b[i];
      CHECK(math::dot<L>(a, b) == Approx(sum).epsilon(1e-13).margin(1e-15));
    };
    (one(std::integral_constant<int, N>{}), ...);
  };
  check(std::make_integer_sequence<int, 20>{});
}

}  // namespace s2rm
