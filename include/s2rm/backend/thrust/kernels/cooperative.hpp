#pragma once
/// \file
/// Cooperative kernels: blocks that synchronise with each other. What one phase hands to another block in a later one
/// lies in global memory; a block's shared memory lives as long as the kernel.
///
///   grid.alone(f)         f(block) for every block
///   grid.each(f)          the same, then a barrier of all blocks
///   grid.teams(size, f)   f(team) for every `size` consecutive blocks: team.each(g) calls g(block) for every
///                         block of the team, then a barrier of these blocks
///
/// On a device all blocks must be resident at once (a cooperative launch); on a host they run sequentially or on
/// several threads, in the order of a kernel's threads or its reverse (block.hpp). There a team runs all its phases up
/// to the next `each` before the next team begins, so that data handed between teams without a barrier of the grid
/// gives wrong results.

#include <cstdint>
#include <functional>
#include <vector>

#include "s2rm/backend/thrust/kernels/block.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// On the host. `Run(n, f)` calls f(i) for i < n.
template <int Threads, class Run>
struct host_grid {
  index_t blocks;
  std::byte* shared;  ///< of all blocks
  std::size_t bytes;  ///< of one
  thread_order order;
  Run const& run;

  template <class F>
  void each(F const& f) const {
    if (waiting.empty()) {
      run(blocks, [this, &f](index_t i) { f(block(ordered(i, blocks))); });
    } else {
      waiting.push_back([&f](team const& t) { t.each(f); });
      finish();
    }
  }
  template <class F>
  void alone(F const& f) const {
    each(f);
  }

  struct team {
    host_grid const& grid;
    index_t first, size;
    template <class F>
    void each(F const& f) const {
      for (index_t i = 0; i < size; ++i) f(grid.block(first + grid.ordered(i, size)));
    }
  };
  template <class F>
  void teams(index_t size, F const& f) const {
    if (size != team_size) finish();
    team_size = size;
    waiting.push_back(f);
  }
  /// Runs the queued phases of all teams.
  void finish() const {
    if (waiting.empty()) return;
    index_t const count = blocks / team_size;
    run(count, [this, count](index_t i) {
      for (auto const& f : waiting) f(team{*this, ordered(i, count) * team_size, team_size});
    });
    waiting.clear();
  }

  mutable index_t team_size = 0;
  mutable std::vector<std::function<void(team const&)>> waiting = {};

 private:
  [[nodiscard]] index_t ordered(index_t i, index_t n) const { return order == thread_order::ascending ? i : n - 1 - i; }
  [[nodiscard]] host_block<Threads> block(index_t at) const {
    return {at, shared + static_cast<std::size_t>(at) * bytes, order};
  }
};

/// Shared memory of all blocks of the host's grids; grows to that of the largest grid.
class grid_memory {
 public:
  std::byte* room_for(std::size_t bytes) {
    if (bytes > memory_.size()) memory_ = std::vector<std::byte>(bytes + line);
    auto const at = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + (line - at % line) % line;
  }
  static constexpr std::size_t line = 64;

 private:
  std::vector<std::byte> memory_;
};

/// A kernel on the host.
template <class Kernel, class Run>
void run_on_host_grid(Kernel const& k, index_t blocks, grid_memory& memory, thread_order order, Run const& run) {
  constexpr std::size_t line = grid_memory::line, bytes = (Kernel::shared_bytes + line - 1) / line * line;
  std::byte* const shared = memory.room_for(static_cast<std::size_t>(blocks) * bytes);
  host_grid<Kernel::threads, Run> const grid{blocks, shared, bytes, order, run};
  k(grid);
  grid.finish();
}

#if S2RM_CUDA
/// Barrier counters: one for the grid, then one for each team, a cache line each. Zero at first; a kernel leaves them
/// ready for the next one.
struct grid_counters {
  static constexpr index_t line = 32, max_teams = target_device::multiprocessors, numbers = line * (max_teams + 1);
  unsigned* of_all;
};

/// Barrier of `blocks` blocks. The counter's highest bit flips when all have arrived: each adds 1, and the `first`
/// block adds 2^31 - (blocks - 1).
__device__ inline void wait_for_blocks(unsigned* counter, unsigned blocks, bool first) {
  __syncthreads();
  if (threadIdx.x == 0) {
    constexpr unsigned turn = 0x80000000U;
    __threadfence();
    unsigned const before = atomicAdd(counter, first ? turn - (blocks - 1) : 1U);
    while (((before ^ *static_cast<unsigned volatile*>(counter)) & turn) == 0) {
    }
    __threadfence();
  }
  __syncthreads();
}

/// On a device.
template <int Threads>
struct device_grid {
  std::byte* shared;
  grid_counters counters;

  template <class F>
  __device__ void alone(F const& f) const {
    f(device_block<Threads>{static_cast<index_t>(blockIdx.x), shared});
  }
  template <class F>
  __device__ void each(F const& f) const {
    alone(f);
    wait_for_blocks(counters.of_all, gridDim.x, blockIdx.x == 0);
  }

  struct team {
    device_grid const& grid;
    unsigned size, number;
    template <class F>
    __device__ void each(F const& f) const {
      grid.alone(f);
      wait_for_blocks(grid.counters.of_all + grid_counters::line * (1 + number), size, blockIdx.x == number * size);
    }
  };
  template <class F>
  __device__ void teams(index_t size, F const& f) const {
    auto const of = static_cast<unsigned>(size);
    f(team{*this, of, blockIdx.x / of});
  }
};

/// One block per multiprocessor, so that it may use all its registers.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, 1) run_grid(Kernel kernel, grid_counters counters) {
  extern __shared__ __align__(16) unsigned char shared[];
  kernel(device_grid<Kernel::threads>{reinterpret_cast<std::byte*>(shared), counters});
}
#endif

}  // namespace backend::detail
S2RM_NAMESPACE_END
