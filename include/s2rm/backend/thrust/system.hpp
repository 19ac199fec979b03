#pragma once
/// \file
/// Thrust's device systems: where work of `backend::thrust` runs, and its memory there. Each has
///
///   each(context, n, f)            f(i) for i < n, in parallel
///   blocks(context, count, k)      kernel k (kernels/block.hpp) for blocks 0 ... count - 1
///   grid(context, count, k)        cooperative kernel k (kernels/cooperative.hpp) on count blocks
///   resident<Kernel>(context)      the most blocks of such a kernel that fit the device at once
///   allocate, release, copy, copy_in, copy_out, wait
///
/// and may have, with what holds where it has not:
///
///   chunks                         rows per chunk of long work (`ops::chunk_rows`); `device_chunks`
///   multiply(context, p, task)     a library's product (cuBLAS); kernels/host_gemm.hpp
///   context.shared_room()          bytes of shared memory a block can have; enough for every kernel
///   allocate_host, release_host    page-locked memory; ordinary memory
///   graph, capture, launch         captured work; work is enqueued every time
///   event, record_event, wait, completed, copy_in_later, copy_out_later
///                                  (ops/capabilities.hpp); every call has done its work when it returns
///
/// `cpp` and `omp` are the host, whatever the compiler; `cuda` is in cuda.hpp.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "s2rm/backend/thrust/kernels/cooperative.hpp"
#include "s2rm/core/config.hpp"

// The host systems belong to host compilers: nvcc does not take Thrust's OpenMP.
#if !S2RM_CUDA
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

S2RM_NAMESPACE_BEGIN
namespace backend::system {

/// What the host systems share: memory is the host's.
struct host {
  static constexpr bool host_memory = true;

  /// What all copies of a backend share: room for partial sums (of `reduce`; of kernels/weight_gradient.hpp), a count
  /// of allocations, shared memory of grids, and the order of threads.
  struct context {
    static constexpr index_t sum_blocks = 64;
    static constexpr std::size_t scratch_bytes = std::size_t{1} << 20;
    double partial[sum_blocks] = {};
    std::unique_ptr<std::byte[]> const memory{new std::byte[scratch_bytes]};
    void* const scratch = memory.get();
    index_t allocations = 0;
    backend::detail::grid_memory shared;
    backend::detail::thread_order order = backend::detail::thread_order::ascending;
  };

  static void* allocate(context& c, std::size_t bytes) {
    ++c.allocations;
    return ::operator new(bytes, std::align_val_t{64});
  }
  static void release(context&, void* p) { ::operator delete(p, std::align_val_t{64}); }
  static void copy(context&, std::size_t bytes, void const* from, void* to) { std::memcpy(to, from, bytes); }
  static void copy_in(context& c, std::size_t bytes, void const* from, void* to) { copy(c, bytes, from, to); }
  static void copy_out(context& c, std::size_t bytes, void const* from, void* to) { copy(c, bytes, from, to); }
  static void wait(context&) {}

  /// Blocks run sequentially on the host: a grid may have any size.
  template <class Kernel>
  static index_t resident(context&) {
    return (std::numeric_limits<index_t>::max)();
  }

 protected:
  /// f(i) by way of one of Thrust's policies.
  template <class Policy, class F>
  static void each_by(Policy const& policy, index_t n, F const& f) {
    ::thrust::for_each_n(policy, ::thrust::counting_iterator<index_t>(0), n, f);
  }
  template <class Kernel>
  struct one_block {
    Kernel kernel;
    backend::detail::thread_order order;
    void operator()(index_t i) const {
      alignas(64) std::byte shared[Kernel::shared_bytes];
      kernel(backend::detail::host_block<Kernel::threads>{i, shared, order});
    }
  };
};

/// Kernels by the loops of `System`: blocks run sequentially, or one after another on each of the host's threads.
template <class System>
struct host_kernels : host {
  template <class Kernel>
  static void blocks(context& c, index_t count, Kernel const& k) {
    System::each(c, count, one_block<Kernel>{k, c.order});
  }
  template <class Kernel>
  static void grid(context& c, index_t count, Kernel const& k) {
    backend::detail::run_on_host_grid(k, count, c.shared, c.order,
                                      [&c](index_t n, auto const& f) { System::each(c, n, f); });
  }
};

/// One thread of the host.
struct cpp : host_kernels<cpp> {
  template <class F>
  static void each(context&, index_t n, F const& f) {
    each_by(::thrust::cpp::par, n, f);
  }
};

#if defined(_OPENMP)
/// The host's threads, by OpenMP.
struct omp : host_kernels<omp> {
  template <class F>
  static void each(context&, index_t n, F const& f) {
    each_by(::thrust::omp::par, n, f);
  }
};
#endif

}  // namespace backend::system
S2RM_NAMESPACE_END
#endif
