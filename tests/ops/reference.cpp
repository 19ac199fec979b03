// The naive loops against numbers written out by hand: they are the oracle of every other test.
#include "s2rm/ops/reference.hpp"
#include "s2rm/ops/generic.hpp"
#include "support/catch.hpp"

namespace s2rm {

static_assert(backend_policy<ops::reference, float>);
static_assert(backend_policy<ops::reference, double>);

namespace {

// Two groups of 2 x 3.
double const w[] = {1, 2, 3, 4, 5, 6, -1, 0, 2, 0.5, 1, -2};
double const x[] = {1, 0, -1, 2, 2, 1, 0, 1, 0, 3, -1, 1};  // (2 rows, 2 groups, 3)

}  // namespace

TEST_CASE("products by hand") {
  ops::reference const be;
  weight<double, 2, 2, 3> const m{w};
  double const bias[] = {10, 20, 30, 40};
  double y[8];
  be.product(m, bias, 2, {x, 6, 3}, {y, 4, 2});
  double const expected[] = {10 - 2, 20 - 2, 30 + 0, 40 + 1, 10 + 2, 20 + 5, 30 - 1, 40 - 1.5};
  for (int i = 0; i < 8; ++i) CHECK(y[i] == expected[i]);
  be.product_add(m, 2, {x, 6, 3}, {y, 4, 2});
  CHECK(y[0] == 6);
  CHECK(y[7] == 37);
  be.product(m, nullptr, 2, {x, 6, 3}, {y, 4, 2});
  CHECK(y[0] == -2);

  double const dy[] = {1, -1, 2, 0, 0, 1, 1, 1};
  double dx[12];
  be.product_transposed(m, 2, {dy, 4, 2}, {dx, 6, 3});
  double const back[] = {-3, -3, -3, -2, 0, 4, 4, 5, 6, -0.5, 1, 0};
  for (int i = 0; i < 12; ++i) CHECK(dx[i] == back[i]);
  be.product_transposed_add(m, 2, {dy, 4, 2}, {dx, 6, 3});
  for (int i = 0; i < 12; ++i) CHECK(dx[i] == 2 * back[i]);

  double dw[12] = {100};
  be.outer_add<2, 2, 3>(2, rows<double const>{dy, 4, 2}, rows<double const>{x, 6, 3}, dw);
  double const outer[] = {101, 0, -1, -1, 1, 1, 4 + 3, 4 - 1, 2 + 1, 3, -1, 1};
  for (int i = 0; i < 12; ++i) CHECK(dw[i] == outer[i]);
  double db[4] = {1, 1, 1, 1};
  be.column_sum_add<2, 2>(2, rows<double const>{dy, 4, 2}, db);
  double const sums[] = {2, 1, 4, 2};
  for (int i = 0; i < 4; ++i) CHECK(db[i] == sums[i]);
}

namespace {
struct count_visits {
  int* visits;
  void operator()(index_t i) const { ++visits[i]; }
  void operator()(index_t r, index_t c) const { ++visits[r * 3 + c]; }
};
struct square {
  double operator()(index_t i) const { return static_cast<double>(i * i); }
};
}  // namespace

TEST_CASE("loops, reductions and memory") {
  ops::reference const be;
  int visits[6] = {};
  be.for_each(6, count_visits{visits});
  be.for_rows<3>(2, count_visits{visits});
  for (int const v : visits) CHECK(v == 2);
  double sum = 5;
  be.reduce(4, square{}, &sum);
  CHECK(sum == 14);
  be.reduce(0, square{}, &sum);
  CHECK(sum == 0);
  auto memory = be.allocate<float>(5);
  CHECK(memory.size() == 5);
  be.fill(5, 2, memory.data());
  float out[5];
  be.copy_out(5, memory.data(), out);
  CHECK(out[4] == 2.0F);
}

TEST_CASE("composites") {
  ops::reference const be;
  double const from[] = {1, 2, 3, 4, 5, 6, 7, 8};
  double to[8] = {10, 10, 10, 10, 10, 10, 10, 10};
  // Two rows of two groups of two; `to` has its groups the other way round.
  ops::add_rows<double, 2> const add{{from, 4, 2}, {to + 2, 4, -2}};
  be.for_rows<2>(4, add);
  double const expected[] = {13, 14, 11, 12, 17, 18, 15, 16};
  for (int i = 0; i < 8; ++i) CHECK(to[i] == expected[i]);

  double sum[4] = {1, 1, 1, 1};
  std::uint8_t const flag[] = {0, 1};
  ops::sum_flagged_rows<double, 2> const some{{from, 4, 2}, flag, 2, sum};
  be.for_rows<2>(2, some);
  CHECK(sum[0] == 6);
  CHECK(sum[3] == 9);
  ops::sum_flagged_rows<double, 2> const all{{from, 4, 2}, nullptr, 2, sum};
  all.lanes<math::lanes<double, 1>>(0, 1);
  CHECK(sum[1] == 7 + 8);
}

}  // namespace s2rm
