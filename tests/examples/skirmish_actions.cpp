// Actions, the enemy's script, the allies' policy and whole battles of the skirmish simulator.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "s2rm/core/errors.hpp"
#include "skirmish/simulator/policy.hpp"
#include "skirmish/simulator/script.hpp"
#include "skirmish_worlds.hpp"
#include "support/catch.hpp"

using namespace skirmish;
using namespace skirmish::test;
using s2rm::test::contains;

namespace {

std::set<int> legal_set(world const& w, int agent) {
  std::set<int> found;
  for (int a = 0; a < 256; ++a) {
    if (legal(w, agent, static_cast<action>(a))) found.insert(a);
  }
  return found;
}

/// What the enemies are told in this state, allies standing still.
orders script(world& w, orders given = {}) {
  given.resize(w.units.size());
  command_enemies(w, given);
  return given;
}

}  // namespace

TEST_CASE("the scenarios are those of SMAC's registry, and some of our own") {
  CHECK(std::count_if(scenarios().begin(), scenarios().end(), [](scenario const& s) { return s.smac; }) == 23);
  auto const& s = scenario_named("1c3s5z");
  CHECK(s.limit == 180);
  CHECK(units_of(s.allies) == std::vector<kind>{kind::colossus, kind::stalker, kind::stalker, kind::stalker,
                                                kind::zealot, kind::zealot, kind::zealot, kind::zealot, kind::zealot});
  CHECK(action_count(static_cast<int>(units_of(s.enemies).size())) == 15);
  CHECK(action_count(static_cast<int>(units_of(scenario_named("2c_vs_64zg").enemies).size())) == 70);
  CHECK(text_of(scenario_named("MMM2").enemies) == "1 medivac, 3 marauder, 8 marine");
  CHECK_THROWS_WITH(static_cast<void>(scenario_named("4m")), contains("expected one of 3m, 8m") && contains("'4m'"));
  for (auto const& one_of_them : scenarios()) {
    // Else a healer's actions could not name every ally.
    auto const allies = units_of(one_of_them.allies);
    bool const heals = std::any_of(allies.begin(), allies.end(), [](kind k) { return type_of(k).heals; });
    CHECK((!heals || allies.size() <= units_of(one_of_them.enemies).size()));
  }
}

TEST_CASE("legal: the dead do nothing, the living anything but nothing") {
  auto w = field({{kind::zealot, 16, 16}}, {{kind::zealot, 30, 16}});
  CHECK(legal_set(w, 0) == std::set<int>{1, 2, 3, 4, 5});
  w[0].alive = false;
  CHECK(legal_set(w, 0) == std::set<int>{0});
}

TEST_CASE("legal: walking where the place one cell ahead is walkable") {
  auto w = field({{kind::zealot, 16, 23.01},
                  {kind::zealot, 16, 8.99},
                  {kind::zealot, 31.01, 16},
                  {kind::zealot, 0.99, 16},
                  {kind::zealot, 1, 9}},
                 {{kind::zealot, 16, 1}});
  CHECK(legal_set(w, 0) == std::set<int>{1, 3, 4, 5});
  CHECK(legal_set(w, 1) == std::set<int>{1, 2, 4, 5});
  CHECK(legal_set(w, 2) == std::set<int>{1, 2, 3, 5});
  CHECK(legal_set(w, 3) == std::set<int>{1, 2, 3, 4});
  CHECK(legal_set(w, 4) == std::set<int>{1, 2, 3, 4, 5});
}

TEST_CASE("legal: attacking the living within 6 cells of the centre, whatever the weapon") {
  auto w = field({{kind::zealot, 16, 16}, {kind::colossus, 16, 16}},
                 {{kind::zealot, 22, 16}, {kind::zealot, 22.001, 16}, {kind::zealot, 20, 20}, {kind::zealot, 21, 20}});
  for (int agent : {0, 1}) CHECK(legal_set(w, agent) == std::set<int>{1, 2, 3, 4, 5, 6, 8});
  w[4].alive = false;
  CHECK(legal_set(w, 0) == std::set<int>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("legal: a medivac heals live allies but no medivac, and attacks nobody") {
  auto w = field({{kind::medivac, 16, 16}, {kind::medivac, 16, 17}, {kind::marine, 16, 18}, {kind::marine, 16, 20}},
                 {{kind::marine, 17, 16}, {kind::marine, 17, 17}, {kind::marine, 17, 18}, {kind::marine, 17, 19}});
  CHECK(legal_set(w, 0) == std::set<int>{1, 2, 3, 4, 5, 8, 9});
  w[3].alive = false;
  CHECK(legal_set(w, 0) == std::set<int>{1, 2, 3, 4, 5, 8});
}

TEST_CASE("actions become orders") {
  auto const w =
      field({{kind::zealot, 16, 16}, {kind::medivac, 16, 18}}, {{kind::zealot, 17, 16}, {kind::zealot, 18, 16}});
  CHECK(order_of(w, 0, act::stop).does == order::what::stop);
  CHECK(order_of(w, 0, act::north).to == at(16, 18));
  CHECK(order_of(w, 0, act::south).to == at(16, 14));
  CHECK(order_of(w, 0, act::east).to == at(18, 16));
  CHECK(order_of(w, 0, act::west).to == at(14, 16));
  CHECK(order_of(w, 0, 7).does == order::what::attack);
  CHECK(order_of(w, 0, 7).target == 3);
  CHECK(order_of(w, 1, 6).does == order::what::heal);
  CHECK(order_of(w, 1, 6).target == 0);
}

TEST_CASE("a step is 8 loops") {
  battle b(field({{kind::zealot, 10, 12}}, {{kind::zealot, 30, 16}}), 10);
  b.step(std::vector<action>{act::east});
  CHECK(b.state()[0].at == at(11.125, 12));
  CHECK(b.steps() == 1);
}

TEST_CASE("a battle refuses what is not legal, and nothing has happened then") {
  battle b(field({{kind::zealot, 10, 16}, {kind::zealot, 10, 18}}, {{kind::zealot, 30, 16}}), 10);
  auto const before = bits(b.state());
  CHECK_THROWS_WITH(b.step(std::vector<action>{act::east, 6}), contains("step 0: action 6 of ally 1 is not legal"));
  CHECK_THROWS_WITH(b.step(std::vector<action>{act::east, act::no_op}), contains("action 0 of ally 1"));
  CHECK_THROWS_WITH(b.step(std::vector<action>{act::east}), contains("expected 2 actions, found 1"));
  CHECK(bits(b.state()) == before);
  CHECK(b.steps() == 0);
}

TEST_CASE("how a battle ends") {
  auto const start =
      field({{kind::marine, 10, 16}, {kind::medivac, 10, 18}}, {{kind::marine, 30, 16}, {kind::medivac, 30, 18}});
  battle limited(start, 2);
  std::vector<action> const wait{act::stop, act::stop};
  limited.step(wait);
  CHECK_FALSE(limited.over());
  limited.step(wait);
  CHECK(limited.over());
  CHECK_FALSE(limited.won());
  auto beaten = start, lost = start, both = start;
  beaten[2].alive = false;  // a medivac alone does not fight on
  CHECK(battle(beaten, 9).over());
  CHECK(battle(beaten, 9).won());
  lost[0].alive = false;
  CHECK(battle(lost, 9).over());
  CHECK_FALSE(battle(lost, 9).won());
  both[0].alive = both[2].alive = false;
  CHECK(battle(both, 9).over());
  CHECK_FALSE(battle(both, 9).won());
}

TEST_CASE("the script marches to where the allies started, then after whoever is left") {
  auto w = field({{kind::zealot, 1, 9}}, {{kind::zealot, 23, 16}});
  CHECK(script(w)[1].does == order::what::move);
  CHECK(script(w)[1].to == at(9, 16));
  w[1].at = at(9.5, 16.5);
  CHECK(script(w)[1].to == at(1, 9));
  w[1].at = at(20, 16);  // it has been there
  CHECK(script(w)[1].to == at(1, 9));
}

TEST_CASE("the script attacks the nearest within 5 cells rim to rim, or within its weapon's range") {
  // Zealots: 5 and two radii of 0.5.
  auto w = field({{kind::zealot, 10, 16}, {kind::zealot, 10, 18}}, {{kind::zealot, 16.01, 16}});
  CHECK(script(w)[2].does == order::what::move);
  w[2].at = at(16, 16);
  CHECK(script(w)[2].target == 0);
  w[2].at = at(15, 17.5);  // out of its weapon's range the target is chosen anew
  CHECK(script(w)[2].target == 1);
  w[2].at = at(12, 17);  // equally near: the lower slot
  CHECK(script(w)[2].target == 0);
  auto far = field({{kind::zealot, 10, 16}}, {{kind::colossus, 18.4, 16}});  // 7 and radii of 1 and 0.5
  CHECK(script(far)[1].target == 0);
}

TEST_CASE("the script keeps a target within weapon range, and lets the dead go") {
  auto w = field({{kind::marine, 10, 16}, {kind::marine, 10, 20}}, {{kind::stalker, 14, 16}});
  CHECK(script(w)[2].target == 0);
  w[1].at = at(13, 16);
  CHECK(script(w)[2].target == 0);
  w[0].alive = false;
  CHECK(script(w)[2].target == 1);
}

TEST_CASE("the script answers whoever attacks from afar") {
  auto w = field({{kind::colossus, 10, 16}}, {{kind::zealot, 18, 16}});
  CHECK(script(w)[1].does == order::what::move);
  CHECK(script(w, {attack_order(1), {}})[1].does == order::what::attack);
}

TEST_CASE("the script's marauder leaves a medivac alone, its marine does not") {
  auto w = field({{kind::medivac, 13, 16}, {kind::marine, 12, 16}}, {{kind::marauder, 15, 16}, {kind::marine, 15, 18}});
  auto const given = script(w);
  CHECK(given[2].target == 1);
  CHECK(given[3].target == 0);
}

TEST_CASE("the script's medivac heals the weakest of the hurt near it, else stays with the nearest") {
  auto w = field({{kind::marine, 1, 16}},
                 {{kind::medivac, 23, 16}, {kind::marine, 24, 16}, {kind::marine, 25, 16}, {kind::marine, 31, 16}});
  CHECK(script(w)[1].does == order::what::move);
  CHECK(script(w)[1].to == at(24, 16));
  w[2].health = fixed(40);
  w[3].health = fixed(30);
  w[4].health = fixed(1);
  CHECK(script(w)[1].does == order::what::heal);
  CHECK(script(w)[1].target == 3);
}

TEST_CASE("the heuristic: the nearest until it is dead, along the larger axis, attack when legal") {
  auto start = field({{kind::zealot, 16, 16}}, {{kind::spine_crawler, 16, 23.5}, {kind::spine_crawler, 24, 17}});
  for (int i : {1, 2}) start[i].cooldown = 1 << 30U;  // they do not shoot
  battle b(start, 100);
  policy p(1, 0, 0);
  std::vector<action> chosen(1);
  p.choose(b, chosen);
  CHECK(chosen[0] == act::north);
  b.step(chosen);
  b.step(std::vector<action>{act::east});  // pushed away by chance, it stays with its target
  b.step(std::vector<action>{act::east});
  p.choose(b, chosen);
  CHECK(chosen[0] == act::north);
  b.step(chosen);
  p.choose(b, chosen);
  CHECK(chosen[0] == 6);
}

TEST_CASE("the heuristic: medivacs go to the nearest hurt, marauders leave them alone") {
  auto start =
      field({{kind::medivac, 10, 16}, {kind::marine, 11, 16}, {kind::marine, 13, 16}, {kind::marauder, 10, 10}},
            {{kind::medivac, 11, 10}, {kind::marine, 30, 10}, {kind::marine, 30, 12}, {kind::marine, 30, 14}});
  start[2].health = fixed(30);
  battle const b(start, 100);
  policy p(1, 0, 0);
  std::vector<action> chosen(4);
  p.choose(b, chosen);
  CHECK(chosen[0] == 8);
  CHECK(chosen[1] == 6);  // a marine does shoot at a medivac
  CHECK(chosen[3] == act::east);
}

TEST_CASE("every action of every scenario is legal, and every state is sound") {
  for (auto const& s : scenarios()) {
    for (int const random : {0, 100, 1000}) {
      CAPTURE(s.name, random);
      std::uint32_t const episode = 3;
      battle b(s, 5, episode);
      policy p(5, episode, random);
      std::vector<action> chosen(static_cast<std::size_t>(b.state().allies));
      bool sound = true, is_legal = true;
      while (!b.over()) {
        p.choose(b, chosen);
        for (int i = 0; i < b.state().allies; ++i) {
          is_legal = is_legal && legal(b.state(), i, chosen[static_cast<std::size_t>(i)]);
        }
        b.step(chosen);
        for (auto const& u : b.state().units) {
          auto const& full = u.data();
          sound = sound && walkable.contains(u.at) && u.health >= 0 && u.health <= full.health && u.shield >= 0 &&
                  u.shield <= full.shield && u.energy >= 0 && u.energy <= full.max_energy &&
                  u.cooldown <= full.cooldown && u.alive == (u.health > 0);
        }
      }
      CHECK(is_legal);
      CHECK(sound);
      CHECK(b.steps() <= s.limit);
    }
  }
}

TEST_CASE("random actions: all the legal ones, about equally often; the share is what was asked for") {
  auto start = field({{kind::zealot, 16, 16}}, {{kind::zealot, 19, 16}, {kind::zealot, 30, 16}});
  battle const b(start, 100);
  std::vector<int> count(8);
  std::vector<action> chosen(1);
  for (std::uint32_t episode = 0; episode < 6000; ++episode) {
    policy p(1, episode, 1000);
    p.choose(b, chosen);
    ++count[chosen[0]];
  }
  for (int a = 1; a <= 6; ++a) CHECK(count[static_cast<std::size_t>(a)] == Approx(1000).margin(120));  // 4 deviations
  CHECK(count[0] + count[7] == 0);
  int different = 0;
  for (std::uint32_t episode = 0; episode < 6000; ++episode) {
    policy p(1, episode, 300);
    p.choose(b, chosen);
    different += chosen[0] != 6 ? 1 : 0;
  }
  CHECK(different == Approx(6000 * 0.3 * 5 / 6).margin(140));
}

TEST_CASE("an episode is its seed and its number") {
  auto const start = [](std::uint64_t seed, std::uint32_t episode) {
    return bits(battle(scenario_named("1c3s5z"), seed, episode).state());
  };
  CHECK(start(1, 0) == start(1, 0));
  CHECK(start(1, 0) != start(1, 1));
  CHECK(start(1, 0) != start(2, 0));
  CHECK(start(1, 1) != start(2, 0));
}

TEST_CASE("armies start around their places") {
  for (auto const& s : scenarios()) {
    CAPTURE(s.name);
    for (std::uint32_t episode = 0; episode < 20; ++episode) {
      battle const b(s, 1, episode);
      for (auto const& u : b.state().units) {
        auto const away = u.at - (u.enemy ? enemy_start : ally_start);
        // 2 of the block, 0.25 of the unit, and half of the widest block: 8 zerglings of 0.8.
        CHECK((value(std::abs(away.x)) < 6.5 && value(std::abs(away.y)) < 6.5));
        CHECK(u.health == u.data().health);
      }
    }
  }
}

TEST_CASE("mirrored at the line between the armies, a battle is the mirrored battle") {
  auto const flip = [](world w) {
    for (auto& u : w.units) u.at.y = map_size - u.at.y;
    return w;
  };
  for (auto const* name : {"1c3s5z", "MMM2", "bane_vs_bane"}) {
    CAPTURE(name);
    auto const start = battle(scenario_named(name), 4, 0).state();
    battle a(start, 100), b(flip(start), 100);
    policy p(4, 0, 200);
    std::vector<action> chosen(static_cast<std::size_t>(start.allies));
    while (!a.over()) {
      p.choose(a, chosen);
      a.step(chosen);
      for (auto& c : chosen) c = c == act::north ? act::south : c == act::south ? act::north : c;
      b.step(chosen);
      REQUIRE(bits(flip(b.state())) == bits(a.state()));
    }
    CHECK(b.over());
  }
}

TEST_CASE("half a turn of the battlefield turns the rules' outcome") {
  auto const turn = [](world w) {
    for (auto& u : w.units) u.at = point{map_size, map_size} - u.at;
    return w;
  };
  for (auto const* name : {"1c3s5z", "bane_vs_bane"}) {
    CAPTURE(name);
    auto a = battle(scenario_named(name), 4, 1).state();
    auto b = turn(a);
    auto given = idle(a);
    for (int i = 0; i < a.size(); ++i) {
      given[static_cast<std::size_t>(i)] = attack_order(i < a.allies ? a.allies + i % a.enemies() : i % a.allies);
    }
    for (int loop = 0; loop < 400; ++loop) {
      run_loop(a, given);
      run_loop(b, given);
      REQUIRE(bits(turn(b)) == bits(a));
    }
    CHECK(std::any_of(a.units.begin(), a.units.end(), [](unit const& u) { return !u.alive; }));
  }
}
