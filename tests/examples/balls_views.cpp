// What is seen and asked in the balls example: crops of hand-made frames, places, batches, views taken away.
#include <set>

#include "balls/batch.hpp"
#include "support/catch.hpp"

using balls::batch;
using balls::centre;
using balls::condition;
using balls::crop;
using balls::frame;
using balls::index_t;
using balls::source;
using balls::split;

namespace {

source const test_part{1, split::test};

float ones(std::vector<float> const& x, std::size_t from, index_t count) {
  float sum = 0;
  for (std::size_t i = from; i < from + static_cast<std::size_t>(count); ++i) sum += x[i];
  return sum;
}

}  // namespace

TEST_CASE("a crop shows the pixels around its centre, row by row") {
  frame f;
  f.pixels[frame::offset(20, 30)] = 1;
  f.pixels[frame::offset(25, 27)] = 1;
  f.pixels[frame::offset(26, 30)] = 1;  // one column too far
  std::vector<float> view(crop::view, -1.0F);
  balls::cut_view(f, {20, 30}, view.data());
  CHECK(view[5 * 11 + 5] == 1);
  CHECK(view[2 * 11 + 10] == 1);
  CHECK(ones(view, 0, crop::pixels) == 2);
  CHECK(ones(view, crop::pixels, crop::pixels) == crop::pixels);
}

TEST_CASE("beyond the edge a crop is zero and says so") {
  frame f;
  f.pixels.fill(1);
  std::vector<float> view(crop::view, -1.0F);
  balls::cut_view(f, {0, 47}, view.data());
  // 6 columns and 6 rows are inside.
  CHECK(ones(view, 0, crop::pixels) == 36);
  CHECK(ones(view, crop::pixels, crop::pixels) == 36);
  CHECK(view[0 * 11 + 4] == 0);
  CHECK(view[0 * 11 + 5] == 1);
  CHECK(view[5 * 11 + 5] == 1);
  CHECK(view[6 * 11 + 5] == 0);
  CHECK(view[crop::pixels + 6 * 11 + 5] == 0);
}

TEST_CASE("places are pixel centres scaled to the square, x first") {
  float place[2];
  balls::place_of({0, 47}, place);
  CHECK(place[0] == Approx(-47.0 / 48));
  CHECK(place[1] == Approx(47.0 / 48));
  balls::place_of({24, 23}, place);
  CHECK(place[0] == Approx(1.0 / 48));
  CHECK(place[1] == Approx(-1.0 / 48));
}

TEST_CASE("a batch shows frame t and asks for frame t + 1") {
  batch b;
  b.shoot(test_part, 3, 2, 6, {.views = 4});
  REQUIRE(b.films.size() == 2);
  REQUIRE(b.films[1].frames.size() == 7);
  std::vector<float> expected(crop::view);
  for (index_t t = 0; t < 6; ++t) {
    for (index_t e = 0; e < 2; ++e) {
      auto const& film = b.films[static_cast<std::size_t>(e)];
      auto const now = static_cast<std::size_t>(t);
      auto const view = b.row(t, e) * 4 + 2, query = b.row(t, e) * 10 + 9;
      balls::cut_view(film.frames[now], b.seen[view], expected.data());
      CHECK(std::equal(expected.begin(), expected.end(), b.view.data() + view * crop::view));
      balls::cut_target(film.frames[now + 1], b.asked[query], expected.data());
      CHECK(std::equal(expected.begin(), expected.begin() + crop::pixels, b.target.data() + query * crop::pixels));
      float place[2];
      balls::place_of(b.asked[query], place);
      CHECK(b.query_place[query * 2] == place[0]);
      CHECK(b.query_place[query * 2 + 1] == place[1]);
    }
  }
  CHECK(b.films[0].frames[0] == balls::record(1, split::test, 3, 3, 0, 1).frames[0]);
}

TEST_CASE("fewer views are the first of more; queries have places of their own") {
  auto const many = balls::draw_centres(test_part, 2, 7, balls::purpose::views, 20);
  auto const few = balls::draw_centres(test_part, 2, 7, balls::purpose::views, 3);
  auto const asked = balls::draw_centres(test_part, 2, 7, balls::purpose::queries, 10);
  CHECK(std::equal(few.begin(), few.end(), many.begin()));
  CHECK_FALSE(std::equal(asked.begin(), asked.end(), many.begin()));
  CHECK_FALSE(balls::draw_centres(test_part, 2, 8, balls::purpose::views, 3) == few);
  std::set<std::pair<int, int>> all;
  for (index_t t = 0; t < 2000; ++t) {
    for (auto const& c : balls::draw_centres(test_part, 0, t, balls::purpose::views, 10)) all.insert({c.x, c.y});
  }
  CHECK(all.size() > 2290);  // of 2304 pixels
  CHECK(all.begin()->first == 0);
  CHECK(all.rbegin()->first == 47);
}

TEST_CASE("a curtain hides balls from views, not from targets") {
  batch open, hidden;
  open.shoot(test_part, 0, 4, 20, {});
  hidden.shoot(test_part, 0, 4, 20, {.curtain = true});
  CHECK(open.target == hidden.target);
  CHECK(open.seen == hidden.seen);
  float behind = 0, lost = 0;
  for (std::size_t i = 0; i < open.seen.size(); ++i) {
    balls::for_pixels(open.seen[i], [&](index_t k, int x, int) {
      auto const at = i * crop::view + static_cast<std::size_t>(k);
      bool const covered = x >= balls::curtain::first && x <= balls::curtain::last;
      if (covered) behind += hidden.view[at];
      if (!covered) lost += open.view[at] - hidden.view[at];
    });
  }
  CHECK(behind == 0);
  CHECK(lost == 0);
  CHECK(open.view != hidden.view);
}

TEST_CASE("views are dropped with their probability, and none comes to a blind step") {
  batch b;
  b.shoot(test_part, 0, 20, 59, {.dropped = 0.75, .blind_from = 34});
  double present = 0;
  for (auto const p : b.present) present += p;
  CHECK(present / static_cast<double>(b.present.size()) == Approx(0.25).margin(0.02));
  for (index_t e = 0; e < 20; ++e) {
    CHECK(b.blind[b.row(33, e)] == 0);
    CHECK(b.blind[b.row(34, e)] == 1);
    CHECK(b.blind[b.row(58, e)] == 1);
  }
}

TEST_CASE("thinning out keeps the first views of a whole sequence, and spans are short") {
  batch b;
  std::set<index_t> numbers;
  index_t whole = 0, sequences = 0, dark = 0;
  for (index_t step = 0; step < 40; ++step) {
    b.shoot({1, split::train}, 16 * step, 16, 20, {}, true);
    b.thin_out(1, step, 0.5, 0.25);
    for (index_t e = 0; e < b.size; ++e, ++sequences) {
      index_t first = -1, spans = 0;
      for (index_t t = 0; t < b.time; ++t) {
        index_t kept = 0;
        for (std::size_t a = 0; a < 10; ++a) kept += b.present[b.row(t, e) * 10 + a];
        if (first < 0) first = kept;
        REQUIRE(kept == first);
        REQUIRE(b.present[b.row(t, e) * 10] == 1);
        spans += b.blind[b.row(t, e)];
        if (t < 3) REQUIRE(b.blind[b.row(t, e)] == 0);
      }
      REQUIRE(spans <= 10);
      dark += spans > 0 ? 1 : 0;
      whole += first == 10 ? 1 : 0;
      numbers.insert(first);
    }
  }
  CHECK(numbers.size() == 10);
  // One half and the tenth of the other half that keeps all.
  CHECK(static_cast<double>(whole) / static_cast<double>(sequences) == Approx(0.55).margin(0.06));
  CHECK(static_cast<double>(dark) / static_cast<double>(sequences) == Approx(0.25).margin(0.06));
}
