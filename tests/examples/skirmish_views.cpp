// What agents see and what queries are answered with.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/sha256.hpp"
#include "s2rm/core/errors.hpp"
#include "skirmish/generate.hpp"
#include "skirmish_worlds.hpp"
#include "support/catch.hpp"

using namespace skirmish;
using namespace skirmish::test;
using s2rm::test::contains;

namespace {

raster_layout const protoss{{4, 74, 73}};  // colossus, stalker, zealot
constexpr int friendly = 3, enemy = 4, health = 5, energy = 6, cooldown = 7, shield = 8;

mark marked(double x, double y, int type, bool is_enemy, std::array<float, 4> vital = {0.5F, 0.25F, 0.125F, 1.0F}) {
  return {at(x, y), vital, static_cast<std::int16_t>(type), is_enemy};
}

std::vector<float> drawn(std::vector<mark> const& scene, point place, shows what = shows::all) {
  std::vector<float> raster(static_cast<std::size_t>(protoss.raster_size()), 7.0F);
  draw(scene, place, what, protoss, raster);
  return raster;
}

float cell(std::vector<float> const& raster, int channel, int row, int column) {
  return raster[static_cast<std::size_t>((channel * raster_side + row) * raster_side + column)];
}

/// Row and column of the only marker of a channel.
std::array<int, 2> where(std::vector<float> const& raster, int channel) {
  std::array<int, 2> found{-1, -1};
  for (int row = 0; row < raster_side; ++row) {
    for (int column = 0; column < raster_side; ++column) {
      if (cell(raster, channel, row, column) > 0) {
        CHECK(found[0] == -1);
        found = {row, column};
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a raster has a channel for each type and six more") {
  CHECK(protoss.channels() == 9);
  CHECK(protoss.raster_size() == 9 * 121);
  CHECK(view_size(protoss) == 9 * 121 + 8);
  CHECK(protoss.index(channel::friendly) == friendly);
  CHECK(protoss.index(channel::shield) == shield);
  CHECK(protoss.channel_of(73) == 2);
  CHECK_THROWS_WITH(static_cast<void>(protoss.channel_of(48)), contains("types 4, 74, 73") && contains("type 48"));
  CHECK(layout_of(std::vector<std::int32_t>{74, 73, 73, 74, 4}).types == std::vector<std::int32_t>{74, 73, 4});
}

TEST_CASE("cells are 18/11 wide; rows grow to the north, columns to the east") {
  auto const at_offset = [](double x, double y) {
    return where(drawn({marked(16 + x, 16 + y, 2, false)}, at(16, 16)), 2);
  };
  CHECK(at_offset(0, 0) == std::array{5, 5});
  CHECK(at_offset(0.8, 0) == std::array{5, 5});
  CHECK(at_offset(0.83, 0) == std::array{5, 6});  // half a cell is 0.818
  CHECK(at_offset(-0.83, 0) == std::array{5, 4});
  CHECK(at_offset(0, 2.4) == std::array{6, 5});
  CHECK(at_offset(0, 2.5) == std::array{7, 5});  // one and a half is 2.4545
  CHECK(at_offset(0, -2.5) == std::array{3, 5});
  CHECK(at_offset(9, 0) == std::array{5, 10});
  CHECK(at_offset(-9, 0) == std::array{5, 0});
  CHECK(at_offset(0, 9) == std::array{10, 5});
}

TEST_CASE("only what is within 9 of the place is drawn") {
  auto const empty = drawn({}, at(16, 16));
  CHECK(std::all_of(empty.begin(), empty.end(), [](float x) { return x == 0; }));
  CHECK(drawn({marked(25.001, 16, 2, false)}, at(16, 16)) == empty);
  CHECK(drawn({marked(22.4, 22.4, 2, false)}, at(16, 16)) == empty);  // 9.05
  CHECK(where(drawn({marked(22.3, 22.3, 2, false)}, at(16, 16)), 2) == std::array{9, 9});
}

TEST_CASE("markers and fractions of a unit") {
  for (bool const is_enemy : {false, true}) {
    for (int type = 0; type < 3; ++type) {
      auto const raster = drawn({marked(16, 18, type, is_enemy)}, at(16, 16));
      for (int t = 0; t < 3; ++t) CHECK(cell(raster, t, 6, 5) == (t == type ? 1.0F : 0.0F));
      CHECK(cell(raster, friendly, 6, 5) == (is_enemy ? 0.0F : 1.0F));
      CHECK(cell(raster, enemy, 6, 5) == (is_enemy ? 1.0F : 0.0F));
      CHECK(cell(raster, health, 6, 5) == 0.5F);
      CHECK(cell(raster, energy, 6, 5) == 0.25F);
      CHECK(cell(raster, cooldown, 6, 5) == 0.125F);
      CHECK(cell(raster, shield, 6, 5) == 1.0F);
      CHECK(std::count_if(raster.begin(), raster.end(), [](float x) { return x != 0; }) == 6);
    }
  }
}

TEST_CASE("the enemies' cooldown is in no view, and in every target") {
  std::vector<mark> const scene{marked(16, 16, 1, false), marked(18, 16, 2, true)};
  auto const seen = drawn(scene, at(16, 16), shows::what_agents_see);
  auto all = drawn(scene, at(16, 16), shows::all);
  CHECK(cell(seen, cooldown, 5, 5) == 0.125F);
  CHECK(cell(seen, cooldown, 5, 6) == 0.0F);
  CHECK(cell(all, cooldown, 5, 6) == 0.125F);
  all[static_cast<std::size_t>((cooldown * raster_side + 5) * raster_side + 6)] = 0;
  CHECK(all == seen);  // nothing else differs
}

TEST_CASE("units that share a cell: markers of all, fractions of the one nearest to its middle") {
  std::array<float, 4> const a{0.1F, 0.2F, 0.3F, 0.4F}, b{0.5F, 0.6F, 0.7F, 0.8F};
  for (bool const swapped : {false, true}) {
    std::vector<mark> scene{marked(16.3, 16, 1, false, a), marked(15.8, 16, 2, true, b)};
    if (swapped) std::swap(scene[0], scene[1]);
    auto const raster = drawn(scene, at(16, 16));
    for (int c : {1, 2, friendly, enemy}) CHECK(cell(raster, c, 5, 5) == 1.0F);
    CHECK(cell(raster, health, 5, 5) == 0.5F);
    CHECK(cell(raster, shield, 5, 5) == 0.8F);
    // In a view the enemy's cooldown stays hidden, not replaced by the other unit's.
    CHECK(cell(drawn(scene, at(16, 16), shows::what_agents_see), cooldown, 5, 5) == 0.0F);
  }
  // Equally near: the lower slot.
  CHECK(cell(drawn({marked(16.25, 16, 1, false, a), marked(15.75, 16, 2, true, b)}, at(16, 16)), health, 5, 5) == 0.1F);
  CHECK(cell(drawn({marked(16.25, 16, 1, false, b), marked(15.75, 16, 2, true, a)}, at(16, 16)), health, 5, 5) == 0.5F);
}

TEST_CASE("half a turn of the field turns the raster; a mirrored field has a mirrored raster") {
  auto const made = generate(scenario_named("1c3s5z"), {1, 11, 300, 1});
  scenes states(*made, protoss);
  for (index_t n = 0; n < made->states(); n += 5) {
    states.go_to(n);
    std::vector<mark> const scene(states.marks().begin(), states.marks().end());
    auto turned = scene, mirrored = scene;
    for (auto& m : turned) m.at = point{map_size, map_size} - m.at;
    for (auto& m : mirrored) m.at.x = map_size - m.at.x;
    auto const place = scene.front().at;
    auto const raster = drawn(scene, place);
    auto half_turn = drawn(turned, point{map_size, map_size} - place);
    auto mirror = drawn(mirrored, {map_size - place.x, place.y});
    for (int c = 0; c < protoss.channels(); ++c) {
      auto const begin = half_turn.begin() + c * raster_cells;
      std::reverse(begin, begin + raster_cells);
    }
    for (auto row = mirror.begin(); row != mirror.end(); row += raster_side) std::reverse(row, row + raster_side);
    REQUIRE(half_turn == raster);
    REQUIRE(mirror == raster);
  }
}

TEST_CASE("the disc of cells within sight") {
  CHECK(in_disc(5, 0));
  CHECK(in_disc(10, 5));
  CHECK(in_disc(8, 9));  // 3 and 4 cells: 5 of 5.5
  CHECK_FALSE(in_disc(9, 9));
  CHECK_FALSE(in_disc(0, 0));
  int inside = 0;
  for (int row = 0; row < raster_side; ++row) {
    for (int column = 0; column < raster_side; ++column) inside += in_disc(row, column) ? 1 : 0;
  }
  // The points of the integer grid with r^2 + c^2 <= 30.25.
  CHECK(inside == 97);
}

TEST_CASE("the own last action: which, and where its target is now") {
  std::vector<float> numbers(action_numbers, 7.0F);
  draw_action(act::no_op, at(16, 16), nullptr, numbers);
  CHECK(numbers == std::vector<float>(8, 0.0F));
  draw_action(act::stop, at(16, 16), nullptr, numbers);
  CHECK(numbers == std::vector<float>{1, 0, 0, 0, 0, 0, 0, 0});
  draw_action(act::west, at(16, 16), nullptr, numbers);
  CHECK(numbers == std::vector<float>{0, 0, 0, 0, 1, 0, 0, 0});
  auto const target = marked(20.5, 13.75, 2, true);
  draw_action(9, at(16, 16), &target, numbers);
  CHECK(numbers == std::vector<float>{0, 0, 0, 0, 0, 1, 0.5F, -0.25F});
  draw_action(9, at(16, 16), nullptr, numbers);  // dead by now
  CHECK(numbers == std::vector<float>{0, 0, 0, 0, 0, 1, 0, 0});
  draw_action(9, at(10, 16), &target, numbers);  // out of sight
  CHECK(numbers == std::vector<float>{0, 0, 0, 0, 0, 1, 0, 0});
}

TEST_CASE("views of a recording: from the simulator's state and from what was written are the same") {
  auto const& what = scenario_named("MMM2");
  auto const made = generate(what, {1, 3, 200, 1});
  scenes states(*made, layout_of(made->unit_type));
  auto const type_channels = channels_of(battle(what, 3, 0).state(), states.layout());
  battle b(what, 3, 0);
  std::vector<action> chosen(static_cast<std::size_t>(made->allies()));
  std::vector<mark> scene;
  std::vector<int> slots;
  std::vector<float> view(static_cast<std::size_t>(view_size(states.layout())));
  auto const raster = static_cast<std::size_t>(states.layout().raster_size());
  auto direct = view;
  int healed = 0, attacked = 0;
  for (std::size_t n = 0; n < static_cast<std::size_t>(made->states()); ++n) {
    states.go_to(static_cast<index_t>(n));
    scene_of(b.state(), type_channels, scene, slots);
    REQUIRE(scene.size() == states.marks().size());
    for (std::size_t m = 0; m < scene.size() && slots[m] < made->allies(); ++m) {
      auto const ally = slots[m];
      states.draw_view(ally, n == 0, view);
      draw(scene, scene[m].at, shows::what_agents_see, states.layout(), std::span(direct).first(raster));
      auto const last = n == 0 ? act::no_op : chosen[static_cast<std::size_t>(ally)];
      bool const heals = b.state()[ally].data().heals;
      auto const target = target_slot(last, heals, made->allies());
      auto const found = std::find(slots.begin(), slots.end(), target);
      draw_action(last, scene[m].at,
                  found == slots.end() ? nullptr : &scene[static_cast<std::size_t>(found - slots.begin())],
                  std::span(direct).subspan(raster));
      REQUIRE(view == direct);
      (heals ? healed : attacked) += last >= act::first_target ? 1 : 0;
    }
    if (b.over()) break;
    for (std::size_t a = 0; a < chosen.size(); ++a) chosen[a] = made->action(n, a);
    b.step(chosen);
  }
  CHECK(healed > 0);
  CHECK(attacked > 0);
}

TEST_CASE("golden: views and targets of a first battle, to the bit") {
  auto const made = generate(scenario_named("1c3s5z"), {1, 1, 100, 1});
  scenes states(*made, protoss);
  std::vector<float> view(static_cast<std::size_t>(view_size(protoss)));
  std::string bytes;
  auto const add = [&bytes](std::span<float const> numbers) {
    bytes.append(reinterpret_cast<char const*>(numbers.data()), numbers.size_bytes());
  };
  for (index_t n = 0; n < made->states(); n += 4) {
    states.go_to(n);
    for (int ally = 0; ally < made->allies(); ++ally) {
      if (!states.alive(ally)) continue;
      states.draw_view(ally, n == 0, view);
      add(view);
    }
    auto const target = std::span(view).first(static_cast<std::size_t>(protoss.raster_size()));
    states.draw_target(at(16, 16), target);
    add(target);
  }
  CHECK(examples::sha256(bytes) == "474885ca18045669f1dd30d523b238e37dfbfdb2b8105684223cc3ed07970ee8");
}

TEST_CASE("a view holds what its own ally sees, not what others see") {
  auto made = *generate(scenario_named("1s2z"), {1, 3, 0, 1});
  made.position.fill(20.0F);
  made.position(0, 0, 0) = 2.0F;  // the stalker far from all others
  scenes states(made, protoss);
  std::vector<float> view(static_cast<std::size_t>(view_size(protoss)));
  states.draw_view(0, true, view);
  CHECK(std::count(view.begin(), view.end(), 1.0F) == 4);  // itself: stalker, friend, health and shield
  std::vector<float> target(static_cast<std::size_t>(protoss.raster_size()));
  states.draw_target(at(20, 20), target);
  CHECK(cell(target, enemy, 5, 5) == 1.0F);
}

TEST_CASE("places of the library: the map from -1 to 1") {
  auto const made = make_recording(1, 1, 2, 1);
  auto r = made;
  r.map_size(0) = 32;
  r.map_size(1) = 16;
  CHECK(place_of(r, at(0, 0)) == std::array{-1.0F, -1.0F});
  CHECK(place_of(r, at(24, 8)) == std::array{0.5F, 0.0F});
}
