#pragma once
/// \file
/// The timed loop and what is told about it.

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <string>

#include "machine.hpp"

namespace bench {

/// What one call of the timed code is worth.
struct worth {
  double flops = 0;        ///< of the mathematics; 0: no GFLOP/s is told
  int threads = 1;         ///< of the timed code; the multiply-add peak beside it is measured with as many
  double bytes = 0;        ///< held or read, see the benchmark
  index_t read_bytes = 0;  ///< a working set whose read bandwidth is measured beside it; 0: none
  bool latencies = false;  ///< a histogram's points as well
};

/// Runs `step` until Google Benchmark has enough and sets the counters. Every call is timed by itself.
///
///   best_us, median_us          time of a call
///   p99_us, p999_us             of a call, with `latencies`
///   steps/s                     by the median
///   flops, GFLOP/s, FMA_peak, share    flops / best; peak measured before and after, its best; their ratio
///   bytes
///   GB/s, read_GB/s, of_read    read_bytes / best; bandwidth measured before and after, its best; their ratio
void measure(benchmark::State& state, worth const& w, std::function<void()> const& step);

/// Calls `step` for two seconds, every call timed by itself, and prints a histogram and p50, p90, p99, p99.9.
void print_latencies(std::string const& title, std::function<void()> const& step);

/// Ends the program: a result that is wrong is not timed.
[[noreturn]] void refuse(std::string const& benchmark, std::string const& why);

namespace detail {
struct slot {
  std::string name;
  std::shared_ptr<void> kept;
};
slot& prepared_slot();
}  // namespace detail

/// What the benchmark `name` prepared, kept while Google Benchmark calls it again to find its number of iterations. The
/// next benchmark drops it. `make` returns a shared_ptr<Fixture>.
template <class Fixture, class Make>
Fixture& prepared(std::string const& name, Make const& make) {
  auto& s = detail::prepared_slot();
  if (s.name != name) {
    s = {};
    s.kept = std::static_pointer_cast<void>(std::shared_ptr<Fixture>(make()));
    s.name = name;
  }
  return *static_cast<Fixture*>(s.kept.get());
}

}  // namespace bench
