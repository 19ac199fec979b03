// Registers of numbers: how rows are cut into them, loops and sums over them, short rows.
#include "s2rm/math/simd.hpp"

#include <cmath>
#include <vector>

#include "s2rm/math/row.hpp"
#include "s2rm/math/sum.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace s2rm {

namespace {

template <class T>
std::vector<T> numbers(index_t n, double phase) {
  std::vector<T> x(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i)
    x[static_cast<std::size_t>(i)] = static_cast<T>(std::sin(phase + 1.7 * static_cast<double>(i)));
  return x;
}

template <class F>
void every_length(F const& f) {
  [&]<index_t... N>(std::integer_sequence<index_t, N...>) {
    (f(std::integral_constant<index_t, N>{}), ...);
  }(std::integer_sequence<index_t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64, 65, 121>{});
}

/// y_i = a x_i + b y_i^2, which compilers may contract.
template <class T>
struct mixed {
  using scalar = T;
  T const* x;
  T* y;
  T a, b;
  template <class L>
  void lanes(index_t i) const {
    auto const yi = L::load(y + i);
    L::store(y + i, a * L::load(x + i) + b * yi * yi);
  }
  template <class L>
  void lanes(index_t, index_t column) const {
    lanes<L>(column);
  }
};

/// Counts how often it was prepared, and what it was asked for.
struct counting {
  int *made, *seen;
  struct ready {
    int* seen;
    void operator()(index_t i) const { ++seen[i]; }
  };
  ready prepared() const {
    ++*made;
    return {seen};
  }
};

template <class T>
struct terms {
  using scalar = T;
  T const* x;
  template <class L>
  auto lanes(index_t i) const {
    return L::load(x + i);
  }
  double operator()(index_t i) const { return static_cast<double>(x[i]); }
};
template <class T>
struct squares {
  using scalar = T;
  T const* x;
  template <class L>
  auto lanes(index_t i) const {
    auto const one = math::widened(L::load(x + i));
    return one * one;
  }
  double operator()(index_t i) const { return static_cast<double>(x[i]) * static_cast<double>(x[i]); }
};
template <class T, index_t Width>
struct row_terms {
  using scalar = T;
  static constexpr index_t width = Width;
  T const* x;
  template <class L>
  auto lanes(index_t row, index_t column) const {
    return L::load(x + row * Width + column);
  }
  double operator()(index_t i) const { return static_cast<double>(x[i]); }
};
template <class T>
struct plain_terms {
  T const* x;
  double operator()(index_t i) const { return static_cast<double>(x[i]); }
};
struct positive {
  using scalar = std::uint8_t;
  std::uint8_t const* x;
  template <class L>
  auto lanes(index_t i) const {
    return math::ones(L::load(x + i) == std::uint8_t{2});
  }
};

/// The same order for every cut into the same pieces; close to the plain sum.
template <class F>
void check_sum(F const& f, index_t runs, index_t terms_in_all) {
  double plain = 0, size = 0;
  for (index_t i = 0; i < terms_in_all; ++i) plain += f(i), size += std::abs(f(i));
  double const sum = math::sum_of_terms(f, 0, runs);
  CHECK(sum == Approx(plain).epsilon(1e-13).margin(1e-14 * size));
  CHECK(sum == math::sum_of_terms(f, 0, runs));
}

template <class T>
void check_types() {
  auto const x = numbers<T>(13 * 121, 0.3), start = numbers<T>(1000, 1.1);
  // Loops: the same bits wherever a piece begins.
  std::vector<T> one = start;
  mixed<T> const alone{x.data(), one.data(), T(0.3), T(-0.7)};
  for (index_t i = 0; i < 1000; ++i) alone.template lanes<math::lanes<T, 1>>(i);
  for (index_t const cut : {0, 1, 3, 17, 64, 500, 999, 1000}) {
    std::vector<T> y = start;
    mixed<T> const f{x.data(), y.data(), T(0.3), T(-0.7)};
    math::each_index(f, 0, cut);
    math::each_index(f, cut, 1000);
    INFO("cut at " << cut);
    CHECK(test::same_bits(y, one));
  }
  every_length([&](auto length) {
    constexpr index_t N = length();
    INFO(N << " columns of " << sizeof(T) << " bytes");
    // Pieces: every column once, in order.
    index_t next = 0;
    bool in_order = true;
    math::across<T, N>([&](auto l, index_t c) {
      in_order = in_order && c == next;
      next = c + l.width;
    });
    CHECK(in_order);
    CHECK(next == N);
    // Rows: the bits of single numbers, at an address that is a multiple of nothing.
    std::vector<T> y = start;
    math::each_column<N>(mixed<T>{x.data() + 1, y.data() + 1, T(0.3), T(-0.7)}, 0);
    std::vector<T> expected = start;
    mixed<T> const f{x.data() + 1, expected.data() + 1, T(0.3), T(-0.7)};
    for (index_t i = 0; i < N; ++i) f.template lanes<math::lanes<T, 1>>(i);
    CHECK(test::same_bits(y, expected));
    // Short rows.
    double sum = 0, size = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(N); ++i) {
      double const term = static_cast<double>(x[i + 1]) * static_cast<double>(start[i]);
      sum += term;
      size += std::abs(term);
    }
    double const room = sizeof(T) == 4 ? 3e-7 : 1e-15;
    CHECK(std::abs(static_cast<double>(math::dot<N>(x.data() + 1, start.data())) - sum) <= room * size);
    y = start;
    math::add_scaled<N>(T(2), x.data() + 1, y.data() + 3);
    for (std::size_t i = 0; i < y.size(); ++i) {
      bool const within = i >= 3 && i < 3 + static_cast<std::size_t>(N);
      T const e = within ? T(2) * x[i - 2] + start[i] : start[i];
      REQUIRE(std::abs(static_cast<double>(y[i] - e)) <= (within ? room : 0));
    }
    y = start;
    math::copy<N>(x.data() + 1, y.data() + 3);
    math::fill<N>(y.data() + 200, T(4));
    for (std::size_t i = 0; i < y.size(); ++i) {
      auto const n = static_cast<std::size_t>(N);
      REQUIRE(y[i] == (i >= 3 && i < 3 + n ? x[i - 2] : (i >= 200 && i < 200 + n ? T(4) : start[i])));
    }
    // Sums.
    check_sum(terms<T>{x.data()}, N, N);
    check_sum(squares<T>{x.data()}, N, N);
    check_sum(plain_terms<T>{x.data()}, N, N);
    if constexpr (N > 0) {
      check_sum(row_terms<T, N>{x.data()}, 13, 13 * N);
    }
  });
  check_sum(terms<T>{x.data()}, 1000, 1000);
  check_sum(squares<T>{x.data()}, 1000, 1000);
  CHECK(math::terms_to_cut<terms<T>>(1000) == 1000);
  CHECK(math::terms_to_cut<row_terms<T, 8>>(1000) == 125);
  // Sums are taken in double: 2^24 + 1 is no float.
  std::vector<T> large(32, T(1));
  large[3] = T(16777216);
  CHECK(math::sum_of_terms(terms<T>{large.data()}, 0, 32) == 16777216.0 + 31);
  large[5] = T(3e30);
  CHECK(math::sum_of_terms(squares<T>{large.data()}, 0, 32) == Approx(std::pow(static_cast<double>(large[5]), 2)));
}

}  // namespace

TEST_CASE("float: rows, loops and sums on registers") { check_types<float>(); }
TEST_CASE("double: rows, loops and sums on registers") { check_types<double>(); }

TEST_CASE("a functor is prepared once per task, and run on every index") {
  int made = 0, seen[50] = {};
  math::each_index(counting{&made, seen}, 3, 50);
  CHECK(made == 1);
  for (int i = 0; i < 50; ++i) CHECK(seen[i] == (i < 3 ? 0 : 1));
}

TEST_CASE("flags are counted") {
  std::vector<std::uint8_t> flags(333);
  double expected = 0;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    flags[i] = static_cast<std::uint8_t>(i * 7 % 5 % 3);
    expected += flags[i] == 2 ? 1 : 0;
  }
  CHECK(expected > 0);
  CHECK(math::sum_of_terms(positive{flags.data()}, 0, 333) == expected);
}

TEST_CASE("lanes: load, store, all, counted, sum") {
  [&]<index_t... Width>(std::integer_sequence<index_t, Width...>) {
    auto const one = [](auto lane) {
      using L = decltype(lane);
      using V = typename L::type;
      float const from[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
      float to[18] = {};
      L::store(to + 1, L::load(from + 1) + L::all(100.0F));
      for (index_t i = 0; i < 18; ++i) CHECK(to[i] == (i >= 1 && i <= L::width ? from[i] + 100 : 0));
      CHECK(math::sum_of_lanes(L::load(from)) == static_cast<float>(L::width * (L::width + 1) / 2));
      auto const count = math::counted<V>(7);
      if constexpr (L::width == 1) {
        CHECK(count == 7);
      } else {
        for (index_t i = 0; i < L::width; ++i) CHECK(count[i] == 7 + i);
      }
    };
    (one(math::lanes<float, Width>{}), ...);
  }(std::conditional_t < math::vector_bytes == 64, std::integer_sequence<index_t, 1, 4, 8, 16>,
    std::conditional_t < math::vector_bytes == 32, std::integer_sequence<index_t, 1, 4, 8>,
    std::integer_sequence < index_t, 1, 4 >>> {});
}

}  // namespace s2rm
