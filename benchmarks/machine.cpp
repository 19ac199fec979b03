#include "machine.hpp"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

using clock = std::chrono::steady_clock;

#if defined(__AVX512F__)
constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t register_bytes = 32;
#else
constexpr std::size_t register_bytes = 16;
#endif
constexpr index_t lanes = register_bytes / sizeof(float);
typedef float vec __attribute__((vector_size(register_bytes), may_alias));  // NOLINT(modernize-use-using)

// Two pipes of latency four need eight chains; twelve leave room for the constants in sixteen registers.
constexpr int chains = 12;

#if defined(__clang__)
#define BENCH_UNROLL _Pragma("unroll")
#define BENCH_CONTRACT
#else
#define BENCH_UNROLL _Pragma("GCC unroll 16")
#define BENCH_CONTRACT __attribute__((optimize("fp-contract=fast")))
#endif

double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

/// `rounds` multiply-adds in each chain. Returns a number that depends on all of them.
BENCH_CONTRACT float multiply_add(index_t rounds, float factor, float addend) {
#if defined(__clang__)
#pragma clang fp contract(fast)
#endif
  vec acc[chains];
  BENCH_UNROLL
  for (int i = 0; i < chains; ++i) acc[i] = vec{} + static_cast<float>(i);
  vec const a = vec{} + factor, b = vec{} + addend;
  for (index_t r = 0; r < rounds; ++r) {
    BENCH_UNROLL
    for (int i = 0; i < chains; ++i) acc[i] = acc[i] * a + b;
  }
  float sum = 0;
  for (auto const& v : acc) {
    for (index_t l = 0; l < lanes; ++l) sum += v[l];
  }
  return sum;
}

/// Sum of n registers' worth of numbers, eight loads in flight.
float read_all(vec const* from, index_t n) {
  vec acc[8] = {};
  for (index_t i = 0; i + 8 <= n; i += 8) {
    BENCH_UNROLL
    for (int j = 0; j < 8; ++j) acc[j] += from[i + j];
  }
  float sum = 0;
  for (auto const& v : acc) {
    for (index_t l = 0; l < lanes; ++l) sum += v[l];
  }
  return sum;
}

/// Where results go that nobody reads; the compiler cannot know.
std::atomic<float> sink{0};
/// Operands that the compiler cannot know either: a fixed point far from infinity and from the denormal numbers.
std::atomic<float> factor{0.999F}, addend{0.001F};

/// Every thread calls `burst(me)` a number of times, all at once; returns the shortest burst, by its slowest thread.
template <class Burst>
double best_burst(int threads, Burst const& burst) {
  constexpr std::size_t bursts = 24;
  std::atomic<int> arrived{0};
  std::vector<std::vector<double>> took(static_cast<std::size_t>(threads), std::vector<double>(bursts));
  auto const work = [&](int me) {
    for (std::size_t b = 0; b < bursts; ++b) {
      arrived.fetch_add(1);
      while (arrived.load(std::memory_order_relaxed) < threads * static_cast<int>(b + 1)) {
      }
      auto const start = clock::now();
      burst(me);
      took[static_cast<std::size_t>(me)][b] = seconds_since(start);
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  for (auto& t : others) t.join();
  double best = 1e9;
  for (std::size_t b = 0; b < bursts; ++b) {
    double slowest = 0;
    for (auto const& mine : took) slowest = std::max(slowest, mine[b]);
    best = std::min(best, slowest);
  }
  return best;
}

/// Memory on large pages where the system has them.
struct large_pages {
  static constexpr std::size_t page = std::size_t{1} << 21;
  explicit large_pages(index_t bytes) : size((static_cast<std::size_t>(bytes) + page - 1) / page * page) {
    data = std::aligned_alloc(page, size);
    if (data == nullptr) throw std::bad_alloc();
    madvise(data, size, MADV_HUGEPAGE);  // a wish: where it is not granted, small pages do
    std::memset(data, 0, size);
  }
  ~large_pages() { std::free(data); }
  large_pages(large_pages const&) = delete;
  large_pages& operator=(large_pages const&) = delete;
  std::size_t size;
  void* data;
};

}  // namespace

double fma_peak(int threads) {
  constexpr index_t rounds = 1 << 18;
  double const flops = 2.0 * chains * lanes * static_cast<double>(rounds) * threads;
  auto const burst = [](int) {
    sink.store(multiply_add(rounds, factor.load(), addend.load()), std::memory_order_relaxed);
  };
  return flops / best_burst(threads, burst) * 1e-9;
}

double read_bandwidth(index_t bytes, int threads) {
  large_pages const memory(bytes);
  index_t const n = bytes / threads / static_cast<index_t>(register_bytes) / 8 * 8;  // registers of one thread
  auto const* const all = static_cast<vec const*>(memory.data);
  // A burst of about a millisecond: long against the clock, short against what disturbs.
  index_t const times = std::max<index_t>(1, 50'000'000 / std::max<index_t>(bytes / threads, 1));
  auto const burst = [&](int me) {
    for (index_t i = 0; i < times; ++i) {
      asm volatile("" ::: "memory");  // the memory may have changed: read it again
      sink.store(read_all(all + me * n, n), std::memory_order_relaxed);
    }
  };
  burst(0);
  double const read = static_cast<double>(times * n * threads) * static_cast<double>(register_bytes);
  return read / best_burst(threads, burst) * 1e-9;
}

double peak_resident_bytes() {
  // What `getrusage` says includes the program that started this one, before it became this one.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024.0;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0;
}

}  // namespace bench
