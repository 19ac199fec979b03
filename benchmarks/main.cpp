// s2rm_bench: Google Benchmark's flags, and --peak_memory=<config>[,<threads>], which trains three steps in this
// process, prints its peak memory as JSON and does nothing else.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "suite.hpp"

namespace {

int peak_memory(bench::suite const& all, std::string const& what) {
  auto const comma = what.find(',');
  int const threads = comma == std::string::npos ? 1 : std::atoi(what.c_str() + comma + 1);
  auto const at = all.memory.find(what.substr(0, comma));
  if (at == all.memory.end() || threads < 1) {
    std::fprintf(stderr, "s2rm_bench: --peak_memory=<config>[,<threads>]: unknown: %s; there are:", what.c_str());
    for (auto const& [name, run] : all.memory) std::fprintf(stderr, " %s", name.c_str());
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

  constexpr char const* memory_flag = "--peak_memory=";
  if (argc == 2 && std::strncmp(argv[1], memory_flag, std::strlen(memory_flag)) == 0) {
    return peak_memory(all, argv[1] + std::strlen(memory_flag));
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
