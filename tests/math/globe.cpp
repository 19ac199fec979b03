// Longitude and latitude to unit vectors and back: poles, date line, quarter turns, what is refused.
#include "s2rm/math/globe.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "s2rm/core/random.hpp"
#include "support/catch.hpp"
#include "support/refused.hpp"

namespace s2rm {
namespace {

using vector = std::array<double, 3>;

bool positive_zeros(vector const& x) {
  for (double const c : x) {
    if (c == 0 && std::signbit(c)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("globe: quarter turns are exact") {
  CHECK(globe::place<double>(0, 0) == vector{1, 0, 0});
  CHECK(globe::place<double>(90, 0) == vector{0, 1, 0});
  CHECK(globe::place<double>(180, 0) == vector{-1, 0, 0});
  CHECK(globe::place<double>(-90, 0) == vector{0, -1, 0});
  CHECK(globe::place<double>(270, 0) == vector{0, -1, 0});
  for (double const longitude : {0.0, 17.0, 90.0, 123.4, 180.0, -180.0, -77.7, 1e6}) {
    for (double const pole : {90.0, -90.0}) {
      auto const x = globe::place<double>(longitude, pole);
      CHECK(x == vector{0, 0, pole / 90});
      CHECK(positive_zeros(x));
    }
    auto const equator = globe::place<double>(longitude, -0.0);
    CHECK(equator[2] == 0);
    CHECK(positive_zeros(equator));
  }
  auto const x = globe::place(45, 30);
  static_assert(std::is_same_v<decltype(x), std::array<float, 3> const>);
  CHECK(x[0] == Approx(std::sqrt(6.0) / 4));
  CHECK(x[1] == Approx(std::sqrt(6.0) / 4));
  CHECK(x[2] == Approx(0.5));
}

TEST_CASE("globe: one place has one vector, whichever way its longitude is written") {
  for (double const latitude : {-80.5, 0.0, 12.25, 90.0}) {
    for (double const longitude : {0.0, 10.0, 170.5, 180.0, -33.25, -179.5, 120.1}) {
      auto const x = globe::place<double>(longitude, latitude);
      CHECK(positive_zeros(x));
      for (double const turns : {-720.0, -360.0, 360.0}) {
        double const other = longitude + turns;
        if (other - turns != longitude) continue;  // rounded
        CHECK(globe::place<double>(other, latitude) == x);
      }
    }
    CHECK(globe::place<double>(-180, latitude) == globe::place<double>(180, latitude));
    CHECK(globe::place<double>(190, latitude) == globe::place<double>(-170, latitude));
    CHECK(globe::place<double>(1e18, latitude) == globe::place<double>(std::remainder(1e18, 360.0), latitude));
  }
}

TEST_CASE("globe: back again") {
  CHECK(globe::to_degrees(vector{1, 0, 0}) == globe::degrees{0, 0});
  CHECK(globe::to_degrees(vector{0, 2, 0}) == globe::degrees{90, 0});
  CHECK(globe::to_degrees(vector{-1, 0, 0}) == globe::degrees{180, 0});
  CHECK(globe::to_degrees(vector{-1, -0.0, 0}) == globe::degrees{180, 0});
  CHECK(globe::to_degrees(vector{-1, -1e-300, 0}) == globe::degrees{180, 0});
  CHECK(globe::to_degrees(vector{0, 0, 3}) == globe::degrees{0, 90});
  CHECK(globe::to_degrees(vector{-0.0, -0.0, -1}) == globe::degrees{0, -90});
  CHECK(globe::to_degrees(globe::place(-180, 10)).longitude == 180);
  random const r{4, 0};
  for (std::uint64_t i = 0; i < 500; ++i) {
    double const longitude = r.uniform(0, i, -180, 180), latitude = r.uniform(1, i, -89.9, 89.9);
    auto const x = globe::place<double>(longitude, latitude);
    CHECK(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] == Approx(1).epsilon(1e-15));
    auto const back = globe::to_degrees(x);
    CHECK(back.longitude == Approx(longitude).epsilon(0).margin(1e-12));
    CHECK(back.latitude == Approx(latitude).epsilon(0).margin(1e-12));
    auto const single = globe::to_degrees(globe::place(longitude, latitude));
    CHECK(single.latitude == Approx(latitude).epsilon(0).margin(1e-5));
  }
}

TEST_CASE("globe: what is no place") {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  auto const says = [](auto const& f, std::string const& text) {
    INFO(text);
    CHECK(test::refused<value_error>(f).find("s2rm: globe: " + text) == 0);
  };
  says([] { (void)globe::place(0, 90.5); }, "latitude: expected -90 to 90 degrees, found 90.5");
  says([] { (void)globe::place(0, nan); }, "latitude: expected -90 to 90 degrees, found");
  says([] { (void)globe::place(nan, 0); }, "longitude: expected a finite number of degrees, found");
  says([] { (void)globe::place(inf, 0); }, "longitude: expected a finite number of degrees, found inf");
  says([] { (void)globe::to_degrees(vector{0, 0, 0}); }, "place: expected a finite vector that is not 0");
  says([] { (void)globe::to_degrees(vector{nan, 0, 0}); }, "place: expected a finite vector that is not 0");
}

}  // namespace s2rm
