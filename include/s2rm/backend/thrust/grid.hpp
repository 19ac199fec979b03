#pragma once
/// \file
/// Kernels whose blocks work together: `grid.each(f)` calls f(block) for every block, and then all blocks wait for all.
/// What one such phase hands to another block in the next lies in the device's memory; a block's shared memory stays as it
/// is. On a device all blocks must be there at once (a cooperative launch); on a host they run one after another or on
/// several threads, in the order of a kernel's threads or its reverse (block.hpp).

#include <memory>
#include <new>

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

/// Shared memory of all blocks of a host's grid, which starts as NaN.
struct grid_memory {
  explicit grid_memory(std::size_t bytes)
      : bytes_(bytes), data_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t{64}))) {
    for (std::size_t i = 0; i < bytes_; ++i) data_[i] = std::byte{0xFF};
  }
  grid_memory(grid_memory const&) = delete;
  grid_memory& operator=(grid_memory const&) = delete;
  ~grid_memory() { ::operator delete(data_, std::align_val_t{64}); }
  [[nodiscard]] std::byte* data() { return data_; }

 private:
  std::size_t bytes_;
  std::byte* data_;
};

/// Bytes of one block's shared memory, on lines of their own.
template <class Kernel>
inline constexpr std::size_t grid_shared_bytes = (Kernel::shared_bytes + 63) / 64 * 64;

/// A kernel on the host.
template <class Kernel, class Run>
void run_on_host_grid(Kernel const& k, index_t blocks, thread_order order, Run const& run) {
  constexpr std::size_t bytes = grid_shared_bytes<Kernel>;
  grid_memory memory(static_cast<std::size_t>(blocks) * bytes);
  k(host_grid<Kernel::threads, Run>{blocks, memory.data(), bytes, order, run});
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

template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads) run_grid(Kernel kernel) {
  extern __shared__ __align__(16) unsigned char shared[];
  kernel(device_grid<Kernel::threads>{reinterpret_cast<std::byte*>(shared)});
}
#endif

}  // namespace s2rm::backend::detail
