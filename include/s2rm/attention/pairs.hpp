#pragma once
/// \file
/// A kernel between n places and the M modules: log Z and reach of every pair, and their backward pass. The three
/// attentions of the model all meet modules on one side, so views x modules, modules x modules and queries x modules
/// are this one computation. Arrays are (n, M), the module last.
///
/// cosine = s . p is one product with the (M, S) matrix of module places, and its backward two:
///   ds += dcos P,   dP += dcos^T s,   dcos = slope(cosine) dlog Z.

#include "s2rm/layer/sphere.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace kernel {

/// What a source is to a target.
enum reach : std::uint8_t {
  absent = 0,   ///< masked or padded: it does not exist
  cut_off = 1,  ///< present, beyond the kernel's cut
  reached = 2   ///< present, with Z > 0
};

/// The modules' places on the sphere, rows of length one: the cosines of s are one product with them.
template <class T, index_t M, index_t S>
using module_places = weight<T, 1, M, S>;

/// The kernel's parameters, read from memory once, so that what a kernel computes from them alone is computed once.
template <class Kernel, class T>
struct own_parameters {
  static constexpr index_t count = Kernel::params::size;
  T values[static_cast<std::size_t>(count > 0 ? count : 1)];
  S2RM_HD explicit own_parameters(T const* p) : values{} {
    for (index_t i = 0; i < count; ++i) values[i] = p[i];
  }
};

/// f(0), f(1), ... as lanes: a kernel takes one cosine at a time.
template <class L, class F>
[[gnu::always_inline]] S2RM_HD inline auto one_by_one(F const& f) {
  typename L::scalar numbers[static_cast<std::size_t>(L::width)];
  for (index_t k = 0; k < L::width; ++k) numbers[k] = f(k);
  return L::load(numbers);
}

/// In place: cosine -> log Z, and reach. `present` is (n) flags or null.
template <class Kernel, index_t M, class T>
struct weigh_pairs {
  T const* p;
  std::uint8_t const* present;
  T* value;             ///< (n, M): cosine in, log Z out
  std::uint8_t* reach;  ///< (n, M)
  struct ready {
    weigh_pairs f;
    own_parameters<Kernel, T> p;
    S2RM_HD void operator()(index_t row) const {
      T* const at = f.value + row * M;
      std::uint8_t* const flag = f.reach + row * M;
      if (f.present == nullptr || f.present[row] != 0) {
        for (index_t m = 0; m < M; ++m) flag[m] = Kernel::reaches(at[m]) ? reached : cut_off;
      } else {
        for (index_t m = 0; m < M; ++m) flag[m] = absent;
      }
      for (index_t m = 0; m < M; ++m) at[m] = Kernel::log_weight(at[m], p.values);
    }
  };
  S2RM_HD ready prepared() const { return {*this, own_parameters<Kernel, T>(p)}; }
  S2RM_HD void operator()(index_t row) const { prepared()(row); }
};

/// Cosine of one pair, computed again in each loop that needs it instead of once by a product: for backends where a
/// launch costs more than the arithmetic (`capabilities::fused_loops`).
template <index_t M, index_t S, class T>
struct cosine_of {
  T const* modules;  ///< (M, S)
  rows<T const> s;
  S2RM_HD T operator()(index_t i) const { return math::dot<S>(s.at(i / M), modules + i % M * S); }
};

/// log Z and reach of one pair.
template <class Kernel, index_t M, index_t S, class T>
struct weigh_places {
  T const* p;
  cosine_of<M, S, T> cosine;
  std::uint8_t const* present;
  T* log_weight;        ///< (n, M)
  std::uint8_t* reach;  ///< (n, M)
  S2RM_HD void operator()(index_t i) const {
    T const c = cosine(i);
    bool const there = present == nullptr || present[i / M] != 0;
    reach[i] = !there ? absent : (Kernel::reaches(c) ? reached : cut_off);
    log_weight[i] = Kernel::log_weight(c, p);
  }
};
/// Of one pair: dcos = slope(cosine) dlog Z, in place. A pair that carries no gradient adds exactly 0.
template <class Kernel, index_t M, index_t S, class T>
struct weigh_places_backward {
  T const* p;
  cosine_of<M, S, T> cosine;
  T* d;  ///< (n, M)
  S2RM_HD void operator()(index_t i) const { d[i] = d[i] == T(0) ? T(0) : d[i] * Kernel::slope(cosine(i), p); }
};
/// What one pair adds to the gradient of the kernel's parameter `index`.
template <class Kernel, index_t M, index_t S, class T>
struct place_parameter_term {
  T const* p;
  cosine_of<M, S, T> cosine;
  T const* d;
  index_t index;
  S2RM_HD double operator()(index_t i) const {
    return d[i] == T(0) ? 0.0 : static_cast<double>(Kernel::parameter_slope(index, cosine(i), p) * d[i]);
  }
};
/// One number of ds += dcos P.
template <index_t M, index_t S, class T>
struct add_places {
  T const* modules;  ///< (M, S)
  T const* d;        ///< (n, M)
  rows<T> ds;
  S2RM_HD void operator()(index_t i) const {
    index_t const row = i / S, c = i % S;
    T sum = T(0);
    for (index_t m = 0; m < M; ++m) sum += d[row * M + m] * modules[m * S + c];
    ds.at(row)[c] += sum;
  }
};

/// dcos = slope(cosine) dlog Z, in place over dlog Z. The cosine is recomputed from the places.
template <class Kernel, index_t M, class T>
struct weigh_pairs_backward {
  T const* p;
  T const* cosine;
  T* d;
  struct ready {
    weigh_pairs_backward f;
    own_parameters<Kernel, T> p;
    S2RM_HD void operator()(index_t row) const {
      T const* const at = f.cosine + row * M;
      T* const to = f.d + row * M;
      math::across<T, M>([&](auto l, index_t m) {
        auto const slope = one_by_one<decltype(l)>([&](index_t k) { return Kernel::slope(at[m + k], p.values); });
        auto const dlog = l.load(to + m);
        // A pair that carries no gradient adds exactly 0, whatever the slope beyond the cut.
        l.store(to + m, math::equal(dlog, decltype(dlog){}) ? l.all(T(0)) : dlog * slope);
      });
    }
  };
  S2RM_HD ready prepared() const { return {*this, own_parameters<Kernel, T>(p)}; }
  S2RM_HD void operator()(index_t row) const { prepared()(row); }
};

/// The contribution of one pair to the gradient of the kernel's parameter `index`.
template <class Kernel, class T>
struct parameter_term {
  T const* p;
  T const* cosine;
  T const* d;
  index_t index;
  struct ready {
    using scalar = T;
    parameter_term f;
    own_parameters<Kernel, T> p;
    template <class L>
    S2RM_HD auto lanes(index_t i) const {
      auto const slope =
          one_by_one<L>([&](index_t k) { return Kernel::parameter_slope(f.index, f.cosine[i + k], p.values); });
      auto const dlog = L::load(f.d + i);
      // A pair that carries no gradient adds exactly 0, whatever its place.
      return math::equal(dlog, decltype(dlog){}) ? L::all(T(0)) : slope * dlog;
    }
  };
  S2RM_HD ready prepared() const { return {*this, own_parameters<Kernel, T>(p)}; }
  S2RM_HD double operator()(index_t i) const {
    return static_cast<double>(prepared().template lanes<math::lanes<T, 1>>(i));
  }
};

/// *gradient += *sum.
template <class T>
struct add_sum {
  double const* sum;
  T* gradient;
  S2RM_HD void operator()(index_t) const { *gradient += static_cast<T>(*sum); }
};

template <class Kernel, index_t M, index_t S>
struct pairs {
  using params = typename Kernel::params;

  /// log_weight, reach (n, M) from the codes s (n, S).
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, module_places<T, M, S> modules, index_t n, in_rows<T> s,
                      std::uint8_t const* present, T* log_weight, std::uint8_t* reach) {
    if constexpr (ops::capabilities<B, T>::fused_loops) {
      if (be.prefers_fused_loops()) {
        be.for_each(n * M, weigh_places<Kernel, M, S, T>{p.values, {modules.canonical, s}, present, log_weight, reach});
        return;
      }
    }
    be.product(modules, nullptr, n, s, rows<T>{log_weight, M});
    be.for_each(n, weigh_pairs<Kernel, M, T>{p.values, present, log_weight, reach});
  }

  /// Overwrites d (dlog Z in, dcos out), adds to ds (skipped where null), to dunit (M, S) and to dp.
  /// scratch: n M numbers; sum: one double.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, module_places<T, M, S> modules, index_t n, in_rows<T> s, T* d,
                       out_rows<T> ds, T* dunit, gradients_of<T, params> dp, T* scratch, double* sum) {
    if (n == 0) return;
    if constexpr (ops::capabilities<B, T>::fused_loops) {
      if (be.prefers_fused_loops()) {
        backward_in_loops(be, p, {modules.canonical, s}, n, d, ds, dp, sum);
        be.template outer_add<1, M, S>(n, rows<T const>{d, M}, s, dunit);
        return;
      }
    }
    be.product(modules, nullptr, n, s, rows<T>{scratch, M});
    for (index_t k = 0; k < params::size; ++k) {
      be.reduce(n * M, parameter_term<Kernel, T>{p.values, scratch, d, k}, sum);
      be.for_each(1, add_sum<T>{sum, dp.values + k});
    }
    be.for_each(n, weigh_pairs_backward<Kernel, M, T>{p.values, scratch, d});
    if (ds.data != nullptr) be.product_transposed_add(modules, n, rows<T const>{d, M}, ds);
    be.template outer_add<1, M, S>(n, rows<T const>{d, M}, s, dunit);
  }

 private:
  /// The same but for dunit.
  template <class B, class T>
  static void backward_in_loops(B& be, parameters_of<T, params> p, cosine_of<M, S, T> cosine, index_t n, T* d,
                                rows<T> ds, gradients_of<T, params> dp, double* sum) {
    for (index_t k = 0; k < params::size; ++k) {
      be.reduce(n * M, place_parameter_term<Kernel, M, S, T>{p.values, cosine, d, k}, sum);
      be.for_each(1, add_sum<T>{sum, dp.values + k});
    }
    be.for_each(n * M, weigh_places_backward<Kernel, M, S, T>{p.values, cosine, d});
    if (ds.data != nullptr) be.for_each(n * S, add_places<M, S, T>{cosine.modules, d, ds});
  }
};

}  // namespace kernel
S2RM_NAMESPACE_END
