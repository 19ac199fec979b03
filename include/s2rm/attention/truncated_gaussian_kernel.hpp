#pragma once
/// \file
/// The truncated spherical Gaussian (model §2.4; Rahaman et al. 2020, the kernel of S2RMs):
///
///   Z(p, s) = exp(-2 eps (1 - p.s)) where p.s >= tau, else 0;   2 (1 - p.s) = |p - s|^2 on the sphere.
///
/// eps > 0 is learned, stored as log eps; tau is fixed. With g = dL/dlog Z:
///   dL/d(p.s) = 2 eps g,   dL/dlog eps = log Z g,   both zero below the cut (unless `straight_through`).

#include <cmath>
#include <ratio>

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/schema.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace kernel {

/// What the gradient sees below the cut.
enum class cut {
  exact,            ///< nothing: the kernel is zero there
  straight_through  ///< the Gaussian as if there were no cut
};

/// Options: `Tau` the cut on p.s, `Epsilon` the start of eps (both std::ratio), and the gradient below the cut.
template <class Tau = std::ratio<0>, class Epsilon = std::ratio<4>, cut BelowTau = cut::exact>
struct truncated_gaussian {
  using kind = s2rm::kind::kernel;

  template <class Shape>
  struct on {
    struct params : schema<field<"log_epsilon", 1>> {};
    static constexpr bool straight_through = BelowTau == cut::straight_through;
    static constexpr double tau = static_cast<double>(Tau::num) / static_cast<double>(Tau::den);
    static constexpr double epsilon = static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
    static_assert(Epsilon::num > 0, "s2rm[S205]: the kernel's epsilon must be positive. See docs/errors.md#S205");

    template <class T>
    static void initialise(T* values, init::source) {
      values[0] = static_cast<T>(std::log(epsilon));
    }

    /// Whether a pair with this cosine is within reach.
    template <class T>
    S2RM_HD static bool reaches(T cosine) {
      // A cut at -1 cuts nothing, though rounding may put the cosine of opposite places below it.
      return tau <= -1 || cosine >= T(tau);
    }
    /// log Z of the Gaussian, cut or not.
    template <class T>
    S2RM_HD static T log_weight(T cosine, T const* p) {
      return T(-2) * math::exp(p[0]) * (T(1) - cosine);
    }
    /// d log Z / d cosine.
    template <class T>
    S2RM_HD static T slope(T, T const* p) {
      return T(2) * math::exp(p[0]);
    }
    /// d log Z / d parameter `index`.
    template <class T>
    S2RM_HD static T parameter_slope(index_t, T cosine, T const* p) {
      return log_weight(cosine, p);
    }
  };
};

}  // namespace kernel
S2RM_NAMESPACE_END
