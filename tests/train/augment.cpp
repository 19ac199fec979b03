// Data policies: each does what it says, to a copy, and the same again for the same seed and step.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "s2rm/core/shape.hpp"
#include "s2rm/math/globe.hpp"
#include "s2rm/train/augment.hpp"
#include "support/catch.hpp"

namespace s2rm {
namespace {

struct plane : shape {};
struct line : shape {
  static constexpr index_t place = 1;
};
struct space : shape {
  static constexpr index_t place = 3;
};

/// Places and masks of a batch; views and targets are none of a policy's business.
template <class Shape>
struct sample {
  index_t time = 6, batch = 5, views = 7, queries = 4;
  std::vector<double> place, query_place, view, target;
  std::vector<std::uint8_t> mask, blind;
  explicit sample(index_t t = 6, index_t b = 5, index_t a = 7, index_t q = 4)
      : time(t), batch(b), views(a), queries(q) {
    random const r{3, 1};
    auto const n = static_cast<std::size_t>(time * batch);
    place.resize(n * static_cast<std::size_t>(views * Shape::place));
    query_place.resize(n * static_cast<std::size_t>(queries * Shape::place));
    for (std::size_t i = 0; i < place.size(); ++i) place[i] = r.uniform(0, i, -1, 1);
    for (std::size_t i = 0; i < query_place.size(); ++i) query_place[i] = r.uniform(1, i, -1, 1);
    view.assign(n * static_cast<std::size_t>(views), 0.5);
    target.assign(n * static_cast<std::size_t>(queries), 0.25);
  }
  [[nodiscard]] batch_view<double> look() const {
    return {time,
            batch,
            views,
            queries,
            view.data(),
            place.data(),
            mask.empty() ? nullptr : mask.data(),
            query_place.data(),
            target.data(),
            nullptr,
            nullptr,
            blind.empty() ? nullptr : blind.data()};
  }
  [[nodiscard]] std::size_t slots() const { return static_cast<std::size_t>(time * batch * views); }
  [[nodiscard]] std::size_t questions() const { return static_cast<std::size_t>(time * batch * queries); }
  friend bool operator==(sample const&, sample const&) = default;
};

/// The places of element e at every step, views first, as they stand in a view.
template <class Shape>
std::vector<std::vector<double>> places_of(batch_view<double> const& b, index_t e) {
  std::vector<std::vector<double>> all;
  for (index_t t = 0; t < b.time; ++t) {
    index_t const row = t * b.batch + e;
    for (index_t a = 0; a < b.views; ++a) {
      double const* x = b.place + (row * b.views + a) * Shape::place;
      all.emplace_back(x, x + Shape::place);
    }
    for (index_t q = 0; q < b.queries; ++q) {
      double const* x = b.query_place + (row * b.queries + q) * Shape::place;
      all.emplace_back(x, x + Shape::place);
    }
  }
  return all;
}

double distance(std::vector<double> const& x, std::vector<double> const& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return std::sqrt(sum);
}

/// Largest change of any distance between two places of one element: 0 for an isometry of the whole sequence.
template <class Shape>
double distortion(batch_view<double> const& before, batch_view<double> const& after) {
  double worst = 0;
  for (index_t e = 0; e < before.batch; ++e) {
    auto const x = places_of<Shape>(before, e), y = places_of<Shape>(after, e);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        worst = std::max(worst, std::abs(distance(x[i], x[j]) - distance(y[i], y[j])));
    }
  }
  return worst;
}

/// What is no place, no mask and no blind flag is passed on as it is.
void passes_the_rest(batch_view<double> const& before, batch_view<double> const& after) {
  CHECK(after.time == before.time);
  CHECK(after.batch == before.batch);
  CHECK(after.views == before.views);
  CHECK(after.queries == before.queries);
  CHECK(after.view == before.view);
  CHECK(after.target == before.target);
  CHECK(after.target_mask == before.target_mask);
  CHECK(after.reset == before.reset);
}

}  // namespace

TEST_CASE("augment: views are dropped and steps made blind at their probabilities") {
  sample<plane> data(40, 20, 25, 1);
  data.mask.assign(data.slots(), 1);
  for (std::size_t i = 0; i < data.mask.size(); i += 3) data.mask[i] = 0;
  data.blind.assign(800, 0);
  data.blind[17] = 1;
  auto const before = data;
  augment::pipeline<plane, double, augment::drop_views> mend{seed{1}, {.probability = 0.2, .blind = 0.1}};
  auto const b = mend(5, data.look());
  passes_the_rest(data.look(), b);
  CHECK(data == before);
  double present = 0, kept = 0, blind = 0;
  for (std::size_t i = 0; i < data.mask.size(); ++i) {
    if (data.mask[i] == 0) REQUIRE(b.view_mask[i] == 0);
    present += data.mask[i];
    kept += b.view_mask[i];
  }
  for (std::size_t i = 0; i < 800; ++i) blind += b.blind[i];
  CHECK(b.blind[17] == 1);
  // Five standard deviations of a binomial.
  CHECK(std::abs(kept / present - 0.8) < 5 * std::sqrt(0.2 * 0.8 / present));
  CHECK(std::abs(blind / 800 - 0.1) < 5 * std::sqrt(0.1 * 0.9 / 800));
  CHECK(std::equal(data.place.begin(), data.place.end(), b.place));
  CHECK(std::equal(data.query_place.begin(), data.query_place.end(), b.query_place));

  augment::pipeline<plane, double, augment::drop_views> all{seed{1}, {.probability = 1.0}};
  augment::pipeline<plane, double, augment::drop_views> none{seed{1}, {.probability = 0.0}};
  sample<plane> const bare(4, 3, 5, 2);
  auto const gone = all(0, bare.look());
  CHECK(std::count(gone.view_mask, gone.view_mask + 60, 0) == 60);
  auto const there = none(0, bare.look());
  CHECK(std::count(there.view_mask, there.view_mask + 60, 1) == 60);
  CHECK(std::count(there.blind, there.blind + 12, 0) == 12);
}

TEST_CASE("augment: jitter has its sigma, independent for each coordinate") {
  sample<plane> const data(30, 20, 10, 10);
  augment::pipeline<plane, double, augment::jitter> mend{seed{1}, {.sigma = 0.05}};
  auto const b = mend(0, data.look());
  passes_the_rest(data.look(), b);
  auto const n = static_cast<double>(data.place.size());
  REQUIRE(data.place.size() == data.query_place.size());
  double mean = 0, square = 0, mean_q = 0, square_q = 0, together = 0, neighbours = 0;
  for (std::size_t i = 0; i < data.place.size(); ++i) {
    double const d = b.place[i] - data.place[i], q = b.query_place[i] - data.query_place[i];
    mean += d / n;
    square += d * d / n;
    mean_q += q / n;
    square_q += q * q / n;
    together += d * q / n;
    if (i > 0) neighbours += d * (b.place[i - 1] - data.place[i - 1]) / n;
  }
  double const error = 5 / std::sqrt(n);
  CHECK(std::abs(mean) < 0.05 * error);
  CHECK(std::abs(mean_q) < 0.05 * error);
  CHECK(square == Approx(0.0025).epsilon(error * std::sqrt(2.0)));
  CHECK(square_q == Approx(0.0025).epsilon(error * std::sqrt(2.0)));
  CHECK(std::abs(together) < 0.0025 * error);
  CHECK(std::abs(neighbours) < 0.0025 * error);
}

TEST_CASE("augment: a rotation turns all places of a sequence together, each sequence by an angle of its own") {
  sample<plane> const data;
  augment::pipeline<plane, double, augment::rotate> mend{seed{1}, {.most = 1.0}};
  auto const b = mend(0, data.look());
  passes_the_rest(data.look(), b);
  CHECK(distortion<plane>(data.look(), b) < 1e-13);
  std::vector<double> angles;
  for (index_t e = 0; e < data.batch; ++e) {
    auto const x = places_of<plane>(data.look(), e), y = places_of<plane>(b, e);
    double const first = std::atan2(y[0][1], y[0][0]) - std::atan2(x[0][1], x[0][0]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      // About the origin, all the same way round: no reflection.
      CHECK(y[i][0] == Approx(std::cos(first) * x[i][0] - std::sin(first) * x[i][1]).margin(1e-12));
      CHECK(y[i][1] == Approx(std::sin(first) * x[i][0] + std::cos(first) * x[i][1]).margin(1e-12));
    }
    double const angle = std::remainder(first, 2 * std::numbers::pi);
    CHECK(std::abs(angle) <= 1.0);
    CHECK(std::abs(angle) > 1e-6);
    for (double const other : angles) CHECK(std::abs(angle - other) > 1e-9);
    angles.push_back(angle);
  }
}

TEST_CASE("augment: a rotation in one and in three dimensions") {
  sample<line> const flat;
  augment::pipeline<line, double, augment::rotate> still{seed{1}, {}};
  auto const same = still(0, flat.look());
  CHECK(std::equal(flat.place.begin(), flat.place.end(), same.place));

  sample<space> const data;
  augment::pipeline<space, double, augment::rotate> mend{seed{1}, {}};
  auto const b = mend(0, data.look());
  CHECK(distortion<space>(data.look(), b) < 1e-13);
  for (std::size_t i = 2; i < data.place.size(); i += 3) CHECK(b.place[i] == data.place[i]);
  CHECK_FALSE(std::equal(data.place.begin(), data.place.end(), b.place));
}

TEST_CASE("augment: on the globe a rotation is one about the axis, by any angle") {
  sample<space> data;
  std::vector<globe::degrees> before;
  for (std::size_t i = 0; i < data.place.size() / 3; ++i) {
    random const r{9, 2};
    before.push_back({r.uniform(0, i, -180, 180), r.uniform(1, i, -89, 89)});
    auto const x = globe::place<double>(before.back().longitude, before.back().latitude);
    std::copy(x.begin(), x.end(), data.place.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  augment::pipeline<space, double, augment::rotate> mend{seed{1}, {}};
  double least = 180, most = -180;
  for (index_t step = 0; step < 40; ++step) {
    auto const b = mend(step, data.look());
    std::vector<double> turn(static_cast<std::size_t>(data.batch), 1000.0);
    for (std::size_t i = 0; i < before.size(); ++i) {
      double const* const x = b.place + 3 * i;
      auto const after = globe::to_degrees(std::array{x[0], x[1], x[2]});
      CHECK(after.latitude == Approx(before[i].latitude).margin(1e-11));
      double const by = std::remainder(after.longitude - before[i].longitude, 360.0);
      auto& first = turn[i / static_cast<std::size_t>(data.views) % static_cast<std::size_t>(data.batch)];
      if (first > 999) first = by;
      CHECK(std::abs(std::remainder(by - first, 360.0)) < 1e-10);
      least = std::min(least, by), most = std::max(most, by);
    }
  }
  CHECK(least < -170);
  CHECK(most > 170);
}

namespace {

template <class Shape>
void shifts() {
  sample<Shape> const data;
  augment::pipeline<Shape, double, augment::shift> mend{seed{1}, {.most = 0.3}};
  auto const b = mend(0, data.look());
  passes_the_rest(data.look(), b);
  CHECK(distortion<Shape>(data.look(), b) < 1e-13);
  std::vector<double> all;
  for (index_t e = 0; e < data.batch; ++e) {
    auto const x = places_of<Shape>(data.look(), e), y = places_of<Shape>(b, e);
    for (std::size_t d = 0; d < static_cast<std::size_t>(Shape::place); ++d) {
      double const by = y[0][d] - x[0][d];
      CHECK(std::abs(by) <= 0.3);
      for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i][d] - x[i][d] == Approx(by).margin(1e-14));
      // Every coordinate of every sequence has its own.
      for (double const other : all) CHECK(std::abs(by - other) > 1e-9);
      all.push_back(by);
    }
  }
}

}  // namespace

TEST_CASE("augment: a shift moves all places of a sequence by one vector") {
  shifts<line>();
  shifts<plane>();
  shifts<space>();
}

TEST_CASE("augment: a pipeline depends on seed and step alone, and does not change the caller's batch") {
  sample<plane> const data;
  auto const before = data;
  using mend_type =
      augment::pipeline<plane, double, augment::drop_views, augment::jitter, augment::rotate, augment::shift>;
  mend_type one{seed{1}, {.probability = 0.3, .blind = 0.3}, {}, {}, {}};
  mend_type two{seed{1}, {.probability = 0.3, .blind = 0.3}, {}, {}, {}};
  mend_type other{seed{2}, {.probability = 0.3, .blind = 0.3}, {}, {}, {}};
  auto const same_places = [&](batch_view<double> const& x, batch_view<double> const& y) {
    return std::equal(x.place, x.place + data.place.size(), y.place) &&
           std::equal(x.query_place, x.query_place + data.query_place.size(), y.query_place);
  };
  auto const same_masks = [&](batch_view<double> const& x, batch_view<double> const& y) {
    return std::equal(x.view_mask, x.view_mask + data.slots(), y.view_mask) &&
           std::equal(x.blind, x.blind + 30, y.blind);
  };
  // In whatever order the steps are asked for.
  one(7, data.look());
  one(3, data.look());
  auto const x = one(5, data.look()), y = two(5, data.look());
  CHECK(same_places(x, y));
  CHECK(same_masks(x, y));
  auto const z = two(6, data.look());
  CHECK_FALSE(same_places(x, z));
  CHECK_FALSE(same_masks(x, z));
  auto const w = other(5, data.look());
  CHECK_FALSE(same_places(x, w));
  CHECK_FALSE(same_masks(x, w));
  CHECK(data == before);
}

TEST_CASE("augment: two policies of one kind draw numbers of their own") {
  sample<plane> const data(10, 10, 10, 1);
  augment::pipeline<plane, double, augment::drop_views, augment::drop_views> twice{seed{1}, {0.5}, {0.5}};
  auto const b = twice(0, data.look());
  double kept = 0;
  for (std::size_t i = 0; i < data.slots(); ++i) kept += b.view_mask[i];
  CHECK(kept / 1000 == Approx(0.25).margin(0.07));
}

TEST_CASE("augment: batches without views, without queries, of other extents") {
  augment::pipeline<plane, double, augment::drop_views, augment::jitter, augment::rotate, augment::shift> mend{
      seed{1}, {}, {}, {}, {}};
  for (auto const& data : {sample<plane>(3, 2, 0, 2), sample<plane>(3, 2, 2, 0), sample<plane>(8, 4, 9, 9),
                           sample<plane>(0, 2, 2, 2), sample<plane>(1, 1, 1, 1)}) {
    auto const b = mend(1, data.look());
    passes_the_rest(data.look(), b);
  }
  batch_view<double> nothing{3, 2, 0, 0};
  passes_the_rest(nothing, mend(1, nothing));
}

TEST_CASE("augment: options outside their domain are refused") {
  CHECK_THROWS_AS((augment::pipeline<plane, float, augment::drop_views>{seed{}, {.probability = 1.5}}), value_error);
  CHECK_THROWS_AS((augment::pipeline<plane, float, augment::drop_views>{seed{}, {.blind = -0.1}}), value_error);
  CHECK_THROWS_AS((augment::pipeline<plane, float, augment::jitter>{seed{}, {.sigma = -1}}), value_error);
  CHECK_THROWS_AS((augment::pipeline<plane, float, augment::rotate>{seed{}, {.most = -1}}), value_error);
  CHECK_THROWS_AS((augment::pipeline<plane, float, augment::shift>{seed{}, {.most = std::nan("")}}), value_error);
}

}  // namespace s2rm
