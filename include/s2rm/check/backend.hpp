#pragma once
/// \file
/// The compile-time check of a backend: every primitive of ops.hpp, and the number type (errors S3xx, docs/errors.md).

#include "s2rm/ops/ops.hpp"

namespace s2rm::ops {

namespace detail {

/// Numbers the primitives of ops.hpp in their order; 0 where none is missing.
template <class B, class T>
consteval int first_missing_primitive() {
  using w = weight<T, 2, 3, 4>;
  using in = rows<T const>;
  using out = rows<T>;
  if constexpr (!requires(B& be, w m, T const* b, index_t n, in x, out y) { be.product(m, b, n, x, y); }) return 1;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_add(m, n, x, y); }) return 2;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_transposed(m, n, x, y); }) return 3;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_transposed_add(m, n, x, y); }) return 4;
  if constexpr (!requires(B& be, index_t n, in x, T* y) { be.template outer_add<2, 3, 4>(n, x, x, y); }) return 5;
  if constexpr (!requires(B& be, index_t n, in x, T* y) { be.template column_sum_add<2, 3>(n, x, y); }) return 6;
  if constexpr (!requires(B& be, index_t n) { be.for_each(n, null_functor{}); }) return 7;
  if constexpr (!requires(B& be, index_t n) { be.template for_rows<3>(n, null_functor{}); }) return 8;
  if constexpr (!requires(B& be, index_t n, double* y) { be.reduce(n, null_value{}, y); }) return 9;
  if constexpr (!requires(B& be, index_t n) { be.template allocate<T>(n).data(); }) return 10;
  if constexpr (!requires(B& be, index_t n, T const* x, T* y) { be.copy_in(n, x, y), be.copy_out(n, x, y); }) return 11;
  if constexpr (!requires(B& be, index_t n, T const* x, T* y) { be.copy(n, x, y); }) return 12;
  if constexpr (!requires(B& be, index_t n, T* y) { be.fill(n, T(0), y); }) return 13;
  if constexpr (!requires(B& be) { be.wait(); }) return 14;
  if constexpr (!requires(B& be, T const* x, T* y) { B::packs, be.template pack<2, 3, 4>(x, y, y); }) return 15;
  return 0;
}

/// The weight primitives are templates over T: asked with another type they may be ill-formed inside.
template <class B, class T>
consteval int first_missing() {
  if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, double>) {
    return -1;
  } else {
    return first_missing_primitive<B, T>();
  }
}

}  // namespace detail

/// Instantiated once for every backend and number type in use. Names the first primitive that is missing.
template <class Backend, class T>
struct require_backend {
  static constexpr int missing = detail::first_missing<Backend, T>();
  static_assert(missing != -1, "s2rm[S302]: a model computes in float or double. See docs/errors.md#S302");
  static_assert(missing != 1,
                "s2rm[S301]: this backend has no product(w, bias, n, x, y); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != 2,
                "s2rm[S301]: this backend has no product_add(w, n, x, y); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != 3,
                "s2rm[S301]: this backend has no product_transposed(w, n, dy, dx); derive from s2rm::ops::reference to "
                "borrow one. See docs/errors.md#S301");
  static_assert(missing != 4,
                "s2rm[S301]: this backend has no product_transposed_add(w, n, dy, dx); derive from "
                "s2rm::ops::reference to borrow one. See docs/errors.md#S301");
  static_assert(missing != 5,
                "s2rm[S301]: this backend has no outer_add<G, Out, In>(n, dy, x, dw); derive from s2rm::ops::reference "
                "to borrow one. See docs/errors.md#S301");
  static_assert(missing != 6,
                "s2rm[S301]: this backend has no column_sum_add<G, Width>(n, dy, db); derive from s2rm::ops::reference "
                "to borrow one. See docs/errors.md#S301");
  static_assert(missing != 7,
                "s2rm[S301]: this backend has no for_each(n, f); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != 8,
                "s2rm[S301]: this backend has no for_rows<Width>(n, f); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != 9,
                "s2rm[S301]: this backend has no reduce(n, f, out); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != 10,
                "s2rm[S301]: this backend has no allocate<T>(n) that returns a handle with data(); derive from "
                "s2rm::ops::reference to borrow one. See docs/errors.md#S301");
  static_assert(missing != 11,
                "s2rm[S301]: this backend has no copy_in(n, host, device) and copy_out(n, device, host); derive from "
                "s2rm::ops::reference to borrow them. See docs/errors.md#S301");
  static_assert(missing != 12,
                "s2rm[S301]: this backend has no copy(n, from, to); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != 13,
                "s2rm[S301]: this backend has no fill(n, value, x); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != 14,
                "s2rm[S301]: this backend has no wait(); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(
      missing != 15,
      "s2rm[S301]: this backend has no packs and pack<G, Out, In>(canonical, packed, packed_transposed); derive "
      "from s2rm::ops::reference to borrow them. See docs/errors.md#S301");
  static constexpr bool checked = true;
};

}  // namespace s2rm::ops
