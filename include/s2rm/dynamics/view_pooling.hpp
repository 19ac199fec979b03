#pragma once
/// \file
/// Pooling of a set of views to one vector u of NC numbers, for models without modules that read them:
///
///   attention   u = softmax over a of (q_n . k_a / sqrt(C)) v_a for each head n,
///               k_a = W^k [e_a; s_a], v_a = W^v [e_a; s_a]
///   mean, sum   u = mean or sum over a of MLP([e_a; s_a]), one hidden layer of NC units with GELU
///               (the sum: Eslami et al. 2018, GQN)
///   film        u = mean over a of (W^v [e_a; s_a] + b^v) * (W^g s_a + b^g), element by element: the view's
///               content modulated by its place (FiLM, Perez et al. 2018), so that the mean keeps apart what was seen where
///
/// q is a learned vector per head. Without views u = 0. Nothing reads the state, so that one call pools many steps.
/// Backward: that of the attention, with dq = sum over all rows; that of the MLP, with du (divided by the number of
/// views) for every present view.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/activations.hpp"
#include "s2rm/layer/mlp.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// u[r] = sum over the present views of z[r, a], divided by their number for a mean.
template <bool Mean, index_t W, class T>
struct pool_rows {
  std::uint8_t const* reach;  ///< of view (r, a) at (r A + a) step
  index_t step, views;
  T const* z;  ///< (R A, W)
  T* u;        ///< (R, W)
  S2RM_HD void operator()(index_t row, index_t j) const {
    T sum = T(0);
    index_t count = 0;
    for (index_t a = row * views; a < (row + 1) * views; ++a) {
      if (reach[a * step] != kernel::reached) continue;
      sum += z[a * W + j];
      ++count;
    }
    u[row * W + j] = Mean && count > 0 ? sum / T(count) : sum;
  }
};

/// dz[r, a] = du[r] (/ number of views), 0 for an absent view.
template <bool Mean, index_t W, class T>
struct pool_rows_backward {
  std::uint8_t const* reach;
  index_t step, views;
  T const* du;
  T* dz;
  S2RM_HD void operator()(index_t row) const {
    index_t count = 0;
    for (index_t a = row * views; a < (row + 1) * views; ++a) count += reach[a * step] == kernel::reached ? 1 : 0;
    T const scale = Mean && count > 0 ? T(1) / T(count) : T(1);
    for (index_t a = row * views; a < (row + 1) * views; ++a) {
      bool const here = reach[a * step] == kernel::reached;
      for (index_t j = 0; j < W; ++j) dz[a * W + j] = here ? scale * du[row * W + j] : T(0);
    }
  }
};

/// y = a * b, element by element.
template <index_t W, class T>
struct multiply_rows {
  using scalar = T;
  T const *a, *b;
  T* y;
  template <class L>
  S2RM_HD void lanes(index_t row, index_t j) const {
    L::store(y + row * W + j, L::load(a + row * W + j) * L::load(b + row * W + j));
  }
};

namespace pool {

/// A learned query per head.
struct attention {
  template <class Shape, index_t Source>
  struct on {
    static constexpr index_t N = Shape::heads, C = Shape::head_width, W = N * C, M = Shape::modules;
    struct params : schema<field<"query", N, C>, field<"key.weight", W, Source>, field<"value.weight", W, Source>> {};
    using attend = s2rm::attention::kernel_dot<N, C, normalisation::log_space>;

    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, W, C, from);
      init::linear(values + W, 2 * W * Source, Source, from.at(W));
    }

    template <class T>
    struct activations {
      T *key, *value, *weights;
      static constexpr activations lay_out(arena& a, index_t R, index_t views) {
        return {a.take<T>(R * views * W), a.take<T>(R * views * W), a.take<T>(R * attend::saved(views))};
      }
    };
    template <class T>
    struct workspace {
      T *query, *key, *value, *log, *scratch;
      static constexpr workspace lay_out(arena& a, index_t K, index_t views) {
        return {a.take<T>(K * W), a.take<T>(K * views * W), a.take<T>(K * views * W), a.take<T>(K * views * M),
                a.take<T>(K * attend::scratch(views))};
      }
    };

    /// u (n, W) of rows r ... r + n - 1.
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t r,
                        index_t n, T* u) {
      index_t const first = r * in.views;
      rows<T> const key{s.key + first * W, W}, value{s.value + first * W, W};
      rows<T const> const source = in.source.shifted(first * in.source.stride);
      ops::side_by_side(be, product_of(p.template matrix<"key.weight">(), nullptr, n * in.views, source, key),
                        product_of(p.template matrix<"value.weight">(), nullptr, n * in.views, source, value));
      attend::forward(be, geometry(in, r, n), query(p), by_row(in, key.data), by_row(in, value.data), rows<T>{u, W},
                      s.weights + r * attend::saved(in.views));
    }

    /// Overwrites dsource (n A, Source), adds to dp.
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                         workspace<T> const& w, index_t r, index_t n, T const* du, rows<T> dsource,
                         gradients_of<T, params> dp) {
      index_t const first = r * in.views, views = n * in.views;
      be.fill(views * M, T(0), w.log);
      attend::backward(be, geometry(in, r, n), query(p), by_row(in, s.key + first * W), by_row(in, s.value + first * W),
                       rows<T const>{du, W}, s.weights + r * attend::saved(in.views), rows<T>{w.query, W},
                       by_row(in, w.key), by_row(in, w.value), w.log, in.views * M, w.scratch);
      be.template column_sum_add<1, W>(n, rows<T const>{w.query, W}, dp.template at<"query">());
      rows<T const> const source = in.source.shifted(first * in.source.stride), dkey{w.key, W}, dvalue{w.value, W};
      be.template outer_add<1, W, Source>(views, dkey, source, dp.template at<"key.weight">());
      be.template outer_add<1, W, Source>(views, dvalue, source, dp.template at<"value.weight">());
      be.product_transposed(p.template matrix<"key.weight">(), views, dkey, dsource);
      be.product_transposed_add(p.template matrix<"value.weight">(), views, dvalue, dsource);
    }

   private:
    template <class T>
    static s2rm::attention::geometry<T> geometry(inputs<T> const& in, index_t r, index_t n) {
      index_t const row = in.views * M;  // all modules reach alike: the first one's flags
      return {n, 1, in.views, in.view_log_weight + r * row, in.view_reach + r * row, row, row, M};
    }
    template <class T>
    static rows<T const> query(parameters_of<T, params> p) {
      return {p.template at<"query">(), 0, 0};  // the same for every row
    }
    template <class T>
    static rows<T> by_row(inputs<std::remove_const_t<T>> const& in, T* x) {
      return {x, in.views * W, W};
    }
  };
};

/// Mean or sum of MLP([e; s]).
template <bool Mean>
struct encoded {
  template <class Shape, index_t Source>
  struct on {
    static constexpr index_t W = Shape::heads * Shape::head_width, M = Shape::modules;
    using mlp = layer::mlp<Source, W, W>;
    using params = typename mlp::params;

    template <class T>
    static void initialise(T* values, init::source from) {
      mlp::initialise(values, from);
    }

    template <class T>
    struct activations {
      T *z, *saved;
      static constexpr activations lay_out(arena& a, index_t R, index_t views) {
        return {a.take<T>(R * views * W), a.take<T>(R * views * mlp::saved)};
      }
    };
    template <class T>
    struct workspace {
      T *z, *scratch;
      static constexpr workspace lay_out(arena& a, index_t K, index_t views) {
        return {a.take<T>(K * views * W), a.take<T>(K * views * mlp::scratch)};
      }
    };

    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t r,
                        index_t n, T* u) {
      index_t const first = r * in.views;
      mlp::forward(be, p, n * in.views, in.source.shifted(first * in.source.stride), rows<T>{s.z + first * W, W},
                   s.saved + first * mlp::saved);
      be.template for_rows<W>(n, pool_rows<Mean, W, T>{in.view_reach + first * M, M, in.views, s.z + first * W, u});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                         workspace<T> const& w, index_t r, index_t n, T const* du, rows<T> dsource,
                         gradients_of<T, params> dp) {
      index_t const first = r * in.views;
      be.for_each(n, pool_rows_backward<Mean, W, T>{in.view_reach + first * M, M, in.views, du, w.z});
      mlp::backward(be, p, n * in.views, in.source.shifted(first * in.source.stride), rows<T const>{w.z, W},
                    s.saved + first * mlp::saved, dsource, dp, w.scratch);
    }
  };
};
/// Mean of values modulated by their places.
struct film {
  template <class Shape, index_t Source>
  struct on {
    static constexpr index_t W = Shape::heads * Shape::head_width, M = Shape::modules, S = Shape::sphere;
    static constexpr index_t at_place = Source - S - Shape::context;  ///< of a source [e; s; c]
    struct params : schema<field<"value.weight", W, Source>, field<"value.bias", W>, field<"gate.weight", W, S>,
                           field<"gate.bias", W>> {};

    template <class T>
    static void initialise(T* values, init::source from) {
      constexpr index_t value = W * Source + W;
      init::linear(values, value, Source, from);
      init::linear(values + value, W * S + W, S, from.at(value));
    }

    template <class T>
    struct activations {
      T *value, *gate, *z;
      static constexpr activations lay_out(arena& a, index_t R, index_t views) {
        return {a.take<T>(R * views * W), a.take<T>(R * views * W), a.take<T>(R * views * W)};
      }
    };
    template <class T>
    struct workspace {
      T *value, *gate;
      static constexpr workspace lay_out(arena& a, index_t K, index_t views) {
        return {a.take<T>(K * views * W), a.take<T>(K * views * W)};
      }
    };

    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t r,
                        index_t n, T* u) {
      index_t const first = r * in.views, views = n * in.views, at = first * W;
      rows<T const> const source = in.source.shifted(first * in.source.stride);
      ops::side_by_side(be,
                        product_of(p.template matrix<"value.weight">(), p.template at<"value.bias">(), views, source,
                                   rows<T>{s.value + at, W}),
                        product_of(p.template matrix<"gate.weight">(), p.template at<"gate.bias">(), views,
                                   source.shifted(at_place), rows<T>{s.gate + at, W}));
      be.template for_rows<W>(views, multiply_rows<W, T>{s.value + at, s.gate + at, s.z + at});
      be.template for_rows<W>(n, pool_rows<true, W, T>{in.view_reach + first * M, M, in.views, s.z + at, u});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                         workspace<T> const& w, index_t r, index_t n, T const* du, rows<T> dsource,
                         gradients_of<T, params> dp) {
      index_t const first = r * in.views, views = n * in.views, at = first * W;
      rows<T const> const source = in.source.shifted(first * in.source.stride);
      rows<T> const dvalue{w.value, W}, dgate{w.gate, W};
      be.for_each(n, pool_rows_backward<true, W, T>{in.view_reach + first * M, M, in.views, du, w.value});
      be.template for_rows<W>(views, multiply_rows<W, T>{w.value, s.value + at, w.gate});
      be.template for_rows<W>(views, multiply_rows<W, T>{w.value, s.gate + at, w.value});
      be.template outer_add<1, W, Source>(views, dvalue, source, dp.template at<"value.weight">());
      be.template column_sum_add<1, W>(views, dvalue, dp.template at<"value.bias">());
      be.template outer_add<1, W, S>(views, dgate, source.shifted(at_place), dp.template at<"gate.weight">());
      be.template column_sum_add<1, W>(views, dgate, dp.template at<"gate.bias">());
      be.product_transposed(p.template matrix<"value.weight">(), views, dvalue, dsource);
      be.product_transposed_add(p.template matrix<"gate.weight">(), views, dgate, dsource.shifted(at_place));
    }
  };
};
using mean = encoded<true>;
using sum = encoded<false>;

}  // namespace pool
}  // namespace dynamics
S2RM_NAMESPACE_END
