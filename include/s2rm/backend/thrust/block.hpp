#pragma once
/// \file
/// Kernels of cooperating threads, written once for devices and hosts. A kernel is a functor called with a block; it
/// consists of phases: `block.each(f)` calls f(thread) for every thread and then waits for all of them. What one phase
/// hands to the next lies in shared memory. On a device the threads of a phase run at the same time, on a host one after
/// another, in an order the caller chooses: a result that depends on it is a race.

#include <cstddef>

#include "s2rm/core/config.hpp"

namespace s2rm::backend::detail {

/// In what order a host runs the threads of a phase.
enum class thread_order { ascending, descending };

/// One block of `Threads` threads with shared memory, on the host.
template <int Threads>
struct host_block {
  static constexpr int threads = Threads;
  index_t index;
  std::byte* shared;
  thread_order order = thread_order::ascending;

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

  template <class F>
  __device__ void each(F const& f) const {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
};
#endif

/// Shared memory of a kernel, cut into arrays.
struct shared_layout {
  std::byte* next;
  template <class T>
  S2RM_HD T* take(index_t n) {
    T* const piece = reinterpret_cast<T*>(next);
    next += (n * static_cast<index_t>(sizeof(T)) + 15) / 16 * 16;
    return piece;
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

/// partial[block] = the sum of f(i) over i = block threads + t, + blocks threads, ...
template <class F>
struct sum_piece {
  static constexpr int threads = 256;
  static constexpr std::size_t shared_bytes = threads * sizeof(double);
  F f;
  index_t n, blocks;
  double* partial;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<double*>(block.shared);
    block.each([&](int t) {
      double mine = 0;
      for (index_t i = block.index * threads + t; i < n; i += blocks * threads) mine += f(i);
      sum[t] = mine;
    });
    add_up_block(block, sum);
    block.each([&](int t) {
      if (t == 0) partial[block.index] = sum[0];
    });
  }
};

/// *out = the sum of `count` numbers, of which there are no more than threads.
struct sum_partials {
  static constexpr int threads = 256;
  static constexpr std::size_t shared_bytes = threads * sizeof(double);
  double const* partial;
  index_t count;
  double* out;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<double*>(block.shared);
    block.each([&](int t) { sum[t] = t < count ? partial[t] : 0.0; });
    add_up_block(block, sum);
    block.each([&](int t) {
      if (t == 0) *out = sum[0];
    });
  }
};

/// db (Width) += sum over n rows: one block for 32 columns of one group, eight rows at a time.
template <class T, index_t Width>
struct sum_columns {
  static constexpr int columns = 32, lines = 8, threads = columns * lines;
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  static constexpr index_t parts = (Width + columns - 1) / columns;
  T const* dy;
  index_t stride, group, n;
  T* db;
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<T*>(block.shared);
    index_t const g = block.index / parts, first = block.index % parts * columns;
    block.each([&](int t) {
      index_t const c = first + t % columns;
      T mine = T(0);
      if (c < Width) {
        for (index_t r = t / columns; r < n; r += lines) mine += dy[r * stride + g * group + c];
      }
      sum[t] = mine;
    });
    for (int half = lines / 2; half > 0; half /= 2) {
      block.each([&](int t) {
        if (t < half * columns) sum[t] += sum[t + half * columns];
      });
    }
    block.each([&](int t) {
      if (t < columns && first + t < Width) db[g * Width + first + t] += sum[t];
    });
  }
};

}  // namespace s2rm::backend::detail
