// Names and paths that were renamed work for one more minor version, and say so: what they say is silenced here alone.
#if defined(__clang__)
#pragma clang diagnostic ignored "-W#pragma-messages"
#endif
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#include "s2rm/data/checkpoint.hpp"
#include "s2rm/data/checkpoint_folder.hpp"
#include "s2rm/data/npy.hpp"
#include "s2rm/data/safetensors.hpp"
#include "s2rm/data/training_file.hpp"
#include "s2rm/data/xtensor.hpp"
//
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/any/trainer.hpp"
#include "stream/equals.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using net = test::small_net;
using cpu = backend::eigen;

static_assert(std::is_same_v<odd_views, non_finite_views>);
static_assert(std::is_same_v<kept_batch<float>, resident_batch<float>>);
static_assert(most_cursor == max_cursor);
static_assert(std::is_same_v<s2rm::data::checkpoint, io::checkpoint>);
static_assert(std::is_same_v<s2rm::geometry::place_encoder<net::shape>, layer::place_encoder<net::shape>>);
// One name of each header that the old paths forward to.
static_assert(std::is_class_v<io::checkpoint> && std::is_class_v<checkpoint_folder> &&
              std::is_class_v<io::npy_limits<2>> && std::is_class_v<io::safetensors_limits> &&
              std::is_class_v<checkpoint_format> && std::is_class_v<view_traits<tensor<float, 2>>>);

template <class View>
std::vector<float> copied(View const& y) {
  return {y.data, y.data + y.size()};
}

}  // namespace

TEST_CASE("deprecated: ask and answer of a stream are predict_async and predictions") {
  trainer<net, cpu> const learner({}, {}, seed{3});
  auto const any = erased(trainer<net, cpu>({}, {}, seed{3}));
  auto const b = test::random_batch<net, float>(1, 2, 4, 3, 1);
  float const *const view = b.view.data(), *const place = b.place.data(), *const query = b.query_place.data();
  auto const check_one = [&](auto& one) {
    CHECK_FALSE(one.ask({query, {3, 2}}));
    CHECK(one.answer().size() == 0);
    REQUIRE(one.observe({view, {4, 3}}, {place, {4, 2}}) == observed::yes);
    auto const expected = copied(one.predict({query, {3, 2}}));
    REQUIRE(one.ask({query, {1, 2}}));
    CHECK(one.answer().shape[0] == 1);
    REQUIRE(one.ask({query, {3, 2}}));
    CHECK(copied(one.answer()) == expected);
  };
  auto const check_many = [&](auto& many) {
    CHECK_FALSE(many.ask({query, {2, 3, 2}}));
    CHECK(many.answer().size() == 0);
    REQUIRE(many.observe({view, {2, 4, 3}}, {place, {2, 4, 2}}) == observed::yes);
    auto const expected = copied(many.predict({query, {2, 3, 2}}));
    REQUIRE(many.ask({query, {2, 1, 2}}));
    CHECK(many.answer().shape[1] == 1);
    REQUIRE(many.ask({query, {2, 3, 2}}));
    CHECK(copied(many.answer(on_device)) == expected);
    CHECK(copied(many.answer()) == expected);
  };
  stream<net, cpu> one(cpu{}, learner.parameters(), {4, 3});
  check_one(one);
  check_one(*any->stream({4, 3}));
  streams<net, cpu> many(cpu{}, learner.parameters(), 2, {4, 3});
  check_many(many);
  check_many(*any->streams(2, {4, 3}));
}

TEST_CASE("deprecated: stream_limits::odd is stream_limits::non_finite") {
  trainer<net, cpu> const learner({}, {}, seed{3});
  std::vector<float> views(6, 0.5F);
  std::vector<float> const places(4, 0.1F);
  views[4] = std::numeric_limits<float>::quiet_NaN();
  auto const outcome = [&](stream_limits limits) {
    stream<net, cpu> one(cpu{}, learner.parameters(), limits);
    auto const found = one.observe({views.data(), {2, 3}}, {places.data(), {2, 2}});
    return std::pair(found, one.left_out());
  };
  CHECK(outcome({.odd = odd_views::refuse}) == std::pair(observed::not_finite, index_t{0}));
  CHECK(outcome({.odd = odd_views::absent}) == std::pair(observed::yes, index_t{1}));
  CHECK(outcome({.non_finite = non_finite_views::absent}) == std::pair(observed::yes, index_t{1}));
}

TEST_CASE("deprecated: keep of a trainer is upload") {
  auto const b = test::random_batch<net, float>(3, 2, 4, 3, 1);
  trainer<net, cpu> plain({}, {}, seed{3}), other({}, {}, seed{3});
  auto const any = erased(trainer<net, cpu>({}, {}, seed{3}));
  kept_batch<float> const kept = plain.keep(b.look()), of_any = any->keep(b.look());
  auto const expected = other.step(other.upload(b.look()).view()).loss;
  CHECK(plain.step(kept.view()).loss == expected);
  CHECK(any->step(of_any.view()).loss == expected);
}

}  // namespace s2rm
