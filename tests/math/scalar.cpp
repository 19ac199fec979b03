// Scalar functions against long double, alone and in registers of every width, and their behaviour at the ends.
#include "s2rm/math/scalar.hpp"
#include "s2rm/math/fourier.hpp"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <utility>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/finite_difference.hpp"
#include "support/tolerance.hpp"

namespace s2rm {

namespace {

using real = long double;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr double smallest = std::numeric_limits<float>::min();

real sigmoid(real x) { return 1 / (1 + std::exp(-x)); }
real softplus(real x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, real(0)); }
real gelu(real x) {
  return x / 2 * (1 + std::tanh(0.797884560802865355879892119868763737L * (x + 0.044715L * x * x * x)));
}
real gelu_derivative(real x) {
  real const u = 1.59576912160573071175978L * (x + 0.044715L * x * x * x), s = sigmoid(u);
  return s + x * 1.59576912160573071175978L * (1 + 3 * 0.044715L * x * x) * s * sigmoid(-u);
}
real sine(real x) { return std::sin(std::remainder(x, real(4)) * std::numbers::pi_v<real> / 2); }
real cosine(real x) { return std::cos(std::remainder(x, real(4)) * std::numbers::pi_v<real> / 2); }

template <int Which>
struct function {
  template <class V>
  V operator()(V x) const {
    if constexpr (Which == 0) return math::exp(x);
    if constexpr (Which == 1) return math::log(x);
    if constexpr (Which == 2) return math::tanh(x);
    if constexpr (Which == 3) return math::sigmoid(x);
    if constexpr (Which == 4) return math::log1p_unit(x);
    if constexpr (Which == 5) return math::softplus(x);
    if constexpr (Which == 6) return math::sqrt(x);
    if constexpr (Which == 7) return math::gelu(x);
    if constexpr (Which == 8) return math::gelu_derivative(x);
    if constexpr (Which == 9) return math::sine_of_quarters(x, math::integer_of<V>{});
    if constexpr (Which == 10) return math::sine_of_quarters(x, math::integer_of<V>{} + 1);
  }
};
constexpr int functions = 11;
constexpr auto exp_ = function<0>{};
constexpr auto log_ = function<1>{};
constexpr auto tanh_ = function<2>{};
constexpr auto sigmoid_ = function<3>{};
constexpr auto log1p_ = function<4>{};
constexpr auto softplus_ = function<5>{};
constexpr auto sqrt_ = function<6>{};
constexpr auto gelu_ = function<7>{};
constexpr auto derivative_ = function<8>{};
constexpr auto sine_ = function<9>{};
constexpr auto cosine_ = function<10>{};

/// f of every number, in registers of `Width`; the count is a multiple of it.
template <index_t Width, class T, class F>
std::vector<T> in_registers(F const& f, std::vector<T> const& x) {
  using lanes = math::lanes<T, Width>;
  std::vector<T> y(x.size());
  for (std::size_t i = 0; i < x.size(); i += static_cast<std::size_t>(Width)) {
    lanes::store(y.data() + i, f(lanes::load(x.data() + i)));
  }
  return y;
}

/// Counts of numbers that are not the same in a register of every width there is and alone. Two NaN are the same.
template <class T, class F>
int differences(F const& f, std::vector<T> x) {
  while (x.size() % 16 != 0) x.push_back(T(0.5));
  auto const alone = in_registers<1>(f, x);
  int count = 0;
  auto const compare = [&](std::vector<T> const& y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      bool const both = std::isnan(y[i]) && std::isnan(alone[i]);
      count += both || test::same_bits(&y[i], &alone[i], 1) ? 0 : 1;
    }
  };
  [&]<int... Double>(std::integer_sequence<int, Double...>) {
    auto const one = [&]<index_t Width>(std::integral_constant<index_t, Width>) {
      if constexpr (Width <= math::register_width<T>) compare(in_registers<Width>(f, x));
    };
    (one(std::integral_constant<index_t, (math::least_width<T> << Double)>{}), ...);
  }(std::make_integer_sequence<int, 3>{});
  return count;
}

template <class F>
void every_function(F const& f) {
  [&]<int... Which>(std::integer_sequence<int, Which...>) {
    (f(function<Which>{}, Which), ...);
  }(std::make_integer_sequence<int, functions>{});
}

/// Worst |f - exact| / max(|exact|, floor) over a dense sample of [low, high], alone and in registers.
template <class F, class G>
double worst_error(F const& f, G const& exact, double low, double high, double floor) {
  constexpr int count = 400'000;
  std::vector<float> x(count);
  for (int i = 0; i < count; ++i)
    x[static_cast<std::size_t>(i)] = static_cast<float>(low + (high - low) * i / (count - 1));
  CHECK(differences(f, x) == 0);
  auto const y = in_registers<math::register_width<float>>(f, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    real const truth = exact(static_cast<real>(x[i]));
    real const error = std::abs(static_cast<real>(y[i]) - truth) / std::max(std::abs(truth), static_cast<real>(floor));
    worst = std::isnan(error) ? INFINITY : std::max(worst, static_cast<double>(error));
  }
  return worst;
}

/// Numbers at which something changes, all orders of magnitude, and what is no number.
std::vector<float> corners() {
  std::vector<float> x{0.0F, inf, nan_value, std::numeric_limits<float>::max(), 1e-40F, 1.17549435e-38F, 1e-45F};
  for (float const at : {0.625F, 1.0F, 10.0F, 16.0F, 87.336544F, 88.722839F, 88.0F, 4194304.0F, 67108864.0F, 1e9F}) {
    x.insert(x.end(), {at, std::nextafter(at, 0.0F), std::nextafter(at, inf)});
  }
  for (int e = -149; e < 128; ++e) x.push_back(std::ldexp(1.37F, e));
  for (std::size_t i = x.size(); i > 0; --i) x.push_back(-x[i - 1]);
  return x;
}

}  // namespace

TEST_CASE("float functions are close to the exact ones, in every lane alike") {
  struct {
    char const* name;
    double error;
  } const found[] = {
      {"exp", worst_error(
                  exp_, [](real x) { return std::exp(x); }, -87.3, 88.7, smallest)},
      {"log", worst_error(
                  log_, [](real x) { return std::log(x); }, 1e-3, 20, smallest)},
      {"log near 1", worst_error(
                         log_, [](real x) { return std::log(x); }, 0.99, 1.01, smallest)},
      {"log, large", worst_error(
                         log_, [](real x) { return std::log(x); }, 1, 3.4e38, smallest)},
      {"log, subnormal", worst_error(
                             log_, [](real x) { return std::log(x); }, 1e-44, 1.2e-38, smallest)},
      {"tanh", worst_error(
                   tanh_, [](real x) { return std::tanh(x); }, -12, 12, smallest)},
      {"tanh near 0", worst_error(
                          tanh_, [](real x) { return std::tanh(x); }, -1e-3, 1e-3, smallest)},
      {"tanh, subnormal", worst_error(
                              tanh_, [](real x) { return std::tanh(x); }, -1e-38, 1e-38, smallest)},
      {"sigmoid", worst_error(sigmoid_, sigmoid, -88.7, 80, smallest)},
      {"log1p", worst_error(
                    log1p_, [](real x) { return std::log1p(x); }, 0, 1, smallest)},
      {"log1p near 0", worst_error(
                           log1p_, [](real x) { return std::log1p(x); }, 0, 1e-30, smallest)},
      {"softplus", worst_error(softplus_, softplus, -87.3, 80, smallest)},
      {"sqrt", worst_error(
                   sqrt_, [](real x) { return std::sqrt(x); }, 0, 100, smallest)},
      {"sqrt, subnormal", worst_error(
                              sqrt_, [](real x) { return std::sqrt(x); }, 0, 1e-38, smallest)},
      {"gelu", worst_error(gelu_, gelu, 0, 12, smallest)},
      // Below 0 gelu vanishes as e^-2u does, whose argument has lost digits: its error is held against |x|.
      {"gelu / x below 0",
       worst_error([](auto x) { return math::gelu(x) / x; }, [](real x) { return gelu(x) / x; }, -12, -1e-3, 1)},
      {"gelu' / 10", worst_error(derivative_, gelu_derivative, -12, 12, 1) / 10},
      {"sine", worst_error(sine_, sine, -2, 2, 1e-6)},
      {"sine near 0", worst_error(sine_, sine, -1e-3, 1e-3, smallest)},
      {"sine of many turns", worst_error(sine_, sine, -512, 512, 1)},
      {"cosine", worst_error(cosine_, cosine, -2, 2, 1e-6)},
      {"cosine of many turns", worst_error(cosine_, cosine, -512, 512, 1)},
      {"sine of 1e6 turns", worst_error(sine_, sine, -4e6, 4e6, 1)},
  };
  std::printf("float against long double, worst relative error:");
  for (auto const& f : found) {
    INFO(f.name);
    CHECK(f.error < test::tolerance::scalar);
    std::printf(" %s %.1e,", f.name, f.error);
  }
  std::printf("\n");
}

TEST_CASE("a function has the same bits in every lane type") {
  auto x = corners();
  // A bit pattern in 65,521, every exponent and sign among them.
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 65521) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  std::vector<double> d(x.begin(), x.end());
  every_function([&](auto f, int which) {
    INFO("function " << which);
    CHECK(differences(f, x) == 0);
    CHECK(differences(f, d) == 0);
  });
}

TEST_CASE("every function of NaN is NaN") {
  every_function([&](auto f, int which) {
    INFO("function " << which);
    CHECK(std::isnan(f(nan_value)));
    CHECK(std::isnan(f(-nan_value)));
    CHECK(std::isnan(f(static_cast<double>(nan_value))));
  });
}

TEST_CASE("double functions are the standard library's, gelu and its slope agree") {
  for (double x = -6; x <= 6; x += 0.01) {
    CHECK(math::exp(x) == std::exp(x));
    CHECK(math::tanh(x) == std::tanh(x));
    CHECK(math::log(x + 7) == std::log(x + 7));
    CHECK(math::sqrt(x + 7) == std::sqrt(x + 7));
    REQUIRE(math::sine_of_quarters(x, 0) == Approx(static_cast<double>(sine(x))).epsilon(1e-15).margin(1e-16));
    REQUIRE(math::sine_of_quarters(x, 1) == Approx(static_cast<double>(cosine(x))).epsilon(1e-15).margin(1e-16));
    REQUIRE(math::sine_of_quarters(x, 2) == Approx(static_cast<double>(-sine(x))).epsilon(1e-15).margin(1e-16));
    REQUIRE(math::gelu(x) == Approx(static_cast<double>(gelu(x))).epsilon(1e-13).margin(1e-15 * std::abs(x)));
    double const fd = test::slope([x](double h) { return math::gelu(x + h); }, 1e-3);
    REQUIRE(math::gelu_derivative(x) == Approx(fd).epsilon(1e-9).margin(1e-11));
  }
}

TEST_CASE("ends of the float functions") {
  CHECK(math::exp(inf) == inf);
  CHECK(math::exp(-inf) == 0.0F);
  CHECK(math::exp(1e4F) == inf);
  CHECK(math::exp(-1e4F) == 0.0F);
  CHECK(math::exp(88.9F) == inf);
  CHECK(std::isfinite(math::exp(88.72F)));
  CHECK(math::exp(-88.0F) == 0.0F);  // e^-88 is subnormal
  CHECK(math::exp(0.0F) == 1.0F);

  CHECK(math::log(0.0F) == -inf);
  CHECK(math::log(-0.0F) == -inf);
  CHECK(math::log(1.0F) == 0.0F);
  CHECK(math::log(inf) == inf);
  CHECK(std::isnan(math::log(-1e-40F)));
  CHECK(std::isnan(math::log(-inf)));

  for (float const x : {inf, 1e4F, 40.0F, 10.0F}) {
    CHECK(math::tanh(x) == 1.0F);
    CHECK(math::tanh(-x) == -1.0F);
  }
  CHECK(math::tanh(0.0F) == 0.0F);
  CHECK(math::tanh(-0.0F) == 0.0F);
  CHECK(math::tanh(1e-40F) == 1e-40F);

  CHECK(math::sigmoid(inf) == 1.0F);
  CHECK(math::sigmoid(-inf) == 0.0F);
  CHECK(math::sigmoid(1e4F) == 1.0F);
  CHECK(math::sigmoid(-1e4F) == 0.0F);
  CHECK(math::sigmoid(1e-40F) == 0.5F);

  CHECK(math::softplus(1e4F) == 1e4F);
  CHECK(math::softplus(-1e4F) == 0.0F);
  CHECK(math::softplus(inf) == inf);
  CHECK(math::softplus(-inf) == 0.0F);

  CHECK(math::sqrt(inf) == inf);
  CHECK(math::sqrt(0.0F) == 0.0F);
  CHECK(std::isnan(math::sqrt(-1.0F)));

  CHECK(math::gelu(1e4F) == 1e4F);
  CHECK(math::gelu(-1e4F) == 0.0F);
  CHECK(math::gelu(inf) == inf);
  CHECK(math::gelu(1e-40F) == Approx(0.5e-40F).epsilon(1e-3));
  for (float const x : {1e4F, 1e20F, inf}) {
    CHECK(math::gelu_derivative(x) == 1.0F);
    CHECK(math::gelu_derivative(-x) == 0.0F);
    CHECK(math::gelu_derivative(static_cast<double>(x)) == 1.0);
    CHECK(math::gelu_derivative(-static_cast<double>(x)) == 0.0);
  }

  // Whole quarter turns are exact, however many.
  for (float const x : {0.0F, 4.0F, -8.0F, 4194304.0F, 1e9F, std::numeric_limits<float>::max()}) {
    CHECK(math::sine_of_quarters(x, 0) == 0.0F);
    CHECK(math::sine_of_quarters(x, 1) == 1.0F);
    CHECK(math::sine_of_quarters(x, 2) == 0.0F);
    CHECK(math::sine_of_quarters(x, 3) == -1.0F);
  }
  CHECK(math::sine_of_quarters(1.0F, 0) == 1.0F);
  CHECK(math::sine_of_quarters(-1.0F, 0) == -1.0F);
  CHECK(math::sine_of_quarters(8388609.0F, 0) == 1.0F);
  CHECK(math::sine_of_quarters(8388611.0F, 0) == -1.0F);
  CHECK(math::sine_of_quarters(1e-40F, 0) == Approx(std::numbers::pi / 2 * 1e-40).epsilon(1e-4));
  CHECK(std::isnan(math::sine_of_quarters(inf, 0)));
  CHECK(std::isnan(math::sine_of_quarters(-inf, 1)));
  CHECK(std::isnan(math::sine_of_quarters(static_cast<double>(inf), 1)));
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

TEST_CASE("powers of two") {
  for (int n = -126; n < 128; ++n) REQUIRE(math::power_of_two<float>(n) == std::ldexp(1.0F, n));
  for (int n = -1022; n < 1024; ++n) REQUIRE(math::power_of_two<double>(n) == std::ldexp(1.0, n));
}

}  // namespace s2rm
