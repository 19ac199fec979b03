#include "timing.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace bench {

namespace {

/// The p-th part of sorted times, microseconds.
double point(std::vector<double> const& sorted, double p) {
  auto const last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(p * last))] * 1e6;
}

}  // namespace

detail::slot& detail::prepared_slot() {
  static slot one;
  return one;
}

void refuse(std::string const& benchmark, std::string const& why) {
  std::fprintf(stderr, "s2rm_bench: %s: %s\n", benchmark.c_str(), why.c_str());
  std::exit(1);
}

void measure(benchmark::State& state, worth const& w, std::function<void()> const& step) {
  using clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  seconds.reserve(static_cast<std::size_t>(state.max_iterations));
  double peak = w.flops > 0 ? fma_peak(w.threads) : 0;
  double bandwidth = w.read_bytes > 0 ? read_bandwidth(w.read_bytes, w.threads) : 0;
  step();  // the caches hold what they would hold in the midst of many calls
  for ([[maybe_unused]] auto const& _ : state) {
    auto const start = clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(clock::now() - start).count());
  }
  if (seconds.empty()) return;
  std::sort(seconds.begin(), seconds.end());
  double const best = seconds.front();
  auto& tell = state.counters;
  tell["best_us"] = best * 1e6;
  tell["median_us"] = point(seconds, 0.5);
  tell["steps/s"] = 1e6 / point(seconds, 0.5);
  if (w.latencies) {
    tell["p99_us"] = point(seconds, 0.99);
    tell["p999_us"] = point(seconds, 0.999);
  }
  if (w.flops > 0) {
    peak = std::max(peak, fma_peak(w.threads));
    tell["flops"] = w.flops;
    tell["GFLOP/s"] = w.flops / best * 1e-9;
    tell["FMA_peak"] = peak;
    tell["share"] = w.flops / best * 1e-9 / peak;
  }
  if (w.bytes > 0) tell["bytes"] = w.bytes;
  if (w.read_bytes > 0) {
    bandwidth = std::max(bandwidth, read_bandwidth(w.read_bytes, w.threads));
    double const rate = static_cast<double>(w.read_bytes) / best * 1e-9;
    tell["GB/s"] = rate;
    tell["read_GB/s"] = bandwidth;
    tell["of_read"] = rate / bandwidth;
  }
}

void print_latencies(std::string const& title, std::function<void()> const& step) {
  using clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  seconds.reserve(std::size_t{1} << 22);
  for (int i = 0; i < 100; ++i) step();
  for (auto const end = clock::now() + std::chrono::seconds(2);
       clock::now() < end && seconds.size() < seconds.capacity();) {
    auto const start = clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("stream_step/%s: %zu steps, microseconds\n", title.c_str(), seconds.size());
  // Bins a quarter of an octave wide, from the shortest step on.
  constexpr double ratio = 1.189207115002721;  // 2^(1/4)
  double from = seconds.front() * 1e6;
  for (auto at = seconds.begin(); at != seconds.end(); from *= ratio) {
    auto const end = std::upper_bound(at, seconds.end(), from * ratio * 1e-6);
    auto const count = static_cast<double>(end - at), share = count / static_cast<double>(seconds.size());
    if (end != at) {
      std::printf("%9.1f - %9.1f %8.3f %% %s\n", from, from * ratio, 100 * share,
                  std::string(static_cast<std::size_t>(std::lround(50 * share)), '#').c_str());
    }
    at = end;
  }
  double const middle = point(seconds, 0.5);
  for (double const p : {0.5, 0.9, 0.99, 0.999}) {
    std::printf("p%-5g %9.1f  %5.2f of the median\n", 100 * p, point(seconds, p), point(seconds, p) / middle);
  }
}

}  // namespace bench
