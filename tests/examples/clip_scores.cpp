// How the example clip measures: PSNR, SSIM, what moves.
#include <cmath>
#include <vector>

#include "clip/metrics.hpp"
#include "clip/settings.hpp"
#include "experiment/record.hpp"
#include "support/catch.hpp"

namespace {

/// The pictures of python/ssim_reference.py: the remainder of a x + b y + c x y by 64.
std::vector<float> picture(clip::extent of, int a, int b, int c) {
  std::vector<float> made;
  for (int y = 0; y < of.height; ++y) {
    for (int x = 0; x < of.width; ++x) made.push_back(static_cast<float>((a * x + b * y + c * x * y) % 64) / 63.0F);
  }
  return made;
}

}  // namespace

TEST_CASE("SSIM is scikit-image's") {
  // Printed by python/ssim_reference.py with scikit-image 0.26.0.
  struct {
    clip::extent of;
    double rough, mixed;
  } const known[] = {{{96, 48}, 0.007014199, 0.578273652}, {{23, 11}, 0.009342900, 0.479154795}};
  for (auto const& k : known) {
    auto const smooth = picture(k.of, 1, 2, 0), rough = picture(k.of, 7, 13, 1);
    auto mixed = smooth;
    for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] = 0.75F * smooth[i] + 0.25F * rough[i];
    CHECK(clip::ssim(k.of, smooth, rough) == Approx(k.rough).margin(1e-6));
    CHECK(clip::ssim(k.of, smooth, mixed) == Approx(k.mixed).margin(1e-6));
    CHECK(clip::ssim(k.of, mixed, smooth) == Approx(k.mixed).margin(1e-6));
    CHECK(clip::ssim(k.of, rough, rough) == Approx(1.0));
  }
}

TEST_CASE("PSNR counts all pixels of all frames together, and those apart that move") {
  clip::extent const of{11, 11};
  std::vector<float> const background(121, 0.5F);
  auto truth = background, guess = background;
  truth[7] = 0.9F;   // moves, missed by 0.4
  guess[9] = 0.6F;   // stands, missed by 0.1
  truth[8] = 0.59F;  // not far enough off the background to count as moving, missed by 0.09
  clip::frame_score score;
  score.add(of, guess, truth, background);
  CHECK(score.all() == Approx(-10 * std::log10((0.16 + 0.01 + 0.0081) / 121)));
  CHECK(score.in_motion() == Approx(-10 * std::log10(0.16)));
  auto const alone = score.similarity();
  CHECK(alone == Approx(clip::ssim(of, guess, truth)));

  score.add(of, truth, truth, background);
  CHECK(score.all() == Approx(-10 * std::log10((0.16 + 0.01 + 0.0081) / 242)));
  CHECK(score.in_motion() == Approx(-10 * std::log10(0.08)));
  CHECK(score.similarity() == Approx((alone + 1) / 2));
}

TEST_CASE("the record of a run of an earlier version is read, with what the run was of") {
  constexpr char const* text = R"({"best_psnr": 21.5, "best_step": 4, "dead_modules": 0, "finished": true,
    "fit": {"average": 0.99, "batch": 2, "blind_spans": 0.2, "clip": 1.0, "curriculum": 1, "few_views": 0.5,
      "floor": 0.025, "parts": 0, "patience": 10, "queries": 12, "rate": 0.002, "steps": 6, "validate_every": 2,
      "varied": {"contrast": 0.0, "inverted": 0.25, "mirrored": 0.5, "reversed": 0.0, "shift": 0.0}, "warm_up": 100,
      "weight_decay": 0.0, "window": 6},
    "frames_sha256": "abc", "loss": [], "manifest": "", "parameters": 716522, "reach": 0.5, "seconds": 1.5, "seed": 3,
    "shown": {"height": 16, "region": "", "video": "square.npy", "width": 24}, "skipped": 0, "step": [], "steps": 6,
    "test": {"S2GRU/views 10.psnr": 20.25}, "threads": 1, "validation_psnr": [20.0, 21.5, 21.0],
    "validation_step": [2.0, 4.0, 6.0]})";
  clip::options o;
  o.own = o.own_settings("");
  auto const r = examples::run_record::parse(text, "seed3.json", examples::run_record::begin(o));
  CHECK(r.model == "s2gru");
  CHECK(r.seed == 3);
  CHECK(r.finished);
  CHECK(r.best("psnr") == 21.5);
  CHECK(r.fit.patience == 10);
  CHECK(r.test.at("S2GRU/views 10.psnr") == 20.25);
  CHECK(o.take_own(r.own) == "abc");
  CHECK(o.shown == clip::selection{"square.npy", "", 24, 16});
  CHECK(o.queries == 12);
  CHECK(o.varied == clip::variation{.mirrored = 0.5, .inverted = 0.25, .reversed = 0, .contrast = 0, .shift = 0});
  CHECK(o.own_settings("abc").entries() == r.own.entries());
}
