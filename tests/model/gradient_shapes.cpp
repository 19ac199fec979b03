// The whole model against finite differences: the smallest model, a larger one, other cuts, other dimensions of place.
#include "s2rm/backend/eigen/eigen_gemm.hpp"
#include "support/backends.hpp"
#include "support/model_gradient.hpp"

namespace s2rm {
namespace {

/// As few of everything as can be; targets unlike views.
struct least : shape {
  static constexpr index_t modules = 1, hidden = 2, heads = 1, head_width = 1, sphere = 2, place = 1, frequencies = 1,
                           place_hidden = 3;
  using view = features<2>;
  using target = features<1>;
};

/// More than a vector register of most things.
struct more : shape {
  static constexpr index_t modules = 5, hidden = 9, heads = 1, head_width = 8, sphere = 8, place = 3, frequencies = 1,
                           place_hidden = 9;
  using view = features<3>;
  using target = raster<2, 1, 2>;
};

}  // namespace

TEST_CASE("one module on a circle, places on a line, inverse distances, no cut") {
  using net = world_model<least, encoder::mlp<2>, decoder::mlp<>, likelihood::gaussian, test::no_cut,
                          residual::inverse_distance<std::ratio<1, 2>>, readout::kernel_mean, carry::residual,
                          initial_state::fixed>;
  test::check_gradient_everywhere<net>("one module", backend::eigen{});
}

TEST_CASE("classes, five modules, places in space, tau = 1/4") {
  using net = world_model<more, encoder::mlp<5>, decoder::mlp<4, 6>, likelihood::categorical<3>,
                          kernel::truncated_gaussian<std::ratio<1, 4>>, normalisation::product>;
  backend::eigen const be{.gemm = backend::gemm::eigen};
  for (auto const present : {test::slots::all, test::slots::some}) {
    for (index_t const time : {1, 2, 5}) {
      test::check_gradient<net>("classes", be, {.time = time, .views = 3, .queries = 2, .present = present, .seed = 3});
    }
  }
}

}  // namespace s2rm
