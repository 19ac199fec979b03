// The comparisons that every other test leans on: they must refuse what they should refuse.
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

using s2rm::test::approx_equal;
using s2rm::test::relative_error;

TEST_CASE("approx_equal of numbers") {
  CHECK(approx_equal(1.0, 1.0, 0.0));
  CHECK(approx_equal(1.0 + 1e-7, 1.0, 1e-6));
  CHECK_FALSE(approx_equal(1.0 + 1e-5, 1.0, 1e-6));
  CHECK(approx_equal(1e-9, 0.0, 0.0, 1e-8));
  CHECK_FALSE(approx_equal(1e-9, 0.0, 1e-3));
  CHECK_FALSE(approx_equal(-1.0, 1.0, 1e-3));

  auto const nan = std::numeric_limits<double>::quiet_NaN();
  auto const inf = std::numeric_limits<double>::infinity();
  CHECK_FALSE(approx_equal(nan, nan, 1.0, 1.0));
  CHECK_FALSE(approx_equal(nan, 0.0, 1.0, 1.0));
  CHECK_FALSE(approx_equal(1.0, inf, 1.0, 1.0));
  CHECK_FALSE(approx_equal(-inf, inf, 1.0, 1.0));
  CHECK(approx_equal(inf, inf, 0.0));
}

TEST_CASE("approx_equal of arrays") {
  std::vector<float> const a{1.0f, 2.0f, 3.0f};
  std::array<float, 3> const b{1.0f, 2.0f, 3.1f};
  CHECK(approx_equal(a, a, 0.0));
  CHECK_FALSE(approx_equal(a, b, 1e-3));
  CHECK(approx_equal(a, b, 0.05));
  CHECK_FALSE(approx_equal(a, std::vector<float>{1.0f, 2.0f}, 1.0, 1.0));
  CHECK(approx_equal(std::vector<float>{}, std::vector<float>{}, 0.0));
}

TEST_CASE("relative_error of arrays") {
  std::vector<double> const reference{0.0, 4.0, -2.0};
  CHECK(relative_error(reference, reference) == 0.0);
  CHECK(relative_error(std::vector<double>{0.4, 4.0, -2.0}, reference) == Approx(0.1));
  CHECK(relative_error(std::vector<double>{0.0}, reference) == std::numeric_limits<double>::infinity());
  CHECK(relative_error(std::vector<double>{std::numeric_limits<double>::quiet_NaN(), 4.0, -2.0}, reference) ==
        std::numeric_limits<double>::infinity());
}

TEST_CASE("contains works with either Catch2") {
  CHECK_THAT(std::string{"weight: expected (3)"}, s2rm::test::contains("expected"));
}
