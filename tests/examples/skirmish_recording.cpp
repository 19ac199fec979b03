// Recordings: the same battles on any number of threads and with any compiler, the layout there and back, bad files.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "s2rm/adapters/npy.hpp"
#include "skirmish/generate.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using namespace skirmish;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::refusal;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

recording battles(char const* scenario, index_t episodes, std::uint64_t seed = 1, int random = 100, int threads = 1) {
  return *generate(scenario_named(scenario), {episodes, seed, random, threads});
}

/// The text with which a recording is refused after `change`.
template <class Change>
std::string refused(Change const& change) {
  static recording const good = battles("MMM", 2);
  auto bad = good;
  change(bad);
  return refusal([&] { check(bad, "there"); });
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("golden: the first battles, to the bit") {
  // Whatever changes a rule or a random number changes these; then published data have to be made again.
  CHECK(checksum(battles("1c3s5z", 2)) == "69588027cc930f1c2780aa9dbb67c85caeae9b3bf33030f34d0587250fbc6bfc");
  CHECK(checksum(battles("MMM2", 2)) == "8a2e4abb73d9502e152158bba92b5cb8f93986bc11f2af6ff644449fc9a3a231");
  CHECK(checksum(battles("bane_vs_bane", 2)) == "29159cd701428a721d23cf57751f05edc95c2662e6e2dbd00d3aea4bae533eb0");
  CHECK(checksum(battles("2s_vs_1sc", 2)) == "db17d9d5f4e01f1370d269397fa75f11e39515ecc572b82eaa406f4976d283c3");
}

TEST_CASE("the number of threads changes nothing") {
  auto const one_thread = checksum(battles("1c3s5z", 24, 7));
  for (int const threads : {2, 3, 8, 40}) CHECK(checksum(battles("1c3s5z", 24, 7, 100, threads)) == one_thread);
  CHECK(checksum(battles("1c3s5z", 24, 8)) != one_thread);
  CHECK(checksum(battles("1c3s5z", 24, 7, 101)) != one_thread);
}

TEST_CASE("more episodes begin with the same ones") {
  auto const few = battles("2s3z", 2), more = battles("2s3z", 5, 1, 100, 3);
  REQUIRE(more.episodes() == 5);
  CHECK(more.episode_length(1) == few.episode_length(1));
  CHECK(std::equal(few.position.begin(), few.position.end(), more.position.begin()));
  CHECK(std::equal(few.action.begin(), few.action.end(), more.action.begin()));
  CHECK(more.begin_of(2) == few.states());
  CHECK(more.begin_of(5) == more.states());
}

TEST_CASE("generating can be ended, and says what it cannot do") {
  CHECK_FALSE(generate(scenario_named("25m"), {100000, 1, 100, 2}, [](index_t) { return false; }).has_value());
  CHECK_THROWS_WITH(battles("3m", 0), contains("episodes: expected 1 to"));
  CHECK_THROWS_WITH(battles("3m", 1, 1, 1001), contains("share"));
}

TEST_CASE("what is generated passes the checks of the loader") {
  for (auto const& s : scenarios()) {
    CAPTURE(s.name);
    CHECK_NOTHROW(check(*generate(s, {2, 1, 300, 1}), "made"));
  }
}

TEST_CASE("a folder holds one file for each field, and is read as it was written") {
  temporary_folder const folder;
  auto const made = battles("1c3s5z", 3);
  save_recording(made, folder.path() / "deep" / "battles");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path() / "deep"), {}) == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path() / "deep" / "battles"), {}) == 13);
  auto const read = load_recording(folder.path() / "deep" / "battles");
  CHECK(checksum(read) == checksum(made));
  CHECK(read.episodes() == 3);
  CHECK(read.allies() == 9);
  CHECK(read.units() == 18);
  // An empty folder is taken, a trailing slash is not minded.
  std::filesystem::create_directories(folder.path() / "empty");
  save_recording(made, folder.path() / "empty" / "");
  CHECK(checksum(load_recording(folder.path() / "empty")) == checksum(made));
}

TEST_CASE("a folder that holds something is left alone") {
  temporary_folder const folder;
  write_text(folder / "mine", "x");
  auto const made = battles("3m", 1);
  CHECK_THROWS_WITH(save_recording(made, folder.path()), contains("is there and is not an empty folder"));
  CHECK_THROWS_WITH(save_recording(made, folder / "mine"), contains("mine"));
  CHECK(folder.count() == 1);
  CHECK(read_text(folder / "mine") == "x");
}

TEST_CASE("files that are not there or not what they say") {
  temporary_folder const folder;
  auto const made = battles("3m", 1);
  auto const root = folder.path() / "r";
  save_recording(made, root);
  auto const load = [&] { return refusal([&] { static_cast<void>(load_recording(root)); }); };
  for_each_field(made, [&]<class T, std::size_t Rank>(char const* name, tensor<T, Rank> const& field) {
    CAPTURE(name);
    auto const path = (root / name).string() + ".npy";
    auto const good = read_text(path);
    std::filesystem::remove(path);
    CHECK_THAT(load(), contains(path) && contains("cannot open"));
    write_text(path, good.substr(0, good.size() - 1));
    CHECK_THAT(load(), contains(path) && contains("expected") && contains("found"));
    write_text(path, "not numpy's, for sure");
    CHECK_THAT(load(), contains(path) && contains("not a .npy file"));
    tensor<double, Rank> const other_type = field;
    std::filesystem::remove(path);
    s2rm::io::save_npy(path, other_type);
    CHECK_THAT(load(), contains(path) && contains("expected dtype") && contains("'<f8'"));
    s2rm::io::save_npy(path, s2rm::make_tensor<T>(1, 1, 1, 1));
    CHECK_THAT(load(), contains(path) && contains("expected rank") && contains("found 4"));
    write_text(path, good);
  });
  CHECK_NOTHROW(load_recording(root));
  write_text((root / "stance.npy").string(), "x");
  CHECK_THAT(load(), contains("stance.npy: unknown: a recording has no such field"));
  std::filesystem::remove(root / "stance.npy");
  for (auto const* other : {"notes.txt", ".DS_Store", "._alive.npy", "._stance.npy"}) {
    write_text((root / other).string(), std::string("\0\5\x16\7", 4));
  }
  CHECK_NOTHROW(load_recording(root));
}

TEST_CASE("what other programs computed may be off its range by a rounding") {
  temporary_folder const folder;
  auto const made = battles("3m", 1);
  auto const root = folder.path() / "r";
  save_recording(made, root);
  auto const with = [&](float health, float shield, float x) {
    auto health_of = made.health, shield_of = made.shield;
    auto position_of = made.position;
    health_of(2, 1) = health;
    shield_of(2, 0) = shield;
    position_of(2, 1, 0) = x;
    s2rm::io::save_npy((root / "health.npy").string(), health_of);
    s2rm::io::save_npy((root / "shield.npy").string(), shield_of);
    s2rm::io::save_npy((root / "position.npy").string(), position_of);
  };
  auto const above = [](float x) { return std::nextafter(x, 2 * x); };
  with(above(1.0F), -1e-9F, above(made.map_size(0)));
  auto const read = load_recording(root);
  CHECK((read.health(2, 1) == 1.0F && read.shield(2, 0) == 0.0F && read.position(2, 1, 0) == made.map_size(0)));
  // What is further off is said with all of its digits.
  auto const load = [&] { return refusal([&] { static_cast<void>(load_recording(root)); }); };
  with(1.00001F, 0, 1);
  CHECK_THAT(load(), contains("health.npy[2, 1]: expected a fraction in [0, 1], found 1.00001001"));
  with(1, -2e-6F, 1);
  CHECK_THAT(load(), contains("shield.npy[2, 0]: expected a fraction in [0, 1], found -1.99999999e-06") ||
                         contains("found -2.0000000"));
  with(1, 0, 1.0001F * made.map_size(0));
  CHECK_THAT(load(), contains("position.npy[2, 1, 0]: expected a place within [0, 32], found 32.00"));
}

TEST_CASE("a recording of Julia or MATLAB: column-major, bytes and flags in other spellings") {
  temporary_folder const folder;
  auto const made = battles("3m", 1);
  auto const root = folder.path() / "r";
  save_recording(made, root);
  for (auto const* name : {"won", "enemy", "unit_type", "map_size", "episode_length"}) {
    auto const path = (root / name).string() + ".npy";
    auto bytes = read_text(path);
    auto const order = bytes.find("False");
    bytes.replace(order, 5, "True ");
    if (auto const type = bytes.find("|u1"); type != std::string::npos) bytes.replace(type, 3, "<u1");
    write_text(path, bytes);
  }
  auto const alive = (root / "alive.npy").string();
  auto bytes = read_text(alive);
  auto const numbers = bytes.size() - made.alive.size();
  bytes.replace(bytes.find("False"), 5, "True ");
  bytes.replace(bytes.find("|u1"), 3, "<b1");
  auto const units = made.alive.shape(1), states = made.alive.shape(0);
  for (std::size_t n = 0; n < states; ++n) {
    for (std::size_t u = 0; u < units; ++u) bytes[numbers + n + u * states] = static_cast<char>(made.alive(n, u));
  }
  write_text(alive, bytes);
  CHECK(checksum(load_recording(root)) == checksum(made));
}

TEST_CASE("what comes first bounds what comes after") {
  temporary_folder const folder;
  auto const made = battles("3m", 1);
  auto const root = folder.path() / "r";
  save_recording(made, root);
  auto const load = [&] { return refusal([&] { static_cast<void>(load_recording(root)); }); };
  auto const with = [&](char const* name, auto const& field, char const* text) {
    auto const path = (root / name).string() + ".npy";
    auto const good = read_text(path);
    s2rm::io::save_npy(path, field);
    CHECK_THAT(load(), contains(path) && contains(text));
    write_text(path, good);
  };
  // Refused by its header alone, whatever the file holds behind it.
  with("alive", s2rm::make_tensor<std::uint8_t>(made.states() + 1, made.units()), "extent 0 of the shape");
  with("position", s2rm::make_tensor<float>(made.states(), made.units(), 3), "expected 2 for extent 2 of the shape");
  with("action", s2rm::make_tensor<std::uint8_t>(made.states(), made.allies() + 1), "extent 1 of the shape");
  with("won", s2rm::make_tensor<std::uint8_t>(2), "expected 1 for extent 0 of the shape");
  with("unit_type", s2rm::make_tensor<std::int32_t>(1001), "expected at most 4000 bytes of numbers, found 4004");
  auto lengths = made.episode_length;
  lengths(0) = 2'000'000'000;
  with("episode_length", lengths, "expected at most 100000000 states, found 2000000000");
  CHECK_NOTHROW(load_recording(root));
}

TEST_CASE("extents that do not fit together") {
  auto const grown = [](auto& field, std::size_t axis) {
    auto shape = field.shape();
    ++shape[axis];
    field = std::remove_cvref_t<decltype(field)>(shape, 0);
  };
  CHECK_THAT(refused([&](recording& r) { grown(r.won, 0); }),
             contains("there/won.npy: expected (2), one for each of") && contains("found (3)"));
  CHECK_THAT(refused([&](recording& r) { grown(r.enemy, 0); }),
             contains("enemy.npy: expected (20)") && contains("found (21)"));
  CHECK_THAT(refused([&](recording& r) { grown(r.map_size, 0); }), contains("map_size.npy: expected (2)"));
  CHECK_THAT(refused([&](recording& r) { grown(r.walkable, 1); }),
             contains("walkable.npy: expected (2, 2)") && contains("found (2, 3)"));
  CHECK_THAT(refused([&](recording& r) { grown(r.alive, 1); }),
             contains("alive.npy: expected (") && contains(", 20)") && contains(", 21)"));
  for (std::size_t axis : {0U, 1U}) {
    CHECK_THAT(refused([&](recording& r) { grown(r.position, axis); }), contains("position.npy: expected ("));
    CHECK_THAT(refused([&](recording& r) { grown(r.health, axis); }), contains("health.npy: expected ("));
    CHECK_THAT(refused([&](recording& r) { grown(r.energy, axis); }), contains("energy.npy: expected ("));
    CHECK_THAT(refused([&](recording& r) { grown(r.cooldown, axis); }), contains("cooldown.npy: expected ("));
    CHECK_THAT(refused([&](recording& r) { grown(r.shield, axis); }), contains("shield.npy: expected ("));
    CHECK_THAT(refused([&](recording& r) { grown(r.action, axis); }),
               contains("action.npy: expected (") && contains("one for each ally"));
  }
  CHECK_THAT(refused([&](recording& r) { grown(r.position, 2); }),
             contains("position.npy: expected (") && contains(", 20, 2)") && contains(", 20, 3)"));
}

TEST_CASE("numbers that cannot be") {
  using r_t = recording;
  CHECK_THAT(refused([](r_t& r) { r.unit_type(3) = 0; }),
             contains("there/unit_type.npy[3]: expected a number above 0, found 0"));
  CHECK_THAT(refused([](r_t& r) { r.enemy(0) = 2; }), contains("expected"));
  CHECK_THAT(refused([](r_t& r) { std::swap(r.enemy(9), r.enemy(10)); }),
             contains("enemy.npy[10]: expected 0 for each ally, then 1") && contains("found 0"));
  CHECK_THAT(refused([](r_t& r) { r.map_size(1) = 0; }),
             contains("map_size.npy[1]: expected a size in (0, 1024], found 0"));
  CHECK_THAT(refused([](r_t& r) { r.map_size(0) = not_a_number; }), contains("map_size.npy[0]") && contains("nan"));
  CHECK_THAT(refused([](r_t& r) { r.walkable(1, 0) = 33; }),
             contains("walkable.npy[1, 0]: expected corners within the map") && contains("found 0 and 33"));
  CHECK_THAT(refused([](r_t& r) { r.walkable(0, 1) = 24; }), contains("walkable.npy[1, 1]"));
  CHECK_THAT(refused([](r_t& r) { r.episode_length(1) = 0; }),
             contains("episode_length.npy[1]: expected at least 1 state, found 0"));
  CHECK_THAT(refused([](r_t& r) { r.episode_length(1) += 1; }),
             contains("episode_length.npy: expected lengths that add up to"));
  CHECK_THAT(refused([](r_t& r) { r.won(0) = 2; }), contains("won.npy[0]: expected 0 or 1, found 2"));
  CHECK_THAT(refused([](r_t& r) { r.alive(4, 2) = 2; }), contains("alive.npy[4, 2]: expected 0 or 1, found 2"));
  CHECK_THAT(refused([](r_t& r) { r.alive(4, 12) = 0; }),
             contains("alive.npy[5, 12]: expected 0, as in the state before, found 1"));
  CHECK_THAT(refused([](r_t& r) { r.position(2, 3, 1) = 32.5F; }),
             contains("position.npy[2, 3, 1]: expected a place within [0, 32], found 32.5"));
  CHECK_THAT(refused([](r_t& r) { r.position(2, 3, 0) = not_a_number; }),
             contains("position.npy[2, 3, 0]") && contains("found nan"));
  CHECK_THAT(refused([](r_t& r) { r.health(2, 3) = 1.5F; }),
             contains("health.npy[2, 3]: expected a fraction in [0, 1], found 1.5"));
  CHECK_THAT(refused([](r_t& r) { r.energy(2, 3) = -1; }), contains("energy.npy[2, 3]") && contains("found -1"));
  CHECK_THAT(refused([](r_t& r) { r.cooldown(2, 3) = not_a_number; }), contains("cooldown.npy[2, 3]"));
  CHECK_THAT(refused([](r_t& r) { r.shield(2, 3) = 45; }), contains("shield.npy[2, 3]") && contains("found 45"));
  CHECK_THAT(refused([](r_t& r) { r.action(2, 3) = 0; }),
             contains("action.npy[2, 3]: expected 1 to 15 of a live ally, found 0"));
  CHECK_THAT(refused([](r_t& r) { r.action(2, 3) = 16; }), contains("action.npy[2, 3]") && contains("found 16"));
  CHECK_THAT(refused([](r_t& r) { r.action(static_cast<std::size_t>(r.episode_length(0)) - 1, 0) = 1; }),
             contains("expected 0 in the last state of an episode, found 1"));
  CHECK_THAT(refused([](r_t& r) {
               for (std::size_t n = 3; n < static_cast<std::size_t>(r.episode_length(0)); ++n) r.alive(n, 5) = 0;
             }),
             contains("action.npy[3, 5]: expected 0 of a dead ally"));
}

TEST_CASE("numbers that cannot be, by one") {
  using r_t = recording;
  auto const with_units = [](r_t& r, std::size_t units, std::size_t allies) {
    auto const states = r.alive.shape(0);
    r.unit_type = s2rm::make_tensor<std::int32_t>(units);
    r.enemy = s2rm::make_tensor<std::uint8_t>(units);
    for (std::size_t u = 0; u < units; ++u) {
      r.unit_type(u) = 48;
      r.enemy(u) = u < allies ? 0 : 1;
    }
    r.alive = s2rm::make_tensor<std::uint8_t>(states, units);
    r.position = s2rm::make_tensor<float>(states, units, 2);
    for (auto* const field : {&r.health, &r.energy, &r.cooldown, &r.shield}) {
      *field = s2rm::make_tensor<float>(states, units);
    }
    r.action = s2rm::make_tensor<std::uint8_t>(states, allies);
  };
  CHECK_THAT(refused([&](r_t& r) { with_units(r, 0, 0); }),
             contains("unit_type.npy: expected 1 to 1000 units, found 0"));
  CHECK_THAT(refused([&](r_t& r) { with_units(r, 1001, 1); }), contains("1 to 1000 units, found 1001"));
  CHECK_THAT(refused([&](r_t& r) { with_units(r, 3, 3); }),
             contains("enemy.npy: expected an enemy, found allies alone"));
  CHECK_THAT(refused([&](r_t& r) { with_units(r, 3, 0); }),
             contains("enemy.npy[0]: expected 0 for each ally") && contains("found 1"));
  CHECK_THAT(refused([](r_t& r) { r.enemy(19) = 2; }), contains("enemy.npy[19]") && contains("found 2"));
  CHECK_THAT(refused([](r_t& r) { r.map_size(0) = 1025; }), contains("map_size.npy[0]") && contains("found 1025"));
  CHECK_THAT(refused([](r_t& r) { r.walkable(0, 0) = -1; }),
             contains("walkable.npy[1, 0]") && contains("found -1 and 32"));
  CHECK_THAT(refused([](r_t& r) { r.episode_length(1) -= 1; }), contains("lengths that add up to"));
  CHECK_THAT(refused([](r_t& r) {
               r.episode_length = s2rm::make_tensor<std::int32_t>(0);
               r.won = s2rm::make_tensor<std::uint8_t>(0);
             }),
             contains("episode_length.npy: expected an episode, found none"));
  CHECK_THAT(refused([](r_t& r) { r.position(2, 3, 0) = -0.5F; }),
             contains("position.npy[2, 3, 0]") && contains("found -0.5"));
}

TEST_CASE("a healer's targets are its own side") {
  auto r = battles("MMM2", 1);
  REQUIRE(r.allies() == 10);
  REQUIRE(r.units() == 22);
  std::size_t healer = 0, fighter = 0;
  for (std::size_t a = 0; a < 10; ++a) (is_healer(r.unit_type(a)) ? healer : fighter) = a;
  REQUIRE(is_healer(r.unit_type(healer)));
  r.action(1, fighter) = 6 + 11;
  r.action(1, healer) = 6 + 9;
  CHECK_NOTHROW(check(r, "there"));
  r.action(1, healer) = 6 + 10;
  CHECK_THAT(refusal([&] { check(r, "there"); }), contains("expected 1 to 15 of a live ally, found 16"));
}

TEST_CASE("what is read is checked, and what cannot be written leaves nothing") {
  temporary_folder const folder;
  auto made = battles("3m", 1);
  made.health(0, 0) = 1.5F;
  save_recording(made, folder.path() / "r");
  CHECK_THAT(refusal([&] { static_cast<void>(load_recording(folder.path() / "r")); }), contains("health.npy[0, 0]"));
  // A folder in the place of a file that is written last but few.
  auto const target = folder.path() / "broken";
  auto const fresh = target.string() + ".tmp." + std::to_string(::getpid());
  std::filesystem::create_directories(std::filesystem::path{fresh} / "shield.npy" / "x");
  CHECK_THAT(refusal([&] { save_recording(made, target); }), contains("shield.npy"));
  CHECK_FALSE(std::filesystem::exists(fresh));
  CHECK_FALSE(std::filesystem::exists(target));
}

TEST_CASE("what the dead left behind is not read") {
  auto r = battles("3m", 1);
  std::size_t const last = static_cast<std::size_t>(r.states()) - 1;
  std::size_t dead = 0;
  while (dead < 6 && r.alive(last, dead) != 0) ++dead;
  REQUIRE(dead < 6);
  r.health(last, dead) = not_a_number;
  r.position(last, dead, 0) = -5;
  CHECK_NOTHROW(check(r, "there"));
}

TEST_CASE("units that the table does not know can be loaded and drawn") {
  auto r = battles("3m", 1);
  r.unit_type.fill(9999);
  CHECK_NOTHROW(check(r, "there"));
  CHECK(layout_of(r.unit_type).channels() == 7);
}
