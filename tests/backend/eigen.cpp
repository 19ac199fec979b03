// The CPU backend against the naive loops: every primitive, odd extents, strides, groups, threads.
#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/backend/eigen/eigen_gemm.hpp"

#include "s2rm/core/errors.hpp"
#include "s2rm/ops/generic.hpp"
#include "s2rm/ops/reference.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {

static_assert(ops::capabilities<backend::eigen>::grouped_products && ops::capabilities<backend::eigen>::bf16_weights);
static_assert(ops::capabilities<backend::eigen>::host_memory && !ops::capabilities<backend::eigen>::static_launch);
static_assert(backend_policy<backend::eigen, float>);
static_assert(backend_policy<backend::eigen, double>);

namespace {

template <class T>
std::vector<T> numbers(index_t n, std::uint32_t stream) {
  auto const from = test::normal_numbers(n, stream);
  return {from.begin(), from.end()};
}

template <class T, index_t G, index_t Out, index_t In>
struct product_case {
  static constexpr T untouched = T(7777);
  index_t n;
  index_t x_stride = G * In + 3, y_stride = G * Out + 5;  // rows with a gap behind them
  std::vector<T> w = numbers<T>(G * Out * In, 1), bias = numbers<T>(G * Out, 2), x, dy;

  explicit product_case(index_t count)
      : n(count), x(numbers<T>(count * (G * In + 3), 3)), dy(numbers<T>(count * (G * Out + 5), 4)) {}

  /// All products, one after the other; what lies between rows stays as it is.
  template <class B>
  std::vector<std::vector<T>> run(B& be) const {
    test::plain_weight<T, G, Out, In> const packed(be, w.data());
    auto const& m = packed.view;
    std::vector<T> y(static_cast<std::size_t>(n * y_stride), untouched), plain(y), sum(y),
        dx(static_cast<std::size_t>(n * x_stride), untouched), more(dx), dw(w), db(bias);
    rows<T const> const in{x.data(), x_stride, In}, d{dy.data(), y_stride, Out};
    be.product(m, bias.data(), n, in, {y.data(), y_stride, Out});
    be.product(m, nullptr, n, in, {plain.data(), y_stride, Out});
    be.product_add(m, n, in, {sum.data(), y_stride, Out});
    be.product_transposed(m, n, d, {dx.data(), x_stride, In});
    be.product_transposed_add(m, n, d, {more.data(), x_stride, In});
    be.template outer_add<G, Out, In>(n, d, in, dw.data());
    be.template column_sum_add<G, Out>(n, d, db.data());
    return {y, plain, sum, dx, more, dw, db};
  }
};

template <class T, index_t G, index_t Out, index_t In>
void compare(index_t n) {
  INFO(G << " groups of " << Out << " x " << In << ", " << n << " rows, " << sizeof(T) << " bytes");
  product_case<T, G, Out, In> const c(n);
  ops::reference naive;
  auto const expected = c.run(naive);
  std::vector<std::vector<T>> first;
  test::on_every_backend([&](auto& be, std::string const& name) {
    INFO(name);
    auto const found = c.run(be);
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("product " << i);
      double const room = i == 5 || i == 6 ? static_cast<double>(n) : 1.0;  // sums over the rows
      CHECK((expected[i].empty() ||
             test::relative_error(found[i], expected[i]) <= test::tolerance::product<T> * (1 + room / 16)));
      for (std::size_t j = 0; j < found[i].size(); ++j) {
        if (i < 3 && j % static_cast<std::size_t>(c.y_stride) >= static_cast<std::size_t>(G * Out))
          REQUIRE(found[i][j] == c.untouched);
        if ((i == 3 || i == 4) && j % static_cast<std::size_t>(c.x_stride) >= static_cast<std::size_t>(G * In))
          REQUIRE(found[i][j] == c.untouched);
      }
    }
    if (name == "eigen, 1 thread") first = found;
    if (name == "eigen, 2 threads") {
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(test::same_bits(found[i], first[i]));
    }
  });
  // Three and four threads give the bits of one.
  for (int const threads : {3, 4}) {
    backend::eigen be{.threads = threads};
    auto const found = c.run(be);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(test::same_bits(found[i], first[i]));
  }
  // A row alone gives the bits it has among many.
  if (n < 2) return;
  backend::eigen be;
  auto one = c;
  one.n = 1;
  one.x.assign(c.x.end() - c.x_stride, c.x.end());
  one.dy.assign(c.dy.end() - c.y_stride, c.dy.end());
  auto const found = one.run(be);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(test::same_bits(
        found[i], std::vector<T>(first[i].end() - static_cast<std::ptrdiff_t>(found[i].size()), first[i].end())));
  }
}

struct visit {
  int* visits;
  void operator()(index_t i) const { ++visits[i]; }
  void operator()(index_t r, index_t c) const { ++visits[r * 7 + c]; }
};
struct term {
  double operator()(index_t i) const { return std::sin(static_cast<double>(i)); }
};

}  // namespace

TEST_CASE("products of odd extents") {
  for (index_t const n : {0, 1, 2, 3, 5, 8, 13}) {
    compare<double, 1, 1, 1>(n);
    compare<double, 3, 5, 7>(n);
    compare<float, 2, 17, 9>(n);
  }
  compare<float, 1, 33, 31>(300);  // more than one block of rows
  compare<double, 5, 34, 12>(530);
}

TEST_CASE("products large enough for threads") {
  compare<float, 4, 48, 40>(70);
  compare<double, 1, 96, 33>(257);
}

namespace {
template <class T, index_t Out>
void row_alone() {
  INFO(Out << " columns of " << sizeof(T) << " bytes");
  constexpr index_t In = 37, n = 11;
  auto const w = numbers<T>(Out * In, 5), bias = numbers<T>(Out, 6), x = numbers<T>(n * In, 7);
  backend::eigen be;
  test::plain_weight<T, 1, Out, In> const stored(be, w.data());
  std::vector<T> together(static_cast<std::size_t>(n * Out)), alone(together), sum(together), sum_alone(together);
  be.product(stored.view, bias.data(), n, {x.data(), In}, {together.data(), Out});
  be.product_add(stored.view, n, {x.data(), In}, {sum.data(), Out});
  for (index_t r = 0; r < n; ++r) {
    be.product(stored.view, bias.data(), 1, {x.data() + r * In, In}, {alone.data() + r * Out, Out});
    be.product_add(stored.view, 1, {x.data() + r * In, In}, {sum_alone.data() + r * Out, Out});
  }
  CHECK(test::same_bits(together, alone));
  CHECK(test::same_bits(sum, sum_alone));
}
}  // namespace

// A single row takes a path of its own through whole panels and a narrower last one: a stream is such a row.
TEST_CASE("a row alone has the same bits as among others") {
  row_alone<float, 1>();
  row_alone<float, 48>();
  row_alone<float, 96>();
  row_alone<float, 112>();
  row_alone<float, 128>();
  row_alone<float, 131>();
  row_alone<float, 384>();
  row_alone<double, 64>();
  row_alone<double, 56>();
  row_alone<double, 131>();
}

TEST_CASE("no columns to read: a product is its bias") {
  backend::eigen be;
  for (auto const gemm : {backend::gemm::blocked, backend::gemm::eigen}) {
    be.gemm = gemm;
    double const bias[] = {1, 2, 3}, none[packed_slack] = {};
    double y[6] = {9, 9, 9, 9, 9, 9};
    be.product(weight<double, 1, 3, 0>{none, none, none}, bias, 2, {none, 0}, {y, 3});
    for (int i = 0; i < 6; ++i) CHECK(y[i] == bias[i % 3]);
  }
}

TEST_CASE("every index once, on any number of threads") {
  for (int const threads : {1, 2, 4}) {
    backend::eigen be{.threads = threads};
    for (index_t const n : {0, 1, 63, 64, 129, 5000}) {
      std::vector<int> seen(static_cast<std::size_t>(n)), grid(static_cast<std::size_t>(n * 7));
      be.for_each(n, visit{seen.data()});
      be.for_rows<7>(n, visit{grid.data()});
      CHECK(std::count(seen.begin(), seen.end(), 1) == n);
      CHECK(std::count(grid.begin(), grid.end(), 1) == n * 7);
    }
  }
}

TEST_CASE("a pool survives many short rounds") {
  backend::eigen be{.threads = 4};
  std::vector<int> seen(2000);
  for (int i = 0; i < 2000; ++i) be.for_each(2000, visit{seen.data()});
  CHECK(std::count(seen.begin(), seen.end(), 2000) == 2000);
}

TEST_CASE("reductions, memory, copies") {
  backend::eigen const be{.threads = 2}, alone;
  ops::reference const naive;
  for (index_t const n : {0, 1, 7, 63, 1234, 200'001}) {
    double a = 1, b = 2, expected = 3;
    be.reduce(n, term{}, &a);
    alone.reduce(n, term{}, &b);
    naive.reduce(n, term{}, &expected);
    CHECK(a == b);
    CHECK(a == Approx(expected).margin(1e-9));
  }
  auto memory = be.allocate<float>(17);
  CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0);
  CHECK(memory.size() == 17);
  CHECK(be.allocate<double>(0).size() == 0);
  be.fill(17, 3, memory.data());
  std::vector<float> out(17);
  be.copy_out(17, memory.data(), out.data());
  CHECK(out == std::vector<float>(17, 3.0F));
  be.copy_in(0, out.data(), memory.data());
  be.wait();
}

TEST_CASE("products side by side are the products one after another, to the bit") {
  auto const w = numbers<float>(5 * 70 * 33, 20), bias = numbers<float>(5 * 70, 21),
             x = numbers<float>(140 * 5 * 33, 22);
  for (index_t const n : {0, 1, 3, 140}) {
    auto const of = [&](auto& be, bool together) {
      test::plain_weight<float, 5, 70, 33> const a(be, w.data());
      test::plain_weight<float, 1, 50, 33> const b(be, w.data());
      test::plain_weight<float, 3, 9, 11> const c(be, w.data());
      std::vector<float> y(static_cast<std::size_t>(n * (350 + 50 + 27)), 7.0F);
      float* const end = y.data() + n * 400;
      rows<float> const first{y.data(), 350, 70}, second{y.data() + n * 350, 50}, third{end, 27, 9};
      rows<float const> const wide{x.data(), 165, 33}, narrow{x.data(), 33}, short_rows{x.data(), 33, 11};
      if (together) {
        ops::side_by_side(be, product_of(a.view, bias.data(), n, wide, first),
                          product_of(b.view, nullptr, n, narrow, second),
                          product_of(c.view, nullptr, n, short_rows, third));
      } else {
        be.product(a.view, bias.data(), n, wide, first);
        be.product(b.view, nullptr, n, narrow, second);
        be.product(c.view, nullptr, n, short_rows, third);
      }
      return y;
    };
    backend::eigen one;
    auto const expected = of(one, false);
    for (int const threads : {1, 2, 3, 8}) {
      backend::eigen be{.threads = threads};
      CHECK(test::same_bits(of(be, true), expected));
    }
    ops::reference naive;
    CHECK(test::same_bits(of(naive, true), of(naive, false)));
  }
}

TEST_CASE("a number of threads outside 1 to 1024 is refused") {
  CHECK_THROWS_AS((backend::eigen{.threads = 0}), value_error);
  CHECK_THROWS_AS((backend::eigen{.threads = -3}), value_error);
  CHECK_THROWS_AS((backend::eigen{.threads = 1025}), value_error);
}

}  // namespace s2rm
