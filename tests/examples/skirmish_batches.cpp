// Where battles come from, and batches of them: views of the live, targets of the next state, masks.
#include <algorithm>
#include <set>

#include "skirmish/batch.hpp"
#include "support/catch.hpp"

using namespace skirmish;
using s2rm::test::contains;

namespace {

source battles(char const* scenario, split part = split::train, std::int64_t run = 1) {
  return source::played(scenario_named(scenario), 100, 1, part, run);
}

bool same(episode const& a, episode const& b) { return checksum(*a.of) == checksum(*b.of); }

}  // namespace

TEST_CASE("a battle depends on scenario, seed, part, run and number, and on nothing else") {
  auto const one = battles("2s3z").get(7);
  CHECK(same(one, battles("2s3z").get(7)));
  CHECK_FALSE(same(one, battles("2s3z").get(8)));
  CHECK_FALSE(same(one, battles("2s3z", split::test).get(7)));
  CHECK_FALSE(same(one, battles("2s3z", split::train, 2).get(7)));
  CHECK_FALSE(same(one, source::played(scenario_named("2s3z"), 100, 2, split::train, 1).get(7)));
  CHECK_FALSE(same(one, source::played(scenario_named("2s3z"), 300, 1, split::train, 1).get(7)));
  CHECK(one.begin == 0);
  CHECK(one.length == one.of->states());
}

TEST_CASE("a recording's battles are for training, validation or test, each for one") {
  auto const whole = std::make_shared<recording const>(*generate(scenario_named("2s3z"), {25, 3, 100, 1}));
  std::multiset<index_t> begins;
  std::size_t parts[4] = {};
  for (auto const part : {split::train, split::validation, split::test}) {
    auto const from = source::recorded(whole, part);
    parts[static_cast<std::size_t>(part)] = static_cast<std::size_t>(from.count());
    for (index_t i = 0; i < from.count(); ++i) {
      auto const e = from.get(i);
      begins.insert(e.begin);
      CHECK(e.begin + e.length <= whole->states());
    }
    CHECK(from.get(from.count()).begin == from.get(0).begin);  // numbers go round
  }
  CHECK(parts[1] == 19);
  CHECK(parts[2] == 3);
  CHECK(parts[3] == 3);
  for (index_t e = 0; e < 25; ++e) CHECK(begins.count(whole->begin_of(e)) == 1);
  auto const few = std::make_shared<recording const>(*generate(scenario_named("2s3z"), {9, 3, 100, 1}));
  CHECK_THROWS_WITH(source::recorded(few, split::test), contains("at least 10") && contains("found 9"));
}

TEST_CASE("a view is its ally's, a target what is around the place one state later") {
  auto const from = battles("1c3s5z");
  batch b;
  b.take(from, 3, 2, 25, {}, true);
  CHECK(b.views == 9);
  std::vector<float> view(batch::view_size), raster(batch::raster);
  std::size_t live = 0, occupied = 0;
  for (index_t e = 0; e < 2; ++e) {
    auto const battle = from.get(3 + e);
    scenes at(*battle.of, model_layout());
    for (index_t t = 0; t < b.time; ++t) {
      auto const state = b.start[static_cast<std::size_t>(e)] + t;
      REQUIRE(state + 1 < battle.length);  // a window of 25 fits into these battles
      at.go_to(state);
      for (int a = 0; a < 9; ++a) {
        auto const i = b.row(t, e) * 9 + static_cast<std::size_t>(a);
        REQUIRE((b.present[i] != 0) == at.alive(a));
        if (!at.alive(a)) continue;
        ++live;
        at.draw_view(a, state == 0, view);
        REQUIRE(std::equal(view.begin(), view.end(), b.view.data() + i * view.size()));
        auto const place = place_of(*battle.of, at.mark_of(a)->at);
        CHECK(b.place[2 * i] == place[0]);
        CHECK(b.place[2 * i + 1] == place[1]);
      }
      at.go_to(state + 1);
      for (index_t q = 0; q < batch::queries; ++q) {
        auto const i = b.row(t, e) * batch::queries + static_cast<std::size_t>(q);
        CHECK(b.answered[i] == 1);
        CHECK(walkable.contains(b.asked[i]));
        at.draw_target(b.asked[i], raster);
        REQUIRE(std::equal(raster.begin(), raster.end(), b.target.data() + i * raster.size()));
        occupied += static_cast<std::size_t>(
            std::count(raster.begin() + 3 * raster_cells, raster.begin() + 5 * raster_cells, 1.0F));
        CHECK(b.query_place[2 * i] == place_of(*battle.of, b.asked[i])[0]);
      }
    }
  }
  CHECK(live > 100);
  CHECK(occupied > 500);
}

TEST_CASE("queries go everywhere on the walkable map") {
  batch b;
  b.take(battles("1c3s5z"), 0, 8, 20, {});
  double mean_x = 0, mean_y = 0;
  point low = b.asked.front(), high = low;
  for (auto const p : b.asked) {
    mean_x += static_cast<double>(p.x) / one / static_cast<double>(b.asked.size());
    mean_y += static_cast<double>(p.y) / one / static_cast<double>(b.asked.size());
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  CHECK(mean_x == Approx(16).margin(1));
  CHECK(mean_y == Approx(16).margin(0.5));
  CHECK((low.x < one && high.x > 31 * one && low.y < 17 * one / 2 && high.y > 47 * one / 2));
}

TEST_CASE("after a battle's end nothing is seen and nothing asked") {
  auto const from = battles("1s2z", split::test, 0);
  batch b;
  b.take(from, 0, 4, 0, {});
  index_t longest = 0;
  for (auto const& battle : b.battles) longest = std::max(longest, battle.steps());
  CHECK(b.time == longest);
  std::size_t ended = 0;
  for (index_t e = 0; e < b.size; ++e) {
    CHECK(b.start[static_cast<std::size_t>(e)] == 0);
    for (index_t t = 0; t < b.time; ++t) {
      bool const goes_on = t < b.battles[static_cast<std::size_t>(e)].steps();
      auto const* const seen = b.present.data() + b.row(t, e) * static_cast<std::size_t>(b.views);
      auto const* const asked = b.answered.data() + b.row(t, e) * batch::queries;
      CHECK(std::all_of(asked, asked + batch::queries, [&](auto m) { return (m != 0) == goes_on; }));
      if (goes_on) continue;
      ++ended;
      CHECK(std::all_of(seen, seen + b.views, [](auto m) { return m == 0; }));
    }
  }
  CHECK(ended > 0);
}

TEST_CASE("dropped allies have no view all battle long, and more of them are the same and others") {
  auto const from = battles("1c3s5z", split::test, 0);
  batch all, two, five;
  all.take(from, 0, 3, 20, {});
  two.take(from, 0, 3, 20, {.dropped = 2});
  five.take(from, 0, 3, 20, {.dropped = 5});
  CHECK(all.target == five.target);
  for (index_t e = 0; e < 3; ++e) {
    std::set<index_t> without_two, without_five;
    for (index_t a = 0; a < 9; ++a) {
      auto const first = all.row(0, e) * 9 + static_cast<std::size_t>(a);
      CHECK(all.present[first] == 1);
      if (two.present[first] == 0) without_two.insert(a);
      if (five.present[first] == 0) without_five.insert(a);
      for (index_t t = 0; t < 20; ++t) {
        auto const i = all.row(t, e) * 9 + static_cast<std::size_t>(a);
        CHECK(five.present[i] == (without_five.count(a) != 0 ? 0 : all.present[i]));
      }
    }
    CHECK(without_two.size() == 2);
    CHECK(without_five.size() == 5);
    CHECK(std::includes(without_five.begin(), without_five.end(), without_two.begin(), without_two.end()));
  }
  CHECK(drop_order(from.seed(), 0, 9) != drop_order(from.seed(), 1, 9));
}

TEST_CASE("thinning out leaves one to all views, the same ones at every step, and dark spans") {
  batch full, thin;
  full.take(battles("1c3s5z"), 0, 40, 20, {});
  thin = full;
  thin.thin_out(5, 9, 0, 0);
  CHECK(thin.present == full.present);
  CHECK(thin.blind == full.blind);
  thin.thin_out(5, 9, 0.5, 0.5);
  std::set<std::size_t> kept;
  std::size_t dark = 0, not_the_first = 0;
  for (index_t e = 0; e < 40; ++e) {
    std::size_t here = 0;
    for (std::size_t a = 0; a < 9; ++a) {
      auto const first = thin.present[thin.row(0, e) * 9 + a];
      here += first;
      for (index_t t = 0; t < 20; ++t) {
        auto const i = thin.row(t, e) * 9 + a;
        CHECK(thin.present[i] == (first != 0 ? full.present[i] : 0));
      }
    }
    kept.insert(here);
    for (std::size_t a = 0; a < here; ++a) not_the_first += thin.present[thin.row(0, e) * 9 + a] == 0 ? 1 : 0;
    CHECK((here >= 1 && here <= 9));
    for (index_t t = 0; t < 20; ++t) {
      dark += thin.blind[thin.row(t, e)];
      if (t < 3) CHECK(thin.blind[thin.row(t, e)] == 0);
    }
  }
  CHECK(kept.size() > 4);
  CHECK(not_the_first > 10);  // any of the allies stays
  CHECK((dark > 40 && dark < 200));
  auto again = full;
  again.thin_out(5, 9, 0.5, 0.5);
  CHECK(again.present == thin.present);
  again = full;
  again.thin_out(5, 10, 0.5, 0.5);
  CHECK(again.present != thin.present);
}

TEST_CASE("scenarios of other units have no channels in the models") {
  CHECK(fits_model(scenario_named("1c3s5z")));
  CHECK(fits_model(scenario_named("3s_vs_5z")));
  CHECK_FALSE(fits_model(scenario_named("3m")));
  CHECK_FALSE(fits_model(scenario_named("2c_vs_64zg")));  // zerglings
  std::size_t fitting = 0;
  for (auto const& s : scenarios()) fitting += fits_model(s) ? 1 : 0;
  CHECK(fitting == 10);
}
