#pragma once
/// \file
/// The __global__ functions that run loops and kernels (kernels/block.hpp, kernels/cooperative.hpp), and errors of CUDA
/// and cuBLAS as exceptions. For nvcc.

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <type_traits>

#include "s2rm/backend/thrust/kernels/cooperative.hpp"
#include "s2rm/backend/thrust/kernels/host_gemm.hpp"
#include "s2rm/backend/thrust/memory.hpp"
#include "s2rm/core/errors.hpp"

S2RM_NAMESPACE_BEGIN

/// An error of CUDA or cuBLAS: the call that failed, and the library's message.
struct device_error : error {
  using error::error;
};

S2RM_NAMESPACE_END

S2RM_NAMESPACE_BEGIN
namespace backend {

namespace detail {

/// Clears CUDA's last error: else a later check (`cudaGetLastError`) would report it for a launch that succeeded.
inline void forget_failure() { static_cast<void>(cudaGetLastError()); }
inline void expect(cudaError_t e, char const* what) {
  if (e == cudaSuccess) return;
  forget_failure();
  throw device_error(std::string("s2rm: CUDA: ") + what + ": " + cudaGetErrorString(e));
}
inline void expect(cublasStatus_t s, char const* what) {
  if (s != CUBLAS_STATUS_SUCCESS)
    throw device_error(std::string("s2rm: cuBLAS: ") + what + ": " + cublasGetStatusString(s));
}

/// Grid-stride loop of one thread over f, prepared once. `Index` has 32 bits where all indices do: a division by a
/// constant width is then a multiplication.
template <class Index, class F>
__device__ void each_of_thread(F const& f, Index n) {
  Index const step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    f(static_cast<index_t>(i));
  }
}
template <class Index, class F, index_t Width>
__device__ void each_of_thread(one_place<F, Width> const& f, Index n) {
  Index const step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    Index const row = i / static_cast<Index>(Width), column = i - row * static_cast<Index>(Width);
    f.at(static_cast<index_t>(row), static_cast<index_t>(column));
  }
}
template <class Index, class F>
__device__ void each_of_thread(one_index<F> const& f, Index n) {
  Index const step = static_cast<Index>(gridDim.x) * blockDim.x;
  Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if constexpr (math::prepares<F>) {
    auto const ready = f.f.prepared();
    for (; i < n; i += step) one_index<F>::with(ready, static_cast<index_t>(i));
  } else {
    for (; i < n; i += step) one_index<F>::with(f.f, static_cast<index_t>(i));
  }
}

/// Bytes as an argument of a kernel: a graph then holds them, and reads no host memory when it is launched.
struct argument_bytes {
  static constexpr index_t max = 2048;
  unsigned char from[max];
  unsigned char* to;
  S2RM_HD void operator()(index_t i) const { to[i] = from[i]; }
};

inline constexpr int each_threads = 256;

/// Programmatic dependent launch: lets the next kernel's blocks become resident while this one's run, and waits until
/// the preceding kernels are done. Every kernel that is launched so must begin with it.
__device__ inline void await_preceding_kernels() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
/// Whether a device of this compute capability (90 for 9.0) runs what this was compiled to with
/// `await_preceding_kernels` in it.
constexpr bool dependent_launches(int capability) {
  int best = 0;
  for (int const of : {__CUDA_ARCH_LIST__}) {
    if (of <= 10 * capability && of > best) best = of;
  }
  return best >= 900;
}

template <class F>
__global__ void __launch_bounds__(each_threads) run_each(index_t n, F f) {
  await_preceding_kernels();
  if (n <= 0x7fffffff) {
    each_of_thread(f, static_cast<unsigned>(n));
  } else {
    each_of_thread(f, static_cast<unsigned long long>(n));
  }
}
/// Blocks of a kernel that shall fit a multiprocessor at once, for the compiler to bound registers by; 0: unspecified.
template <class Kernel>
inline constexpr int blocks_together = [] {
  if constexpr (requires { Kernel::blocks_together; }) {
    return int{Kernel::blocks_together};
  } else {
    return 0;
  }
}();

template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, blocks_together<Kernel>)
    run_blocks(__grid_constant__ Kernel const kernel) {
  extern __shared__ __align__(16) unsigned char shared[];
  await_preceding_kernels();
  kernel(device_block<Kernel::threads>{static_cast<index_t>(blockIdx.x), reinterpret_cast<std::byte*>(shared)});
}

template <class T>
inline constexpr cudaDataType_t data_type = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_64F;

/// What cuBLAS multiplies with; sums are in T whatever it is.
template <class T>
constexpr cublasComputeType_t compute_type(precision p) {
  if (std::is_same_v<T, double>) return CUBLAS_COMPUTE_64F;
  if (p == precision::tf32) return CUBLAS_COMPUTE_32F_FAST_TF32;
  return p == precision::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF : CUBLAS_COMPUTE_32F;
}

}  // namespace detail

}  // namespace backend
S2RM_NAMESPACE_END
