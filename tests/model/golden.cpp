// Parity with PyTorch: the default model, its other normalisation, another cut, places on the globe.
#include "support/golden.hpp"

namespace s2rm {

using test::tiny_net;

TEST_CASE("defaults") { test::compare<tiny_net<>>("default"); }

TEST_CASE("product form") { test::compare<tiny_net<normalisation::product>>("product"); }

TEST_CASE("tau = 1/4") { test::compare<tiny_net<kernel::truncated_gaussian<std::ratio<1, 4>>>>("tau"); }

TEST_CASE("spherical harmonics") { test::compare<test::globe_net<>>("harmonics"); }

}  // namespace s2rm
