#pragma once
/// \file
/// The only file that defines macros (but for core/instruction_set.hpp, and those that an MPI library asks for before its
/// header): version, host/device marker, what the compiler has, exceptions, the namespace of the library, unrolled loops, internal
/// assertion.

// Compilers and languages that cannot work. Behind an #error the compiler would read on, and say a thousand things about
// headers that it does not understand; a header that does not exist ends the compilation here. Whoever wants to try:
// S2RM_UNTESTED_COMPILER.
#if !defined(S2RM_UNTESTED_COMPILER)
#if defined(_MSC_VER) && !defined(__clang__)
#include <s2rm needs g++ 11, clang 14 or newer ones, and this is MSVC; clang-cl and MinGW are closest>
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 11
#include <s2rm needs g++ 11, clang 14 or newer ones, and this g++ is older>
#elif defined(__clang__) && __clang_major__ < 14
#include <s2rm needs g++ 11, clang 14 or newer ones, and this clang is older>
#endif
#endif
#if (defined(_MSVC_LANG) && _MSVC_LANG < 202002L) || (!defined(_MSVC_LANG) && __cplusplus < 202002L)
#include <s2rm needs C++20; compile with -std=c++20 or newer>
#endif

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
/// everything runs on plain numbers and products are Eigen's. g++ 11 cannot shuffle lanes, so it is without. A CUDA
/// compiler reads everything for two machines, and both must see the same types: there every register is one number.
#ifndef S2RM_HAS_VECTOR_KERNEL
#if (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)) && !defined(__CUDACC__)
#define S2RM_HAS_VECTOR_KERNEL 1
#else
#define S2RM_HAS_VECTOR_KERNEL 0
#endif
#endif

#include "s2rm/core/instruction_set.hpp"

/// Floating point in the library is IEEE 754's whatever flags the program is compiled with (-ffast-math and its parts):
/// it rounds by adding a large number and taking it away again, tells NaN from numbers and starts maxima at -inf. Between
/// these two no such flag holds. Without them the code is what it was. Clang has no macro for most of the flags, but
/// pragmas for each that change nothing where it is off.
#if defined(__clang__) && !defined(__CUDACC__)
#if S2RM_FAST_MATH
#define S2RM_STRICT_BEGIN _Pragma("float_control(push)") _Pragma("float_control(precise, on)")
#elif __clang_major__ >= 18
#define S2RM_STRICT_BEGIN \
  _Pragma("float_control(push)") _Pragma("clang fp reassociate(off)") _Pragma("clang fp reciprocal(off)")
#else
#define S2RM_STRICT_BEGIN _Pragma("float_control(push)") _Pragma("clang fp reassociate(off)")
#endif
#define S2RM_STRICT_END _Pragma("float_control(pop)")
#elif defined(__GNUC__) && !defined(__clang__) && !defined(__CUDA_ARCH__) && S2RM_FAST_MATH
#define S2RM_STRICT_BEGIN     \
  _Pragma("GCC push_options") \
      _Pragma("GCC optimize(\"no-fast-math\", \"no-unsafe-math-optimizations\", \"no-finite-math-only\")")
#define S2RM_STRICT_END _Pragma("GCC pop_options")
#else
#define S2RM_STRICT_BEGIN
#define S2RM_STRICT_END
#endif

/// Before a function of math/scalar.hpp: it is inlined, but for a caller that GCC compiles with such flags. GCC would give
/// it the caller's; clang keeps to each operation the flags under which it was written.
#if defined(__GNUC__) && !defined(__clang__) && S2RM_FAST_MATH
#define S2RM_MATH_INLINE
#else
#define S2RM_MATH_INLINE [[gnu::always_inline]]
#endif

/// Around all declarations of a header. What units compiled with other flags have in common is a name at most
/// (core/instruction_set.hpp): their types and functions are different ones, and a program that hands one's to the other
/// does not link.
#define S2RM_NAMESPACE_BEGIN         \
  S2RM_STRICT_BEGIN namespace s2rm { \
    inline namespace S2RM_INSTRUCTION_SET {
#define S2RM_NAMESPACE_END \
  }                        \
  }                        \
  S2RM_STRICT_END

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

S2RM_NAMESPACE_BEGIN

/// Every size, count and offset of the library. Signed, so that differences and reverse loops are plain.
using index_t = std::int64_t;

S2RM_NAMESPACE_END
