#pragma once
/// \file
/// The backend of tests whose sources are compiled for the CPU and, as tests of another name, for Thrust's host systems
/// (`s2rm_add_test(... ON cpp)`).

#if defined(S2RM_TEST_ON)
#include "s2rm/thrust.hpp"
#endif
#include "s2rm/eigen.hpp"

namespace s2rm::test {

#if defined(S2RM_TEST_ON)
using tested = backend::thrust_on<backend::system::S2RM_TEST_ON>;
/// It has one number of threads.
inline tested tested_with(int /*threads*/) { return {}; }
#else
using tested = backend::eigen;
inline tested tested_with(int threads) { return {.threads = threads}; }
#endif

}  // namespace s2rm::test
