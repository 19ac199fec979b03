// Memory described by type: names, offsets, slices.
#include "s2rm/core/schema.hpp"

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "support/catch.hpp"

namespace s2rm {

namespace {
using inner = schema<field<"weight", 2, 3>, field<"bias", 2>>;
using outer = joined<prefixed<"a.", inner>, schema<field<"lone", 4, 2, 5>>, prefixed<"b.", inner>>;
}  // namespace

TEST_CASE("a schema knows names, extents and offsets at compile time") {
  static_assert(inner::size == 8);
  static_assert(outer::size == 8 + 40 + 8);
  static_assert(outer::count == 5);
  static_assert(outer::offset<"b.bias"> == 8 + 40 + 6);
  static_assert(outer::has<"lone">);
  static_assert(!outer::has<"bias">);
  static_assert(schema<>::size == 0);
  CHECK(outer::infos[0].name == "a.weight");
  CHECK(outer::infos[2].name == "lone");
  CHECK(outer::infos[2].rank == 3);
  CHECK(outer::infos[2].extents == std::array<index_t, 4>{4, 2, 5, 0});
  CHECK(outer::infos[4].name == "b.bias");
  index_t end = 0;
  for (auto const& f : outer::infos) {
    CHECK(f.offset == end);
    end += f.size;
  }
  CHECK(end == outer::size);
}

TEST_CASE("a field of rank 2 or more is a weight of groups") {
  using grouped = field<"w", 4, 2, 5>;
  static_assert(grouped::groups == 4 && grouped::out == 2 && grouped::in == 5);
  using plain = field<"w", 2, 5>;
  static_assert(plain::groups == 1 && plain::out == 2 && plain::in == 5);
  SUCCEED();
}

TEST_CASE("blocks hand out their fields") {
  float values[outer::size], packed[outer::size], back[outer::size], gradient[outer::size];
  parameters_of<float, outer> const p{values, packed, back};
  CHECK(p.at<"lone">() == values + 8);
  auto const w = p.matrix<"lone">();
  static_assert(std::is_same_v<decltype(w), weight<float, 4, 2, 5> const>);
  CHECK(w.canonical == values + 8);
  CHECK(w.packed == packed + 8);
  CHECK(w.packed_transposed == back + 8);
  auto const b = p.inner<inner>(outer::offset<"b.weight">);
  CHECK(b.at<"bias">() == values + outer::offset<"b.bias">);
  CHECK(b.matrix<"weight">().packed_transposed == back + 48);
  gradients_of<float, outer> const g{gradient};
  CHECK(g.inner<inner>(48).at<"bias">() == gradient + 54);
}

TEST_CASE("saved activations are stored field by field, and a step sees its rows") {
  float memory[3 * inner::size];
  saved_of<float, inner> const s{memory, 3};
  CHECK(s.at<"weight">() == memory);
  CHECK(s.at<"bias">() == memory + 3 * 6);
  CHECK(s.from(2).at<"weight">() == memory + 2 * 6);
  CHECK(s.from(1).from(1).at<"bias">() == memory + 3 * 6 + 2 * 2);
  saved_of<float const, inner> const read = s;
  CHECK(read.at<"bias">() == memory + 18);
}

TEST_CASE("shapes and policies") {
  static_assert(raster<2, 3, 4>::size == 24 && features<7>::size == 7);
  struct same : shape {
    using view = raster<1, 2, 2>;
  };
  struct other : same {
    using target = features<3>;
  };
  static_assert(std::is_same_v<target_of<same>, raster<1, 2, 2>>);
  static_assert(std::is_same_v<target_of<other>, features<3>>);
  struct mine {
    using kind = s2rm::kind::cell;
  };
  struct theirs {
    using kind = s2rm::kind::kernel;
  };
  static_assert(std::is_same_v<policy_for<kind::cell, int, theirs, mine>, mine>);
  static_assert(std::is_same_v<policy_for<kind::decoder, int, theirs, mine>, int>);
  static_assert(detail::fills_a_slot<mine> && !detail::fills_a_slot<int>);
  SUCCEED();
}

namespace {
struct named : schema<field<"a.weight", 2, 3>, field<"a.bias", 2>> {};
}  // namespace

TEST_CASE("a schema with a name of its own is its list of fields") {
  static_assert(named::size == 8 && named::has<"a.bias"> && named::offset<"a.bias"> == 6);
  static_assert(
      std::is_same_v<joined<prefixed<"x.", named>, named>, schema<field<"x.a.weight", 2, 3>, field<"x.a.bias", 2>,
                                                                  field<"a.weight", 2, 3>, field<"a.bias", 2>>>);
  std::string names;
  each_field<named>([&]<class Field>() { names += Field::name.view(); });
  CHECK(names == "a.weighta.bias");
}

}  // namespace s2rm
