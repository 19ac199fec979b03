// xtensor at the boundary: zero copies, exact shapes, and errors that name the member.
#include "s2rm/adapters/xtensor.hpp"

#include <array>
#include <string>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"

using s2rm::index_t;
using s2rm::make_tensor;
using s2rm::test::contains;

namespace {

struct small : s2rm::shape {
  static constexpr index_t place = 2;
  using view = s2rm::raster<1, 3, 4>;
};
struct sensors : s2rm::shape {
  static constexpr index_t place = 3;
  using view = s2rm::features<2>;
  using target = s2rm::features<1>;
};

/// T=4, B=3, A=5, Q=2 with everything present.
s2rm::batch<float, 3> full_batch() {
  s2rm::batch<float, 3> b;
  b.views = make_tensor<float>(4, 3, 5, 1, 3, 4);
  b.places = make_tensor<float>(4, 3, 5, 2);
  b.view_mask = make_tensor<std::uint8_t>(4, 3, 5);
  b.query_places = make_tensor<float>(4, 3, 2, 2);
  b.targets = make_tensor<float>(4, 3, 2, 1, 3, 4);
  b.target_mask = make_tensor<std::uint8_t>(4, 3, 2);
  b.reset = make_tensor<std::uint8_t>(4, 3);
  b.blind = make_tensor<std::uint8_t>(4, 3);
  return b;
}

template <class Shape, class Batch>
std::string refusal(Batch const& b) {
  try {
    s2rm::as_batch_view<Shape>(b);
  } catch (s2rm::shape_error const& refused) {
    return refused.what();
  }
  FAIL("nothing was refused");
  return {};
}

template <class Shape, class Batch> concept viewable = requires(Batch const& b) { s2rm::as_batch_view<Shape>(b); };
static_assert(viewable<small, s2rm::batch<float, 3>>);
static_assert(!viewable<small, s2rm::batch<float, 1>>);
static_assert(viewable<sensors, s2rm::batch<double, 1>>);

template <class Tensor> concept can_view = requires(Tensor&& x) { s2rm::as_view(std::forward<Tensor>(x)); };
static_assert(can_view<xt::xtensor<float, 2>&>);
static_assert(can_view<xt::xtensor<float, 2> const&>);
static_assert(!can_view<xt::xtensor<float, 2>>);  // would dangle

}  // namespace

TEST_CASE("xtensor: make_tensor takes extents in every rank") {
  // xtensor's own braces mean something else in one dimension; this is the pitfall that make_tensor is for.
  xt::xtensor<float, 1> const trap({3});
  CHECK(trap.size() == 1);
  auto const one = make_tensor<float>(3);
  REQUIRE(one.size() == 3);
  CHECK((one(0) == 0.0f && one(2) == 0.0f));
  auto const two = make_tensor<double>(2, index_t{3});
  CHECK((two.shape(0) == 2 && two.shape(1) == 3));
  CHECK(make_tensor<float>(2, 0, 3).size() == 0);
  CHECK(make_tensor<float>().size() == 1);
  CHECK_THROWS_AS(make_tensor<float>(2, -1), s2rm::shape_error);
}

TEST_CASE("xtensor: as_view and as_xtensor share memory") {
  auto x = make_tensor<float>(2, 3);
  x(1, 2) = 5.0f;
  auto const view = s2rm::as_view(x);
  CHECK(view.data == x.data());
  CHECK(view.shape == std::array<index_t, 2>{2, 3});
  view.data[0] = 7.0f;
  CHECK(x(0, 0) == 7.0f);

  auto const read = s2rm::as_view(std::as_const(x));
  static_assert(std::is_same_v<decltype(read.data), float const*>);
  auto const adapted = s2rm::as_xtensor(read);
  CHECK(&adapted(0, 0) == x.data());
  CHECK(adapted(1, 2) == 5.0f);
  CHECK((adapted == x));
  s2rm::tensor<float, 2> const copy = adapted;
  CHECK(copy.data() != x.data());
  CHECK(copy(1, 2) == 5.0f);

  auto writable = s2rm::as_xtensor(view);
  writable(1, 1) = 9.0f;
  CHECK(x(1, 1) == 9.0f);

  auto const line = make_tensor<float>(4);
  CHECK(s2rm::as_view(line).shape == std::array<index_t, 1>{4});
  CHECK(s2rm::as_xtensor(s2rm::as_view(line)).shape(0) == 4);
}

TEST_CASE("xtensor: a batch becomes a view without a copy") {
  auto const b = full_batch();
  auto const v = s2rm::as_batch_view<small>(b);
  CHECK((v.time == 4 && v.batch == 3 && v.views == 5 && v.queries == 2));
  CHECK(v.view == b.views.data());
  CHECK(v.place == b.places.data());
  CHECK(v.view_mask == b.view_mask.data());
  CHECK(v.query_place == b.query_places.data());
  CHECK(v.target == b.targets.data());
  CHECK(v.target_mask == b.target_mask.data());
  CHECK(v.reset == b.reset.data());
  CHECK(v.blind == b.blind.data());
}

TEST_CASE("xtensor: members left out are absent") {
  auto b = full_batch();
  b.view_mask = {};
  b.target_mask = {};
  b.reset = {};
  b.blind = {};
  b.targets = {};
  auto v = s2rm::as_batch_view<small>(b);
  CHECK((v.view_mask == nullptr && v.target_mask == nullptr && v.reset == nullptr && v.blind == nullptr));
  CHECK(v.target == nullptr);
  CHECK(v.queries == 2);

  b.query_places = {};
  v = s2rm::as_batch_view<small>(b);
  CHECK((v.queries == 0 && v.query_place == nullptr && v.time == 4 && v.views == 5));

  s2rm::batch<float, 3> queries;
  queries.query_places = make_tensor<float>(4, 3, 2, 2);
  v = s2rm::as_batch_view<small>(queries);
  CHECK((v.time == 4 && v.batch == 3 && v.views == 0 && v.queries == 2 && v.view == nullptr));

  s2rm::batch<float, 3> none;
  v = s2rm::as_batch_view<small>(none);
  CHECK((v.time == 0 && v.batch == 0 && v.views == 0 && v.queries == 0));

  auto blank = full_batch();
  blank.views = make_tensor<float>(4, 3, 0, 1, 3, 4);
  blank.places = make_tensor<float>(4, 3, 0, 2);
  blank.view_mask = make_tensor<std::uint8_t>(4, 3, 0);
  v = s2rm::as_batch_view<small>(blank);
  CHECK((v.views == 0 && v.time == 4 && v.queries == 2));
}

TEST_CASE("xtensor: a target of its own shape") {
  s2rm::batch<double, 1> b;
  b.views = make_tensor<double>(2, 1, 4, 2);
  b.places = make_tensor<double>(2, 1, 4, 3);
  b.query_places = make_tensor<double>(2, 1, 6, 3);
  b.targets = make_tensor<double>(2, 1, 6, 1);
  CHECK(s2rm::as_batch_view<sensors>(b).target == b.targets.data());
  b.targets = make_tensor<double>(2, 1, 6, 2);
  CHECK(refusal<sensors>(b) == "s2rm: targets: expected (T=2, B=1, Q=6, 1), found (2, 1, 6, 2)");
}

TEST_CASE("xtensor: a wrong extent is named") {
  auto const changed = [](auto&& change) {
    auto b = full_batch();
    change(b);
    return refusal<small>(b);
  };
  CHECK(changed([](auto& b) { b.views = make_tensor<float>(4, 3, 5, 1, 4, 3); }) ==
        "s2rm: views: expected (T=4, B=3, A=5, 1, 3, 4), found (4, 3, 5, 1, 4, 3)");
  CHECK(changed([](auto& b) { b.places = make_tensor<float>(4, 3, 4, 2); }) ==
        "s2rm: places: expected (T=4, B=3, A=5, P=2), found (4, 3, 4, 2)");
  CHECK(changed([](auto& b) { b.places = make_tensor<float>(4, 3, 5, 3); }) ==
        "s2rm: places: expected (T=4, B=3, A=5, P=2), found (4, 3, 5, 3)");
  CHECK(changed([](auto& b) { b.view_mask = make_tensor<std::uint8_t>(3, 4, 5); }) ==
        "s2rm: view_mask: expected (T=4, B=3, A=5), found (3, 4, 5)");
  CHECK(changed([](auto& b) { b.query_places = make_tensor<float>(4, 2, 2, 2); }) ==
        "s2rm: query_places: expected (T=4, B=3, Q=2, P=2), found (4, 2, 2, 2)");
  CHECK(changed([](auto& b) { b.targets = make_tensor<float>(4, 3, 1, 1, 3, 4); }) ==
        "s2rm: targets: expected (T=4, B=3, Q=2, 1, 3, 4), found (4, 3, 1, 1, 3, 4)");
  CHECK(changed([](auto& b) { b.target_mask = make_tensor<std::uint8_t>(4, 3, 5); }) ==
        "s2rm: target_mask: expected (T=4, B=3, Q=2), found (4, 3, 5)");
  CHECK(changed([](auto& b) { b.reset = make_tensor<std::uint8_t>(3, 4); }) ==
        "s2rm: reset: expected (T=4, B=3), found (3, 4)");
  CHECK(changed([](auto& b) { b.blind = make_tensor<std::uint8_t>(4, 1); }) ==
        "s2rm: blind: expected (T=4, B=3), found (4, 1)");
  // One of the pair missing would leave the model with a null pointer and A > 0.
  CHECK_THAT(changed([](auto& b) { b.places = {}; }),
             contains("places: expected (T=4, B=3, A=5, P=2), found (0, 0, 0, 0)"));
  CHECK_THAT(changed([](auto& b) { b.views = {}; }), contains("views: expected (T=4, B=3, A=5, 1, 3, 4), found (0"));
}
