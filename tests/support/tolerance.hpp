#pragma once
/// \file
/// Every bound of the tests, in one table. All are relative unless said otherwise.

namespace s2rm::test::tolerance {

/// Worst relative error of a gradient against finite differences, double (see finite_difference.hpp).
inline constexpr double gradient = 1e-6;

/// Two computations of the same numbers that differ in the order of sums only, double.
inline constexpr double reordered = 1e-12;

/// Against numbers computed by PyTorch in double from the same float32 input.
template <class T>
inline constexpr double parity = 1e-11;
template <>
inline constexpr double parity<float> = 1e-5;

/// One product of a backend against naive loops.
template <class T>
inline constexpr double product = 1e-13;
template <>
inline constexpr double product<float> = 2e-6;

/// Whole models on two backends, float: states, outputs and loss; gradients. Where multiply-adds are not fused every term
/// of a sum rounds twice.
#if defined(__OPTIMIZE__) && (defined(__FMA__) || defined(__ARM_FEATURE_FMA))
inline constexpr double backends_forward = 1e-6;
#else
inline constexpr double backends_forward = 2e-6;
#endif
inline constexpr double backends_gradient = 1e-5;
inline constexpr double backends_recurrence = 5;  ///< times these, over 12 to 20 steps

/// Scalar functions of math/scalar.hpp in float against long double.
inline constexpr double scalar = 3e-7;

}  // namespace s2rm::test::tolerance
