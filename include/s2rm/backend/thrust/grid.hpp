#pragma once
/// \file
/// Kernels whose blocks work together: `grid.each(f)` calls f(block) for every block, and then all blocks wait for all.
/// What one such phase hands to another block in the next lies in the device's memory; a block's shared memory stays as it
/// is. On a device all blocks must be there at once (a cooperative launch); on a host they run one after another or on
/// several threads, in the order of a kernel's threads or its reverse (block.hpp).

#include <cstdint>
#include <vector>

#include "s2rm/backend/thrust/block.hpp"
#if S2RM_CUDA
#include <cooperative_groups.h>
#endif

namespace s2rm::backend::detail {

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
    run(blocks, [this, &f](index_t i) {
      index_t const at = order == thread_order::ascending ? i : blocks - 1 - i;
      f(host_block<Threads>{at, shared + static_cast<std::size_t>(at) * bytes, order});
    });
  }
};

/// Shared memory of all blocks of a host's grids: of the largest there was.
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
  k(host_grid<Kernel::threads, Run>{blocks, shared, bytes, order, run});
}

#if S2RM_CUDA
/// On a device.
template <int Threads>
struct device_grid {
  std::byte* shared;
  template <class F>
  __device__ void each(F const& f) const {
    f(device_block<Threads>{static_cast<index_t>(blockIdx.x), shared});
    cooperative_groups::this_grid().sync();
  }
};

/// One block for a multiprocessor has all of its registers.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, 1) run_grid(Kernel kernel) {
  extern __shared__ __align__(16) unsigned char shared[];
  kernel(device_grid<Kernel::threads>{reinterpret_cast<std::byte*>(shared)});
}
#endif

}  // namespace s2rm::backend::detail
