// Thrust's host systems: loops, reductions, kernels of cooperating threads, memory and the precision of products. Its
// products stand beside those of the other backends in tests/backend/eigen.cpp.
#include "s2rm/thrust.hpp"

#include "s2rm/cell/gru.hpp"
#include "s2rm/cell/lstm.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/ops/generic.hpp"
#include "support/backends.hpp"
#include "support/cell_problem.hpp"

namespace s2rm {

// A capability whose probe no longer fits its member would be lost without a word.
template <class T>
constexpr bool offers_what_it_has() {
  using c = ops::capabilities<backend::thrust, T>;
  return c::host_memory && c::static_launch && c::grouped_products && c::product_gelu && c::weight_gradients &&
         c::attention && c::rms_rows && c::place_encoder && c::recurrence && c::fused_tasks && c::fused_loops &&
         c::bf16_weights && c::owned_memory;
}
static_assert(offers_what_it_has<float>() && offers_what_it_has<double>());

static_assert(backend_policy<backend::thrust, float>);
static_assert(backend_policy<backend::thrust, double>);

namespace {

struct visit {
  int* visits;
  void operator()(index_t i) const { ++visits[i]; }
  void operator()(index_t r, index_t c) const { ++visits[r * 7 + c]; }
};
struct term {
  double operator()(index_t i) const { return std::sin(static_cast<double>(i)); }
};
struct half_of {
  using scalar = float;
  float const* x;
  float* y;
  struct ready {
    using scalar = float;
    float const* x;
    float* y;
    template <class L>
    void lanes(index_t i) const {
      L::store(y + i, L::load(x + i) * 0.5F);
    }
  };
  [[nodiscard]] ready prepared() const { return {x, y}; }
  void operator()(index_t i) const { prepared().lanes<math::lanes<float, 1>>(i); }
};

}  // namespace

TEST_CASE("thrust: every index once, functors prepared") {
  test::on_every_thrust([](auto& be, std::string const& name) {
    INFO(name);
    for (index_t const n : {0, 1, 63, 129, 5000}) {
      std::vector<int> seen(static_cast<std::size_t>(n)), grid(static_cast<std::size_t>(n * 7));
      be.for_each(n, visit{seen.data()});
      be.template for_rows<7>(n, visit{grid.data()});
      CHECK(std::count(seen.begin(), seen.end(), 1) == n);
      CHECK(std::count(grid.begin(), grid.end(), 1) == n * 7);
    }
    std::vector<float> const x{1, 2, 3};
    std::vector<float> y(3);
    be.for_each(3, half_of{x.data(), y.data()});
    CHECK(y == std::vector<float>{0.5F, 1, 1.5F});
  });
}

TEST_CASE("thrust: a sum has the same bits for every system, number of threads and order of threads") {
  ops::reference const naive;
  for (index_t const n : {0, 1, 7, 255, 256, 257, 1234, 200'001}) {
    double expected = 3;
    naive.reduce(n, term{}, &expected);
    std::vector<double> found;
    test::on_every_thrust([&](auto& be, std::string const&) {
      for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
        be.context->order = order;
        double sum = 1;
        be.reduce(n, term{}, &sum);
        CHECK(sum == Approx(expected).margin(1e-9));
        found.push_back(sum);
      }
    });
    for (double const sum : found) CHECK(sum == found[0]);
  }
}

TEST_CASE("thrust: sums of columns do not depend on the order of threads") {
  constexpr index_t G = 3, width = 45, n = 77;
  auto const from = test::normal_numbers(n * G * width, 3);
  std::vector<std::vector<double>> found;
  test::on_every_thrust([&](auto& be, std::string const&) {
    for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
      be.context->order = order;
      std::vector<double> sum(G * width, 1.0);
      be.template column_sum_add<G, width>(n, rows<double const>{from.data(), G * width, width}, sum.data());
      found.push_back(sum);
    }
  });
  std::vector<double> naive(G * width, 1.0);
  ops::reference{}.column_sum_add<G, width>(n, rows<double const>{from.data(), G * width, width}, naive.data());
  for (auto const& sum : found) {
    CHECK(test::same_bits(sum, found[0]));
    CHECK(test::relative_error(sum, naive) < 1e-13);
  }
}

namespace {

/// What a cell computes and its gradients, one after the other.
template <class Cell, class B>
std::vector<double> all_of(B& be, index_t n) {
  auto const p = test::cell_problem<Cell>(be, "", n, 3);
  auto r = test::detail::run(p, 0, n, test::normal_numbers(n * p.output, 9), 0.0);
  for (auto const& g : r.gradients) r.y.insert(r.y.end(), g.begin(), g.end());
  return r.y;
}

struct odd_shape : shape {
  static constexpr index_t modules = 3, hidden = 37, heads = 3, head_width = 13;
};

template <class Cell>
void gates_with_products() {
  for (index_t const n : {1, 8, 19, 64, 65}) {
    INFO(n << " rows");
    ops::reference naive;
    auto const expected = all_of<Cell>(naive, n);
    std::vector<std::vector<double>> found;
    test::on_every_thrust([&](auto& be, std::string const& name) {
      INFO(name);
      for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
        be.context->order = order;
        auto const all = all_of<Cell>(be, n);
        CHECK(test::relative_error(all, expected) < 1e-13);
        if (be.fused) found.push_back(all);
      }
    });
    for (auto const& all : found) CHECK(test::same_bits(all, found[0]));
  }
}

}  // namespace

TEST_CASE("thrust: gates with their products, few rows and many") {
  gates_with_products<cell::gru::on<odd_shape>>();
  gates_with_products<cell::lstm::on<odd_shape>>();
}

TEST_CASE("thrust: memory") {
  test::on_every_thrust([](auto& be, std::string const& name) {
    INFO(name);
    auto memory = be.template allocate<float>(17);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0);
    CHECK(memory.size() == 17);
    CHECK(be.template allocate<double>(0).data() == nullptr);
    be.fill(17, 3, memory.data());
    std::vector<float> out(17);
    be.copy_out(17, memory.data(), out.data());
    CHECK(out == std::vector<float>(17, 3.0F));
    out[2] = 5;
    be.copy_in(3, out.data(), memory.data());
    be.copy_in(0, static_cast<float const*>(nullptr), memory.data());
    auto const moved = std::move(memory);
    be.copy(3, moved.data(), out.data() + 10);
    CHECK(out[12] == 5);
    be.wait();
    auto const before = be.context->allocations;
    auto const other = be.template allocate<int>(1);
    CHECK(be.context->allocations == before + 1);
  });
}

TEST_CASE("thrust: products in bf16 round their operands, and nothing else") {
  using backend::precision;
  // 1 + 2^-8 lies half way between two bf16 and goes to the even one, 1; 1 + 3 2^-8 goes to 1 + 2^-6.
  CHECK(backend::detail::rounded_to_bf16(1.00390625F) == 1.0F);
  CHECK(backend::detail::rounded_to_bf16(1.01171875F) == 1.015625F);
  CHECK(backend::detail::rounded_to_bf16(-3.0F) == -3.0F);
  CHECK(std::isnan(backend::detail::rounded_to_bf16(std::numeric_limits<float>::quiet_NaN())));
  CHECK(backend::detail::rounded_to_bf16(std::numeric_limits<float>::infinity()) ==
        std::numeric_limits<float>::infinity());
  test::on_every_thrust([](auto& be, std::string const& name) {
    INFO(name);
    auto rounding = be;
    rounding.precision = precision::bf16;
    float const w[] = {1.00390625F, 1.01171875F}, x[] = {1.0F, 1.0F}, bias[] = {1.00390625F};
    float y[] = {0};
    weight<float, 1, 1, 2> const m{w};
    rounding.product(m, bias, 1, {x, 2}, {y, 1});
    CHECK(y[0] == 1.00390625F + 1.0F + 1.015625F);
    be.product(m, bias, 1, {x, 2}, {y, 1});
    CHECK(y[0] == 1.00390625F + 1.00390625F + 1.01171875F);
    // double is never rounded.
    double const v[] = {1.00390625, 1.01171875}, z[] = {1, 1};
    double out[] = {0};
    rounding.product(weight<double, 1, 1, 2>{v}, nullptr, 1, {z, 2}, {out, 1});
    CHECK(out[0] == 2.015625);
  });
}

}  // namespace s2rm
