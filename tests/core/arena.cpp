// One allocation cut into pieces; errors with a text.
#include "s2rm/core/arena.hpp"

#include <cstdint>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/span.hpp"
#include "support/catch.hpp"

namespace s2rm {

TEST_CASE("an arena counts first and cuts then, the same way") {
  arena counting;
  CHECK(counting.take<double>(3) == nullptr);
  CHECK(counting.used == 24);
  CHECK(counting.take<std::uint8_t>(5) == nullptr);
  CHECK(counting.used == 64 + 5);
  CHECK(counting.take<float>(0) == nullptr);
  CHECK(counting.used == 128);

  alignas(64) std::byte memory[256];
  arena cutting{memory};
  auto* const a = cutting.take<double>(3);
  auto* const b = cutting.take<std::uint8_t>(5);
  auto* const c = cutting.take<float>(0);
  CHECK(reinterpret_cast<std::byte*>(a) == memory);
  CHECK(reinterpret_cast<std::byte*>(b) == memory + 64);
  CHECK(reinterpret_cast<std::byte*>(c) == memory + 128);
  CHECK(cutting.used == counting.used);
}

TEST_CASE("rows see groups, columns and parts of wider rows") {
  float x[24];
  rows<float> const r{x, 12, 4};
  CHECK(r.at(1, 2) == x + 12 + 8);
  CHECK(r.shifted(3).at(1) == x + 15);
  rows<float const> const read = r;
  CHECK(read.at(1, 1) == x + 16);
  array_view<float, 3> const v{x, {2, 3, 4}};
  CHECK(v.size() == 24);
  CHECK((array_view<float const, 3>(v).data) == x);
}

TEST_CASE("errors carry their text and share a base") {
  CHECK_NOTHROW(require_value(true, "never"));
  try {
    require_value(false, "rate: expected a positive number, found -1");
    FAIL("nothing was thrown");
  } catch (error const& e) {
    CHECK_THAT(std::string(e.what()), test::contains("rate: expected a positive number, found -1"));
  }
  CHECK_THROWS_AS(throw shape_error("x"), error);
  CHECK_THROWS_AS(throw file_error("x"), error);
  CHECK_THROWS_AS(require_value(false, ""), value_error);
}

}  // namespace s2rm
