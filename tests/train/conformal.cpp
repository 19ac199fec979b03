// Split-conformal bands: their quantiles, their coverage, their text, and the checkpoint that holds them.
#include "s2rm/train/conformal.hpp"

#include <algorithm>
#include <numeric>

#include "s2rm/train/training_file.hpp"
#include "support/files.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using conformal::bands;
using conformal::score;

using test::temporary_folder;

constexpr double inf = std::numeric_limits<double>::infinity();

template <class Error, class F>
std::string refusal(F const& f) {
  try {
    f();
  } catch (Error const& e) {
    return e.what();
  }
  return "was taken";
}

bands example() { return {score::scaled, {0.5, 0.9}, {{199, {0.7, 1.75}}, {5, {0.8, inf}}, {0, {inf, inf}}}}; }

}  // namespace

TEST_CASE("conformal: the ceil(c (n + 1))-th smallest of n scores, infinite where there is none") {
  std::vector<double> scores(99);
  std::iota(scores.begin(), scores.end(), 1.0);
  std::reverse(scores.begin(), scores.end());
  CHECK(conformal::quantile_of(scores, 0.9) == 90);
  CHECK(conformal::quantile_of(scores, 0.905) == 91);
  CHECK(conformal::quantile_of(scores, 0.99) == 99);
  CHECK(conformal::quantile_of(scores, 0.991) == inf);
  CHECK(conformal::quantile_of(std::vector<double>(8, 1.0), 0.9) == inf);
  CHECK(conformal::quantile_of(std::vector<double>(9, 1.0), 0.9) == 1);
  CHECK(conformal::quantile_of({}, 0.5) == inf);
  // Every c (n + 1) that is whole is that number, whatever the product rounds to.
  for (std::int64_t n = 1; n < 2000; ++n) {
    for (int percent = 1; percent < 100; ++percent) {
      REQUIRE(conformal::rank_of(percent / 100.0, n) == (percent * (n + 1) + 99) / 100);
    }
  }
  CHECK_THROWS_AS(conformal::quantile_of(std::vector<double>{1, std::nan("")}, 0.5), value_error);
}

TEST_CASE("conformal: scores and their bands") {
  CHECK(conformal::scaled_score(7, 4, 2) == 1.5);
  CHECK(conformal::absolute_score(1, 4) == 3);
  CHECK(conformal::quantile_score(7, 1, 4) == 3);
  CHECK(conformal::quantile_score(2, 1, 4) == -1);
  bands const b = example();
  CHECK(b.about(0, 0.9, 10, 2).low == 6.5);
  CHECK(b.about(0, 0.9, 10, 2).high == 13.5);
  CHECK(b.about(1, 0.9, 10, 2).high == inf);
  bands const plain{score::absolute, {0.9}, {{99, {3}}}}, quantiles{score::quantile, {0.9}, {{99, {-0.5}}}};
  CHECK(plain.about(0, 0.9, 10, 2).low == 7);
  CHECK(quantiles.beyond(0, 0.9, 1, 4).low == 1.5);
  CHECK(quantiles.beyond(0, 0.9, 1, 4).high == 3.5);
  CHECK_THAT(refusal<value_error>([&] { (void)b.quantile(0, 0.95); }),
             test::contains("coverage: expected one of 0.5, 0.9, found 0.95"));
  CHECK_THAT(refusal<value_error>([&] { (void)b.quantile(3, 0.9); }),
             test::contains("bucket: expected 0 to 2, found 3"));
  CHECK_THAT(refusal<value_error>([&] { (void)b.quantile(-1, 0.9); }), test::contains("found -1"));
  CHECK_THROWS_AS((void)b.beyond(0, 0.9, 1, 4), value_error);
  CHECK_THROWS_AS((void)quantiles.about(0, 0.9, 1, 4), value_error);
}

TEST_CASE("conformal: a band covers new observations as often as it says, bucket by bucket") {
  random const r{7, 0};
  // Bucket 0: the deviation said is half of the true one; bucket 1: three times it, and a longer tail.
  auto const draw = [&](std::uint32_t stream, std::uint64_t i, index_t of) {
    double const z = r.normal(stream, i);
    return of == 0 ? 2 * z : z * z * z / 3;
  };
  for (double const coverage : {0.5, 0.9, 0.99}) {
    conformal::calibration fit(2);
    for (std::uint64_t i = 0; i < 4000; ++i) {
      for (index_t const of : {0, 1})
        fit.add(of, conformal::scaled_score(draw(1 + static_cast<std::uint32_t>(of), i, of), 0, 1));
    }
    auto const b = fit.fit({coverage});
    for (index_t const of : {0, 1}) {
      double covered = 0;
      for (std::uint64_t i = 0; i < 20000; ++i) {
        auto const band = b.about(of, coverage, 0, 1);
        double const y = draw(3 + static_cast<std::uint32_t>(of), i, of);
        covered += band.low <= y && y <= band.high ? 1 : 0;
      }
      CHECK(covered / 20000 == Approx(coverage).margin(0.02));
    }
  }
  // In the mean over calibrations c to c + 1 / (n + 1), n = 9: exactly .9 here, where ceil(.9 * 10) = 9.
  double covered = 0;
  for (std::uint64_t k = 0; k < 20000; ++k) {
    std::vector<double> scores;
    for (std::uint64_t i = 0; i < 9; ++i) scores.push_back(std::abs(r.normal(5, k * 10 + i)));
    covered += std::abs(r.normal(5, k * 10 + 9)) <= conformal::quantile_of(scores, 0.9) ? 1 : 0;
  }
  CHECK(covered / 20000 == Approx(0.9).margin(0.008));
}

TEST_CASE("conformal: what cannot be fitted is named") {
  conformal::calibration fit(2, score::absolute);
  fit.add(0, 1);
  CHECK_THROWS_AS(fit.add(2, 1), value_error);
  CHECK_THROWS_AS(fit.add(-1, 1), value_error);
  CHECK_THROWS_AS(fit.add(0, std::nan("")), value_error);
  CHECK_THROWS_AS(conformal::calibration(0), value_error);
  CHECK_THAT(refusal<value_error>([&] { (void)fit.fit({0.9, 0.5}); }), test::contains("coverages"));
  CHECK_THROWS_AS((void)fit.fit({}), value_error);
  CHECK_THROWS_AS((void)fit.fit({0.0}), value_error);
  CHECK_THROWS_AS((void)fit.fit({1.0}), value_error);
  auto const b = fit.fit({0.4, 0.6});
  CHECK(b.score == score::absolute);
  CHECK(b.buckets[0] == conformal::bucket{1, {1, inf}});
  CHECK(b.buckets[1] == conformal::bucket{0, {inf, inf}});
}

TEST_CASE("conformal: the text of bands, and every text that is none") {
  auto const b = example();
  CHECK(b.text() == "scaled 0.5 0.9; 199 0.7 1.75; 5 0.8 inf; 0 inf inf");
  CHECK(conformal::parse(b.text(), "here") == b);
  bands const fine{score::quantile, {0.1, 1.0 / 3}, {{3, {-1e-300, 0.1 + 0.2}}}};
  CHECK(conformal::parse(fine.text(), "here") == fine);
  for (auto const* bad : {"",
                          "scaled",
                          "scaled 0.9",
                          "scaled 0.9; ",
                          "scaled 0.9;5 1",
                          "scaled 0.9; 20",
                          "scaled 0.9; 20 ",
                          "scaled  0.9; 20 1",
                          "scaled 0.9; 20 1 ",
                          "scaled 0.9; 20 1; ",
                          "scaled 0.9; 20 1 2",
                          "scaled 0.9; 20 nan",
                          "scaled 0.9; 20 -1",
                          "absolute 0.9; 20 -1",
                          "quantile 0.9; 20 -inf",
                          "scaled 0.9; 5 1",
                          "scaled 0.9; -1 inf",
                          "scaled 0.9; 1.5 inf",
                          "scaled 0.9 0.5; 20 1 2",
                          "scaled 0.9 0.9; 20 1 2",
                          "scaled 0.5 0.9; 20 2 1",
                          "scaled 0; 20 1",
                          "scaled 1; 20 1",
                          "scaled nan; 20 1",
                          "Scaled 0.9; 20 1",
                          "other 0.9; 20 1",
                          "scaled 0.90; 20 1",
                          "scaled 0.9; 020 1",
                          "scaled 0.9; 20 1e0",
                          "scaled 0.9; 20 1e999",
                          "scaled 0.9; 99999999999999999999 1",
                          "scaled 0.9; 20 1\n",
                          "scaled 0.9; 20 0x1"}) {
    INFO(bad);
    CHECK_THAT(refusal<file_error>([&] { (void)conformal::parse(bad, "here"); }),
               test::contains("s2rm: here: s2rm.bands: "));
  }
  std::string many = "scaled 0.9";
  for (int i = 0; i < 2049; ++i) many += "; 20 1";
  CHECK_THAT(refusal<file_error>([&] { (void)conformal::parse(many, "here"); }), test::contains("s2rm.bands"));
  many.resize(many.size() - 6);
  CHECK(conformal::parse(many, "here").buckets.size() == 2048);
}

TEST_CASE("conformal: a checkpoint holds bands, and nothing else of it changes") {
  using net = test::small_net;
  using learner = trainer<net, backend::eigen>;
  temporary_folder const folder;
  auto const path = folder / "model";
  auto const batch = test::random_batch<net, float>(5, 3, 3, 2, 1);
  learner a{{}, optim::adam{.rate = 0.01}, seed{3}};
  a.step(batch.look());
  a.save(path);
  auto const without = test::read_text(path);
  CHECK_FALSE(conformal::load(path));

  conformal::save(path, example());
  CHECK(conformal::load(path) == example());
  CHECK(*io::read_safetensors(path).find_metadata("s2rm.format") == "3");
  learner b{{}, optim::adam{.rate = 0.01}, seed{4}};
  b.resume(path);
  CHECK(test::same_bits(b.state().weights, a.state().weights));
  a.step(batch.look());
  b.step(batch.look());
  CHECK(test::same_bits(b.state().weights, a.state().weights));
  parameters<net::params, backend::eigen, float> w(a.backend());
  backend::eigen be;
  CHECK(checkpoint_format::try_load<net>(be, w, path) == load_status::ok);
  checkpoint_format::load<net>(be, w, path);

  // Other bands, and none: then the file is what it was.
  auto const other = bands{score::absolute, {0.8}, {{9, {2.5}}}};
  conformal::save(path, other);
  CHECK(conformal::load(path) == other);
  io::write_bands(path, "");
  CHECK(test::read_text(path) == without);
  // A later save has other weights, and no bands.
  conformal::save(path, example());
  b.save(path);
  CHECK_FALSE(conformal::load(path));
  CHECK(folder.count() == 1);
}

TEST_CASE("conformal: hostile files are refused, and stay as they are") {
  using net = test::small_net;
  temporary_folder const folder;
  auto const path = folder / "model";
  trainer<net, backend::eigen> a{{}, optim::adam{}, seed{3}};
  a.save(path);
  CHECK_THAT(refusal<value_error>([&] { io::write_bands(path, std::string(70000, ' ')); }),
             test::contains("bands: expected at most 65536 bytes of text, found 70000"));
  conformal::save(path, example());
  auto const sound = test::read_text(path);
  auto const write = [&](std::string const& bytes) { test::write_text(path, bytes); };

  // Every byte of the text is under the checksum.
  auto const at = sound.find("scaled 0.5");
  REQUIRE(at != std::string::npos);
  for (std::size_t i = 0; i < 40; ++i) {
    auto bytes = sound;
    bytes[at + i] = static_cast<char>(bytes[at + i] ^ 1);
    write(bytes);
    CHECK_THAT(refusal<file_error>([&] { (void)conformal::load(path); }), test::contains(path));
    CHECK_THAT(refusal<file_error>([&] { a.load(path); }), test::contains(path));
    CHECK_THAT(refusal<file_error>([&] { conformal::save(path, example()); }), test::contains(path));
    CHECK(test::read_text(path) == bytes);
  }
  for (std::size_t const length : {std::size_t{0}, std::size_t{7}, at, sound.size() - 1}) {
    write(sound.substr(0, length));
    CHECK_THROWS_AS(conformal::load(path), file_error);
    CHECK_THROWS_AS(conformal::save(path, example()), file_error);
  }
  // Text that is none, under a checksum that matches.
  write(sound);
  io::write_bands(path, "something else");
  CHECK_THAT(refusal<file_error>([&] { (void)conformal::load(path); }), test::contains("expected the text of bands"));
  a.load(path);
  // Bands without the rest of the metadata, and a file of another program.
  std::vector<float> const values{1, 2};
  std::vector<io::tensor_source> const tensors{io::source_of("x", {2}, values.data())};
  io::write_safetensors(path, tensors, std::vector<io::metadata_entry>{{"s2rm.bands", example().text()}});
  CHECK_THAT(refusal<file_error>([&] { (void)conformal::load(path); }), test::contains("found fewer"));
  io::write_safetensors(path, tensors);
  CHECK_FALSE(conformal::load(path));
  CHECK_THAT(refusal<file_error>([&] { conformal::save(path, example()); }),
             test::contains("expected a checkpoint with s2rm.* metadata, found none"));
}

}  // namespace s2rm
