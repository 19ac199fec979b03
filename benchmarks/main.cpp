// s2rm_bench: Google Benchmark's flags, and two that do nothing else:
//   --peak_memory=<config>[,<threads>]   trains three steps in this process and prints its peak memory as JSON
//   --latency=<config>[,<threads>]       streams for two seconds and prints a histogram of the time of single steps

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "suite.hpp"

namespace {

using by_config = std::map<std::string, std::function<void(int)>>;

/// `what`: <config>[,<threads>].
int run_one(std::string const& flag, by_config const& all, std::string const& what) {
  auto const comma = what.find(',');
  int const threads = comma == std::string::npos ? 1 : std::atoi(what.c_str() + comma + 1);
  auto const at = all.find(what.substr(0, comma));
  if (at == all.end() || threads < 1) {
    std::fprintf(stderr, "s2rm_bench: %s<config>[,<threads>]: unknown: %s; there are:", flag.c_str(), what.c_str());
    for (auto const& [name, run] : all) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  at->second(threads);
  return 0;
}

int run(int argc, char** argv) {
  bench::suite all;
  bench::add_tiny(all);
  bench::add_balls(all);
  bench::add_balls_m160(all);
  bench::add_wide(all);
  bench::add_primitives(all);
  bench::add_layers(all);
  bench::add_gru(all);

  std::string const only = argc == 2 ? argv[1] : "";
  for (auto const& [flag, what] : {std::pair{"--peak_memory=", &all.memory}, std::pair{"--latency=", &all.latency}}) {
    if (only.rfind(flag, 0) == 0) return run_one(flag, *what, only.substr(std::strlen(flag)));
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("compiler", BENCH_COMPILER);
  for (auto const& [name, bytes] : all.saved_bytes) {
    benchmark::AddCustomContext("saved_bytes_per_time_step/" + name, std::to_string(bytes));
  }
  auto const ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "s2rm_bench: %s\n", e.what());
    return 1;
  }
}
