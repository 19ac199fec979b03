#include "physics.hpp"

#include <cmath>
#include <cstdint>

namespace balls {
namespace {

double squared_distance(ball const& a, ball const& b) { return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y); }

bool overlap(ball const& a, ball const& b) { return squared_distance(a, b) < 4 * world::radius * world::radius; }

bool inside(double x) { return x - world::radius >= 0 && x + world::radius <= world::side; }

/// Numbers in [0, 1) of one sequence, one after the other.
class uniforms {
 public:
  uniforms(s2rm::random numbers, index_t sequence)
      : numbers_(numbers), sequence_(static_cast<std::uint64_t>(sequence)) {}
  double next() { return numbers_.uniform(count_++, sequence_); }

 private:
  s2rm::random numbers_;
  std::uint64_t sequence_;
  std::uint32_t count_ = 0;
};

bool all_clear(std::vector<ball> const& balls) {
  for (std::size_t i = 0; i < balls.size(); ++i) {
    if (!inside(balls[i].x) || !inside(balls[i].y)) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(balls[i], balls[j])) return false;
    }
  }
  return true;
}

/// Rejection from the cube: a uniform direction without a logarithm, whose last bit differs between C libraries.
void draw_velocities(std::vector<ball>& balls, uniforms& from) {
  double norm2 = 0;
  do {
    norm2 = 0;
    for (auto& b : balls) {
      b.vx = 2 * from.next() - 1;
      b.vy = 2 * from.next() - 1;
      norm2 += b.vx * b.vx + b.vy * b.vy;
    }
  } while (norm2 > 1 || norm2 < 1e-6);
  double const scale = world::speed / std::sqrt(norm2);
  for (auto& b : balls) {
    b.vx *= scale;
    b.vy *= scale;
  }
}

void bounce(double x, double& v) {
  if (x - world::radius < 0) v = std::abs(v);
  if (x + world::radius > world::side) v = -std::abs(v);
}

/// Equal masses swap the velocities along the line of their centres.
void collide(ball& a, ball& b) {
  double const distance = std::sqrt(squared_distance(a, b));
  double const wx = (a.x - b.x) / distance, wy = (a.y - b.y) / distance;
  double const along = (a.vx - b.vx) * wx + (a.vy - b.vy) * wy;
  if (!(along < 0)) return;
  a.vx -= along * wx;
  a.vy -= along * wy;
  b.vx += along * wx;
  b.vy += along * wy;
}

}  // namespace

world world::draw(s2rm::random numbers, index_t sequence, int count) {
  uniforms from{numbers, sequence};
  world made;
  made.balls.resize(static_cast<std::size_t>(count));
  do {
    for (auto& b : made.balls) {
      b.x = 2 + 8 * from.next();
      b.y = 2 + 8 * from.next();
    }
  } while (!all_clear(made.balls));
  draw_velocities(made.balls, from);
  return made;
}

void world::advance() {
  for (int step = 0; step < sub_steps; ++step) {
    for (auto& b : balls) {
      b.x += b.vx / sub_steps;
      b.y += b.vy / sub_steps;
      bounce(b.x, b.vx);
      bounce(b.y, b.vy);
    }
    for (std::size_t i = 0; i < balls.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (overlap(balls[i], balls[j])) collide(balls[i], balls[j]);
      }
    }
  }
}

double world::energy() const {
  double sum = 0;
  for (auto const& b : balls) sum += b.vx * b.vx + b.vy * b.vy;
  return sum;
}

}  // namespace balls
