// What several ranks cost: mpirun -n <N> s2rm_scaling [seconds per row]. The sum over ranks of blocks of numbers, both
// ways; then the training step of the model `balls` with its batch shared among the ranks, and what of it is the sum.
// `s2rm_scaling --threads <n>` without mpirun is one rank with as many threads, to compare with.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "models.hpp"
#include "problem.hpp"
#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/distributed.hpp"
#include "s2rm/train/trainer.hpp"

namespace {

using namespace bench;
using clock_type = std::chrono::steady_clock;
using cpu = s2rm::backend::eigen;
using s2rm::communicator::mpi;

struct times {
  double least, median;
  int count;
};

/// Calls f for about so many seconds, all ranks equally often.
template <class F>
times measured(mpi const& team, double seconds, F const& f) {
  f();
  std::vector<double> all;
  double passed = 0;
  while (!team.any(passed > seconds && all.size() >= 5)) {
    auto const begin = clock_type::now();
    f();
    all.push_back(std::chrono::duration<double>(clock_type::now() - begin).count());
    passed += all.back();
  }
  std::sort(all.begin(), all.end());
  return {all.front(), all[all.size() / 2], static_cast<int>(all.size())};
}

template <class... Arguments>
void first_says(mpi const& team, char const* format, Arguments... arguments) {
  if (team.rank() == 0) std::printf(format, arguments...);
  std::fflush(stdout);
}

void sums(mpi const& team, double seconds) {
  first_says(team, "%-34s %12s %12s %10s\n", "sum over ranks of", "least, ms", "median, ms", "GB/s");
  for (s2rm::index_t const n :
       {s2rm::index_t{1}, s2rm::index_t{1} << 14, s2rm::index_t{1} << 18, s2rm::index_t{balls::parameter_count}}) {
    std::vector<float> x(static_cast<std::size_t>(n), 1e-3F), to(x);
    auto const row = [&](char const* how, times const& t) {
      first_says(team, "%9lld floats, %-17s %12.4f %12.4f %10.2f\n", static_cast<long long>(n), how, 1e3 * t.least,
                 1e3 * t.median, 4e-9 * static_cast<double>(n) / t.median);
    };
    row("all-reduce", measured(team, seconds, [&] { team.sum(n, x.data()); }));
    s2rm::index_t const parts = team.size();
    if ((parts & (parts - 1)) == 0) {
      row("tree", measured(team, seconds, [&] { team.tree_sum(parts, n, x.data(), to.data()); }));
    }
  }
}

void steps(mpi const& team, double seconds, int threads, s2rm::index_t parts) {
  constexpr extents whole{20, 16, 10, 10};
  s2rm::trainer<balls, cpu, float, s2rm::optim::adam, mpi> learner{
      cpu{.threads = threads}, {.rate = 1e-7, .clip = 1.0}, {}, {.microbatches = parts}, team};
  learner.assign(start_of<balls>(placing::drawn).data());
  auto const mine = learner.share(whole.batch);
  problem<balls> const data({whole.time, mine.count, whole.views, whole.queries}, 0);
  auto const t = measured(team, seconds, [&] { learner.step(data.look()); });
  first_says(team, "step of balls, %2d ranks x %d threads, parts %2lld: least %8.2f ms, median %8.2f ms (%d steps)\n",
             team.size(), threads, static_cast<long long>(parts), 1e3 * t.least, 1e3 * t.median, t.count);
}

}  // namespace

int main(int argc, char* argv[]) {
  s2rm::distributed::world const world;
  try {
    double seconds = 2;
    int threads = 1;
    for (int i = 1; i < argc; ++i) {
      if (std::string(argv[i]) == "--threads" && i + 1 < argc) {
        threads = std::atoi(argv[++i]);
      } else {
        seconds = std::atof(argv[i]);
      }
    }
    s2rm::require_value(seconds > 0 && threads > 0, "s2rm_scaling: expected [seconds] [--threads <n>]");
    mpi const team{world, {.timeout = 120}};
    constexpr auto early = balls::parameter_count - balls::at_readout;
    first_says(team, "balls: %lld parameters; %lld of them have their gradient before the way back through time\n",
               static_cast<long long>(balls::parameter_count), static_cast<long long>(early));
    if (team.size() > 1) sums(team, seconds / 4);
    for (s2rm::index_t const parts : {0, 2, 4, 16}) {
      if (parts == 0 || parts >= team.size()) steps(team, seconds, threads, parts);
    }
  } catch (std::exception const& e) {
    std::fprintf(stderr, "s2rm_scaling: %s\n", e.what());
    world.fail(e.what());
    return 1;
  }
  return 0;
}
