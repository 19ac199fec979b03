#pragma once
/// \file
/// THE list of required primitives. Every layer of the library can be computed with these alone; a backend is a type
/// that has them. What it may have beside them is one table too (ops/capabilities.hpp). All are deterministic: each
/// number is computed by one worker in one fixed order, whatever the number of threads. With the naive loops and with
/// the CPU's `blocked` product the result for a row does not depend on how many rows there are.
///
/// Shapes: w is (G, Out, In), x rows (n, G, In), y rows (n, G, Out). Arrays of one call may not overlap.
///
///   B::packs                                 whether products read packed weights; behind a packed block they may
///                                            read, and never use, `packed_slack` numbers more
///   be.pack<G, Out, In>(canonical, packed, packed_transposed)
///                                            derives what products read from a weight: G Out In numbers each
///   be.product(w, bias, n, x, y)             y  = W_g x + b_g   (bias (G, Out) or null)
///   be.product_add(w, n, x, y)               y += W_g x
///   be.product_transposed(w, n, dy, dx)      dx = W_g^T dy
///   be.product_transposed_add(w, n, dy, dx)  dx += W_g^T dy
///   be.outer_add<G, Out, In>(n, dy, x, dw)   dw_g += sum over rows of dy x^T
///   be.column_sum_add<G, Width>(n, dy, db)   db_g += sum over rows of dy
///   be.for_each(n, f)                        f(i) for every i < n, in any order, in parallel
///   be.for_rows<Width>(n, f)                 f(row, column) for every row < n and column < Width, likewise
///   be.reduce(n, f, out)                     *out = sum over i < n of f(i), f returns double; fixed order
///   be.allocate<T>(n)                        n numbers, aligned, contents undefined; released with the handle
///   be.copy_in(n, host, device), be.copy_out(n, device, host), be.copy(n, from, to)
///   be.fill(n, value, x)                     x_i = value
///   be.wait()                                returns when all work enqueued so far is done
///
/// Functors are named structs with an `S2RM_HD` call operator that hold plain pointers.

#include <concepts>
#include <type_traits>

#include "s2rm/core/schema.hpp"
#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN

/// Arguments of primitives that take part in no template deduction: any `rows<T>` may be read.
template <class T>
using in_rows = std::type_identity_t<rows<T const>>;
template <class T>
using out_rows = std::type_identity_t<rows<T>>;
template <class T>
using in_vector = std::type_identity_t<T const*>;

/// The arguments of one `product`.
template <class T, index_t G, index_t Out, index_t In>
struct one_product {
  weight<T, G, Out, In> w;
  T const* bias;
  index_t n;
  rows<T const> x;
  rows<T> y;
};
template <class T, index_t G, index_t Out, index_t In>
one_product<T, G, Out, In> product_of(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x,
                                      out_rows<T> y) {
  return {w, bias, n, x, y};
}

/// Numbers that must be readable behind a block of packed weights.
inline constexpr index_t packed_slack = 64;

namespace ops::detail {
struct null_functor {
  S2RM_HD void operator()(index_t) const {}
  S2RM_HD void operator()(index_t, index_t) const {}
};
struct null_value {
  S2RM_HD double operator()(index_t) const { return 0; }
};
}  // namespace ops::detail

namespace ops {
/// The required primitives, in the order of the list above.
enum class primitive {
  none,
  pack,
  product,
  product_add,
  product_transposed,
  product_transposed_add,
  outer_add,
  column_sum_add,
  for_each,
  for_rows,
  reduce,
  allocate,
  copy_in_out,
  copy,
  fill,
  wait
};

/// The first primitive that B does not have for numbers of type T; `none` where it has them all.
template <class B, class T>
constexpr primitive missing_primitive() {
  using w = weight<T, 2, 3, 4>;
  using in = rows<T const>;
  using out = rows<T>;
  using p = primitive;
  using detail::null_functor, detail::null_value;
  if constexpr (!requires(B& be, w m, T const* b, index_t n, in x, out y) { be.product(m, b, n, x, y); })
    return p::product;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_add(m, n, x, y); }) return p::product_add;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_transposed(m, n, x, y); })
    return p::product_transposed;
  if constexpr (!requires(B& be, w m, index_t n, in x, out y) { be.product_transposed_add(m, n, x, y); })
    return p::product_transposed_add;
  if constexpr (!requires(B& be, index_t n, in x, T* y) { be.template outer_add<2, 3, 4>(n, x, x, y); })
    return p::outer_add;
  if constexpr (!requires(B& be, index_t n, in x, T* y) { be.template column_sum_add<2, 3>(n, x, y); })
    return p::column_sum_add;
  if constexpr (!requires(B& be, index_t n) { be.for_each(n, null_functor{}); }) return p::for_each;
  if constexpr (!requires(B& be, index_t n) { be.template for_rows<3>(n, null_functor{}); }) return p::for_rows;
  if constexpr (!requires(B& be, index_t n, double* y) { be.reduce(n, null_value{}, y); }) return p::reduce;
  if constexpr (!requires(B& be, index_t n) { be.template allocate<T>(n).data(); }) return p::allocate;
  if constexpr (!requires(B& be, index_t n, T const* x, T* y) { be.copy_in(n, x, y), be.copy_out(n, x, y); })
    return p::copy_in_out;
  if constexpr (!requires(B& be, index_t n, T const* x, T* y) { be.copy(n, x, y); }) return p::copy;
  if constexpr (!requires(B& be, index_t n, T* y) { be.fill(n, T(0), y); }) return p::fill;
  if constexpr (!requires(B& be) { be.wait(); }) return p::wait;
  if constexpr (!requires(B& be, T const* x, T* y) {
                  { B::packs } -> std::convertible_to<bool>;
                  be.template pack<2, 3, 4>(x, y, y);
                })
    return p::pack;
  return p::none;
}
}  // namespace ops

/// A backend for numbers of type T.
template <class B, class T = float> concept backend_policy = ops::missing_primitive<B, T>() == ops::primitive::none;

S2RM_NAMESPACE_END

// The other half of a backend's contract.
#include "s2rm/ops/capabilities.hpp"  // IWYU pragma: export
