#pragma once
/// \file
/// The two products of a gated cell with its gates. `gates` is the cell's functor for rows r M + m and units j; beside
/// `lanes` it has
///
///   count                                 gates, G: weights are (M, G H, I) and (M, G H, H)
///   finish<L>(row, j, a, b)               forward: G lanes each of W_ih u + b_ih and of W_hh h + b_hh, to all it writes
///   differentiate<L>(row, j, da, db, dc)  back: to where the row's deltas of unit j lie (gates H numbers apart), and the
///                                         carried part's, unless null
///   one_delta                             back: whether da serves both weights

#include "s2rm/ops/generic.hpp"

namespace s2rm::ops {

/// y from u and h. scratch: n M 2 G H numbers.
template <index_t M, index_t H, index_t I, class B, class T, class Gates>
void gated_forward(B& be, weight<T, M, Gates::count * H, I> w_ih, T const* b_ih, weight<T, M, Gates::count * H, H> w_hh,
                   T const* b_hh, index_t n, rows<T const> u, rows<T const> h, Gates gates, T* scratch) {
  constexpr index_t width = Gates::count * H;
  T* const recurrent = scratch + n * M * width;
  side_by_side(be, product_of(w_ih, b_ih, n, u, rows<T>{scratch, M * width, width}),
               product_of(w_hh, b_hh, n, h, rows<T>{recurrent, M * width, width}));
  gates.input = scratch;
  gates.recurrent = recurrent;
  be.template for_rows<H>(n * M, gates);
}

/// The deltas to where `gates` has them, da and db (both the same where one serves); du and dh.
template <index_t M, index_t H, index_t I, class B, class T, class Gates>
void gated_backward(B& be, weight<T, M, Gates::count * H, I> w_ih, weight<T, M, Gates::count * H, H> w_hh, index_t n,
                    Gates const& gates, T const* da, T const* db, rows<T> du, rows<T> dh) {
  constexpr index_t width = Gates::count * H;
  be.template for_rows<H>(n * M, gates);
  be.product_transposed(w_ih, n, rows<T const>{da, M * width, width}, du);
  be.product_transposed(w_hh, n, rows<T const>{db, M * width, width}, dh);
}

}  // namespace s2rm::ops
