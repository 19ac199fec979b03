#pragma once
/// \file
/// Kernels of cooperating threads, written once for devices and hosts. A kernel is a functor called with a block; it
/// consists of phases: `block.each(f)` calls f(thread) for every thread and then waits for all of them. What one phase
/// hands to the next lies in shared memory. On a device the threads of a phase run at the same time, on a host one
/// after another, in an order the caller chooses: a result that depends on it is a race.

#include <cstddef>

#include "s2rm/backend/thrust/device_limits.hpp"
#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Shared memory that a block can have at the most on the devices that the kernels are laid out for
/// (device_limits.hpp).
inline constexpr std::size_t max_shared_bytes = target_device::shared_bytes_per_block;

/// In what order a host runs the threads of a phase.
enum class thread_order { ascending, descending };

/// One block of `Threads` threads with shared memory, on the host.
template <int Threads>
struct host_block {
  static constexpr int threads = Threads;
  index_t index;
  std::byte* shared;
  thread_order order = thread_order::ascending;

  /// N numbers of each thread that live from phase to phase, as registers do: `of(thread)`.
  template <class T, int N>
  struct registers {
    T numbers[static_cast<std::size_t>(Threads)][static_cast<std::size_t>(N)];
    T* of(int t) { return numbers[t]; }
  };
  template <class F>
  void each(F const& f) const {
    if (order == thread_order::ascending) {
      for (int t = 0; t < Threads; ++t) f(t);
    } else {
      for (int t = Threads - 1; t >= 0; --t) f(t);
    }
  }
};

#if S2RM_CUDA
/// The same on a device.
template <int Threads>
struct device_block {
  static constexpr int threads = Threads;
  index_t index;
  std::byte* shared;

  /// In registers, where indices are known when it is compiled.
  template <class T, int N>
  struct registers {
    T numbers[N];
    __device__ T* of(int) { return numbers; }
  };
  template <class F>
  __device__ void each(F const& f) const {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
};
#endif

/// The block kernel that does the work of F in place of a loop, where there is one. For a functor of `for_each` it is
/// made as block_kernel<F>{f, n} and does the same for all n indices; for a task of `run_fused` as
/// block_kernel<F>{task}, and says with `applies()` whether it is to run. It has `threads`, `shared_bytes` and
/// `blocks()`. Specialisations for the functors of layers and models lie in policy_kernels/, which s2rm/thrust.hpp
/// includes.
template <class F>
struct block_kernel {};
template <class F> concept has_block_kernel = requires { block_kernel<F>::threads; };

/// Shared memory of a kernel, cut into arrays.
struct shared_layout {
  std::byte* next;
  template <class T>
  S2RM_HD T* take(index_t n) {
    T* const taken = reinterpret_cast<T*>(next);
    next += (n * static_cast<index_t>(sizeof(T)) + 15) / 16 * 16;
    return taken;
  }
};

/// sum[0] becomes the sum over the threads' numbers: halves are added until one is left. Threads is a power of two.
template <class Block, class T>
S2RM_HD inline void add_up_block(Block const& block, T* sum) {
  for (int half = Block::threads / 2; half > 0; half /= 2) {
    block.each([&](int t) {
      if (t < half) sum[t] += sum[t + half];
    });
  }
}

/// partial[block] = the sum of f(i) over i = block threads + t, + blocks threads, ...; four at a time, so that four
/// reads are in flight.
template <class F>
struct block_sum {
  static constexpr int threads = 256;
  static constexpr std::size_t shared_bytes = threads * sizeof(double);
  F f;
  index_t n, blocks;
  double* partial;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<double*>(block.shared);
    block.each([&](int t) {
      double local = 0;
      index_t const step = blocks * threads;
      index_t i = block.index * threads + t;
      for (; i + 3 * step < n; i += 4 * step) {
        double const a = f(i), b = f(i + step), c = f(i + 2 * step), d = f(i + 3 * step);
        local += (a + b) + (c + d);
      }
      for (; i < n; i += step) local += f(i);
      sum[t] = local;
    });
    add_up_block(block, sum);
    block.each([&](int t) {
      if (t == 0) partial[block.index] = sum[0];
    });
  }
};

/// *out = the sum of `count` numbers.
struct sum_partials {
  static constexpr int threads = 256;
  static constexpr std::size_t shared_bytes = threads * sizeof(double);
  double const* partial;
  index_t count;
  double* out;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<double*>(block.shared);
    block.each([&](int t) {
      double local = 0;
      for (index_t i = t; i < count; i += threads) local += partial[i];
      sum[t] = local;
    });
    add_up_block(block, sum);
    block.each([&](int t) {
      if (t == 0) *out = sum[0];
    });
  }
};

/// *out = the sum of f(i) over i < n.
template <class System, class Backend, class F>
void sum_terms(Backend const& be, index_t n, F const& f, double* out) {
  using kernel = block_sum<F>;
  constexpr index_t max_blocks = System::context::sum_blocks;
  index_t const wanted = (n + kernel::threads - 1) / kernel::threads;
  index_t const count = wanted < 1 ? 1 : (wanted < max_blocks ? wanted : max_blocks);
  if (count == 1) {
    be.blocks(1, kernel{f, n, 1, out});
  } else {
    double* const partial = be.context->partial;
    be.blocks(count, kernel{f, n, count, partial});
    be.blocks(1, sum_partials{partial, count, out});
  }
}

}  // namespace backend::detail
S2RM_NAMESPACE_END
