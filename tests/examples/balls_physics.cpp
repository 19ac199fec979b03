// The world of the balls example: collisions, walls, drawing, and that the sequences are the known ones.
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "balls/video.hpp"
#include "common/sha256.hpp"
#include "support/catch.hpp"

using balls::ball;
using balls::frame;
using balls::index_t;
using balls::world;

namespace {

double distance(ball const& a, ball const& b) { return std::hypot(a.x - b.x, a.y - b.y); }

world start(index_t sequence, int count) { return world::draw({7, 3}, sequence, count); }

/// SHA-256 of the numbers of all balls, bit by bit.
std::string checksum_of_state(index_t sequences, int count) {
  std::string bytes;
  for (index_t s = 0; s < sequences; ++s) {
    for (auto const& w : balls::record(1, balls::split::test, s, count).worlds) {
      for (auto const& b : w.balls) {
        for (auto const x : {b.x, b.y, b.vx, b.vy}) {
          auto const word = std::bit_cast<std::array<char, sizeof x>>(x);
          bytes.append(word.begin(), word.end());
        }
      }
    }
  }
  return examples::sha256(bytes);
}

int pixels_on(frame const& f) {
  int count = 0;
  for (auto const p : f.pixels) count += p;
  return count;
}

}  // namespace

TEST_CASE("a world starts inside its walls, without overlap, at the common speed") {
  for (int count = 1; count <= 6; ++count) {
    for (index_t s = 0; s < 20; ++s) {
      auto const w = start(s, count);
      REQUIRE(w.balls.size() == static_cast<std::size_t>(count));
      CHECK(std::sqrt(w.energy()) == Approx(world::speed));
      for (std::size_t i = 0; i < w.balls.size(); ++i) {
        CHECK(w.balls[i].x >= 2);
        CHECK(w.balls[i].x <= world::side - world::radius);
        CHECK(w.balls[i].y >= 2);
        CHECK(w.balls[i].y <= world::side - world::radius);
        for (std::size_t j = 0; j < i; ++j) CHECK(distance(w.balls[i], w.balls[j]) >= 2 * world::radius);
      }
    }
  }
}

TEST_CASE("energy is kept, balls stay in the box and never stick") {
  for (index_t s = 0; s < 200; ++s) {
    auto w = start(s, 3);
    int overlapping = 0;
    for (int t = 0; t < 200; ++t) {
      w.advance();
      bool touch = false;
      for (std::size_t i = 0; i < w.balls.size(); ++i) {
        auto const& b = w.balls[i];
        for (auto const x : {b.x, b.y}) REQUIRE(std::abs(x - 5) < 5 - world::radius + world::speed);
        for (std::size_t j = 0; j < i; ++j) {
          REQUIRE(distance(b, w.balls[j]) > 2 * world::radius - world::speed);
          touch = touch || distance(b, w.balls[j]) < 2 * world::radius;
        }
      }
      overlapping = touch ? overlapping + 1 : 0;
      REQUIRE(overlapping < 12);
    }
    REQUIRE(w.energy() == Approx(world::speed * world::speed).epsilon(1e-12));
  }
}

TEST_CASE("a head-on collision swaps the velocities") {
  world w{{{3.5, 5, 0.3, 0}, {6.0, 5, -0.1, 0}}};
  w.advance();
  CHECK(w.balls[0].vx == Approx(-0.1));
  CHECK(w.balls[1].vx == Approx(0.3));
  CHECK(w.balls[0].vy == 0);
}

TEST_CASE("an oblique collision keeps momentum and energy, and changes nothing across the line of centres") {
  world w{{{4, 4, 0.2, 0.1}, {5.6, 5.6, -0.2, 0.05}}};
  auto const before = w;
  w.advance();
  auto const &a = w.balls[0], &b = w.balls[1];
  CHECK(a.vx + b.vx == Approx(before.balls[0].vx + before.balls[1].vx).margin(1e-15));
  CHECK(a.vy + b.vy == Approx(before.balls[0].vy + before.balls[1].vy));
  CHECK(w.energy() == Approx(before.energy()));
  CHECK(a.vx != before.balls[0].vx);
}

TEST_CASE("balls that overlap and part do not collide again") {
  world w{{{4, 5, -0.1, 0}, {5, 5, 0.1, 0}}};
  w.advance();
  CHECK(w.balls[0].vx == -0.1);
  CHECK(w.balls[1].vx == 0.1);
}

TEST_CASE("walls turn one component back, inwards even where the ball is beyond them") {
  world w{{{1.25, 5, -0.2, 0.1}}};
  w.advance();
  CHECK(w.balls[0].vx == 0.2);
  CHECK(w.balls[0].vy == 0.1);
  world low{{{5, 9.0, 0, 0.3}}};
  low.advance();
  CHECK(low.balls[0].vy == -0.3);
}

TEST_CASE("a disc is drawn where its soft edge is at least a half") {
  // In the middle of four pixels: the radius at one half is 1.2 (ln 2)^(1/8) = 1.1463 units, 5.502 pixels.
  auto const f = balls::draw({{{5, 5, 0, 0}}});
  int expected = 0;
  for (int y = 0; y < frame::side; ++y) {
    for (int x = 0; x < frame::side; ++x) {
      auto const r = std::hypot(x + 0.5 - 24, y + 0.5 - 24);
      expected += r <= 5.502 ? 1 : 0;
      CHECK(f.at(x, y) == (r <= 5.502 ? 1 : 0));
    }
  }
  CHECK(expected == pixels_on(f));
  // x is the column, y the row.
  auto const corner = balls::draw({{{8.7, 1.3, 0, 0}}});
  CHECK(corner.at(41, 6) == 1);
  CHECK(corner.at(6, 41) == 0);
}

TEST_CASE("a film is a piece of its sequence") {
  auto const whole = balls::record(1, balls::split::test, 5, 3);
  auto const piece = balls::record(1, balls::split::test, 5, 3, 20, 10);
  REQUIRE(whole.frames.size() == 60);
  REQUIRE(piece.frames.size() == 10);
  CHECK(piece.first == 20);
  for (std::size_t t = 0; t < 10; ++t) CHECK(piece.frames[t] == whole.frames[20 + t]);
  CHECK(whole.frames[0] != balls::record(1, balls::split::test, 6, 3, 0, 1).frames[0]);
  CHECK(whole.frames[0] != balls::record(1, balls::split::train, 5, 3, 0, 1).frames[0]);
  CHECK(whole.frames[0] != balls::record(2, balls::split::test, 5, 3, 0, 1).frames[0]);
}

TEST_CASE("the test sequences are the known ones, on every compiler and processor") {
  CHECK(balls::checksum(1, balls::split::test, 3, 4) ==
        "367e5e3d80aeb8cd5d72e89ff71e8832678a6d1647b2e3b2e8a8686333ca1ca9");
  CHECK(balls::checksum(1, balls::split::test, 6, 2) ==
        "7640d41b6c8a10fd24281d55434d647c6e382d8066ed126c24b3afedcde20084");
  // Rounding shows in the state long before it moves a pixel.
  CHECK(checksum_of_state(20, 3) == "e014d2950ecf68bb3c89eab20a925c4ef30a9025e54937d451a91572d2f01f01");
}
