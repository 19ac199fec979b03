// Functions of math/ and predicates of numbers under flags of floating point (bits.hpp), against long double.
#include <cmath>
#include <string>

#include "flags/bits.hpp"
#include "s2rm/math/fourier.hpp"
#include "s2rm/math/scalar.hpp"

namespace flags {
namespace {

// f of registers and of plain numbers against `exact`, at 4096 multiples of `step`, a power of two, about 0; errors are
// relative, or absolute.
enum class error { relative, absolute };
template <class T, class F, class Exact>
void compare(std::string const& what, double step, double bound, error of, F const& f, Exact const& exact) {
  constexpr index_t n = 4096, width = s2rm::math::register_width<T>;
  std::vector<T> in(n), out(n), alone(n);
  for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<T>(static_cast<int>(i) - n / 2) * static_cast<T>(step);
  using lane = s2rm::math::wide<T>;
  for (index_t i = 0; i < n; i += width) lane::store(out.data() + i, f(lane::load(in.data() + i)));
  for (std::size_t i = 0; i < n; ++i) alone[i] = f(in[i]);
  // In this file, that of doubles may be the vector library's.
  if (sizeof(T) == 4) expect(out == alone, what.c_str());
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    long double const wanted = exact(static_cast<long double>(in[i]));
    auto error = static_cast<double>(std::fabs(static_cast<long double>(out[i]) - wanted));
    if (of == error::relative) error /= static_cast<double>(std::fabs(wanted));
    if (error > worst) worst = error;
  }
  expect(finite(out), what.c_str());
  std::printf("%s: error %s %g\n", what.c_str(), worst < bound ? "<" : "FAILED: not <", bound);
  if (!(worst < bound)) std::printf("FAILED: %s: error %g\n", what.c_str(), worst), ++failures;
}

template <class T>
void functions(char const* of) {
  namespace m = s2rm::math;
  double const bound = sizeof(T) == 4 ? 3e-7 : 1e-14;
  auto const name = [of](char const* what) { return std::string(what) + " of " + of; };
  auto const sigmoid = [](long double x) { return 1 / (1 + std::exp(-x)); };
  compare<T>(
      name("exp"), 0x1p-5, bound, error::relative, [](auto x) { return m::exp(x); },
      [](long double x) { return std::exp(x); });
  compare<T>(
      name("log of the square"), 0x1p-8, bound, error::absolute, [](auto x) { return m::log(x * x + T(0.25)); },
      [](long double x) { return std::log(x * x + 0.25L); });
  compare<T>(
      name("tanh"), 0x1p-8, bound, error::absolute, [](auto x) { return m::tanh(x); },
      [](long double x) { return std::tanh(x); });
  compare<T>(name("sigmoid"), 0x1p-6, bound, error::relative, [](auto x) { return m::sigmoid(x); }, sigmoid);
  compare<T>(
      name("softplus"), 0x1p-6, 2 * bound, error::relative, [](auto x) { return m::softplus(x); },
      [](long double x) { return std::log1p(std::exp(x)); });
  compare<T>(
      name("sine"), 0x1.8p-3, bound, error::absolute,
      [](auto x) { return m::sine_of_quarters(x, m::integer_of<decltype(x)>{}); },
      [](long double x) { return std::sin(std::remainder(x, 4.0L) * (3.14159265358979323846L / 2)); });
  compare<T>(
      name("gelu"), 0x1p-8, 3 * bound, error::absolute, [](auto x) { return m::gelu(x); },
      [&](long double x) { return x * sigmoid(1.5957691216057307118L * (x + 0.044715L * x * x * x)); });
  // Far out.
  T volatile far = 200;
  T const x = far;
  expect(m::exp(-x) < T(1e-37) && m::sigmoid(-x) < T(1e-37) && m::softplus(-x) < T(1e-37), "far below 0");
  expect(m::sigmoid(x) == 1 && m::tanh(x) == 1 && m::tanh(-x) == -1 && m::softplus(x) == x, "far above 0");
  // Predicates of numbers that an optimiser sees through.
  T number = 1;
  for (auto const which : {odd::nan, odd::infinity, odd::minus_infinity}) {
    expect(m::is_finite(number) && !m::is_nan(number) && m::all_finite(&number, 1), "is_finite, is_nan of a number");
    put(&number, which);
    expect(!m::is_finite(number) && !m::all_finite(&number, 1), "is_finite of NaN, infinity");
    expect(m::is_nan(number) == (which == odd::nan), "is_nan");
    number = 2;
  }
  // NaN comes out where it goes in, else a step with it would not be skipped.
  std::vector<T> bad(16);
  for (auto& one : bad) put(&one, odd::nan);
  using lane = m::wide<T>;
  auto const stays = [&](auto const& f) {
    std::vector<T> out(16);
    lane::store(out.data(), f(lane::load(bad.data())));
    for (std::size_t i = 0; i < static_cast<std::size_t>(lane::width); ++i) {
      if (!m::is_nan(out[i])) return false;
    }
    return true;
  };
  expect(stays([](auto v) { return m::exp(v); }), "exp of NaN");
  expect(stays([](auto v) { return m::sigmoid(v); }), "sigmoid of NaN");
  expect(stays([](auto v) { return m::tanh(v); }), "tanh of NaN");
  expect(stays([](auto v) { return m::softplus(v); }), "softplus of NaN");
  expect(stays([](auto v) { return m::gelu(v); }), "gelu of NaN");
  expect(stays([](auto v) { return m::sine_of_quarters(v, m::integer_of<decltype(v)>{}); }), "sine of NaN");
}

}  // namespace
}  // namespace flags

int main() {
  flags::functions<float>("float");
  flags::functions<double>("double");
  return flags::failures == 0 ? 0 : 1;
}
