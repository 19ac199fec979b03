#pragma once
/// \file
/// Compile-time messages for a backend: a missing primitive of ops/ops.hpp, and the number type (errors S3xx,
/// docs/errors.md).

#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

namespace detail {

/// Whether a model computes in T.
template <class T>
inline constexpr bool is_number = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// The primitives are templates over T: for another type than these they may be ill-formed inside.
template <class B, class T>
consteval primitive first_missing() {
  if constexpr (is_number<T>) {
    return missing_primitive<B, T>();
  } else {
    return primitive::none;
  }
}

}  // namespace detail

/// Instantiated once for every backend and number type in use. Names the first primitive that is missing.
template <class Backend, class T>
struct require_backend {
  static constexpr primitive missing = detail::first_missing<Backend, T>();
  static_assert(detail::is_number<T>, "s2rm[S302]: a model computes in float or double. See docs/errors.md#S302");
  static_assert(missing != primitive::product,
                "s2rm[S301]: this backend has no product(w, bias, n, x, y); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != primitive::product_add,
                "s2rm[S301]: this backend has no product_add(w, n, x, y); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != primitive::product_transposed,
                "s2rm[S301]: this backend has no product_transposed(w, n, dy, dx); derive from s2rm::ops::reference to "
                "borrow one. See docs/errors.md#S301");
  static_assert(missing != primitive::product_transposed_add,
                "s2rm[S301]: this backend has no product_transposed_add(w, n, dy, dx); derive from "
                "s2rm::ops::reference to borrow one. See docs/errors.md#S301");
  static_assert(missing != primitive::outer_add,
                "s2rm[S301]: this backend has no outer_add<G, Out, In>(n, dy, x, dw); derive from s2rm::ops::reference "
                "to borrow one. See docs/errors.md#S301");
  static_assert(missing != primitive::column_sum_add,
                "s2rm[S301]: this backend has no column_sum_add<G, Width>(n, dy, db); derive from s2rm::ops::reference "
                "to borrow one. See docs/errors.md#S301");
  static_assert(missing != primitive::for_each,
                "s2rm[S301]: this backend has no for_each(n, f); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != primitive::for_rows,
                "s2rm[S301]: this backend has no for_rows<Width>(n, f); derive from s2rm::ops::reference to borrow "
                "one. See docs/errors.md#S301");
  static_assert(missing != primitive::reduce,
                "s2rm[S301]: this backend has no reduce(n, f, out); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != primitive::allocate,
                "s2rm[S301]: this backend has no allocate<T>(n) that returns a handle with data(); derive from "
                "s2rm::ops::reference to borrow one. See docs/errors.md#S301");
  static_assert(missing != primitive::copy_in_out,
                "s2rm[S301]: this backend has no copy_in(n, host, device) and copy_out(n, device, host); derive from "
                "s2rm::ops::reference to borrow them. See docs/errors.md#S301");
  static_assert(missing != primitive::copy,
                "s2rm[S301]: this backend has no copy(n, from, to); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != primitive::fill,
                "s2rm[S301]: this backend has no fill(n, value, x); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(missing != primitive::wait,
                "s2rm[S301]: this backend has no wait(); derive from s2rm::ops::reference to borrow one. "
                "See docs/errors.md#S301");
  static_assert(
      missing != primitive::pack,
      "s2rm[S301]: this backend has no packs and pack<G, Out, In>(canonical, packed, packed_transposed); derive "
      "from s2rm::ops::reference to borrow them. See docs/errors.md#S301");
  static constexpr bool checked = true;
};

}  // namespace ops
S2RM_NAMESPACE_END
