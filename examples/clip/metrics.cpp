#include "metrics.hpp"

#include <array>
#include <vector>

namespace clip {
namespace {

/// The window along one axis, sum 1.
std::array<double, crop::side> window() {
  std::array<double, crop::side> w{};
  double sum = 0;
  for (int i = 0; i < crop::side; ++i) {
    double const x = (i - crop::reach) / 1.5;
    sum += w[static_cast<std::size_t>(i)] = std::exp(-x * x / 2);
  }
  for (auto& x : w) x /= sum;
  return w;
}

/// Mean of f(offset) under the window around every place where it lies inside: (H - 10, W - 10).
template <class F>
std::vector<double> windowed(extent of, F const& f) {
  static auto const w = window();
  auto const across = of.width - crop::side + 1, down = of.height - crop::side + 1;
  std::vector<double> rows, made;
  for (int y = 0; y < of.height; ++y) {
    for (int x = 0; x < across; ++x) {
      double sum = 0;
      for (int i = 0; i < crop::side; ++i) sum += w[static_cast<std::size_t>(i)] * f(of.offset(x + i, y));
      rows.push_back(sum);
    }
  }
  extent const between{across, of.height};
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) {
      double sum = 0;
      for (int i = 0; i < crop::side; ++i) sum += w[static_cast<std::size_t>(i)] * rows[between.offset(x, y + i)];
      made.push_back(sum);
    }
  }
  return made;
}

}  // namespace

double ssim(extent of, std::span<float const> a, std::span<float const> b) {
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  auto const product = [&](std::span<float const> p, std::span<float const> q) {
    return windowed(of, [&](std::size_t i) { return static_cast<double>(p[i]) * static_cast<double>(q[i]); });
  };
  auto const ma = windowed(of, [&](std::size_t i) { return static_cast<double>(a[i]); });
  auto const mb = windowed(of, [&](std::size_t i) { return static_cast<double>(b[i]); });
  auto const aa = product(a, a), bb = product(b, b), ab = product(a, b);
  double sum = 0;
  for (std::size_t i = 0; i < ma.size(); ++i) {
    auto const va = aa[i] - ma[i] * ma[i], vb = bb[i] - mb[i] * mb[i], vab = ab[i] - ma[i] * mb[i];
    sum += (2 * ma[i] * mb[i] + c1) * (2 * vab + c2) / ((ma[i] * ma[i] + mb[i] * mb[i] + c1) * (va + vb + c2));
  }
  return sum / static_cast<double>(ma.size());
}

void frame_score::add(extent of, std::span<float const> predicted, std::span<float const> truth,
                      std::span<float const> background) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    double const miss = static_cast<double>(predicted[i] - truth[i]);
    squares_ += miss * miss;
    ++pixels_;
    if (std::abs(static_cast<double>(truth[i] - background[i])) > moving) {
      moving_squares_ += miss * miss;
      ++moving_pixels_;
    }
  }
  similarity_ += ssim(of, predicted, truth);
  ++frames_;
}

}  // namespace clip
