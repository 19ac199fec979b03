#pragma once
/// \file
/// Perceptrons: y = W_n gelu( ... gelu(W_0 x + b_0) ... ) + b_n, GELU in the tanh form, none after the last layer.
///
/// Backward, with a_i = W_i z_i + b_i and z_{i+1} = gelu(a_i):
///   dW_i += da_i z_i^T,  db_i += da_i,  dz_i = W_i^T da_i,  da_{i-1} = dz_i * gelu'(a_{i-1}).

#include <array>

#include "s2rm/init/uniform.hpp"
#include "s2rm/layer/dense.hpp"
#include "s2rm/ops/product_gelu.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// dy *= gelu'(a).
template <class T, index_t Width>
struct gelu_rows_backward {
  using scalar = T;
  T const* a;
  T* d;
  template <class L>
  S2RM_HD void lanes(index_t r, index_t c) const {
    T* const at = d + r * Width + c;
    L::store(at, L::load(at) * math::gelu_derivative(L::load(a + r * Width + c)));
  }
};

namespace detail {

template <index_t In, index_t... Widths>
struct chain;

/// The last layer.
template <index_t In, index_t Out>
struct chain<In, Out> {
  using head = dense<In, Out>;
  static constexpr index_t size = head::params::size;
  static constexpr index_t saved = 0;    // numbers per row
  static constexpr index_t scratch = 0;  // numbers per row
  static constexpr index_t out = Out;

  template <class T>
  static void initialise(T* values, init::source from) {
    head::initialise(values, from);
  }

  template <class B, class T>
  static void forward(B& be, parameters_of<T, schema<>> p, index_t n, rows<T const> x, rows<T> y, T*) {
    head::forward(be, p.template inner<typename head::params>(0), n, x, y);
  }

  template <class B, class T>
  static void backward(B& be, parameters_of<T, schema<>> p, index_t n, rows<T const> x, rows<T const> dy, T const*,
                       rows<T> dx, gradients_of<T, schema<>> dp, T*) {
    head::backward(be, p.template inner<typename head::params>(0), n, x, dy, dx,
                   dp.template inner<typename head::params>(0));
  }
};

/// A hidden layer and what follows. Saved per row: a (Hidden), gelu(a) (Hidden), then the rest's.
template <index_t In, index_t Hidden, index_t Next, index_t... More>
struct chain<In, Hidden, Next, More...> {
  using head = dense<In, Hidden>;
  using rest = chain<Hidden, Next, More...>;
  static constexpr index_t size = head::params::size + rest::size;
  static constexpr index_t saved = 2 * Hidden + rest::saved;
  static constexpr index_t scratch = Hidden + rest::scratch;
  static constexpr index_t out = rest::out;

  template <class T>
  static void initialise(T* values, init::source from) {
    head::initialise(values, from);
    rest::initialise(values + head::params::size, from.at(head::params::size));
  }

  template <class B, class T>
  static void forward(B& be, parameters_of<T, schema<>> p, index_t n, rows<T const> x, rows<T> y, T* saved_rows) {
    T* const a = saved_rows;
    T* const z = saved_rows + n * Hidden;
    auto const own = p.template inner<typename head::params>(0);
    ops::product_gelu(be, own.template matrix<"weight">(), own.template at<"bias">(), n, x, a, z);
    rest::forward(be, p.template inner<schema<>>(head::params::size), n, rows<T const>{z, Hidden}, y,
                  saved_rows + 2 * n * Hidden);
  }

  template <class B, class T>
  static void backward(B& be, parameters_of<T, schema<>> p, index_t n, rows<T const> x, rows<T const> dy,
                       T const* saved_rows, rows<T> dx, gradients_of<T, schema<>> dp, T* scratch_rows) {
    T const* const a = saved_rows;
    T const* const z = saved_rows + n * Hidden;
    T* const da = scratch_rows;
    rest::backward(be, p.template inner<schema<>>(head::params::size), n, rows<T const>{z, Hidden}, dy,
                   saved_rows + 2 * n * Hidden, rows<T>{da, Hidden}, dp.template inner<schema<>>(head::params::size),
                   scratch_rows + n * Hidden);
    be.template for_rows<Hidden>(n, gelu_rows_backward<T, Hidden>{a, da});
    head::backward(be, p.template inner<typename head::params>(0), n, x, rows<T const>{da, Hidden}, dx,
                   dp.template inner<typename head::params>(0));
  }
};

template <index_t Index>
constexpr auto index_text() {
  static_assert(Index < 10, "s2rm: a perceptron of more than ten layers");
  char const text[2] = {static_cast<char>('0' + Index), 0};
  return fixed_string<2>{text};
}

template <index_t Index, index_t In, index_t... Widths>
struct chain_params {
  using type = schema<>;
};
template <index_t Index, index_t In, index_t Out, index_t... More>
struct chain_params<Index, In, Out, More...> {
  using type = joined<prefixed<index_text<Index>() + fixed_string{"."}, typename dense<In, Out>::params>,
                      typename chain_params<Index + 1, Out, More...>::type>;
};

}  // namespace detail

/// Dense layers In -> Widths[0] -> Widths[1] ... with GELU between. Parameters `0.weight`, `0.bias`, `1.weight`, ...
template <index_t In, index_t... Widths>
struct mlp {
  static_assert(sizeof...(Widths) >= 1, "s2rm[S103]: a perceptron needs at least one width. See docs/errors.md#S103");
  static_assert(In >= 1 && ((Widths >= 1) && ...),
                "s2rm[S104]: every width of a perceptron must be at least 1. See docs/errors.md#S104");
  using chain = detail::chain<In, Widths...>;
  struct params : detail::chain_params<0, In, Widths...>::type {};
  static constexpr index_t in = In, out = chain::out;
  static constexpr index_t saved = chain::saved;      ///< numbers per row
  static constexpr index_t scratch = chain::scratch;  ///< numbers per row

  template <class T>
  static void initialise(T* values, init::source from) {
    chain::initialise(values, from);
  }

  /// y (n, out) from x (n, in); writes saved (n * saved numbers).
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> x, out_rows<T> y, T* saved_rows) {
    chain::forward(be, p.template inner<schema<>>(0), n, x, y, saved_rows);
  }

  /// Overwrites dx (n, in) unless its data is null; adds to dp.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> x, in_rows<T> dy,
                       in_vector<T> saved_rows, out_rows<T> dx, gradients_of<T, params> dp,
                       std::type_identity_t<T*> scratch_rows) {
    chain::backward(be, p.template inner<schema<>>(0), n, x, dy, saved_rows, dx, dp.template inner<schema<>>(0),
                    scratch_rows);
  }
};

}  // namespace layer
S2RM_NAMESPACE_END
