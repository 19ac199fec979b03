// Products of few rows in one kernel, with bias and GELU (backend/thrust/kernels/skinny_gemm.hpp), against the naive loops.
#include "s2rm/backend/thrust/kernels/skinny_gemm.hpp"

#include "s2rm/ops/product_gelu.hpp"
#include "s2rm/thrust.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {

namespace {

using backend::detail::can_be_few_rows;
using backend::detail::has_few_rows;
using backend::detail::product_task;
using backend::detail::thread_order;

constexpr double tolerance(float) { return 2e-6; }
constexpr double tolerance(double) { return 1e-14; }

/// `shift` numbers in front of everything: 0 begins on 16 bytes.
template <class T>
struct shifted {
  std::vector<T> all;
  index_t shift;
  shifted(index_t n, std::uint32_t stream, index_t by) : all(static_cast<std::size_t>(n + by + 4)), shift(by) {
    auto const from = test::normal_numbers(n, stream);
    std::copy(from.begin(), from.end(), data());
  }
  T* data() {
    auto const past = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(all.data()) % 16 / sizeof(T));
    return all.data() + (past == 0 ? 0 : static_cast<index_t>(16 / sizeof(T)) - past) + shift;
  }
};

/// y = W x + b, y += W x, and y = W x of n rows with `gap` numbers behind each: what there is of y, gaps and all.
template <class T, index_t G, index_t Out, index_t In, class B>
std::vector<std::vector<T>> products(B const& be, index_t n, index_t gap, index_t shift) {
  shifted<T> w(G * Out * In, 1, shift), bias(G * Out, 2, 0), x(n * (G * In + gap), 3, shift);
  weight<T, G, Out, In> const m{w.data()};
  rows<T const> const in{x.data(), G * In + gap, In};
  auto const size = static_cast<std::size_t>(n * (G * Out + gap));
  std::vector<std::vector<T>> y(3, std::vector<T>(size, T(0.5)));
  y[2].assign(size, std::numeric_limits<T>::quiet_NaN());
  auto const to = [&](std::size_t i) { return rows<T>{y[i].data(), G * Out + gap, Out}; };
  be.product(m, bias.data(), n, in, to(0));
  be.product_add(m, n, in, to(1));
  be.product(m, nullptr, n, in, to(2));
  for (auto& number : y[2]) number = std::isnan(number) ? T(0.5) : number;
  return y;
}

/// The kernels that a device would take, on a host.
struct as_on_device {
  backend::thrust_on<backend::system::cpp> be;
  template <class T, index_t G, index_t Out, index_t In>
  void product(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, out_rows<T> y) const {
    run<T>(
        {n, G, Out, In, x.data, x.stride, x.group, 1, w.canonical, Out * In, 1, In, y.data, y.stride, y.group, bias});
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_add(weight<T, G, Out, In> w, index_t n, in_rows<T> x, out_rows<T> y) const {
    run<T>({n, G, Out, In, x.data, x.stride, x.group, 1, w.canonical, Out * In, 1, In, y.data, y.stride, y.group,
            nullptr, true});
  }
  template <class T>
  void run(product_task<T> const& task) const {
    backend::detail::with_few_rows<true>(task, static_cast<T*>(nullptr), [this](auto const& kernel) {
      be.blocks(kernel.blocks(), kernel);
      return true;
    });
  }
};

template <class T, index_t G, index_t Out, index_t In>
void compare(index_t n, index_t gap, index_t shift) {
  INFO(G << " groups of " << Out << " x " << In << ", " << n << " rows " << gap << " apart, shifted by " << shift);
  auto const expected = products<T, G, Out, In>(ops::reference{}, n, gap, shift);
  auto const in_both_orders = [&](auto const& be, auto& order) {
    order = thread_order::ascending;
    auto const found = products<T, G, Out, In>(be, n, gap, shift);
    order = thread_order::descending;
    auto const again = products<T, G, Out, In>(be, n, gap, shift);
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("product " << i);
      CHECK(test::relative_error(found[i], expected[i]) < tolerance(T{}));
      CHECK(test::same_bits(found[i], again[i]));
    }
  };
  as_on_device const there;
  in_both_orders(there, there.be.context->order);
  in_both_orders(there.be, there.be.context->order);
}

template <class T>
void shapes() {
  for (index_t const n : {1, 2, 3, 8, 9, 17, 64}) {
    compare<T, 1, 1, 1>(n, 0, 0);
    compare<T, 1, 128, 128>(n, 0, 0);
    compare<T, 1, 12, 128>(n, 0, 1);
    compare<T, 1, 128, 121>(n, 0, 0);
    compare<T, 3, 13, 24>(n, 4, 0);
    compare<T, 3, 9, 24>(n, 5, 0);
    compare<T, 2, 8, 6>(n, 2, 0);
    compare<T, 2, 7, 516>(n, 0, 0);
    compare<T, 2, 7, 131>(n, 0, 1);
  }
  compare<T, 2, 17, 68>(205, 0, 0);
}

}  // namespace

TEST_CASE("few rows: odd extents, strides and addresses, threads in both orders") {
  shapes<float>();
  shapes<double>();
}

TEST_CASE("few rows: which products take the kernel") {
  float number = 0;
  auto const task = [&](index_t n, index_t groups, index_t columns, index_t depth) {
    return product_task<float>{n,       groups,          columns, depth, &number, groups * depth,   depth,  1,
                               &number, columns * depth, 1,       depth, &number, groups * columns, columns};
  };
  CHECK(has_few_rows(task(1, 1, 1, 1)));
  CHECK(has_few_rows(task(64, 10, 128, 128)));
  CHECK(has_few_rows(task(1024, 1, 128, 128)));
  CHECK_FALSE(has_few_rows(task(1025, 1, 128, 128)));
  CHECK_FALSE(has_few_rows(task(65, 1, 128, 63)));
  CHECK_FALSE(has_few_rows(task(64, 32, 1024, 128)));
  CHECK(can_be_few_rows(task(64, 32, 1024, 128)));
  CHECK_FALSE(has_few_rows(task(1, 1, 1, 0)));
  CHECK_FALSE(has_few_rows(task(0, 1, 1, 1)));
  auto turned = task(1, 1, 4, 4);
  turned.b_k = 4;
  CHECK_FALSE(has_few_rows(turned));
  auto far = task(4, 1, 4, 4);
  far.a_row = index_t{1} << 30;
  CHECK_FALSE(has_few_rows(far));
}

TEST_CASE("few rows: a device reads 16 bytes where everything lies on 16 bytes") {
  alignas(16) float x[8] = {};
  auto const width = [&]<class T>(product_task<T> const& t, auto aligned) {
    index_t found = 0;
    backend::detail::with_few_rows<aligned()>(
        t, static_cast<T*>(nullptr),
        [&]<int Rows, int Vector>(backend::detail::few_rows_product<T, Rows, Vector> const&) {
          found = Rows * 10 + Vector;
          return true;
        });
    return found;
  };
  product_task<float> const all{2, 2, 8, 4, x, 8, 4, 1, x, 32, 1, 4, x, 16, 8};
  CHECK(width(all, std::true_type{}) == 24);
  auto const without = [&](auto const& change) {
    auto t = all;
    change(t);
    return width(t, std::true_type{});
  };
  CHECK(without([](auto& t) { t.rows = 3; }) == 84);
  CHECK(without([](auto& t) { ++t.a; }) == 21);
  CHECK(without([](auto& t) { ++t.b; }) == 21);
  CHECK(without([](auto& t) { ++t.c; }) == 24);
  CHECK(without([](auto& t) { ++t.a_row; }) == 21);
  CHECK(without([](auto& t) { ++t.a_group; }) == 21);
  CHECK(without([](auto& t) { ++t.b_group; }) == 21);
  CHECK(without([](auto& t) { ++t.b_column; }) == 21);
  CHECK(without([](auto& t) { t.depth = 3; }) == 21);
  auto astray = all;
  ++astray.a;
  CHECK(width(astray, std::false_type{}) == 84);
}

TEST_CASE("few rows: a row has the same bits alone and among others") {
  auto const w = test::normal_numbers(5 * 77, 1), x = test::normal_numbers(200 * 77, 2);
  weight<double, 1, 5, 77> const m{w.data()};
  backend::thrust_on<backend::system::cpp> const be;
  std::vector<double> all(200 * 5), one(5);
  be.product(m, nullptr, 200, {x.data(), 77}, {all.data(), 5});
  for (index_t r = 0; r < 200; r += 37) {
    be.product(m, nullptr, 1, {x.data() + r * 77, 77}, {one.data(), 5});
    CHECK(test::same_bits(one.data(), all.data() + r * 5, 5));
  }
}

TEST_CASE("few rows: numbers beyond the depth of a row do not enter its sum") {
  // Whatever stands between rows, and in rows that are not multiplied, may be NaN.
  double const none = std::numeric_limits<double>::quiet_NaN();
  for (index_t const gap : {0, 1, 2}) {
    std::vector<double> x(static_cast<std::size_t>(9 * (6 + gap)), none), w(5 * 6, 0.5), y(9 * 5, none);
    for (index_t r = 0; r < 8; ++r) std::fill_n(x.begin() + r * (6 + gap), 6, 1.0);
    x[5] = std::numeric_limits<double>::infinity();
    backend::thrust_on<backend::system::cpp> const be;
    be.product(weight<double, 1, 5, 6>{w.data()}, nullptr, 8, {x.data(), 6 + gap}, {y.data(), 5});
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i < 5) CHECK(y[i] == std::numeric_limits<double>::infinity());
      if (i >= 5 && i < 40) CHECK(y[i] == 3.0);
      if (i >= 40) CHECK(std::isnan(y[i]));
    }
  }
}

TEST_CASE("biases spread over rows, for products of many") {
  backend::thrust_on<backend::system::cpp> const be;
  auto const spread = [&]<class T>(T, index_t n, index_t groups, index_t columns, index_t gap, index_t shift,
                                   bool none) {
    index_t const group = columns + gap, row = groups * group;
    shifted<T> bias(groups * columns, 2, 1), y(n * row, 3, shift);
    auto expected = y;
    for (index_t r = 0; r < n; ++r) {
      for (index_t i = 0; i < groups * columns; ++i) {
        expected.data()[r * row + i / columns * group + i % columns] = none ? T(0) : bias.data()[i];
      }
    }
    for (index_t const threads : {1, 100, 100'000}) {
      auto to = y;
      product_task<T> const task{n,       groups, columns, 0, nullptr,   0,   0,     1,
                                 nullptr, 0,      1,       0, to.data(), row, group, none ? nullptr : bias.data(),
                                 false};
      backend::detail::spread_biases(task, threads, [&be](index_t count, auto const& f) { be.for_each(count, f); });
      CHECK(test::same_bits(to.all, expected.all));
    }
  };
  for (index_t const n : {1, 5, 301}) {
    spread(1.0F, n, 1, 128, 0, 0, false);
    spread(1.0F, n, 1, 121, 0, 0, false);
    spread(1.0F, n, 3, 8, 4, 0, false);
    spread(1.0F, n, 3, 8, 4, 0, true);
    spread(1.0F, n, 3, 8, 5, 0, false);
    spread(1.0, n, 3, 8, 4, 1, false);
    spread(1.0, n, 2, 6, 2, 0, false);
  }
}

TEST_CASE("products followed by GELU, of few rows and of many") {
  constexpr index_t Out = 19, In = 37;
  for (index_t const n : {0, 1, 7, 65, 1000}) {
    INFO(n << " rows");
    shifted<double> w(Out * In, 1, 0), bias(Out, 2, 0), x(n * In, 3, 0);
    weight<double, 1, Out, In> const m{w.data()};
    auto const both = [&](auto& be) {
      std::vector<double> a(static_cast<std::size_t>(2 * n * Out), 0.5);
      ops::product_gelu(be, m, bias.data(), n, {x.data(), In}, a.data(), a.data() + n * Out);
      return a;
    };
    ops::reference naive;
    auto const expected = both(naive);
    test::on_every_thrust([&](auto& be, std::string const& name) {
      INFO(name);
      CHECK(test::relative_error(both(be), expected) < 1e-14);
      auto other = be;  // whose products are those of many rows
      other.precision = backend::precision::tf32;
      CHECK(test::relative_error(both(other), expected) < 1e-14);
    });
  }
  // Whether it is taken.
  backend::thrust_on<backend::system::cpp> be;
  double const w[1] = {2}, x[1] = {3}, bias[1] = {1};
  double a[1], z[1];
  CHECK(be.product_gelu(weight<double, 1, 1, 1>{w}, bias, 1, {x, 1}, a, z));
  CHECK(a[0] == 7);
  be.fused = false;
  CHECK_FALSE(be.product_gelu(weight<double, 1, 1, 1>{w}, bias, 1, {x, 1}, a, z));
  be.fused = true;
  bf16 const half[1] = {};
  weight<double, 1, 1, 1> stored{w};
  stored.half.numbers = half;
  CHECK_FALSE(be.product_gelu(stored, bias, 1, {x, 1}, a, z));
}

}  // namespace s2rm
