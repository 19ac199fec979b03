// The whole model against finite differences: convolutions as encoder and decoder.
#include "s2rm/decoder/conv.hpp"
#include "s2rm/encoder/conv.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

struct crops : test::tiny {
  using view = raster<2, 4, 5>;
  using target = raster<1, 3, 4>;
};

}  // namespace

TEST_CASE("convolutions in and out") {
  using net = world_model<crops, encoder::conv<layer::conv2d<3, 3, 2, 1>, layer::conv2d<2, 2>, layer::linear<4>>,
                          decoder::conv<layer::linear<2, 2, 2>, layer::conv_transpose2d<1, 2, 1, 0>,
                                        layer::conv_transpose2d<1, 1, 1, 0>, layer::linear<1, 3, 4>>>;
  static_assert(net::fields[0].name == "encoder.0.weight" && net::fields[0].rank == 4);
  test::check_gradient_everywhere<net>("convolutions", backend::eigen{});
}

TEST_CASE("a Gaussian's mean and variance are two maps") {
  using net = world_model<crops, encoder::conv<layer::conv2d<2, 3>>, likelihood::gaussian,
                          decoder::conv<layer::linear<2, 2, 3>, layer::conv_transpose2d<2, 2>>>;
  static_assert(net::D == 2 * 2 * 3 && net::outputs == 2 * 3 * 4);
  backend::eigen const be{.threads = 2};
  test::check_gradient<net>("maps", be, {.time = 2, .present = test::slots::some, .seed = 3});
}

}  // namespace s2rm
