// The rules of the skirmish simulator, one by one, against cases worked out by hand.
#include <algorithm>

#include "skirmish_worlds.hpp"
#include "support/catch.hpp"

using namespace skirmish;
using namespace skirmish::test;

namespace {

/// Loops until the first ally, attacking, has killed the first enemy, which stands still; both 2.5 cells apart or touching.
int loops_to_kill(kind attacker, kind target) {
  auto const reach = value(type_of(attacker).range + type_of(attacker).radius + type_of(target).radius);
  auto w = field({{attacker, 10, 16}}, {{target, 10 + std::min(reach, 2.5), 16}});
  auto given = idle(w);
  given[0] = attack_order(1);
  int loops = 0;
  while (w[1].alive && loops < 10000) {
    run_loop(w, given);
    ++loops;
  }
  return loops;
}

/// The loops in which the first enemy is hit.
std::vector<int> hits(world w, orders const& given, int loops) {
  std::vector<int> found;
  for (int loop = 0; loop < loops; ++loop) {
    auto const before = w[w.allies].health + w[w.allies].shield;
    run_loop(w, given);
    if (w[w.allies].health + w[w.allies].shield < before) found.push_back(loop);
  }
  return found;
}

}  // namespace

TEST_CASE("the shield is hit first and knows no armour, the rest less the armour goes to the health") {
  auto zealot = make_unit(kind::zealot, true, at(16, 16));
  hit(zealot, fixed(8));
  CHECK(value(zealot.shield) == 42);
  CHECK(value(zealot.health) == 100);
  zealot.shield = fixed(2);
  hit(zealot, fixed(8));  // 2 to the shield, 6 - 1 to the health
  CHECK(value(zealot.shield) == 0);
  CHECK(value(zealot.health) == 95);
  hit(zealot, fixed(8));
  CHECK(value(zealot.health) == 88);
  zealot.shield = fixed(7.5);
  hit(zealot, fixed(8));  // the half that is left does not get through the armour, and does not heal either
  CHECK(value(zealot.health) == 88);
  zealot.health = fixed(1);
  hit(zealot, fixed(8));
  CHECK(zealot.health == 0);
}

TEST_CASE("time to kill") {
  // n attacks: the last one comes ceil((n-1) * cooldown) loops after the first, and that loop ends with the death.
  // 8 x2, armour 1 each: 3 attacks leave 2 of the shield, the 4th 88 health, 7 more of 14: 11, 10 * 19.2 = 192.
  CHECK(loops_to_kill(kind::zealot, kind::zealot) == 193);
  // 13: 3 leave 11 of the shield, the 4th 99, 9 more of 12: 13, 12 * 29.92 = 359.04.
  CHECK(loops_to_kill(kind::stalker, kind::zealot) == 361);
  // 13 + 5 against armored: 4 leave 8, the 5th 80 - (10 - 1) = 71, 5 more of 17: 10, 9 * 29.92 = 269.28.
  CHECK(loops_to_kill(kind::stalker, kind::stalker) == 271);
  // 6 of 45: 8, 7 * 13.776 = 96.432.
  CHECK(loops_to_kill(kind::marine, kind::marine) == 98);
  // 10 + 10 against armored: 4 take the shield of 80, 5 of 19 the health of 80: 9, 8 * 24.
  CHECK(loops_to_kill(kind::marauder, kind::stalker) == 193);
  // No bonus against light: 10 of 45: 5, 4 * 24.
  CHECK(loops_to_kill(kind::marauder, kind::marine) == 97);
  // (10 + 5 against light) x2: 1 leaves 20, the 2nd 15 and then 5 + 9: 91, 4 more of 28: 6, 5 * 24.
  CHECK(loops_to_kill(kind::colossus, kind::zealot) == 121);
  // 5 of 45: 9, 8 * 11.136 = 89.088.
  CHECK(loops_to_kill(kind::zergling, kind::marine) == 91);
  // 12: 4 leave 2, the 5th 91, 9 more of 11: 14, 13 * 13.2 = 171.6.
  CHECK(loops_to_kill(kind::hydralisk, kind::zealot) == 173);
  // 25 + 5 against armored: 2 leave 20, the 3rd 71, 3 more of 29: 6, 5 * 29.6.
  CHECK(loops_to_kill(kind::spine_crawler, kind::stalker) == 149);
  // 18 - 2 a shot, and the crawler grows 0.27 a second: 19 shots are 304 of 300 + 9, so 20, 19 * 29.92 = 568.48.
  CHECK(loops_to_kill(kind::stalker, kind::spine_crawler) == 570);
}

TEST_CASE("a cooldown of 19.2 loops: attacks come after whole loops, and five of them take exactly 96") {
  auto w = field({{kind::zealot, 10, 16}}, {{kind::spine_crawler, 11, 16}});
  auto given = idle(w);
  given[0] = attack_order(1);
  CHECK(hits(w, given, 100) == std::vector<int>{0, 20, 39, 58, 77, 96});
}

TEST_CASE("waiting is not saved up") {
  auto w = field({{kind::zealot, 10, 16}}, {{kind::spine_crawler, 11, 16}});
  auto given = idle(w);
  given[0] = attack_order(1);
  run_loop(w, given);
  for (int i = 0; i < 40; ++i) run_loop(w, idle(w));
  CHECK(hits(w, given, 45) == std::vector<int>{0, 20, 39});
}

TEST_CASE("range is from rim to rim") {
  // A marine shoots 5 cells, and two radii of 0.375 come to it.
  auto w = field({{kind::marine, 10, 16}}, {{kind::marine, 15.75, 16}});
  CHECK(in_range(w[0], w[1]));
  w[1].at.x += 1;
  CHECK_FALSE(in_range(w[0], w[1]));
  auto given = idle(w);
  given[0] = attack_order(1);
  run_loop(w, given);  // too far by 1/4096: no shot, but a step of 2.25 / 16
  CHECK(value(w[1].health) == 45);
  CHECK(value(w[0].at.x) == 10.140625);
  run_loop(w, given);  // now it stands and shoots
  CHECK(value(w[1].health) == 39);
  CHECK(value(w[0].at.x) == 10.140625);
}

TEST_CASE("what cannot hit air does not, and does not walk there") {
  auto w = field({{kind::marauder, 10, 16}, {kind::marine, 10, 18}}, {{kind::medivac, 13, 16}});
  auto given = idle(w);
  given[0] = given[1] = attack_order(2);
  run_loop(w, given);
  CHECK(value(w[2].health) == 145);  // the marine's 6 less armour 1
  CHECK(w[0].cooldown == 0);
  CHECK(w[0].at == at(10, 16));
}

TEST_CASE("the colossus hits all enemies in a bar across its line of fire") {
  // 1.4 to both sides and 0.15 to front and back, and the radius of 0.5 comes to each.
  for (bool const north : {false, true}) {
    auto const turn = [north](double along, double across) {
      return north ? stands{kind::zealot, 16 - across, 16 + along} : stands{kind::zealot, 16 + along, 16 + across};
    };
    auto w = field({{kind::colossus, 16, 16}}, {turn(6, 0), turn(6, 1.85), turn(6, -1.85), turn(6.6, 0), turn(5.4, 0),
                                                turn(6, 1.95), turn(6, -1.95), turn(6.7, 0), turn(5.3, 0)});
    auto given = idle(w);
    given[0] = attack_order(1);
    fight(w, given);
    for (int i = 1; i <= 5; ++i) CHECK(value(w[i].shield) == 20);
    for (int i = 6; i <= 9; ++i) CHECK(value(w[i].shield) == 50);
  }
}

TEST_CASE("the colossus hits no friend and nothing in the air") {
  auto w =
      field({{kind::colossus, 10, 16}, {kind::zealot, 16, 17}}, {{kind::marauder, 16, 16}, {kind::medivac, 16, 17}});
  auto given = idle(w);
  given[0] = attack_order(2);
  fight(w, given);
  CHECK(value(w[2].health) == 107);  // armored, not light: 2 x (10 - 1)
  CHECK(value(w[1].shield) == 50);
  CHECK(value(w[3].health) == 150);
}

TEST_CASE("a baneling's attack is its death, and its death hits the enemies around it") {
  // 20 and 15 more against light; 2.2 cells and the radius of 0.375.
  auto w =
      field({{kind::baneling, 16, 16}, {kind::zergling, 16, 17}},
            {{kind::marine, 16.9, 16}, {kind::marine, 16, 18.57}, {kind::marine, 16, 13.42}, {kind::marauder, 15, 16}});
  auto given = idle(w);
  given[0] = attack_order(2);
  fight(w, given);
  CHECK_FALSE(w[0].alive);
  CHECK(value(w[1].health) == 35);
  CHECK(value(w[2].health) == 10);
  CHECK(value(w[3].health) == 10);
  CHECK(value(w[4].health) == 45);   // 2.58 away
  CHECK(value(w[5].health) == 106);  // armored: 20 - 1
}

TEST_CASE("a killed baneling bursts too, and one burst sets off another") {
  auto w = field({{kind::marine, 12, 16}, {kind::baneling, 17, 16}, {kind::marine, 17, 18.5}},
                 {{kind::baneling, 15, 16}, {kind::marine, 19, 16}});
  w[3].health = fixed(6);
  w[1].health = fixed(20);
  auto given = idle(w);
  given[0] = attack_order(3);
  fight(w, given);
  CHECK_FALSE(w[3].alive);          // shot
  CHECK_FALSE(w[1].alive);          // within the first burst, of 20: not light
  CHECK(value(w[0].health) == 45);  // 3 cells away
  CHECK(value(w[2].health) == 45);  // within reach of the second burst, which is its own side's
  CHECK(value(w[4].health) == 10);  // within reach of the second burst alone
}

TEST_CASE("all act at once: two that can kill each other do") {
  auto w = field({{kind::marine, 14, 16}}, {{kind::marine, 17, 16}});
  w[0].health = w[1].health = fixed(6);
  orders const given{attack_order(1), attack_order(0)};
  run_loop(w, given);
  CHECK_FALSE(w[0].alive);
  CHECK_FALSE(w[1].alive);
  auto const before = bits(w);
  for (int i = 0; i < 20; ++i) run_loop(w, given);  // the dead neither shoot nor walk nor recover
  CHECK(bits(w) == before);
}

TEST_CASE("the dead shoot at nobody, push nobody and are hit by nothing") {
  auto w = field({{kind::marine, 14, 16}, {kind::marine, 20, 20}},
                 {{kind::marine, 17, 16}, {kind::marine, 20.2, 20}, {kind::marine, 20.4, 20}});
  for (int i : {0, 1, 4}) {
    w[i].alive = false;
    w[i].health = 0;
  }
  auto given = idle(w);
  given[0] = attack_order(2);
  given[3] = attack_order(1);
  run_loop(w, given);
  CHECK(value(w[2].health) == 45);
  CHECK(w[3].at == at(20.2, 20));
  CHECK(w[3].cooldown == 0);
}

TEST_CASE("a shield grows by 2 a second from 10 seconds after the last hit") {
  auto w = field({{kind::stalker, 10, 16}}, {{kind::stalker, 30, 16}});
  hit(w[0], fixed(13));
  for (int i = 0; i < 160; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].shield) == 67);
  run_loop(w, idle(w));
  CHECK(value(w[0].shield) == 67.125);
  for (int i = 0; i < 16; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].shield) == 69.125);
  hit(w[0], 0);  // a hit that takes nothing is a hit
  for (int i = 0; i < 160; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].shield) == 69.125);
  for (int i = 0; i < 200; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].shield) == 80);
}

TEST_CASE("zerg health grows, others' does not") {
  auto w = field({{kind::zergling, 10, 16}, {kind::marine, 10, 18}, {kind::zealot, 10, 20}}, {{kind::marine, 30, 16}});
  for (int i = 0; i < 3; ++i) w[i].health = fixed(30);
  for (int i = 0; i < 160; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].health) == Approx(32.7).margin(0.01));  // 0.27 a second
  CHECK(value(w[1].health) == 30);
  CHECK(value(w[2].health) == 30);
  for (int i = 0; i < 160; ++i) run_loop(w, idle(w));
  CHECK(value(w[0].health) == 35);
}

TEST_CASE("a medivac heals 9 a second for 3 energy, and gets 0.5625 back") {
  auto w = field({{kind::medivac, 10, 16}, {kind::marine, 12, 16}}, {{kind::marine, 30, 16}});
  w[1].health = fixed(20);
  auto given = idle(w);
  given[0] = heal_order(1);
  for (int i = 0; i < 16; ++i) run_loop(w, given);
  CHECK(value(w[1].health) == 29);
  CHECK(value(w[0].energy) == 47.5625);
  CHECK(w[0].at == at(10, 16));
  for (int i = 0; i < 32; ++i) run_loop(w, given);
  CHECK(value(w[1].health) == 45);
  auto const full = w[0].energy;
  run_loop(w, given);  // nothing is spent on the healthy
  CHECK(w[0].energy == full + energy_regeneration);
}

TEST_CASE("healing begins with 5 energy and goes on with less") {
  auto w = field({{kind::medivac, 10, 16}, {kind::marine, 12, 16}, {kind::marine, 8, 16}}, {{kind::marine, 30, 16}});
  w[1].health = w[2].health = fixed(10);
  w[0].energy = fixed(4.9);
  orders given{heal_order(1), {}, {}, {}};
  fight(w, given);
  CHECK(value(w[1].health) == 10);
  w[0].energy = fixed(5);
  fight(w, given);
  fight(w, given);
  CHECK(value(w[1].health) == 11.125);
  CHECK(value(w[0].energy) == 4.625);
  given[0] = heal_order(2);  // another patient: too little to begin
  fight(w, given);
  CHECK(value(w[2].health) == 10);
}

TEST_CASE("only the biological is healed, and only within range") {
  auto w = field({{kind::medivac, 10, 16}, {kind::stalker, 12, 16}, {kind::marine, 16, 16}}, {{kind::marine, 30, 16}});
  w[1].health = w[2].health = fixed(10);
  orders given{heal_order(1), {}, {}, {}};
  run_loop(w, given);
  CHECK(value(w[1].health) == 10);
  CHECK(w[0].at == at(10, 16));
  given[0] = heal_order(2);  // 6 cells apart, 4 + 0.75 + 0.375 within reach: it flies there, 2.5 / 16 a loop
  run_loop(w, given);
  CHECK(value(w[2].health) == 10);
  CHECK(value(w[0].at.x) == 10.15625);
}

TEST_CASE("walking: speed times time along a straight line, no farther than the goal") {
  auto w = field({{kind::zealot, 10, 16}, {kind::stalker, 10, 20}}, {{kind::marine, 30, 9}});
  orders const given{move_order(20, 16), move_order(13, 24), {}};
  for (int i = 0; i < 16; ++i) run_loop(w, given);
  CHECK(w[0].at == at(12.25, 16));
  CHECK(value(length(w[1].at - at(10, 20))) == Approx(2.953).margin(0.01));
  CHECK(value(w[1].at.x - at(10, 20).x) == Approx(2.953 * 0.6).margin(0.01));
  for (int i = 0; i < 100; ++i) run_loop(w, given);
  CHECK(w[0].at == at(20, 16));
  CHECK(w[1].at == at(13, 24));
}

TEST_CASE("nobody leaves the walkable band") {
  auto w = field({{kind::zealot, 31, 23.9}, {kind::medivac, 0.1, 8.1}}, {{kind::marine, 16, 16}});
  orders const given{move_order(40, 40), move_order(-9, -9), {}};
  for (int i = 0; i < 40; ++i) run_loop(w, given);
  CHECK(w[0].at == at(32, 24));
  CHECK(w[1].at == at(0, 8));
}

TEST_CASE("what overlaps is pushed apart, each by half") {
  auto w = field({{kind::zealot, 10, 16}, {kind::zealot, 10.5, 16}}, {{kind::marine, 30, 16}});
  run_loop(w, idle(w));
  CHECK(w[0].at == at(9.75, 16));
  CHECK(w[1].at == at(10.75, 16));
  run_loop(w, idle(w));
  CHECK(w[0].at == at(9.75, 16));
}

TEST_CASE("what flies and what walks do not touch; a building does not give way") {
  auto w = field({{kind::medivac, 10, 16}, {kind::marine, 10, 16}, {kind::medivac, 10.5, 16}},
                 {{kind::spine_crawler, 20, 16}, {kind::marine, 21, 16}});
  run_loop(w, idle(w));
  CHECK(w[1].at == at(10, 16));
  CHECK(w[0].at == at(9.5, 16));  // two medivacs: 1.5 apart
  CHECK(w[2].at == at(11, 16));
  CHECK(w[3].at == at(20, 16));
  CHECK(w[4].at == at(21.25, 16));
}

TEST_CASE("units at the very same place come apart") {
  auto w = field({{kind::marine, 10, 16}, {kind::marine, 10, 16}}, {{kind::marine, 30, 16}});
  run_loop(w, idle(w));
  CHECK(value(length(w[0].at - w[1].at)) == 0.75);
}
