// Real spherical harmonics: exact values, orthonormality by quadrature, rotation about the axis, the addition theorem, poles,
// vectors of any length.
#include "s2rm/math/spherical_harmonics.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/io/safetensors.hpp"
#include "s2rm/math/finite.hpp"
#include "support/catch.hpp"

namespace s2rm {
namespace {

constexpr double pi = std::numbers::pi;

template <index_t L, class T>
std::vector<T> harmonics(T x, T y, T z) {
  std::vector<T> all(static_cast<std::size_t>((L + 1) * (L + 1)), std::numeric_limits<T>::quiet_NaN());
  math::spherical_harmonics<L>(x, y, z, [&](index_t j, T value) { all[static_cast<std::size_t>(j)] = value; });
  return all;
}

std::vector<double> direction(random const& r, std::uint64_t i) {
  double const z = r.uniform(1, i, -1, 1), turn = r.uniform(2, i, -pi, pi), ring = std::sqrt(1 - z * z);
  return {ring * std::cos(turn), ring * std::sin(turn), z};
}

/// Nodes and weights of Gauss-Legendre quadrature on [-1, 1]: exact for polynomials of degree 2 n - 1.
std::vector<std::pair<double, double>> gauss_legendre(int n) {
  std::vector<std::pair<double, double>> rule;
  for (int i = 0; i < n; ++i) {
    double x = std::cos(pi * (i + 0.75) / (n + 0.5)), slope = 1;
    for (int step = 0; step < 8; ++step) {
      double before = 1, p = x;
      for (int l = 2; l <= n; ++l) before = std::exchange(p, ((2 * l - 1) * x * p - (l - 1) * before) / l);
      slope = n * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    rule.emplace_back(x, 2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

/// The largest |integral of Y_i Y_j - delta_ij|, by a rule that is exact to degree 2 L.
template <index_t L, class T>
double worst_product() {
  constexpr auto n = static_cast<std::size_t>((L + 1) * (L + 1));
  std::vector<double> sum(n * n);
  int const turns = 2 * static_cast<int>(L) + 1;
  for (auto const& [z, weight] : gauss_legendre(static_cast<int>(L) + 1)) {
    double const ring = std::sqrt(1 - z * z);
    for (int k = 0; k < turns; ++k) {
      double const turn = 2 * pi * (k + 0.3) / turns;
      auto const y =
          harmonics<L>(static_cast<T>(ring * std::cos(turn)), static_cast<T>(ring * std::sin(turn)), static_cast<T>(z));
      double const area = weight * 2 * pi / turns;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j)
          sum[i * n + j] += area * static_cast<double>(y[i]) * static_cast<double>(y[j]);
      }
    }
  }
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) worst = std::max(worst, std::abs(sum[i * n + j] - (i == j ? 1 : 0)));
  }
  return worst;
}

/// The largest error of a float against double, over random directions and some close to the poles, in units of the largest
/// value there can be, sqrt((2 L + 1) / 4 pi).
template <index_t L>
double worst_of_float() {
  random const r{5, 0};
  double worst = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    auto d = direction(r, i);
    if (i % 4 == 0) {  // close to a pole
      double const far = std::pow(10.0, -static_cast<double>(i % 28) / 4);
      d = {far * d[0], far * d[1], d[2] > 0 ? 1.0 : -1.0};
    }
    auto const x = static_cast<float>(d[0]), y = static_cast<float>(d[1]), z = static_cast<float>(d[2]);
    auto const found = harmonics<L>(x, y, z);
    auto const exact = harmonics<L>(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z));
    for (std::size_t j = 0; j < found.size(); ++j) {
      worst = std::max(worst, std::abs(static_cast<double>(found[j]) - exact[j]));
    }
  }
  return worst / std::sqrt((2.0 * L + 1) / (4 * pi));
}

}  // namespace

TEST_CASE("spherical harmonics: exact values to degree 32") {
  auto const file = io::read_safetensors("golden/spherical_harmonics.safetensors");
  auto const x = file.numbers<double>("x"), y = file.numbers<double>("harmonics");
  constexpr std::size_t n = 33 * 33;
  REQUIRE(y.size() == x.size() / 3 * n);
  for (std::size_t i = 0; i < x.size() / 3; ++i) {
    auto const found = harmonics<32>(x[3 * i], x[3 * i + 1], x[3 * i + 2]);
    double worst = 0;
    for (std::size_t j = 0; j < n; ++j) worst = std::max(worst, std::abs(found[j] - y[i * n + j]));
    CHECK(worst < 2e-13);
  }
}

TEST_CASE("spherical harmonics: the signs of the first ones") {
  double const root = std::sqrt(3 / (4 * pi));
  auto const y = harmonics<1>(0.6, -0.48, 0.64);
  CHECK(y[0] == Approx(1 / std::sqrt(4 * pi)));
  CHECK(y[1] == Approx(root * -0.48));
  CHECK(y[2] == Approx(root * 0.64));
  CHECK(y[3] == Approx(root * 0.6));
}

TEST_CASE("spherical harmonics are orthonormal") {
  CHECK(worst_product<4, double>() < 1e-14);
  CHECK(worst_product<16, double>() < 1e-13);
  CHECK(worst_product<8, float>() < 3e-6);
}

TEST_CASE("spherical harmonics: the squares of a degree sum up to (2 l + 1) / 4 pi, at degree 64 too") {
  random const r{7, 0};
  auto const check = [&]<class T>(T, double tolerance) {
    for (std::uint64_t i = 0; i < 40; ++i) {
      auto const d = direction(r, i);
      auto const y = harmonics<64>(static_cast<T>(d[0]), static_cast<T>(d[1]), static_cast<T>(d[2]));
      for (index_t l = 0; l <= 64; ++l) {
        double sum = 0;
        for (index_t j = l * l; j < (l + 1) * (l + 1); ++j)
          sum += std::pow(static_cast<double>(y[static_cast<std::size_t>(j)]), 2);
        CHECK(sum == Approx((2.0 * static_cast<double>(l) + 1) / (4 * pi)).epsilon(tolerance));
      }
    }
  };
  check(0.0, 1e-12);
  check(0.0F, 1e-3);
}

TEST_CASE("spherical harmonics in float: the error is below 2 L² 6e-8 of the largest value") {
  CHECK(worst_of_float<4>() < 2 * 16 * 6e-8);
  CHECK(worst_of_float<8>() < 2 * 64 * 6e-8);
  CHECK(worst_of_float<16>() < 2 * 256 * 6e-8);
  CHECK(worst_of_float<32>() < 2 * 1024 * 6e-8);
}

TEST_CASE("spherical harmonics: a rotation about the axis mixes m and -m alone") {
  constexpr index_t L = 10;
  random const r{8, 0};
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto const d = direction(r, i);
    double const turn = r.uniform(3, i, -pi, pi), c = std::cos(turn), s = std::sin(turn);
    auto const before = harmonics<L>(d[0], d[1], d[2]);
    auto const after = harmonics<L>(c * d[0] - s * d[1], s * d[0] + c * d[1], d[2]);
    for (index_t l = 0; l <= L; ++l) {
      auto const at = [l](index_t m) { return static_cast<std::size_t>(l * l + l + m); };
      CHECK(after[at(0)] == Approx(before[at(0)]).margin(1e-14));
      for (index_t m = 1; m <= l; ++m) {
        double const cm = std::cos(static_cast<double>(m) * turn), sm = std::sin(static_cast<double>(m) * turn);
        CHECK(after[at(m)] == Approx(cm * before[at(m)] - sm * before[at(-m)]).margin(1e-13));
        CHECK(after[at(-m)] == Approx(sm * before[at(m)] + cm * before[at(-m)]).margin(1e-13));
      }
    }
  }
}

TEST_CASE("spherical harmonics at the poles: nothing but m = 0, and smooth across them") {
  constexpr index_t L = 12;
  for (double const z : {1.0, -1.0}) {
    auto const pole = harmonics<L>(0.0, 0.0, z);
    for (index_t l = 0; l <= L; ++l) {
      for (index_t m = -l; m <= l; ++m) {
        double const expected =
            m == 0 ? std::sqrt((2.0 * static_cast<double>(l) + 1) / (4 * pi)) * (l % 2 == 0 ? 1 : z) : 0;
        CHECK(pole[static_cast<std::size_t>(l * l + l + m)] == Approx(expected).margin(1e-14));
      }
    }
    for (double const turn : {0.0, 1.0, 2.5, -2.0}) {
      auto const near = harmonics<L>(1e-9 * std::cos(turn), 1e-9 * std::sin(turn), z);
      for (std::size_t j = 0; j < near.size(); ++j) CHECK(near[j] == Approx(pole[j]).margin(1e-7));
    }
  }
}

TEST_CASE("spherical harmonics: the length of the vector does not count, and 0 has the mean") {
  constexpr index_t L = 5;
  auto const check = [&]<class T>(T) {
    T const x[3] = {T(0.3), T(-0.7), T(0.2)};
    auto const expected = harmonics<L>(x[0], x[1], x[2]);
    int const most = std::numeric_limits<T>::max_exponent - 2, least = std::numeric_limits<T>::min_exponent + 4;
    for (int const power : {1, -3, most, least}) {
      CHECK(harmonics<L>(std::ldexp(x[0], power), std::ldexp(x[1], power), std::ldexp(x[2], power)) == expected);
    }
    T const tiny = std::numeric_limits<T>::denorm_min();
    CHECK(harmonics<L>(tiny, T(0), T(0)) == harmonics<L>(T(1), T(0), T(0)));
    auto const zero = harmonics<L>(T(0), T(0), T(0));
    CHECK(zero[0] == static_cast<T>(1 / std::sqrt(4 * pi)));
    for (std::size_t j = 1; j < zero.size(); ++j) CHECK(zero[j] == 0);
    for (T const bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
      for (int c = 0; c < 3; ++c) {
        T y[3] = {x[0], x[1], x[2]};
        y[c] = bad;
        auto const none = harmonics<L>(y[0], y[1], y[2]);
        for (std::size_t j = 1; j < none.size(); ++j) CHECK(math::is_nan(none[j]));
      }
    }
  };
  check(0.0F);
  check(0.0);
}

}  // namespace s2rm
