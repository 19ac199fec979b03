// Times training and streaming on a GPU. Every case is first held against the CPU backend at small extents and is not
// timed where it differs. Prints one line of JSON for each case: name, median and least time in milliseconds.
//
//   bench_gpu [case...]        all cases where none is named
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../problem.hpp"
#include "models.hpp"
#include "s2rm/eigen.hpp"

namespace {

using namespace bench;
using clock_type = std::chrono::steady_clock;

/// Calls `once` until two seconds have passed, at least ten times, after some calls that are not counted.
void report(std::string const& name, std::function<void()> const& once) {
  for (int i = 0; i < 5; ++i) once();
  std::vector<double> times;
  auto const begin = clock_type::now();
  while (times.size() < 10 || (clock_type::now() - begin < std::chrono::seconds(2) && times.size() < 20'000)) {
    auto const start = clock_type::now();
    once();
    times.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"name\": \"%s\", \"median_ms\": %.5f, \"min_ms\": %.5f, \"runs\": %zu}\n", name.c_str(),
              times[times.size() / 2], times.front(), times.size());
  std::fflush(stdout);
}

s2rm::optim::adam optimiser() { return {.rate = 1e-7}; }

/// Whether loss and gradient at small extents are the CPU's.
template <class Net>
bool agrees(std::string const& name, s2rm::gpu_options gpu, double tolerance) {
  problem<Net> const data({3, 2, 5, 4}, 1);
  auto const cpu = s2rm::erased(s2rm::trainer<Net, s2rm::backend::eigen>({}, optimiser(), s2rm::seed{1}));
  auto const there = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  double const expected = cpu->differentiate(data.batch()), found = there->differentiate(data.batch());
  std::vector<float> a(Net::parameter_count), b(a.size());
  cpu->gradient(Net::parameter_count, a.data());
  there->gradient(Net::parameter_count, b.data());
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  bool const same = std::abs(found - expected) <= tolerance * std::abs(expected) && worst <= 10 * tolerance * largest;
  if (!same) {
    std::printf("{\"name\": \"%s\", \"error\": \"loss %.7g against %.7g, gradient off by %.3g of %.3g\"}\n",
                name.c_str(), found, expected, worst, largest);
  }
  return same;
}

template <class Net>
void train(std::string const& name, extents const& e, s2rm::gpu_precision precision) {
  s2rm::gpu_options const gpu{.precision = precision};
  if (!agrees<Net>(name, gpu, precision == s2rm::gpu_precision::full ? 1e-4 : 5e-2)) return;
  problem<Net> const data(e, 0);
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  auto const batch = data.batch();
  report(name, [&] { learner->step(batch); });
}

/// One step and its predictions, batch 1.
template <class Net>
void live(std::string const& name, extents const& e) {
  if (!agrees<Net>(name, {}, 1e-4)) return;
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1});
  problem<Net> const data({1, 1, e.views, e.queries}, 0);
  auto const b = data.batch();
  auto const one = learner->stream({e.views, e.queries});
  report(name, [&] {
    one->observe({b.view, {e.views, 1, 11, 11}}, {b.place, {e.views, 2}});
    one->predict({b.query_place, {e.queries, 2}});
  });
}

template <class Net>
void live_many(std::string const& name, index_t sessions, extents const& e) {
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1});
  problem<Net> const data({1, sessions, e.views, e.queries}, 0);
  auto const b = data.batch();
  auto const all = learner->streams(sessions, {e.views, e.queries});
  report(name, [&] {
    all->observe({b.view, {sessions, e.views, 1, 11, 11}}, {b.place, {sessions, e.views, 2}});
    all->predict({b.query_place, {sessions, e.queries, 2}});
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (s2rm::gpu_count<balls>() == 0) {
    std::puts("bench_gpu: no CUDA device, or its driver does not answer");
    return 77;
  }
  extents const small{20, 32, 10, 10}, large{50, 256, 32, 32};
  using s2rm::gpu_precision;
  struct named {
    std::string_view name;
    std::function<void(std::string const&)> run;
  };
  std::vector<named> const cases{
      {"train/balls/float", [&](std::string const& n) { train<balls>(n, small, gpu_precision::full); }},
      {"train/balls/tf32", [&](std::string const& n) { train<balls>(n, small, gpu_precision::tf32); }},
      {"train/balls/bf16", [&](std::string const& n) { train<balls>(n, small, gpu_precision::bf16); }},
      {"train/big/float", [&](std::string const& n) { train<big>(n, large, gpu_precision::full); }},
      {"train/big/bf16", [&](std::string const& n) { train<big>(n, large, gpu_precision::bf16); }},
      {"stream/balls/1", [&](std::string const& n) { live<balls>(n, small); }},
      {"stream/balls/4096", [&](std::string const& n) { live_many<balls>(n, 4096, small); }},
  };
  try {
    for (auto const& c : cases) {
      bool wanted = argc == 1;
      for (int i = 1; i < argc; ++i) wanted = wanted || c.name == argv[i];
      if (wanted) c.run(std::string(c.name));
    }
  } catch (std::exception const& error) {
    std::fprintf(stderr, "bench_gpu: %s\n", error.what());
    return 1;
  }
  return 0;
}
