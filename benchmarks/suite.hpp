#pragma once
/// \file
/// What there is to measure; filled by one function per group, one group per file.

#include <benchmark/benchmark.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "models.hpp"

namespace bench {

struct suite {
  std::map<std::string, std::function<void(int)>> memory;   ///< by configuration: train, then print the peak memory
  std::map<std::string, std::function<void(int)>> latency;  ///< by configuration: stream, then print a histogram
  std::map<std::string, index_t> saved_bytes;               ///< by configuration: saved activations of a time step

  /// The names are the programs' contract, so nothing may be added to them: no UseRealTime and no Threads.
  template <class Run>
  void add(std::string const& name, Run run) {
    benchmark::RegisterBenchmark(name.c_str(), std::move(run))->Unit(benchmark::kMicrosecond);
  }
  void add(std::string const& name, config const& c, int threads,
           void (*run)(benchmark::State&, std::string const&, config const&, int)) {
    add(name, [=](benchmark::State& state) { run(state, name, c, threads); });
  }
};

void add_tiny(suite& to);
void add_balls(suite& to);
void add_balls_m160(suite& to);
void add_wide(suite& to);
void add_primitives(suite& to);
void add_layers(suite& to);
void add_gru(suite& to);

}  // namespace bench
