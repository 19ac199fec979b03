// The parts on one of Thrust's host systems: what is timed here says nothing about a GPU, but that it runs and agrees.
//
//   bench_gpu_parts_on_host [--seconds <s>] [part...]
#include <cstdlib>

#include "parts.hpp"
#include "s2rm/thrust.hpp"

int main(int argc, char** argv) {
  std::vector<std::string_view> only(argv + 1, argv + argc);
  if (only.size() >= 2 && only[0] == "--seconds") {
    bench::timed_seconds() = std::atof(argv[2]);
    only.erase(only.begin(), only.begin() + 2);
  }
  return bench::time_parts(s2rm::backend::thrust{}, only) ? 0 : 1;
}
