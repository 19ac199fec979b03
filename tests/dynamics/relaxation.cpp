// The relaxation of a state between two steps, and features of times: what holds exactly, and what up to rounding.
#include "s2rm/dynamics/relaxation.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/eigen.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace s2rm {
namespace {

using test::same_bits;
constexpr index_t width = 13, batch = 3;

template <class T>
struct state {
  std::vector<T> h, initial, rate;
  state() {
    random const r{5, 1};
    for (index_t i = 0; i < batch * width; ++i) h.push_back(static_cast<T>(r.normal(0, static_cast<std::uint64_t>(i))));
    for (index_t i = 0; i < width; ++i) {
      initial.push_back(static_cast<T>(r.normal(1, static_cast<std::uint64_t>(i))));
      rate.push_back(static_cast<T>(std::exp(r.normal(2, static_cast<std::uint64_t>(i)))));
    }
  }
  /// The states of all elements after these times.
  std::vector<T> after(std::vector<T> const& times, std::vector<std::uint8_t> const& start = {0, 0, 0}) const {
    std::vector<T> to(h.size(), T(-7));
    backend::eigen cpu;
    cpu.for_rows<width>(batch, dynamics::relax_state<T, width>{start.data(), times.empty() ? nullptr : times.data(),
                                                               rate.data(), initial.data(), h.data(), to.data()});
    return to;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("relaxation: no time changes no bit, long gives h_0 exactly", "", float, double) {
  using T = TestType;
  state<T> const s;
  CHECK(same_bits(s.after({0, 0, 0}), s.h));
  auto const late = s.after({T(1e6), T(1e30), std::numeric_limits<T>::max()});
  for (index_t b = 0; b < batch; ++b) CHECK(same_bits(late.data() + b * width, s.initial.data(), width));
  CHECK(same_bits(s.after({}), s.after({1, 1, 1})));
  for (index_t i = 0; i < batch * width; ++i) {
    double const h = s.h[static_cast<std::size_t>(i)], begin = s.initial[static_cast<std::size_t>(i % width)],
                 rate = s.rate[static_cast<std::size_t>(i % width)];
    CHECK(s.after({2, 2, 2})[static_cast<std::size_t>(i)] ==
          Approx(begin + (h - begin) * std::exp(-rate * 2)).epsilon(1e-5).margin(1e-6));
  }
}

TEMPLATE_TEST_CASE("relaxation: one time after another is their sum, up to rounding", "", float, double) {
  using T = TestType;
  state<T> const s;
  auto const once = s.after({T(0.75), T(3), T(0.5)});
  auto twice = s;
  twice.h = s.after({T(0.5), T(1), T(0.5)});
  auto const found = twice.after({T(0.25), T(2), T(0)});
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(std::abs(found[i] - once[i]) <= 4 * std::numeric_limits<T>::epsilon() * (std::abs(once[i]) + 4));
  }
}

TEMPLATE_TEST_CASE("relaxation: a start has no time before it, improper times are none", "", float, double) {
  using T = TestType;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
  state<T> s;
  CHECK(same_bits(s.after({nan, -1, infinity}), s.h));
  for (index_t i = 0; i < width; ++i) s.h[static_cast<std::size_t>(width + i)] = nan;  // not read where a state starts
  auto const found = s.after({2, nan, 2}, {0, 1, 0});
  CHECK(same_bits(found.data() + width, s.initial.data(), width));
  for (auto const x : found) CHECK(math::is_finite(x));
}

TEMPLATE_TEST_CASE("features of times", "", float, double) {
  using T = TestType;
  std::vector<T> const times{0, T(0.5), 3, 100, T(1e30), -2};
  std::vector<std::uint8_t> const starts{0, 0, 1, 0, 0, 0};
  std::vector<T> phi(6 * 2 * 5, T(-7));
  using unit = std::ratio<2>;
  layer::time_feature_rows<unit, 2, T> const f{times.data(), starts.data(), {phi.data(), 10, 5}};
  for (index_t i = 0; i < 12; ++i) f(i);
  for (std::size_t row = 0; row < 6; ++row) {
    double const x = starts[row] != 0 || times[row] < 0 ? 0 : static_cast<double>(times[row]) / 2;
    for (std::size_t g = 0; g < 2; ++g) {
      T const* const y = phi.data() + row * 10 + g * 5;
      CHECK(y[0] == Approx(std::log1p(x)).epsilon(1e-6).margin(1e-6));
      CHECK(y[1] == Approx(std::exp(-x)).epsilon(1e-6).margin(1e-30));
      CHECK(y[2] == Approx(std::exp(-x / 4)).epsilon(1e-6).margin(1e-30));
      CHECK(y[3] == Approx(std::exp(-x / 16)).epsilon(1e-6).margin(1e-30));
      CHECK(y[4] == T(-7));
    }
  }
  CHECK((phi[0] == 0 && phi[1] == 1 && phi[2] == 1 && phi[3] == 1));
  layer::time_feature_rows<std::ratio<1>, 1, T>{nullptr, nullptr, {phi.data(), 5}}(0);
  CHECK(phi[0] == Approx(std::log(2.0)));
}

}  // namespace s2rm
