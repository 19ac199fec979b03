#pragma once
/// \file
/// A kernel between n places and the M modules: log Z and reach of every pair, and the way back. The three attentions
/// of the model all meet modules on one side, so views x modules, modules x modules and queries x modules are this one
/// computation. Arrays are (n, M), the module last.
///
/// cosine = s . p is one product with the (M, S) matrix of module places, and its backward two:
///   ds += dcos P,   dP += dcos^T s,   dcos = slope(cosine) dlog Z.

#include "s2rm/geometry/sphere.hpp"
#include "s2rm/math/scalar.hpp"

namespace s2rm::kernel {

/// What a source is to a target.
enum reach : std::uint8_t {
  absent = 0,   ///< masked or padded: it does not exist
  cut_off = 1,  ///< present, beyond the kernel's cut
  reached = 2   ///< present, with Z > 0
};

/// The modules' places on the sphere and the kernel's parameters, as one attention needs them.
template <class T, index_t M, index_t S>
struct module_places {
  T const* unit;        ///< (M, S), rows of length one
  T const* transposed;  ///< (S, M)
  [[nodiscard]] constexpr weight<T, 1, M, S> matrix() const { return {unit, transposed}; }
};

/// In place: cosine -> log Z, and reach. `present` is (n) flags or null.
template <class Kernel, index_t M, class T>
struct weigh_pairs {
  T const* p;
  std::uint8_t const* present;
  T* value;             ///< (n, M): cosine in, log Z out
  std::uint8_t* reach;  ///< (n, M)
  S2RM_HD void operator()(index_t row, index_t m) const {
    index_t const i = row * M + m;
    T const cosine = value[i];
    bool const here = present == nullptr || present[row] != 0;
    reach[i] = !here ? absent : (Kernel::reaches(cosine) ? reached : cut_off);
    value[i] = Kernel::log_weight(cosine, p);
  }
};

/// dcos = slope(cosine) dlog Z, in place over dlog Z. The cosine is computed anew from the places.
template <class Kernel, index_t M, class T>
struct weigh_pairs_backward {
  T const* p;
  T const* cosine;
  T* d;
  S2RM_HD void operator()(index_t row, index_t m) const {
    index_t const i = row * M + m;
    // A pair that carries no gradient adds exactly nothing, whatever the slope beyond the cut.
    d[i] = d[i] == T(0) ? T(0) : d[i] * Kernel::slope(cosine[i], p);
  }
};

/// The contribution of one pair to the gradient of the kernel's parameter `index`.
template <class Kernel, class T>
struct parameter_term {
  T const* p;
  T const* cosine;
  T const* d;
  index_t index;
  S2RM_HD double operator()(index_t i) const {
    // A pair that carries no gradient adds exactly nothing, whatever its place.
    return d[i] == T(0) ? 0.0 : static_cast<double>(Kernel::parameter_slope(index, cosine[i], p) * d[i]);
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
    be.product(modules.matrix(), nullptr, n, s, rows<T>{log_weight, M});
    be.template for_rows<M>(n, weigh_pairs<Kernel, M, T>{p.values, present, log_weight, reach});
  }

  /// Overwrites d (dlog Z in, dcos out), adds to ds (skipped where null), to dunit (M, S) and to dp.
  /// scratch: n M numbers; sum: one double.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, module_places<T, M, S> modules, index_t n, in_rows<T> s, T* d,
                       out_rows<T> ds, T* dunit, gradients_of<T, params> dp, T* scratch, double* sum) {
    if (n == 0) return;
    be.product(modules.matrix(), nullptr, n, s, rows<T>{scratch, M});
    for (index_t k = 0; k < params::size; ++k) {
      be.reduce(n * M, parameter_term<Kernel, T>{p.values, scratch, d, k}, sum);
      be.for_each(1, add_sum<T>{sum, dp.values + k});
    }
    be.template for_rows<M>(n, weigh_pairs_backward<Kernel, M, T>{p.values, scratch, d});
    if (ds.data != nullptr) be.product_transposed_add(modules.matrix(), n, rows<T const>{d, M}, ds);
    be.template outer_add<1, M, S>(n, rows<T const>{d, M}, s, dunit);
  }
};

}  // namespace s2rm::kernel
