// Measures of the skirmish example against brute force, its peers, its tables, its picture of belief.
#include <algorithm>
#include <cmath>

#include "s2rm/core/random.hpp"
#include "skirmish/belief.hpp"
#include "skirmish/tables.hpp"
#include "support/catch.hpp"

using namespace skirmish;

namespace {

s2rm::random const numbers{11, 90};

/// A raster of random markers, about one in `every` set, and random fractions.
std::vector<float> random_target(std::uint32_t which, index_t every) {
  std::vector<float> raster(batch::raster);
  for (std::size_t i = 0; i < raster.size(); ++i) {
    bool const marker = i < static_cast<std::size_t>(model_markers) * raster_cells;
    raster[i] =
        marker ? (numbers.below(which, i, every) == 0 ? 1.0F : 0.0F) : static_cast<float>(numbers.uniform(which, i));
  }
  return raster;
}

std::vector<float> random_prediction(std::uint32_t which, double low, double high) {
  std::vector<float> raster(batch::raster);
  for (std::size_t i = 0; i < raster.size(); ++i) raster[i] = static_cast<float>(numbers.uniform(which, i, low, high));
  return raster;
}

/// A recording of two states in which nothing happens but what `change` does to the second.
template <class Change>
std::shared_ptr<recording const> two_states(Change const& change) {
  auto r = make_recording(1, 2, 3, 1);
  r.episode_length(0) = 2;
  r.map_size(0) = r.map_size(1) = 32;
  r.walkable(0, 1) = 8;
  r.walkable(1, 0) = 32;
  r.walkable(1, 1) = 24;
  constexpr std::int32_t types[] = {74, 73, 4};
  constexpr float x[] = {9.3F, 14.1F, 27.2F}, y[] = {16.2F, 17.4F, 12.9F};
  for (std::size_t u = 0; u < 3; ++u) {
    r.unit_type(u) = types[u];
    r.enemy(u) = u > 0 ? 1 : 0;
    for (std::size_t n = 0; n < 2; ++n) {
      r.alive(n, u) = 1;
      r.position(n, u, 0) = x[u];
      r.position(n, u, 1) = y[u];
      r.health(n, u) = 0.5F;
      r.cooldown(n, u) = 0.25F;
      r.shield(n, u) = 1;
    }
  }
  change(r);
  return std::make_shared<recording const>(std::move(r));
}

/// That battle as a batch: what the ally sees, what was asked.
batch batch_of(std::shared_ptr<recording const> const& of) {
  // A source takes ten battles; the batch is of the first.
  auto many = make_recording(10, 20, 3, 1);
  many.unit_type = of->unit_type;
  many.enemy = of->enemy;
  many.map_size = of->map_size;
  many.walkable = of->walkable;
  auto const copy = [&](auto const& from, auto& to) {
    for (std::size_t e = 0; e < 10; ++e) std::copy(from.begin(), from.end(), to.begin() + e * from.size());
  };
  for (auto& length : many.episode_length) length = 2;
  copy(of->alive, many.alive);
  copy(of->position, many.position);
  copy(of->health, many.health);
  copy(of->energy, many.energy);
  copy(of->cooldown, many.cooldown);
  copy(of->shield, many.shield);
  batch b;
  b.take(source::recorded(std::make_shared<recording const>(std::move(many)), split::test), 0, 1, 0, {});
  return b;
}

void nothing(recording& /*r*/) {}

}  // namespace

TEST_CASE("scores are those of brute force over all cells of all queries") {
  battle_score score, first;
  double bce[2] = {}, hits[2] = {}, wrong[2] = {}, squares[4] = {};
  std::int64_t occupied = 0;
  for (std::uint32_t k = 0; k < 5; ++k) {
    auto const target = random_target(k, 4);
    auto const predicted = random_prediction(100 + k, -3, 2);
    (k < 2 ? first : score).add(predicted.data(), target.data());
    for (std::size_t c = 0; c < 5; ++c) {
      for (std::size_t i = c * 121; i < (c + 1) * 121; ++i) {
        auto const side = c < 3 ? 0 : 1;
        double const p = 1 / (1 + std::exp(-static_cast<double>(predicted[i])));
        bool const is = target[i] == 1.0F;
        bce[side] -= std::log(is ? p : 1 - p);
        hits[side] += is && p >= 0.5 ? 1 : 0;
        wrong[side] += is != (p >= 0.5) ? 1 : 0;
      }
    }
    for (std::size_t i = 0; i < 121; ++i) {
      if (target[3 * 121 + i] == 0 && target[4 * 121 + i] == 0) continue;
      ++occupied;
      for (std::size_t v = 0; v < 4; ++v) {
        squares[v] += std::pow(static_cast<double>(predicted[(5 + v) * 121 + i] - target[(5 + v) * 121 + i]), 2);
      }
    }
  }
  score += first;
  CHECK(score.types().bce() == Approx(bce[0] / (5 * 3 * 121)));
  CHECK(score.sides().bce() == Approx(bce[1] / (5 * 2 * 121)));
  CHECK(score.types().f1() == Approx(2 * hits[0] / (2 * hits[0] + wrong[0])));
  CHECK(score.sides().f1() == Approx(2 * hits[1] / (2 * hits[1] + wrong[1])));
  CHECK(score.markers().bce() == Approx((bce[0] + bce[1]) / (5 * 5 * 121)));
  CHECK(score.markers().f1() == Approx(2 * (hits[0] + hits[1]) / (2 * (hits[0] + hits[1]) + wrong[0] + wrong[1])));
  CHECK(score.occupied() == occupied);
  for (int v = 0; v < 4; ++v) CHECK(score.negative_mse(v) == Approx(-squares[v] / static_cast<double>(occupied)));
  CHECK(std::isnan(battle_score{}.negative_mse(0)));
  examples::figures noted;
  score.note(noted, "here");
  CHECK(noted.size() == 10);
  CHECK(noted.at("here.f1") == score.markers().f1());
  CHECK(noted.at("here.shield") == score.negative_mse(3));
}

TEST_CASE("where nothing moves, the state before is right") {
  auto const b = batch_of(two_states(nothing));
  auto const known = habits::learn(source::played(scenario_named("1s2z"), 100, 1, split::train), 3);
  auto const scores = score_peers(b, known);
  CHECK(scores.at("nothing moves").markers().f1() == 1);
  CHECK(scores.at("nothing moves").occupied() > 0);
  CHECK(scores.at("nothing moves").negative_mse(2) == 0);
  CHECK(std::isnan(scores.at("nothing moves").markers().bce()));
  CHECK(scores.at("all empty").markers().f1() == 0);
  auto const moved = batch_of(two_states([](recording& r) {
    for (std::size_t u = 0; u < 3; ++u) r.position(1, u, 0) += 2;
  }));
  CHECK(score_peers(moved, known).at("nothing moves").markers().f1() < 0.5);
}

TEST_CASE("last seen is what a view showed there, and nothing beyond all views") {
  auto const b = batch_of(two_states(nothing));
  memory seen(*b.battles.front().of);
  std::vector<float> raster(batch::raster), view(b.view.begin(), b.view.begin() + batch::raster);
  seen.draw({9 * one, 16 * one}, raster);
  CHECK(std::all_of(raster.begin(), raster.end(), [](float v) { return v == 0; }));
  seen.see(b, 0, 0);
  // Asked for the very place the view was taken from: the view, but for cells out of the circle.
  auto const at = position_of(*b.battles.front().of, static_cast<std::size_t>(b.battles.front().begin), 0);
  seen.draw(at, raster);
  for (int i = 0; i < batch::raster; ++i) {
    if (!in_disc(i % 121 / 11, i % 11)) continue;
    CHECK(raster[static_cast<std::size_t>(i)] == view[static_cast<std::size_t>(i)]);
  }
  CHECK(raster[3 * 121 + 60] == 1);                                                  // itself, a friend
  CHECK(raster[7 * 121 + 60] == 0.25F);                                              // its own cooldown
  CHECK(std::count(raster.begin() + 4 * 121, raster.begin() + 5 * 121, 1.0F) == 1);  // one enemy in sight
  // The Colossus at (27.2, 12.9) is out of sight.
  seen.draw({27 * one, 13 * one}, raster);
  CHECK(std::count(raster.begin(), raster.begin() + 121, 1.0F) == 0);
  seen.forget();
  seen.draw(at, raster);
  CHECK(std::count(raster.begin(), raster.end(), 0.0F) == batch::raster);
}

TEST_CASE("last seen takes the later step, and of one step the view whose cell lies nearest") {
  auto const from = source::played(scenario_named("1c3s5z"), 100, 1, split::test);
  batch b;
  b.take(from, 0, 1, 0, {});
  memory seen(*b.battles.front().of);
  std::vector<float> raster(batch::raster);
  index_t constexpr last = 12;
  for (index_t t = 0; t <= last; ++t) seen.see(b, t, 0);
  for (std::size_t q = 0; q < 4; ++q) {
    auto const place = b.asked[b.row(last, 0) * 4 + q];
    seen.draw(place, raster);
    for (int cell = 0; cell < raster_cells; ++cell) {
      if (!in_disc(cell / 11, cell % 11)) continue;
      // Brute force, from the square of the map that the cell's middle lies in.
      auto const m = cell_middle(place, cell / 11, cell % 11);
      auto const grid = [](std::int32_t along) {
        return static_cast<std::int32_t>(std::floor(along / 2048.0)) * 2048 + 1024;
      };
      point const here{grid(m.x), grid(m.y)};
      float const* best = nullptr;
      if (here.x > 0 && here.y > 0 && here.x < map_size && here.y < map_size) {
        for (index_t t = last; t >= 0 && best == nullptr; --t) {
          double nearest = 1e30;
          for (std::size_t a = 0; a < 9; ++a) {
            auto const i = b.row(t, 0) * 9 + a;
            if (b.present[i] == 0) continue;
            auto const eye = position_of(*b.battles[0].of, static_cast<std::size_t>(t), a);
            if (!within(eye, here, sight_range)) continue;
            auto const row = bin_of(here.y - eye.y), column = bin_of(here.x - eye.x);
            auto const distance = static_cast<double>(square_length(here - cell_middle(eye, row, column)));
            if (distance >= nearest) continue;
            nearest = distance;
            best = b.view.data() + i * batch::view_size + row * 11 + column;
          }
        }
      }
      for (int c = 0; c < model_channels; ++c) {
        REQUIRE(raster[static_cast<std::size_t>(c * 121 + cell)] == (best == nullptr ? 0.0F : best[c * 121]));
      }
    }
  }
}

TEST_CASE("habits are shares of cells and means over occupied ones") {
  auto const from = source::played(scenario_named("1s2z"), 100, 1, split::train);
  auto const known = habits::learn(from, 12);
  double set = 0, cells = 0, health = 0, occupied = 0;
  for (index_t first = 0; first < 12; first += 6) {
    batch b;
    b.take(from, first, 6, 0, {});
    for (std::size_t i = 0; i < b.answered.size(); ++i) {
      if (b.answered[i] == 0) continue;
      float const* const raster = b.target.data() + i * batch::raster;
      for (std::size_t cell = 0; cell < 121; ++cell) {
        ++cells;
        set += static_cast<double>(raster[2 * 121 + cell]);
        if (raster[3 * 121 + cell] == 0 && raster[4 * 121 + cell] == 0) continue;
        ++occupied;
        health += static_cast<double>(raster[5 * 121 + cell]);
      }
    }
  }
  CHECK(static_cast<double>(known.constant()[2 * 121 + 17]) == Approx(set / cells));
  CHECK(static_cast<double>(known.constant()[5 * 121 + 17]) == Approx(health / occupied));
  std::vector<float> raster(batch::raster);
  known.draw({16 * one, 16 * one}, raster);
  auto const sum = [&](std::size_t c) {
    double s = 0;
    for (std::size_t cell = 0; cell < 121; ++cell) s += static_cast<double>(raster[c * 121 + cell]);
    return s;
  };
  CHECK(sum(3) > sum(0));  // there are friends, but no Colossus
  CHECK(sum(0) == 0);
  known.draw({0, 24 * one}, raster);
  CHECK(sum(3) < 1);  // hardly anybody in a corner
}

TEST_CASE("tests: the scenario trained on first, then all others of its units, then dropped views") {
  auto const tests = tests_of(scenario_named("1c3s5z"));
  REQUIRE(tests.size() == 10 + 8);
  CHECK(tests.front().name == "1c3s5z");
  CHECK(tests.back().name == "dropped 8");
  CHECK(tests.back().how.dropped == 8);
  auto const recorded = tests_of(*generate(scenario_named("2s3z"), {1, 1, 100, 1}));
  REQUIRE(recorded.size() == 1 + 4);
  CHECK(recorded.front().of == nullptr);
}

namespace {

/// Says the same everywhere: the first marker probable, no other, fractions of one half.
class stubborn final : public examples::model {
 public:
  s2rm::step_report step(s2rm::batch_view<float> const&) override { return {}; }
  void output_bias(std::vector<double> const&) override {}
  float const* predict(s2rm::batch_view<float> const& b) override {
    answer_.clear();
    for (index_t i = 0; i < b.time * b.batch * b.queries; ++i) {
      for (int c = 0; c < model_channels; ++c) {
        answer_.insert(answer_.end(), raster_cells, c == 0 ? 1.0F : c < model_markers ? -1.0F : 0.5F);
      }
    }
    return answer_.data();
  }
  [[nodiscard]] index_t steps() const override { return 0; }
  void save(std::filesystem::path const&) const override {}
  void load(std::filesystem::path const&) override {}
  void resume(std::filesystem::path const&) override {}
  [[nodiscard]] index_t parameters() const override { return 0; }
  [[nodiscard]] std::string description() const override { return "stubborn"; }
  [[nodiscard]] std::unique_ptr<examples::watcher> watch(index_t /*queries*/) const override { return nullptr; }
  [[nodiscard]] examples::module_map modules(std::span<float const>) override { return {}; }
  [[nodiscard]] std::unique_ptr<examples::model> without_interaction() const override { return nullptr; }

 private:
  std::vector<float> answer_;
};

}  // namespace

TEST_CASE("measuring: every test's figures of model and peers over all its battles, and the mean of other scenarios") {
  auto const from = [](test const& t) { return source::played(*t.of, 100, 1, split::test); };
  auto const known = habits::learn(source::played(scenario_named("1c3s5z"), 100, 1, split::train), 1);
  std::vector<test> const tests{{"scenario", "1c3s5z", 0, &scenario_named("1c3s5z"), {}},
                                {"scenario", "2s3z", 1, &scenario_named("2s3z"), {}},
                                {"scenario", "1s2z", 2, &scenario_named("1s2z"), {}},
                                {"dropped", "dropped 8", 8, &scenario_named("1c3s5z"), {.dropped = 8}}};
  stubborn model;
  index_t done = 0;
  auto const found = measure(model, known, tests, from, 12, [&](index_t n) { done = n; });
  CHECK(done == 4);
  CHECK(found.at("sequences") == 12);
  CHECK(found.at("1c3s5z.sides.f1") == 0);
  CHECK(found.at("1c3s5z.types.f1") > 0);
  CHECK(found.at("1c3s5z.health") == found.at("dropped 8.health"));  // the answer and the questions are the same
  CHECK(found.at("last seen/1c3s5z.f1") > found.at("last seen/dropped 8.f1") + 0.1);
  CHECK(found.at("nothing moves/1c3s5z.f1") == found.at("nothing moves/dropped 8.f1"));
  for (std::string const of : {"", "last seen/", "all empty/"}) {
    for (std::string const figure : {".f1", ".sides.f1", ".shield"}) {
      CHECK(found.at(of + elsewhere + figure) ==
            Approx((found.at(of + "2s3z" + figure) + found.at(of + "1s2z" + figure)) / 2));
    }
  }
  // Twelve battles are passed in pieces: the same as all at once.
  batch b;
  b.take(from(tests[2]), 0, 12, 0, {});
  auto const whole = score_model(model, b);
  CHECK(found.at("1s2z.types.bce") == Approx(whole.types().bce()));
  CHECK(found.at("1s2z.health") == Approx(whole.negative_mse(0)));
}

TEST_CASE("tables have every test, the mean over other scenarios, and what is claimed") {
  auto const tests = tests_of(scenario_named("1c3s5z"));
  auto const run = [&](char const* model, char const* title, double f1) {
    examples::run_record r;
    r.model = model;
    r.title = title;
    for (auto const& t : tests) {
      r.test[t.name + ".f1"] = f1;
      r.test["last seen/" + t.name + ".f1"] = 0.6;
    }
    r.test[std::string{elsewhere} + ".f1"] = f1 - 0.1;
    return r;
  };
  auto const all =
      examples::methods_of({run("s2gru", "S2GRU", 0.8), run("gru", "GRU", 0.805), run("rim", "RIM", 0.7)}, peer_names);
  auto const tables = score_tables(tests, all);
  REQUIRE(tables.size() == 20);
  CHECK(tables.front().rows.size() == 11);
  CHECK(tables.front().rows.front() ==
        std::vector<std::string>{"1c3s5z (trained on)", "0.800", "0.805", "0.700", "-", "-", "0.600", "-"});
  CHECK(tables.front().rows.back()[1] == "0.700");
  CHECK(tables[10].rows.size() == 9);
  auto const claims = claim_table(tests, all);
  REQUIRE(claims.rows.size() == 3);
  CHECK(claims.rows[0] == std::vector<std::string>{"1c3s5z", "S2GRU", "0.800", "GRU", "0.805", "within 1 %", "yes"});
  CHECK(claims.rows[1] ==
        std::vector<std::string>{"mean of the other scenarios", "S2GRU", "0.700", "GRU", "0.705", "the best", "no"});
  CHECK(claims.rows[2][0] == "dropped 5 of 9");
  CHECK(score_charts(tests, all).front().chart.lines.size() == 3 + 2);
}

namespace {

/// Knows the whole state, and says so with logits of 20.
class all_knowing final : public examples::watcher {
 public:
  explicit all_knowing(recording const& of) : of_{of}, at_{of, model_layout()} {}
  void reset() override {}
  void save_state() override {}
  void restore_state() override {}
  void observe(std::span<float const>, std::span<float const>) override {}
  float const* predict(std::span<float const> places) override {
    auto const count = places.size() / 2;
    answer_.resize(count * batch::raster);
    for (std::size_t q = 0; q < count; ++q) {
      auto const raster = std::span(answer_).subspan(q * batch::raster, batch::raster);
      auto const cells = [](float place, float size) {
        return static_cast<std::int32_t>((place + 1) / 2 * size * one);
      };
      at_.draw_target({cells(places[2 * q], of_.map_size(0)), cells(places[2 * q + 1], of_.map_size(1))}, raster);
      for (auto& v : raster.first(model_markers * raster_cells)) v = v > 0 ? 20.0F : -20.0F;
    }
    return answer_.data();
  }

 private:
  recording const& of_;
  scenes at_;
  std::vector<float> answer_;
};

}  // namespace

TEST_CASE("belief: sure where a unit stands, nothing where no cell can hold one, its side and its type") {
  auto const r = two_states(nothing);
  all_knowing watcher(*r);
  auto const made = believe(watcher, *r);
  CHECK((made.width == 128 && made.height == 64));
  for (std::size_t u = 0; u < 3; ++u) {
    auto const x = static_cast<int>(r->position(0, u, 0) * 4), y = static_cast<int>((r->position(0, u, 1) - 8) * 4);
    auto const& here = made.squares[made.offset(x, y)];
    CHECK(here[u == 0 ? 3 : 4] > 0.7F);
    CHECK(here[u == 0 ? 4 : 3] < 0.01F);
    CHECK(here[std::size_t{u == 0 ? 1U : u == 1 ? 2U : 0U}] > 0.7F);
    CHECK(here[5] > 0.35F);                                  // health of one half
    auto const& away = made.squares[made.offset(x - 8, y)];  // two cells to the west
    CHECK(away[3] + away[4] < 0.01F);
  }
}
