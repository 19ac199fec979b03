#pragma once
/// \file
/// The gated cell: M modules, each with its own weights, whose step is two GEMMs followed by gates that act on every
/// unit alone. `cell::gru` and `cell::lstm` are this cell with their gates.
///
///   a = W_ih u + b_ih,   b = W_hh h + b_hh         G gates of H units each
///   y, saved = gates(a, b, c)                      unit by unit
///
/// B batch, M modules, NC = N C width of a read, H hidden units, F numbers that a unit carries (GRU 1, LSTM 2).
///   u (B, M, NC)   h (B, M, H) what the gates see (the state after interaction)   c, y (B, M, F H) the carried state
///   saved (B, M, S H)   delta: da and db (B, M, G H)
///
/// Backward: da, db, dc = gates'(saved, c, dy) unit by unit;  du = W_ih^T da,  dh = W_hh^T db;
///   dW_ih += da u^T,  db_ih += da,  dW_hh += db h^T,  db_hh += db, one GEMM each over all rows of `gradient`.
///
/// A new gated cell is `struct mine : cell::gated<my_gates> {}`. `my_gates` has no objects and names
///
///   count, saved              G and S
///   one_delta                 whether da = db, because a and b enter as their sum alone: one array then serves both
///   initial<M, H>             schema of the initial state, one field (M, H) for each of the F carried numbers
///   forward<T>(a, b, c, y, s)           writes y[F] and s[S] from a[G], b[G] and c[F]
///   backward<T>(s, c, dy, da, db, dc)   writes da[G], db[G] and dc[F]; without `db` where `one_delta`
///
/// The arrays of both functions are registers: their element V is the plain number T or a SIMD register of them
/// (math/simd.hpp). y[0] is the unit's part of what others read.

#include <array>
#include <utility>

#include "s2rm/core/concepts.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace cell {

namespace detail {

/// Count numbers that lie H apart, from and to memory.
template <class L, index_t H, class T, class V, std::size_t... Unit>
S2RM_HD void load_units(T const* from, V (&to)[sizeof...(Unit)], std::index_sequence<Unit...> /*all*/) {
  ((to[Unit] = L::load(from + static_cast<index_t>(Unit) * H)), ...);
}
template <class L, index_t H, std::size_t Count, class T, class V>
S2RM_HD void load_units(T const* from, V (&to)[Count]) {
  load_units<L, H>(from, to, std::make_index_sequence<Count>{});
}
template <class L, index_t H, class T, class V, std::size_t... Unit>
S2RM_HD void store_units(V const (&from)[sizeof...(Unit)], T* to, std::index_sequence<Unit...> /*all*/) {
  (L::store(to + static_cast<index_t>(Unit) * H, from[Unit]), ...);
}
template <class L, index_t H, std::size_t Count, class T, class V>
S2RM_HD void store_units(V const (&from)[Count], T* to) {
  store_units<L, H>(from, to, std::make_index_sequence<Count>{});
}

}  // namespace detail

/// The gates as a functor for rows r M + m and units j.
template <class Gates, index_t M, index_t H, class T>
struct forward_gates {
  using scalar = T;
  static constexpr index_t count = Gates::count;
  static constexpr auto fields = static_cast<std::size_t>(Gates::template initial<1, 1>::size);
  T const* input;      ///< (B, M, G H): a
  T const* recurrent;  ///< (B, M, G H): b
  rows<T const> c;
  rows<T> y;
  T* saved;  ///< (B, M, S H)
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    typename L::type a[static_cast<std::size_t>(count)], b[static_cast<std::size_t>(count)];
    detail::load_units<L, H>(input + row * count * H + j, a);
    detail::load_units<L, H>(recurrent + row * count * H + j, b);
    finish<L>(row, j, a, b);
  }
  /// The same from a and b in registers (ops/recurrence.hpp).
  template <class L>
  S2RM_HD void finish(index_t row, index_t j, typename L::type const (&a)[static_cast<std::size_t>(count)],
                      typename L::type const (&b)[static_cast<std::size_t>(count)]) const {
    typename L::type before[fields], after[fields], s[static_cast<std::size_t>(Gates::saved)];
    detail::load_units<L, H>(c.at(row / M, row % M) + j, before);
    Gates::template forward<T>(a, b, before, after, s);
    detail::store_units<L, H>(s, saved + row * Gates::saved * H + j);
    detail::store_units<L, H>(after, y.at(row / M, row % M) + j);
  }
};

/// Their backward pass: dL/d(a, b, c) from dL/dy and the saved activations.
template <class Gates, index_t M, index_t H, class T>
struct backward_gates {
  using scalar = T;
  static constexpr index_t count = Gates::count;
  static constexpr bool one_delta = Gates::one_delta;
  static constexpr auto fields = static_cast<std::size_t>(Gates::template initial<1, 1>::size);
  T const* saved;
  rows<T const> c, dy;
  T* da;  ///< (B, M, G H)
  T* db;  ///< (B, M, G H); not read where `one_delta`
  rows<T> dc;
  /// The same with saved activations and carried states from row n of the batch on (ops/recurrence.hpp).
  [[nodiscard]] S2RM_HD backward_gates later(index_t n) const {
    auto same = *this;
    same.saved += n * M * Gates::saved * H;
    same.c.data += n * c.stride;
    return same;
  }
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    index_t const at = row * count * H + j;
    differentiate<L>(row, j, da + at, one_delta ? nullptr : db + at, dc.at(row / M, row % M) + j);
  }
  /// The same to where the deltas and, unless null, the carried state's gradient of this unit lie.
  template <class L>
  S2RM_HD void differentiate(index_t row, index_t j, T* to_a, [[maybe_unused]] T* to_b, T* carried) const {
    constexpr auto G = static_cast<std::size_t>(count);
    typename L::type s[static_cast<std::size_t>(Gates::saved)], before[fields], above[fields], a[G], below[fields];
    detail::load_units<L, H>(saved + row * Gates::saved * H + j, s);
    detail::load_units<L, H>(c.at(row / M, row % M) + j, before);
    detail::load_units<L, H>(dy.at(row / M, row % M) + j, above);
    if constexpr (one_delta) {
      Gates::template backward<T>(s, before, above, a, below);
    } else {
      typename L::type b[G];
      Gates::template backward<T>(s, before, above, a, b, below);
      detail::store_units<L, H>(b, to_b);
    }
    detail::store_units<L, H>(a, to_a);
    if (carried != nullptr) detail::store_units<L, H>(below, carried);
  }
};

/// The layer: `gated<Gates>` for the modules of `Shape`. A backend may run this very type, and no type derived from it,
/// as part of a fused recurrence (ops/recurrence.hpp).
template <class Gates, class Shape>
struct gated_cell {
  static constexpr index_t M = Shape::modules, H = Shape::hidden, NC = Shape::heads * Shape::head_width;
  static constexpr index_t G = Gates::count, width = G * H;

  struct params : schema<field<"weight_ih", M, width, NC>, field<"weight_hh", M, width, H>, field<"bias_ih", M, width>,
                         field<"bias_hh", M, width>> {};
  using initial = typename Gates::template initial<M, H>;  ///< the learned state before the first step
  struct saved : schema<field<"gates", M, Gates::saved * H>> {};
  struct delta : std::conditional_t<Gates::one_delta, schema<field<"gates", M, width>>,
                                    schema<field<"input", M, width>, field<"recurrent", M, width>>> {};
  static constexpr index_t state = initial::size / M;  ///< numbers a module carries; others may read the first H
  static constexpr index_t scratch = M * 2 * width;    ///< numbers per row of `forward`
  static constexpr index_t gradient_scratch = 0;       ///< numbers per row of `gradient`

  template <class T>
  static void initialise(T* values, init::source from) {
    init::linear(values, params::size, H, from);
  }
  template <class T>
  static void initialise_state(T* values) {
    for (index_t i = 0; i < initial::size; ++i) values[i] = T(0);
  }

  /// The gates of rows of c, for who computes the GEMMs (ops/recurrence.hpp).
  template <class T>
  static forward_gates<Gates, M, H, T> gates(in_rows<T> c, out_rows<T> y, saved_of<T, saved> s) {
    return {nullptr, nullptr, c, y, s.template at<"gates">()};
  }
  template <class T>
  static backward_gates<Gates, M, H, T> gates_backward(in_rows<T> c, in_rows<T> dy, saved_of<T const, saved> s) {
    return {s.template at<"gates">(), c, dy, nullptr, nullptr, {}};
  }
  /// da and db.
  template <class T>
  static std::array<T*, 2> deltas(saved_of<T, delta> d) {
    if constexpr (Gates::one_delta) {
      return {d.template at<"gates">(), d.template at<"gates">()};
    } else {
      return {d.template at<"input">(), d.template at<"recurrent">()};
    }
  }

  /// y from u, h, c. y may not alias them.
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> u, in_rows<T> h, in_rows<T> c,
                      out_rows<T> y, saved_of<T, saved> s, std::type_identity_t<T*> scratch_rows) {
    rows<T> const a = wide(scratch_rows), b = wide(scratch_rows + n * M * width);
    ops::side_by_side(be, product_of(p.template matrix<"weight_ih">(), p.template at<"bias_ih">(), n, u, a),
                      product_of(p.template matrix<"weight_hh">(), p.template at<"bias_hh">(), n, h, b));
    be.template for_rows<H>(n * M, forward_gates<Gates, M, H, T>{a.data, b.data, c, y, s.template at<"gates">()});
  }

  /// Overwrites du, dh, dc and delta.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> /*u*/, in_rows<T> /*h*/, in_rows<T> c,
                       in_rows<T> dy, std::type_identity_t<saved_of<T const, saved>> s, saved_of<T, delta> d,
                       out_rows<T> du, out_rows<T> dh, out_rows<T> dc, std::type_identity_t<T*> /*scratch_rows*/) {
    auto const [da, db] = deltas<T>(d);
    be.template for_rows<H>(n * M, backward_gates<Gates, M, H, T>{s.template at<"gates">(), c, dy, da, db, dc});
    be.product_transposed(p.template matrix<"weight_ih">(), n, wide<T const>(da), du);
    be.product_transposed(p.template matrix<"weight_hh">(), n, wide<T const>(db), dh);
  }

  /// Adds the gradients of all n rows (steps of a chunk times elements of the batch) to dp.
  template <class B, class T>
  static void gradient(B& be, index_t n, in_rows<T> u, in_rows<T> h, std::type_identity_t<saved_of<T const, delta>> d,
                       gradients_of<T, params> dp, std::type_identity_t<T*> /*scratch_rows*/) {
    auto const [da, db] = deltas<T const>(d);
    ops::add_weight_gradients<M, width, NC>(be, n, wide<T const>(da), u, dp.template at<"weight_ih">(),
                                            dp.template at<"bias_ih">());
    ops::add_weight_gradients<M, width, H>(be, n, wide<T const>(db), h, dp.template at<"weight_hh">(),
                                           dp.template at<"bias_hh">());
  }

 private:
  template <class T>
  static rows<T> wide(T* x) {
    return {x, M * width, width};
  }
};

/// As policy of the cell slot.
template <class Gates>
struct gated {
  using kind = s2rm::kind::cell;
  template <class Shape>
  using on = gated_cell<Gates, Shape>;
};

}  // namespace cell
S2RM_NAMESPACE_END
