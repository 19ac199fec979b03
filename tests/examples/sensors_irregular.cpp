// sensors irregular: which steps of a window are kept, and what a model is told of them.
#include <array>
#include <set>

#include "sensors/model_windows.hpp"
#include "sensors/removed_steps.hpp"
#include "support/catch.hpp"

using namespace sensors;

namespace {

struct small_shape : s2rm::shape {
  using view = s2rm::features<3>;
  using target = s2rm::features<1>;
};

/// Two stations, day t reads t and 100 + t; the second has no reading on day 5.
series counting(index_t times) {
  series data;
  data.stations = {{"A", 0, 0}, {"B", 1, 1}};
  data.map = fit_projection(data.stations, coordinate_kind::kilometres);
  data.step = *parse_step("1d");
  data.times = times;
  for (index_t t = 0; t < times; ++t) {
    data.values.push_back(static_cast<double>(t));
    data.values.push_back(t == 5 ? missing : 100.0 + static_cast<double>(t));
  }
  data.settle_places();
  return data;
}

}  // namespace

TEST_CASE("sensors irregular: kept steps have their own views, targets, times and leads") {
  auto const data = counting(20);
  windows from{data, data.values, 1};
  // Windows from days 2 and 3; kept: days 2, 4, 5, 9 and 3, 4, 7, 8, of which the last is only asked for.
  kept_steps const kept{3, 2, {0, 0, 2, 1, 3, 4, 7, 5}};
  REQUIRE(kept.span() == 8);
  auto const whole = from.cut({2, 3}, kept.span() - 1);
  s2rm::owned_batch<float> to;
  for (auto const asked : {asked_step::following, asked_step::kept}) {
    bool const next = asked == asked_step::following;
    auto const b = keep<small_shape>(whole, kept, asked, true, to);
    REQUIRE((b.time == 3 && b.batch == 2 && b.views == 2 && b.queries == 2));
    std::array<std::array<float, 2>, 3> const now{{{2, 3}, {4, 4}, {5, 7}}}, elapsed{{{1, 1}, {2, 1}, {1, 3}}};
    std::array<std::array<float, 2>, 3> const then =
        next ? std::array<std::array<float, 2>, 3>{{{3, 4}, {5, 5}, {6, 8}}}
             : std::array<std::array<float, 2>, 3>{{{4, 4}, {5, 7}, {9, 8}}};
    for (std::size_t t = 0; t < 3; ++t) {
      for (std::size_t w = 0; w < 2; ++w) {
        INFO("step " << t << ", window " << w);
        CHECK(b.elapsed[t * 2 + w] == elapsed[t][w]);
        for (std::size_t s = 0; s < 2; ++s) {
          auto const i = (t * 2 + w) * 2 + s;
          auto const gone = [&](float day) { return s == 1 && day == 5; };
          CHECK(b.view_mask[i] == (gone(now[t][w]) ? 0 : 1));
          CHECK(b.target_mask[i] == (gone(then[t][w]) ? 0 : 1));
          auto const level = static_cast<float>(100 * s);
          if (b.view_mask[i] != 0) CHECK(b.view[3 * i] == level + now[t][w]);
          if (b.target_mask[i] != 0) CHECK(b.target[i] == level + then[t][w]);
          CHECK(b.query_lead[i] == then[t][w] - now[t][w]);
          CHECK(b.query_place[2 * i] == b.place[2 * i]);
        }
      }
    }
  }
  // A model that knows nothing of time is told nothing.
  auto const plain = keep<small_shape>(whole, kept, asked_step::kept, false, to);
  CHECK((plain.elapsed == nullptr && plain.query_lead == nullptr));
  CHECK(plain.target[0] == 4);
}

TEST_CASE("sensors irregular: with every step kept the batch is that of the window") {
  auto const data = counting(20);
  windows from{data, data.values, 1};
  auto const kept = thin(9, 0, {});
  REQUIRE((kept.steps == 8 && kept.span() == 9));
  auto const whole = from.cut({4}, 8);
  s2rm::owned_batch<float> to;
  for (auto const asked : {asked_step::following, asked_step::kept}) {
    auto const b = keep<small_shape>(whole, kept, asked, true, to);
    for (index_t i = 0; i < 16; ++i) {
      CHECK(b.view_mask[i] == whole.view_mask[i]);
      if (b.view_mask[i] != 0) CHECK(b.view[3 * i] == whole.view[3 * i]);
      if (b.target_mask[i] != 0) CHECK(b.target[i] == whole.target[i]);
      CHECK(b.query_lead[i] == 1.0F);
    }
    CHECK(b.elapsed[7] == 1.0F);
  }
}

TEST_CASE("sensors irregular: half of the steps are removed, and windows fit their range") {
  auto const half = thin(10000, 0.5, {1, 7});
  CHECK(half.at.front() == 0);
  CHECK((half.steps > 4800 && half.steps < 5200));
  CHECK(half.at != thin(10000, 0.5, {2, 7}).at);
  CHECK(half.at == thin(10000, 0.5, {1, 7}).at);

  std::set<index_t> spans;
  for (index_t step = 0; step < 50; ++step) {
    auto const kept = draw_kept(8, 16, 0.7, 20, {3, 6}, step);
    for (index_t w = 0; w < 16; ++w) {
      CHECK(kept.now(0, w) == 0);
      for (index_t t = 0; t < 8; ++t) CHECK(kept.now(t + 1, w) > kept.now(t, w));
      CHECK(kept.now(8, w) < 20);
      spans.insert(kept.now(8, w));
    }
  }
  CHECK((*spans.begin() == 8 && *spans.rbegin() == 19));
  // There is room for no removal at all, or nothing is to be removed.
  CHECK(draw_kept(8, 4, 0.7, 9, {3, 6}, 0).span() == 9);
  CHECK(draw_kept(8, 4, 0.0, 100, {3, 6}, 0).span() == 9);
}
