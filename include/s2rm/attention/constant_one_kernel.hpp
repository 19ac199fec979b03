#pragma once
/// \file
/// Z = 1 for every pair: models without a sphere of modules (dynamics/). Nothing is learned and nothing computed: log Z
/// is 0, and whatever is present is reached.

#include "s2rm/attention/pairs.hpp"
#include "s2rm/core/concepts.hpp"
#include "s2rm/core/schema.hpp"
#include "s2rm/init/uniform.hpp"

S2RM_NAMESPACE_BEGIN
namespace kernel {

struct everywhere {
  using kind = s2rm::kind::kernel;

  struct weight_one {
    using params = schema<>;
    static constexpr bool straight_through = false;
    template <class T>
    static void initialise(T* /*values*/, init::source) {}
    template <class T>
    S2RM_HD static bool reaches(T) {
      return true;
    }
    template <class T>
    S2RM_HD static T log_weight(T, T const*) {
      return T(0);
    }
    template <class T>
    S2RM_HD static T slope(T, T const*) {
      return T(0);
    }
    template <class T>
    S2RM_HD static T parameter_slope(index_t, T, T const*) {
      return T(0);
    }
  };
  template <class Shape>
  using on = weight_one;
};

/// log Z = 0 and reach of the M pairs of one row.
template <index_t M, class T>
struct reach_everywhere {
  std::uint8_t const* present;  ///< (n) flags or null
  T* log_weight;
  std::uint8_t* reach;
  S2RM_HD void operator()(index_t row) const {
    bool const here = present == nullptr || present[row] != 0;
    for (index_t m = 0; m < M; ++m) {
      log_weight[row * M + m] = T(0);
      reach[row * M + m] = here ? reached : absent;
    }
  }
};

/// The modules' places are not read; there need not be any.
template <index_t M, index_t S>
struct pairs<everywhere::weight_one, M, S> {
  using params = schema<>;

  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> /*p*/, module_places<T, M, S> /*modules*/, index_t n,
                      in_rows<T> /*s*/, std::uint8_t const* present, T* log_weight, std::uint8_t* reach) {
    be.for_each(n, reach_everywhere<M, T>{present, log_weight, reach});
  }
  template <class B, class T>
  static void backward(B& /*be*/, parameters_of<T, params> /*p*/, module_places<T, M, S> /*modules*/, index_t /*n*/,
                       in_rows<T> /*s*/, T* /*d*/, out_rows<T> /*ds*/, T* /*dunit*/, gradients_of<T, params> /*dp*/,
                       T* /*scratch*/, double* /*sum*/) {}
};

}  // namespace kernel
S2RM_NAMESPACE_END
