#pragma once
/// \file
/// The backends that tests are written once for.

#include <string>

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/ops/reference.hpp"

namespace s2rm::test {

/// Calls f(backend, name) for the naive loops and for every variant of the CPU backend.
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
}

}  // namespace s2rm::test
