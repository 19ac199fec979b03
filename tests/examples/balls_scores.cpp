// Measures of the balls example against hand-computed ones, and its peers.
#include <unistd.h>

#include <cmath>

#include "balls/peers.hpp"
#include "balls/tables.hpp"
#include "support/catch.hpp"

using balls::batch;
using balls::canvas;
using balls::condition;
using balls::crop;
using balls::frame;
using balls::index_t;
using examples::pixel_score;
using balls::split;

namespace {

pixel_score sum(balls::steps_score const& of) {
  pixel_score all;
  for (auto const& one : of) all += one;
  return all;
}

}  // namespace

TEST_CASE("F1 and balanced accuracy of counted pixels") {
  pixel_score s;
  for (int i = 0; i < 3; ++i) s.add_logit(2, 1);    // found
  for (int i = 0; i < 2; ++i) s.add_logit(-1, 1);   // missed
  s.add_logit(0, 0);                                // 1/2 counts as on: a false alarm
  for (int i = 0; i < 14; ++i) s.add_logit(-3, 0);  // rightly off
  CHECK(s.pixels() == 20);
  CHECK(s.f1() == Approx(2 * 3.0 / (2 * 3 + 1 + 2)));
  CHECK(s.balanced_accuracy() == Approx((3.0 / 5 + 14.0 / 15) / 2));
  auto const bce =
      3 * std::log1p(std::exp(-2.0)) + 2 * std::log1p(std::exp(1.0)) + std::log(2.0) + 14 * std::log1p(std::exp(-3.0));
  CHECK(s.bce() == Approx(bce / 20));
}

TEST_CASE("scores add up by pixel, not by crop") {
  pixel_score a, b;
  a.add_probability(0.9, 1);
  for (int i = 0; i < 9; ++i) b.add_probability(0.2, 1);
  CHECK(a.f1() == 1);
  CHECK(b.f1() == 0);
  a += b;
  CHECK(a.pixels() == 10);
  CHECK(a.f1() == Approx(2.0 / 11));
  CHECK(a.bce() == Approx(-(std::log(0.9) + 9 * std::log(0.2)) / 10));
  CHECK(std::isnan(a.balanced_accuracy()));  // nothing is off
}

TEST_CASE("certain and wrong is a large loss, not an infinite one; a decision has none") {
  pixel_score s;
  s.add_probability(0, 1);
  CHECK(s.bce() == Approx(-std::log(1e-6)));
  s.add_decision(true, 1);
  CHECK(std::isnan(s.bce()));
  CHECK(s.f1() == Approx(2.0 / 3));
  CHECK(pixel_score{}.f1() == 1);
}

TEST_CASE("a canvas keeps what each pixel last showed") {
  frame f;
  f.pixels[frame::offset(10, 10)] = 1;
  canvas c;
  CHECK(c.at(10, 10) == canvas::never);
  c.see(f, {8, 10});
  CHECK(c.at(10, 10) == 1);
  CHECK(c.at(13, 10) == 0);
  CHECK(c.at(14, 10) == canvas::never);
  c.see(frame{}, {20, 10});  // does not reach so far
  CHECK(c.at(10, 10) == 1);
  c.see(frame{}, {15, 10});
  CHECK(c.at(10, 10) == 0);
}

TEST_CASE("the background is how often a pixel is on") {
  auto const known = balls::background::learn(1, 3, 50);
  // Three discs of pi 1.1463^2 in a box of 100, and the crops' eighth beyond the edge.
  double mean = 0;
  for (auto const p : known.share) mean += p / static_cast<double>(known.share.size());
  CHECK(mean == Approx(3 * 3.14159 * 1.1463 * 1.1463 / 100).epsilon(0.01));
  CHECK(known.base < mean);
  CHECK(known.base == Approx(mean * 0.95).epsilon(0.06));
  CHECK(known.share[frame::offset(0, 0)] < 0.02);  // a disc does not get into a corner
}

TEST_CASE("true physics knows the next frame and all that follow; the background finds nothing") {
  auto const known = balls::background::learn(1, 3, 20);
  condition const how{.balls = 4, .blind_from = 20};
  batch b;
  b.shoot({1, split::test}, 0, 5, 40, how);
  auto const scores = balls::score_peers(b, how, known);
  CHECK(sum(scores.at("true physics")).f1() == 1);
  CHECK(sum(scores.at("true physics")).bce() < 1e-5);
  CHECK(sum(scores.at("all background")).f1() == 0);
  CHECK(sum(scores.at("all background")).balanced_accuracy() == 0.5);
  CHECK(sum(scores.at("place alone")).bce() < sum(scores.at("all background")).bce());
}

TEST_CASE("last seen is the frame before where everything was seen, and nothing where nothing was") {
  auto const known = balls::background::learn(1, 3, 5);
  batch b;
  b.shoot({1, split::test}, 0, 2, 3, {});
  SECTION("nothing") {
    std::fill(b.present.begin(), b.present.end(), std::uint8_t{0});
    CHECK(sum(balls::score_peers(b, {}, known).at("last seen")).f1() == 0);
  }
  SECTION("blind") {
    std::fill(b.blind.begin(), b.blind.end(), std::uint8_t{1});
    CHECK(sum(balls::score_peers(b, {}, known).at("last seen")).f1() == 0);
  }
  SECTION("all of it") {
    // Asked for the very crops that were seen, with the frame of now as target: all right.
    b.asked = b.seen;
    for (index_t t = 0; t < b.time; ++t) {
      for (index_t e = 0; e < b.size; ++e) {
        for (std::size_t q = 0; q < 10; ++q) {
          auto const i = b.row(t, e) * 10 + q;
          auto const& now = b.films[static_cast<std::size_t>(e)].frames[static_cast<std::size_t>(t)];
          balls::cut_target(now, b.asked[i], b.target.data() + i * crop::pixels);
        }
      }
    }
    auto const scores = balls::score_peers(b, {}, known);
    CHECK(sum(scores.at("last seen")).f1() == 1);
    CHECK(std::isnan(sum(scores.at("last seen")).bce()));
    CHECK(sum(scores.at("true physics")).f1() < 1);
  }
}

TEST_CASE("a record comes back as it was written, undefined figures too") {
  balls::run_record r;
  r.model = "s2gru";
  r.title = "S2GRU";
  r.seed = 4;
  r.fit.steps = 77;
  r.fit.few_views = 0.25;
  r.data_seed = 9;
  r.steps = 70;
  r.step = {20, 40, 60};
  r.loss = {0.3, 0.2, 0.1};
  r.validation_step = {30, 60};
  r.validation = {{"bce", {0.3, 0.2}}, {"f1", {0, 0.5}}};
  r.test = {{"views 10.f1", 0.875}, {"last seen/views 10.bce", std::nan("")}};
  r.manifest = "{}\n";
  auto const path = std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "-s2rm_balls_record.json");
  r.write(path);
  auto back = balls::run_record::read(path);
  REQUIRE(back);
  CHECK(back->fit == r.fit);
  CHECK(back->data_seed == 9);
  CHECK(back->seed == 4);
  CHECK(back->loss == r.loss);
  CHECK(back->test.at("views 10.f1") == 0.875);
  CHECK(std::isnan(back->test.at("last seen/views 10.bce")));
  back->rewind(50);
  CHECK(back->steps == 50);
  CHECK(back->loss == std::vector<double>{0.3, 0.2});
  CHECK(back->validation.at("f1") == std::vector<double>{0});
  CHECK(back->validation.at("bce") == std::vector<double>{0.3});
  std::filesystem::remove(path);
  CHECK_FALSE(balls::run_record::read(path));
}

TEST_CASE("the best with a spatial structure stands beside the best without") {
  auto const run = [](std::string const& name, double f1) {
    balls::run_record r;
    r.model = r.title = name;
    for (auto const& t : balls::one_step_tests()) r.test[balls::key(t, "f1")] = f1;
    return r;
  };
  auto strong = run("s2lstm", 0.9);
  strong.test["balls 6.f1"] = 0.5;
  auto const all = balls::methods_of({run("s2gru", 0.8), strong, run("gru", 0.905), run("rim", 0.7)});
  auto const claims = balls::claim_table(all);
  REQUIRE(claims.rows.size() == 7);
  CHECK(claims.rows[0] == std::vector<std::string>{"views 10", "s2lstm", "0.900", "gru", "0.905", "within 1 %", "yes"});
  CHECK(claims.rows[1] == std::vector<std::string>{"views 1", "s2lstm", "0.900", "gru", "0.905", "the best", "no"});
  CHECK(claims.rows[6] == std::vector<std::string>{"balls 6", "s2gru", "0.800", "gru", "0.905", "the best", "no"});
  auto const with_variant = balls::methods_of({run("s2gru", 0.8), strong, run("no_cut", 0.99), run("gru", 0.905)});
  CHECK(balls::claim_table(with_variant).rows == claims.rows);
  CHECK(balls::claim_table(balls::methods_of({strong})).rows.empty());
  CHECK(balls::claim_table(balls::methods_of({strong, run("no_cut", 0.99)})).rows.empty());
  CHECK(balls::summary_table(all).rows.size() == all.size());
}

TEST_CASE("tables average over seeds, count what is missing and list the peers of one run") {
  auto const run = [](std::int64_t seed, double f1) {
    balls::run_record r;
    r.model = "s2gru";
    r.title = "S2GRU";
    r.seed = seed;
    for (auto const& t : balls::one_step_tests()) {
      r.test[balls::key(t, "f1")] = f1;
      r.test[balls::key("last seen", t, "f1")] = 0.6;
    }
    return r;
  };
  auto unfinished = run(3, 0);
  unfinished.test.clear();
  auto const all = balls::methods_of({run(1, 0.8), run(2, 0.9), unfinished});
  REQUIRE(all.size() == 1 + std::size(balls::peer_names));
  CHECK(all[0].runs.over_runs("views 10.f1").mean == Approx(0.85));
  CHECK(all[0].runs.over_runs("views 10.f1").lost == 1);
  auto const tables = balls::score_tables(all);
  CHECK(tables.front().rows.front() == std::vector<std::string>{"1", "0.850 ± 0.071", "-", "-", "0.600", "-"});
  auto const aims = balls::aim_table(all);
  REQUIRE(aims.rows.size() == 14);
  CHECK(aims.rows[0] == std::vector<std::string>{"views 10", "0.880", "0.850", "no"});
  CHECK(aims.rows[1] == std::vector<std::string>{"views 2", "0.600", "0.850", "yes"});
  CHECK(aims.rows.back() == std::vector<std::string>{"balls 6", "0.600, last seen", "0.850", "yes"});
}
