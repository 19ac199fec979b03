#pragma once
/// \file
/// The only file that defines macros (but for those that an MPI library asks for before its header): version,
/// host/device marker, what the compiler has, exceptions, unrolled loops, internal assertion.

#include <cstdint>

#define S2RM_VERSION_MAJOR 0
#define S2RM_VERSION_MINOR 1
#define S2RM_VERSION_PATCH 0
#define S2RM_VERSION_STRING "0.1.0"

/// Marks a function that runs on the host and on a CUDA device. Empty for plain C++ compilers.
#if defined(__CUDACC__)
#define S2RM_HD __host__ __device__
#else
#define S2RM_HD
#endif

/// Whether a CUDA compiler reads this, for host or device.
#if defined(__CUDACC__)
#define S2RM_CUDA 1
#else
#define S2RM_CUDA 0
#endif

/// Whether the program is compiled with exceptions (`-fno-exceptions`: docs/errors.md). CUDA compilers always are.
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND) || defined(__CUDACC__)
#define S2RM_EXCEPTIONS 1
#else
#define S2RM_EXCEPTIONS 0
#endif

/// Whether code for a device is being made.
#if defined(__CUDA_ARCH__)
#define S2RM_DEVICE 1
#else
#define S2RM_DEVICE 0
#endif

/// Whether the compiler has the vector extensions of GCC and clang. Without them, or where it is defined as 0,
/// everything runs on plain numbers and products are Eigen's. A CUDA compiler reads everything for two machines, and
/// both must see the same types: there every register is one number.
#ifndef S2RM_HAS_VECTOR_KERNEL
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__CUDACC__)
#define S2RM_HAS_VECTOR_KERNEL 1
#else
#define S2RM_HAS_VECTOR_KERNEL 0
#endif
#endif

/// Before a loop over registers: it must be unrolled whatever the optimisation level, or the registers are memory.
#if S2RM_DEVICE || (defined(__clang__) && !S2RM_CUDA)
#define S2RM_UNROLL _Pragma("unroll")
#elif defined(__GNUC__) && !S2RM_CUDA
#define S2RM_UNROLL _Pragma("GCC unroll 64")
#else
#define S2RM_UNROLL
#endif

/// Internal invariant, never used on input. Checked in debug builds, free otherwise.
#if defined(NDEBUG) || defined(__CUDA_ARCH__)
#define S2RM_ASSERT(condition) static_cast<void>(0)
#else
#include <cassert>
#define S2RM_ASSERT(condition) assert(condition)
#endif

namespace s2rm {

/// Every size, count and offset of the library. Signed, so that differences and reverse loops are plain.
using index_t = std::int64_t;

}  // namespace s2rm
