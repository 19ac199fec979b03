#pragma once
/// \file
/// Composites of primitives that several layers share.

#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// Several products (`product_of`) that do not read each other's results.
template <class B, class... Products>
void side_by_side(B& be, Products const&... one) {
  if constexpr (capabilities<B>::grouped_products) {
    be.products(one...);
  } else {
    (be.product(one.w, one.bias, one.n, one.x, one.y), ...);
  }
}

/// Gradients of a weight and its bias: dw_g += sum over rows of dy x^T, db_g += sum over rows of dy.
template <index_t G, index_t Out, index_t In, class B, class T>
void add_weight_gradients(B& be, index_t n, in_rows<T> dy, in_rows<T> x, T* dw, T* db) {
  if constexpr (capabilities<B, T>::weight_gradients) {
    if (be.template weight_gradients<G, Out, In>(n, dy, x, dw, db)) return;
  }
  be.template outer_add<G, Out, In>(n, dy, x, dw);
  be.template column_sum_add<G, Out>(n, dy, db);
}

/// Rows (n, M, width) as the weights of `Groups` see them: where there is one weight for all modules, each module is a
/// row (n M, 1, width). The modules of a row are adjacent, and so are the rows.
template <index_t M, index_t Groups, class T>
rows<T> by_weight(rows<T> const& x) {
  static_assert(Groups == M || Groups == 1);
  if constexpr (Groups == M) {
    return x;
  } else {
    return {x.data, x.group, x.group};
  }
}

/// to[r, g, c] = from[r, g, c], for row index r G + g.
template <class T, index_t G = 1>
struct copy_rows {
  using scalar = T;
  rows<T const> from;
  rows<T> to;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t c) const {
    L::store(to.at(row / G, row % G) + c, L::load(from.at(row / G, row % G) + c));
  }
};

/// to[r, g, c] += from[r, g, c].
template <class T, index_t G = 1>
struct add_rows {
  using scalar = T;
  rows<T const> from;
  rows<T> to;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t c) const {
    T* const at = to.at(row / G, row % G) + c;
    L::store(at, L::load(at) + L::load(from.at(row / G, row % G) + c));
  }
};

/// to[g, j] = sum of from[r, g, j] over the rows r whose flag is set (all, where there are no flags), added to `to`. A
/// flag is that of `Rows` rows.
template <class T, index_t Width, index_t Rows = 1>
struct sum_flagged_rows {
  using scalar = T;
  rows<T const> from;
  std::uint8_t const* flag;
  index_t count;
  T* to;
  template <class L>
  S2RM_HD void lanes(index_t g, index_t j) const {
    auto sum = L::all(T(0));
    for (index_t r = 0; r < count; ++r) {
      if (flag == nullptr || flag[r / Rows] != 0) sum += L::load(from.at(r, g) + j);
    }
    T* const at = to + g * Width + j;
    L::store(at, L::load(at) + sum);
  }
};

}  // namespace ops
S2RM_NAMESPACE_END
