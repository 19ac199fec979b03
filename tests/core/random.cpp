// Counter-based random numbers: the published test vectors of Philox 4x32-10, and the distributions made of it.
#include "s2rm/core/random.hpp"

#include "s2rm/init/uniform.hpp"
#include "support/catch.hpp"

namespace s2rm {

TEST_CASE("known answers of Philox 4x32-10") {
  // Counter words are (element low, element high, step, stream); the key is the seed, low word first.
  using words = std::array<std::uint32_t, 4>;
  CHECK(random{0, 0}.words(0, 0) == words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(random{~std::uint64_t{0}, ~std::uint32_t{0}}.words(~std::uint32_t{0}, ~std::uint64_t{0}) ==
        words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(random{0x299f31d0a4093822, 0x03707344}.words(0x13198a2e, 0x85a308d3243f6a88) ==
        words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform and normal numbers have the moments they should") {
  random const r{42, 3};
  constexpr int n = 100'000;
  double mean = 0, square = 0, normal_mean = 0, normal_square = 0, normal_fourth = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    double const u = r.uniform(5, i), z = r.normal(6, i);
    REQUIRE((u >= 0 && u < 1));
    mean += u / n;
    square += u * u / n;
    normal_mean += z / n;
    normal_square += z * z / n;
    normal_fourth += z * z * z * z / n;
  }
  CHECK(mean == Approx(0.5).margin(0.005));
  CHECK(square == Approx(1.0 / 3).margin(0.005));
  CHECK(normal_mean == Approx(0).margin(0.015));
  CHECK(normal_square == Approx(1).margin(0.02));
  CHECK(normal_fourth == Approx(3).margin(0.15));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    double const u = r.uniform(1, i, -2, 3);
    REQUIRE((u >= -2 && u < 3));
  }
}

TEST_CASE("integers below n are even") {
  random const r{1, 0};
  int count[7] = {};
  for (std::uint64_t i = 0; i < 70'000; ++i) ++count[r.below(0, i, 7)];
  for (int const c : count) CHECK(std::abs(c - 10'000) < 400);
  CHECK(r.below(0, 5, 1) == 0);
}

TEST_CASE("seed, stream, step and element all matter, the order of calls does not") {
  random const r{9, 1};
  double const a = r.uniform(2, 3);
  CHECK(a != (random{8, 1}.uniform(2, 3)));
  CHECK(a != (random{9, 2}.uniform(2, 3)));
  CHECK(a != r.uniform(1, 3));
  CHECK(a != r.uniform(2, 4));
  CHECK(a != r.uniform(2, 3 + (std::uint64_t{1} << 32U)));
  CHECK(a == r.uniform(2, 3));
}

TEST_CASE("initialisers draw by place in the flat block") {
  init::source const all{random{5, 0}, 0};
  double whole[40], tail[10];
  init::uniform(whole, 40, 0.5, all);
  init::uniform(tail, 10, 0.5, all.at(30));
  for (int i = 0; i < 10; ++i) CHECK(whole[30 + i] == tail[i]);
  init::linear(whole, 40, 16, all);
  for (double const v : whole) CHECK(std::abs(v) <= 0.25);
  init::normal(tail, 10, all);
  CHECK(tail[0] != tail[1]);
}

}  // namespace s2rm
