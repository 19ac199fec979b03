#pragma once
/// \file
/// The backends that tests are written once for.

#include <string>

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/backend/eigen/eigen_gemm.hpp"
#include "s2rm/ops/reference.hpp"
#if defined(S2RM_TEST_THRUST)
#include "s2rm/thrust.hpp"
#endif

namespace s2rm::test {

/// Calls f(backend, name) for Thrust's host systems, where there are any.
template <class F>
void on_every_thrust(F const& f) {
#if defined(S2RM_TEST_THRUST)
  backend::thrust_on<backend::system::cpp> plain;
  f(plain, std::string("thrust, CPP"));
  auto bodies = plain;
  bodies.fused = false;
  f(bodies, std::string("thrust, CPP, the layers' own bodies"));
  auto steps = plain;
  steps.persistent = false;
  f(steps, std::string("thrust, CPP, step by step"));
#if defined(_OPENMP)
  backend::thrust_on<backend::system::omp> threads;
  f(threads, std::string("thrust, OMP"));
#endif
#else
  static_cast<void>(f);
#endif
}

/// Calls f(backend, name) for the naive loops, for every variant of the CPU backend and for Thrust's host systems.
template <class F>
void on_every_backend(F const& f) {
  ops::reference naive;
  f(naive, std::string("reference"));
  backend::eigen one{.threads = 1};
  f(one, std::string("eigen, 1 thread"));
  backend::eigen two{.threads = 2};
  f(two, std::string("eigen, 2 threads"));
  backend::eigen library{.threads = 2, .gemm = backend::gemm::eigen};
  f(library, std::string("eigen, Eigen's product"));
  on_every_thrust(f);
}

}  // namespace s2rm::test
