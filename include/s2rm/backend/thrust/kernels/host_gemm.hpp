#pragma once
/// \file
/// Grouped products on the host systems: one number of the result at a time, its sum in the order of the inner index.
/// They run for W^T y, for rounded operands, and where kernels of our own are off (`thrust_on::multiply` has the
/// table).

#include <bit>
#include <cstdint>
#include <type_traits>

#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend {

/// What a product does to its operands before it multiplies them. Sums are in float whatever it is, and weights,
/// gradients and everything else stay in float: this is the precision of products alone.
enum class precision {
  full,  ///< nothing
  tf32,  ///< rounds them to 10 bits of fraction; on the host systems the same as `full`
  bf16   ///< rounds them to bf16, 7 bits of fraction
};

namespace detail {

/// x rounded to bf16, ties to even, as a float. NaN stays NaN.
S2RM_HD inline float rounded_to_bf16(float x) {
  auto const bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return x;
  return std::bit_cast<float>((bits + 0x7fffU + ((bits >> 16) & 1U)) & 0xffff0000U);
}

/// y[r, g, o] = start + sum over k of a[r, g, k] b[g, k, o], one number for each i = (r groups + g) columns + o. With
/// `a_k` numbers between neighbours in a row of a, and likewise for b, all products are this one.
template <class T, bool Round>
struct product_element {
  index_t groups, columns, depth;
  T const* a;
  index_t a_row, a_group, a_k;
  T const* b;
  index_t b_group, b_k, b_column;
  T* c;
  index_t c_row, c_group;
  T const* bias;
  bool accumulate;
  S2RM_HD void operator()(index_t i) const {
    index_t const o = i % columns, g = i / columns % groups, r = i / (columns * groups);
    // Without depth there may be no a and no b.
    index_t const left = r * a_row + g * a_group, right = g * b_group + o * b_column;
    T* const to = c + r * c_row + g * c_group + o;
    T sum = accumulate ? *to : (bias != nullptr ? bias[g * columns + o] : T(0));
    for (index_t k = 0; k < depth; ++k) sum += of(a[left + k * a_k]) * of(b[right + k * b_k]);
    *to = sum;
  }

 private:
  S2RM_HD static T of(T x) {
    if constexpr (Round && std::is_same_v<T, float>) {
      return rounded_to_bf16(x);
    } else {
      return x;
    }
  }
};

/// One product as `product_element` takes it, and as cuBLAS does.
template <class T>
struct product_task {
  index_t rows, groups, columns, depth;
  T const* a;
  index_t a_row, a_group, a_k;
  T const* b;
  index_t b_group, b_k, b_column;
  T* c;
  index_t c_row, c_group;
  T const* bias = nullptr;
  bool accumulate = false;
};

/// The task on a host system.
template <class System, class T>
void multiply_on_host(typename System::context& context, precision p, product_task<T> const& t) {
  auto const run = [&]<bool Round>(std::bool_constant<Round>) {
    System::each(context, t.rows * t.groups * t.columns,
                 product_element<T, Round>{t.groups, t.columns, t.depth, t.a, t.a_row, t.a_group, t.a_k, t.b, t.b_group,
                                           t.b_k, t.b_column, t.c, t.c_row, t.c_group, t.bias, t.accumulate});
  };
  if (p == precision::bf16) {
    run(std::true_type{});
  } else {
    run(std::false_type{});
  }
}

}  // namespace detail
}  // namespace backend
S2RM_NAMESPACE_END
