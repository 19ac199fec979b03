#pragma once
/// \file
/// Timing, and a line of JSON for each case.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

/// How long each case is timed, seconds.
inline double& timed_seconds() {
  static double seconds = 2;
  return seconds;
}

/// Calls `once`, which does something `times` times, until the time is over and at least ten times, after some calls that
/// are not counted. `more` is further members of the line.
template <class F>
void report_time(std::string const& name, int times, F const& once, std::string const& more = "") {
  using clock_type = std::chrono::steady_clock;
  for (int i = 0; i < 5; ++i) once();
  std::vector<double> found;
  auto const begin = clock_type::now();
  std::chrono::duration<double> const most(timed_seconds());
  while (found.size() < 10 || (clock_type::now() - begin < most && found.size() < 20'000)) {
    auto const start = clock_type::now();
    once();
    found.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - start).count() / times);
  }
  std::sort(found.begin(), found.end());
  std::printf("{\"name\": \"%s\", \"median_ms\": %.5f, \"min_ms\": %.5f, \"runs\": %zu%s}\n", name.c_str(),
              found[found.size() / 2], found.front(), found.size(), more.c_str());
  std::fflush(stdout);
}

inline void report_error(std::string const& name, std::string const& what) {
  std::printf("{\"name\": \"%s\", \"error\": \"%s\"}\n", name.c_str(), what.c_str());
  std::fflush(stdout);
}

}  // namespace bench
