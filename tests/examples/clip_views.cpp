// What the example clip makes of a video: frames, parts, background, crops, batches.
#include <algorithm>
#include <cmath>

#include "clip/batch.hpp"
#include "clip/peers.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using clip::batch;
using clip::crop;
using clip::index_t;
using s2rm::test::complaint;
using s2rm::test::contains;

namespace {

/// 100 frames of 20 x 16 in which every pixel of every frame differs from its neighbours.
clip::footage made_up() {
  clip::footage video;
  video.width = 20;
  video.height = 16;
  video.name = "made up";
  for (int t = 0; t < 100; ++t) {
    for (int i = 0; i < 20 * 16; ++i) video.pixels.push_back(static_cast<std::uint8_t>((31 * t + 7 * i + t * i) % 256));
  }
  return video;
}

}  // namespace

TEST_CASE("the parts follow each other, and background and scale are of the first alone") {
  auto video = made_up();
  auto const from = clip::scene::of(video, 10);
  CHECK(from.train.begin == 0);
  CHECK(from.train.end == 70);
  CHECK(from.validation.begin == 70);
  CHECK(from.validation.end == 80);
  CHECK(from.test.begin == 80);
  CHECK(from.test.end == 100);

  double mean = 0, squares = 0;
  constexpr std::size_t pixel = 37, frame = 20 * 16;
  for (std::size_t t = 0; t < 70; ++t) mean += video.pixels[t * frame + pixel] / 255.0 / 70;
  CHECK(static_cast<double>(from.background[pixel]) == Approx(mean));
  for (index_t t = 0; t < 70; ++t) {
    for (auto const z : from.at(t)) squares += static_cast<double>(z) * static_cast<double>(z);
  }
  CHECK(squares / (70.0 * frame) == Approx(1.0));
  CHECK(static_cast<double>(from.at(90)[pixel]) * from.scale + mean ==
        Approx(video.pixels[90 * frame + pixel] / 255.0));
  CHECK(static_cast<double>(from.grey(from.at(90))[pixel]) == Approx(video.pixels[90 * frame + pixel] / 255.0));

  // What comes later changes nothing of them.
  std::fill(video.pixels.begin() + 70 * frame, video.pixels.end(), std::uint8_t{255});
  auto const other = clip::scene::of(video, 10);
  CHECK(other.background == from.background);
  CHECK(other.scale == from.scale);
}

TEST_CASE("a video that is too short or stands still is refused") {
  auto video = made_up();
  CHECK_THAT(complaint([&] { static_cast<void>(clip::scene::of(video, 70)); }), contains("found 70"));
  std::fill(video.pixels.begin(), video.pixels.end(), std::uint8_t{9});
  CHECK_THAT(complaint([&] { static_cast<void>(clip::scene::of(video, 10)); }), contains("nothing moves"));
}

TEST_CASE("a batch shows crops of a frame and asks for crops of the next one") {
  auto const from = clip::scene::of(made_up(), 10);
  for (double const mirrored : {0.0, 1.0}) {
    batch b;
    b.cut(from, from.train, 3, 4, {{5, 60}, 9, 6, 2, {.mirrored = mirrored}}, true);
    auto const found_at = [&](float const* pixels, float const* place, bool turned) {
      auto const x = static_cast<int>(std::lround(((turned ? -place[0] : place[0]) + 1) * 10 - 0.5F));
      auto const y = static_cast<int>(std::lround((place[1] + 1) * 8 - 0.5F));
      REQUIRE(x >= crop::reach);
      REQUIRE(x < 20 - crop::reach);
      REQUIRE(y >= crop::reach);
      REQUIRE(y < 16 - crop::reach);
      // The frame whose pixels these are.
      for (index_t t = 0; t < from.frames; ++t) {
        bool same = true;
        for (int v = 0; v < crop::side; ++v) {
          for (int u = 0; u < crop::side; ++u) {
            auto const column = turned ? crop::side - 1 - u : u;
            auto const offset = from.frame.offset(x - crop::reach + column, y - crop::reach + v);
            same = same && pixels[v * crop::side + u] == from.at(t)[offset];
          }
        }
        if (same) return t;
      }
      return index_t{-1};
    };
    for (index_t e = 0; e < 3; ++e) {
      auto const start =
          found_at(b.view.data() + b.row(0, e) * 6 * crop::pixels, b.place.data() + b.row(0, e) * 12, mirrored > 0);
      CHECK(start >= 0);
      CHECK(start + 4 < from.train.end);
      for (index_t t = 0; t < 4; ++t) {
        for (std::size_t a = 0; a < 6; ++a) {
          auto const i = b.row(t, e) * 6 + a;
          CHECK(found_at(b.view.data() + i * crop::pixels, b.place.data() + i * 2, mirrored > 0) == start + t);
        }
        for (std::size_t q = 0; q < 2; ++q) {
          auto const i = b.row(t, e) * 2 + q;
          CHECK(found_at(b.target.data() + i * crop::pixels, b.query_place.data() + i * 2, mirrored > 0) ==
                start + t + 1);
        }
      }
    }
  }
}

TEST_CASE("a varied piece is the same one, backward, inverted, with another contrast and elsewhere") {
  auto const from = clip::scene::of(made_up(), 10);
  batch plain, varied;
  // The whole part in one piece, so that both begin with the same frame.
  auto const steps = from.validation.size() - 1;
  auto const cut = [&](batch& to, clip::variation const& how) {
    to.cut(from, from.validation, 1, steps, {{5, 60}, 9, 1, 1, how}, false);
  };
  cut(plain, {});
  cut(varied, {.inverted = 1, .reversed = 1, .contrast = 0.5, .shift = 0.3});
  float const gain =
      varied.view[0] /
      from.at(from.validation.begin +
              steps)[from.frame.offset(static_cast<int>(std::lround((plain.place[0] + 1) * 10 - 0.5F)) - 5,
                                       static_cast<int>(std::lround((plain.place[1] + 1) * 8 - 0.5F)) - 5)];
  CHECK(gain < 0);
  CHECK((-gain >= std::exp(-0.5F) && -gain <= std::exp(0.5F)));
  auto const right = varied.place[0] - plain.place[0], down = varied.place[1] - plain.place[1];
  CHECK((right != 0 && std::abs(right) <= 0.3F));
  CHECK((down != 0 && std::abs(down) <= 0.3F));
  for (index_t t = 0; t < steps; ++t) {
    auto const row = static_cast<std::size_t>(t);
    CHECK(varied.query_place[row * 2] - plain.query_place[row * 2] == Approx(right).margin(1e-6));
    CHECK(varied.query_place[row * 2 + 1] - plain.query_place[row * 2 + 1] == Approx(down).margin(1e-6));
    auto const x = static_cast<int>(std::lround((plain.query_place[row * 2] + 1) * 10 - 0.5F));
    auto const y = static_cast<int>(std::lround((plain.query_place[row * 2 + 1] + 1) * 8 - 0.5F));
    // Asked after step t is the frame before the one that was seen.
    auto const truth = from.at(from.validation.begin + steps - t - 1)[from.frame.offset(x, y)];
    CHECK(varied.target[row * crop::pixels + 60] == Approx(gain * truth).margin(1e-5));
  }
}

TEST_CASE("the same step shows the same, another step something else") {
  auto const from = clip::scene::of(made_up(), 10);
  batch one, same, other;
  one.cut(from, from.train, 2, 5, {{1, 60}, 3, 10, 10, {}}, true);
  same.cut(from, from.train, 2, 5, {{1, 60}, 3, 10, 10, {}}, true);
  other.cut(from, from.train, 2, 5, {{1, 60}, 4, 10, 10, {}}, true);
  CHECK(one.view == same.view);
  CHECK(one.query_place == same.query_place);
  CHECK(one.view != other.view);
}

TEST_CASE("fewer views are the first of more, and all of them lie inside") {
  clip::extent const frame{20, 16};
  auto const few = clip::views_of(frame, 1, 7, 5), many = clip::views_of(frame, 1, 7, 20);
  CHECK(std::equal(few.begin(), few.end(), many.begin()));
  CHECK(clip::views_of(frame, 2, 7, 5) != few);
  CHECK(clip::views_of(frame, 1, 8, 5) != few);
  for (auto const& c : many) {
    CHECK((c.x >= 5 && c.x <= 14));
    CHECK((c.y >= 5 && c.y <= 10));
  }
}

TEST_CASE("the grid of queries covers every pixel") {
  for (clip::extent const frame : {clip::extent{96, 48}, clip::extent{11, 11}, clip::extent{20, 16}}) {
    std::vector<int> count(static_cast<std::size_t>(frame.pixels()), 0);
    for (auto const& c : clip::grid(frame)) {
      REQUIRE((c.x >= crop::reach && c.x < frame.width - crop::reach));
      clip::for_pixels(frame, c, [&](std::size_t, std::size_t offset) { ++count.at(offset); });
    }
    CHECK(*std::min_element(count.begin(), count.end()) >= 1);
  }
}

TEST_CASE("last value keeps what a pixel showed when it was last seen") {
  auto const from = clip::scene::of(made_up(), 10);
  clip::canvas seen{from.frame};
  clip::centre const corner{5, 5}, right{9, 5};
  std::vector<clip::centre> const first{corner}, second{right};
  seen.see(from.at(3), first);
  seen.see(from.at(4), second);
  auto const at = [&](int x, int y) { return from.frame.offset(x, y); };
  CHECK(seen.z()[at(2, 2)] == from.at(3)[at(2, 2)]);
  CHECK(seen.z()[at(6, 2)] == from.at(4)[at(6, 2)]);
  CHECK(seen.z()[at(14, 10)] == from.at(4)[at(14, 10)]);
  CHECK(seen.z()[at(15, 2)] == 0);
  CHECK(seen.z()[at(2, 11)] == 0);
}
